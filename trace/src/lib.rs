//! Trace, the private Worker: source check, allowlist, scrubber, and the way to every vendor.
//!
//! It is stateless. `POST /open` and `POST /deliver/{tracker}` are what the Outbox asks. It has no public route.

mod calls;
mod deliver;
mod failures;
mod lane;
mod mirror;
mod open;
mod policy;
mod router;
mod setup;
mod spans;
mod take;
#[cfg(test)]
mod testing;

use edge::problem::Problem;
use edge::report;
use worker::{Context, Env, Request, Response, Result, event};

/// This Worker, in reports.
const WORKER: &str = "trace";

#[event(fetch)]
async fn fetch(request: Request, env: Env, ctx: Context) -> Result<Response> {
    report::start(&env, WORKER);
    let serve = |request| report::caught(serve(request, &env, &ctx));
    let answer = match report::request(request, (&ctx).into(), serve).await {
        Ok(answer) => answer,
        Err(_) => panicked(),
    }?;
    if let Some(counts) = report::counted().header() {
        answer.headers().set(report::REPORTS, &counts)?;
    }
    Ok(answer)
}

async fn serve(request: Request, env: &Env, ctx: &Context) -> Result<Response> {
    #[cfg(feature = "faults")]
    let place = request.path().trim_start_matches('/').replace('/', "-");
    let answer = router::route(request, env, ctx);
    #[cfg(feature = "faults")]
    let answer = edge::faults::around(env, &place, answer);
    answer.await.or_else(|error| {
        Problem::new("failed").caused_by(&error).tell();
        Response::error("something failed in Trace; its log says what", 500)
    })
}

/// The Outbox tells a panic from what else goes wrong; where it happened is reported there.
fn panicked() -> Result<Response> {
    let answer = Response::error("a panic", 500)?;
    answer.headers().set(report::PANICKED, "1")?;
    Ok(answer)
}
