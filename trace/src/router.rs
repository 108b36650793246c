//! Routes of the service binding.

use crate::setup::Setup;
use crate::{deliver, mirror, open, policy};
use allowlist::scrub::excerpt;
use edge::otlp::Span;
use edge::problem::Problem;
use edge::report;
use event::Payload;
use event::wire::{DeliverRequest, MAX_CALL_BYTES, OpenRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::{Context, Env, Method, Request, Response, Result};

/// Characters of a payload that are attached to reports, where payloads are.
const MAX_ATTACHED: usize = 8192;

/// Answers a request of the Outbox's.
pub async fn route(request: Request, env: &Env, ctx: &Context) -> Result<Response> {
    let shared = match policy::setup(env, ctx).await {
        Ok(shared) => shared,
        Err(error) => return Response::error(error.to_string(), 503),
    };
    let setup = match &*shared {
        Ok(setup) => setup,
        Err(faults) => {
            Problem::new("bad_settings").with("faults", faults).tell();
            return Response::error(format!("wrong settings: {}", faults.join("; ")), 500);
        }
    };
    report::tag("policy", &setup.policy.version);
    if request.method() != Method::Post {
        return Response::error("method not allowed", 405);
    }
    let path = request.path();
    match path.strip_prefix("/deliver/").unwrap_or(&path) {
        "/open" => match read::<OpenRequest>(request).await? {
            Ok(asked) => {
                report::step(|| format!("asked to open {} payloads", asked.payloads.len()));
                attach(asked.payloads.iter());
                let (opened, spans) = open::open(setup, asked)?;
                export(setup, ctx, spans);
                reply(&opened)
            }
            Err(refusal) => Ok(refusal),
        },
        tracker if trackers::NAMES.contains(&tracker) => match read::<DeliverRequest>(request).await? {
            Ok(asked) => {
                report::step(|| format!("asked to deliver of {} payloads", asked.payloads.len()));
                attach(asked.payloads.iter().filter_map(|payload| payload.payload.as_ref()));
                let (outcomes, mirrors, spans) = deliver::deliver(setup, tracker, asked).await;
                export(setup, ctx, spans);
                if !mirrors.is_empty() {
                    let sent = mirror::send(shared.clone(), tracker.to_owned(), mirrors);
                    ctx.wait_until(report::task("mirror".into(), ctx.into(), sent));
                }
                reply(&outcomes)
            }
            Err(refusal) => Ok(refusal),
        },
        _ => Response::error("not found", 404),
    }
}

/// Sends spans, and keeps nobody waiting.
fn export(setup: &Setup, ctx: &Context, spans: Vec<Span>) {
    if let (Some(tracing), false) = (&setup.tracing, spans.is_empty()) {
        ctx.wait_until(report::task("spans".into(), ctx.into(), tracing.clone().export(spans)));
    }
}

/// Attaches a payload that stands alone, as a culprit does in the end, where payloads are to be attached. One that is encoded
/// would hide what the scrubber is to find.
fn attach<'a>(mut payloads: impl Iterator<Item = &'a Payload>) {
    if report::wants_payloads()
        && let (Some(payload), None) = (payloads.next(), payloads.next())
        && payload.context.encoding.is_none()
    {
        report::attach("payload", excerpt(&payload.data, MAX_ATTACHED));
    }
}

/// JSON that says its length, so that it is read in one piece.
fn reply(reply: &impl Serialize) -> Result<Response> {
    let json = serde_json::to_vec(reply)?;
    let length = json.len().to_string();
    let response = Response::from_bytes(json)?;
    response.headers().set("content-type", "application/json")?;
    response.headers().set("content-length", &length)?;
    Ok(response)
}

/// The request's body, or what to answer instead.
async fn read<T: DeserializeOwned>(mut request: Request) -> Result<std::result::Result<T, Response>> {
    let body = request.bytes().await?;
    if body.len() > MAX_CALL_BYTES {
        return Ok(Err(Response::error(format!("more than {MAX_CALL_BYTES} bytes"), 413)?));
    }
    match serde_json::from_slice(&body) {
        Ok(asked) => Ok(Ok(asked)),
        // The position only: the parser's own words may repeat what it read.
        Err(error) => {
            let message =
                format!("not the JSON expected, at line {} column {}", error.line(), error.column());
            Ok(Err(Response::error(message, 400)?))
        }
    }
}
