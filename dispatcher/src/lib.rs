//! Dispatcher, the public Worker: ingest and nothing else.
//!
//! It never looks into a body. A payload gets an id, a time and a context, is stored in the warehouse,
//! and only then is the sender told so; after that Trace gets it.

mod context;
mod cors;
mod forward;
mod ingest;
mod query;
mod router;
mod sdk;
mod settings;
mod store;
mod transport;

use worker::{Context, Env, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, ctx: Context) -> Result<Response> {
    router::route(request, env, ctx).await
}
