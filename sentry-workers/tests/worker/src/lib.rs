//! A Worker that fails in every way, to be reported.

use worker::{Context, Env, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, ctx: Context) -> Result<Response> {
    sentry_workers::init(|| {
        let dsn = env.secret("SENTRY_DSN").ok()?.to_string().parse().ok()?;
        Some(sentry_workers::Options::new(dsn))
    });
    let lifetime = sentry_workers::Lifetime::from(&ctx);
    let answer = sentry_workers::in_request(request, lifetime, |request| sentry_workers::caught(route(request))).await;
    answer.unwrap_or_else(|_| Response::error("panicked", 500))
}

async fn route(request: Request) -> Result<Response> {
    match request.path().as_str() {
        "/panic" => panic!("on purpose"),
        "/error" => {
            let mut event = sentry_workers::event(sentry_workers::Level::Error);
            event.message = Some("failed".to_owned());
            sentry_workers::capture(event);
            Response::ok("told")
        }
        _ => Response::ok("fine"),
    }
}
