//! Paths and methods.

use crate::analytics::Dataset;
use crate::refusal::Refusal;
use crate::{cors, ingest, sdk, settings};
use edge::problem::Problem;
use edge::report;
use event::Millis;
use serde_json::json;
use std::time::Duration;
use worker::{Context, Env, Method, Request, Response, Result};

/// To a sender whose payload may not be stored.
const FAILED: &str = "something failed before the payload was stored; send it again";

/// What a request is answered.
pub enum Answer {
    /// The payload is stored: the answer to nearly every request, made with less ado than others.
    Stored {
        /// Its size.
        bytes: usize,
        /// When its last byte was there.
        received_at: Millis,
    },
    /// It is not, which is told.
    Refused(Refusal),
    /// Anything else.
    Other(Response),
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Other(response)
    }
}

/// Answers a request; every answer can be read by the page that asked.
pub async fn route(request: Request, env: &Env, ctx: &Context) -> Result<web_sys::Response> {
    let origin = request.headers().get("origin")?;
    let response = match report::caught(answer(request, origin.as_deref(), env, ctx)).await {
        Ok(Ok(Answer::Stored { bytes, received_at })) => {
            if let Some(dataset) = Dataset::of(env) {
                dataset.accepted(bytes, since(received_at));
            }
            return cors::stored(origin.as_deref());
        }
        Ok(Ok(Answer::Refused(refusal))) => refusal.tell(env, ctx),
        Ok(Ok(Answer::Other(response))) => response,
        Ok(Err(error)) => {
            Problem::new("failed").caused_by(&error).tell();
            Refusal::new("failed", ingest::unavailable(FAILED)?).tell(env, ctx)
        }
        // It is reported where it happened.
        Err(_) => Refusal::new("panic", ingest::unavailable(FAILED)?).tell(env, ctx),
    };
    cors::allow(response.headers(), origin.as_deref())?;
    Ok(response.into())
}

fn since(time: Millis) -> Duration {
    Duration::from_millis(u64::try_from(edge::clock::now().0 - time.0).unwrap_or_default())
}

async fn answer(request: Request, origin: Option<&str>, env: &Env, ctx: &Context) -> Result<Answer> {
    let settings = match settings::settings(env) {
        Ok(settings) => settings,
        Err(faults) => {
            Problem::new("bad_settings").with("faults", &*faults).tell();
            let response = ingest::unavailable(&format!("wrong settings: {}", faults.join("; ")))?;
            return Ok(Refusal::new("settings", response).into());
        }
    };
    if !edge::transport::is_allowed(&request.inner().url(), &settings.environment) {
        let problem = "use https (and deploy with an environment: staging or production)";
        return Ok(Refusal::new("insecure", Response::error(problem, 403)?).into());
    }
    let path = request.path();
    let response = match (request.method(), path.as_str()) {
        (Method::Post, path) if path == settings.ingest_path => {
            return ingest::ingest(request, origin, env, ctx, &settings).await;
        }
        (Method::Options, _) => cors::preflight(&request),
        (_, path) if path == settings.ingest_path => not_allowed("POST, OPTIONS"),
        (Method::Get | Method::Head, "/health") => health(&settings.environment),
        (Method::Get | Method::Head, "/sparrow.js") => sdk::serve(&request, &settings.ingest_path),
        (_, "/health" | "/sparrow.js") => not_allowed("GET, HEAD, OPTIONS"),
        _ => Response::error("not found", 404),
    };
    response.map(Answer::from)
}

fn health(environment: &str) -> Result<Response> {
    let release = env!("CARGO_PKG_VERSION");
    Response::from_json(&json!({"status": "ok", "environment": environment, "release": release}))
}

fn not_allowed(methods: &str) -> Result<Response> {
    let response = Response::error("method not allowed", 405)?;
    response.headers().set("allow", methods)?;
    Ok(response)
}
