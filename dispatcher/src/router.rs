//! Paths and methods.

use crate::{cors, ingest, sdk, settings};
use serde_json::json;
use worker::{Context, Env, Method, Request, Response, Result};

/// Answers a request; every answer can be read by the page that asked.
pub async fn route(request: Request, env: Env, ctx: Context) -> Result<Response> {
    let origin = request.headers().get("origin")?;
    let response = match answer(request, &env, &ctx).await {
        Ok(response) => response,
        Err(error) => {
            edge::log::error("failed", json!({"problem": error.to_string()}));
            ingest::unavailable("something failed before the payload was stored; send it again")?
        }
    };
    cors::allow(response.headers(), origin.as_deref())?;
    Ok(response)
}

async fn answer(request: Request, env: &Env, ctx: &Context) -> Result<Response> {
    let settings = match settings::settings(env) {
        Ok(settings) => settings,
        Err(faults) => {
            edge::log::error("bad_settings", json!({"faults": *faults}));
            return ingest::unavailable(&format!("wrong settings: {}", faults.join("; ")));
        }
    };
    if !edge::transport::is_allowed(&request.inner().url(), &settings.environment) {
        return Response::error("use https (and deploy with an environment: staging or production)", 403);
    }
    let path = request.path();
    match (request.method(), path.as_str()) {
        (Method::Options, _) => cors::preflight(&request),
        (Method::Post, path) if path == settings.ingest_path => {
            ingest::ingest(request, env, ctx, &settings).await
        }
        (_, path) if path == settings.ingest_path => not_allowed("POST, OPTIONS"),
        (Method::Get | Method::Head, "/health") => health(&settings.environment),
        (Method::Get | Method::Head, "/sparrow.js") => sdk::serve(&request, &settings.ingest_path),
        (_, "/health" | "/sparrow.js") => not_allowed("GET, HEAD, OPTIONS"),
        _ => Response::error("not found", 404),
    }
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
