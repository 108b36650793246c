//! A Worker that fails in every way, to be reported.

mod routes;

use worker::{Context, Env, Request, Response, Result, event};

#[cfg(feature = "sentry")]
mod reports;

/// Without reports, the same routes: what the crate adds to a Worker is the difference.
#[cfg(not(feature = "sentry"))]
#[event(fetch)]
async fn fetch(request: Request, _: Env, _: Context) -> Result<Response> {
    routes::plain(&request)
}

#[cfg(feature = "sentry")]
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    sentry_workers::init(|| reports::options(&env));
    let lifetime = sentry_workers::Lifetime::from(&context);
    let work = |request| sentry_workers::caught(reports::route(request, context));
    let answer = sentry_workers::in_request(request, lifetime, work).await;
    answer.unwrap_or_else(|_| Response::error("panicked", 500))
}
