//! Console, the operators' Worker: how the Outbox stands, dead letters, replay and pause.
//!
//! It keeps nothing. It asks the shards of the Outbox, which live in Dispatcher's Worker, and adds their answers
//! up; nothing waits for it. Every route but `/health` takes a bearer token, and without one in its settings
//! Console is off.

mod auth;
mod command;
mod dead;
mod failure;
mod lanes;
mod ledger;
mod params;
mod route;
mod router;
mod settings;
mod shards;

use worker::{Context, Env, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
    router::answer(request, &env).await
}
