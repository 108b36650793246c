//! Trace, the private Worker: source check, allowlist, scrubber, and the way to every vendor.
//!
//! It is stateless. `POST /open` and `POST /deliver/{tracker}` are what the Outbox asks. It has no public route.

mod calls;
mod deliver;
mod lane;
mod mirror;
mod open;
mod policy;
mod router;
mod setup;
mod take;

use worker::{Context, Env, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, ctx: Context) -> Result<Response> {
    #[cfg(feature = "faults")]
    let (bindings, place) = (env.clone(), request.path().trim_start_matches('/').replace('/', "-"));
    let answer = router::route(request, env, ctx);
    #[cfg(feature = "faults")]
    let answer = edge::faults::around(&bindings, &place, answer);
    answer.await
}
