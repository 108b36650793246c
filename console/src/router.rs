//! Who may ask, and what.

use crate::failure::{Failure, refuse};
use crate::params::Params;
use crate::route::Route;
use crate::settings::{Settings, settings};
use crate::shards::Outbox;
use crate::{backfill, command, dead, erase, lanes, ledger, metrics};
use edge::body;
use edge::problem::Problem;
use serde_json::json;
use worker::{Env, Method, Request, Response, Result};

/// Longest body of a filter, in bytes; it has a few hundred.
const MAX_BODY: usize = 16 * 1024;

/// Answers a request. Nothing of it is to be kept on the way.
pub async fn answer(request: Request, env: &Env) -> Result<Response> {
    let response = guarded(request, env).await?;
    response.headers().set("cache-control", "no-store")?;
    Ok(response)
}

async fn guarded(request: Request, env: &Env) -> Result<Response> {
    let settings = settings(env);
    let settings = match &*settings {
        Ok(settings) => settings,
        Err(faults) => {
            Problem::new("bad_settings").with("faults", faults).tell();
            return refuse(500, &format!("wrong settings: {}", faults.join("; ")));
        }
    };
    let Some(token) = &settings.token else {
        let problem = "CONSOLE_TOKEN is missing or has less than 32 characters";
        Problem::new("console_off").with("problem", problem).tell();
        return refuse(404, "not found");
    };
    if !edge::transport::is_allowed(&request.inner().url(), &settings.environment) {
        return refuse(403, "use https (and deploy with an environment: staging or production)");
    }
    let path = request.path();
    if path == "/health" {
        return match request.method() {
            Method::Get | Method::Head => Response::from_json(&json!({"status": "ok"})),
            _ => not_allowed("GET, HEAD"),
        };
    }
    if !token.admits(request.headers().get("authorization")?.as_deref()) {
        let response = refuse(401, "send the token: Authorization: Bearer …")?;
        response.headers().set("www-authenticate", "Bearer")?;
        return Ok(response);
    }
    let Some(route) = Route::of(&path) else { return refuse(404, "not found") };
    if request.method() != route.method() {
        return not_allowed(route.method().as_ref());
    }
    match run(route, request, env, settings).await {
        Ok(response) => Ok(response),
        Err(failure) => failure.response(),
    }
}

async fn run(
    route: Route<'_>,
    mut request: Request,
    env: &Env,
    settings: &Settings,
) -> std::result::Result<Response, Failure> {
    let outbox = Outbox::new(env, &settings.shards);
    let url = request.inner().url();
    match route {
        Route::Shards => {
            Params::of_url(&url).finish()?;
            lanes::by_shard(outbox).await
        }
        Route::Trackers => {
            Params::of_url(&url).finish()?;
            lanes::by_tracker(outbox).await
        }
        Route::Ledger => ledger::ledger(outbox, Params::of_url(&url)).await,
        Route::Dead => dead::list(outbox, Params::of_url(&url)).await,
        Route::Metrics => {
            Params::of_url(&url).finish()?;
            let accept = request.headers().get("accept")?;
            metrics::metrics(outbox, accept.as_deref()).await
        }
        Route::Replay => {
            let body = read_body(&mut request, MAX_BODY).await?;
            command::replay(outbox, Params::of_body(&url, &body)).await
        }
        Route::Backfill => {
            let body = read_body(&mut request, backfill::MAX_BODY).await?;
            backfill::backfill(outbox, &url, &body).await
        }
        Route::EraseFind => erase::find(outbox, &read_body(&mut request, MAX_BODY).await?).await,
        Route::Erase => erase::erase(outbox, &read_body(&mut request, erase::MAX_BODY).await?).await,
        Route::Pause { tracker, paused } => {
            command::pause(outbox, Params::of_url(&url), tracker, paused).await
        }
    }
}

async fn read_body(request: &mut Request, limit: usize) -> std::result::Result<Vec<u8>, Failure> {
    if request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    let read = body::read(request.stream()?, limit).await;
    read.map_err(|error| Failure::Faults(vec![error.to_string()]))
}

fn not_allowed(methods: &str) -> Result<Response> {
    let response = refuse(405, "method not allowed")?;
    response.headers().set("allow", methods)?;
    Ok(response)
}
