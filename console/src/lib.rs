//! Console, the operators' Worker: how the Outbox stands, figures for Prometheus, dead letters, replay and pause.
//!
//! It keeps nothing. It asks the shards of the Outbox, which live in Dispatcher's Worker, and adds their answers
//! up; nothing waits for it. Every route but `/health` takes a bearer token, and without one in its settings
//! Console is off.

mod auth;
mod backfill;
mod command;
mod dead;
mod erase;
mod exposition;
mod failure;
mod lanes;
mod ledger;
mod metrics;
mod params;
mod route;
mod router;
mod scrape;
mod settings;
mod shards;

use edge::report;
use worker::{Context, Env, Request, Response, Result, event};

/// This Worker, in reports.
const WORKER: &str = "console";

#[event(fetch)]
async fn fetch(request: Request, env: Env, ctx: Context) -> Result<Response> {
    report::start(&env, WORKER);
    let serve = |request| report::caught(router::answer(request, &env));
    match report::request(request, (&ctx).into(), serve).await {
        Ok(answer) => answer.or_else(|error| failure::Failure::from(error).response()),
        // It is reported where it happened.
        Err(_) => failure::refuse(500, failure::FAILED),
    }
}
