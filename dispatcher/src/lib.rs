//! Dispatcher, the public Worker: ingest and nothing else.
//!
//! It never looks into a body. A payload gets an id, a time and a context and is stored in a shard of the
//! Outbox, and only then is the sender told so. The shards, Durable Objects of this Worker, do the rest.

mod analytics;
mod context;
mod cors;
mod ingest;
mod limit;
mod query;
mod refusal;
mod router;
mod sdk;
mod sender;
mod settings;
mod shard;
mod tracing;

use edge::report;
use worker::{Context, Env, Request, Result, event};

/// This Worker, in reports.
const WORKER: &str = "dispatcher";

#[event(fetch)]
async fn fetch(request: Request, env: Env, ctx: Context) -> Result<web_sys::Response> {
    report::start(&env, WORKER);
    report::request(request, (&ctx).into(), |request| router::route(request, &env, &ctx)).await
}
