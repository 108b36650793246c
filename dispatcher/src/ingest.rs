//! `POST /e`: a payload is taken, whatever it holds.

use crate::settings::Settings;
use crate::{context, forward, query::Query, store};
use edge::body::{self, BodyError};
use event::Payload;
use event::id::new_payload_id;
use futures_channel::oneshot;
use serde_json::json;
use worker::{Context, Env, Request, Response, Result};

/// Largest body that is taken, in bytes: D1 rows end at 2 MB, and base64 makes 4 bytes of 3.
pub const MAX_BODY: usize = 1024 * 1024;

/// Seconds after which a sender may try again when a payload could not be stored.
const RETRY_AFTER_SECONDS: &str = "5";

/// Stores the payload, answers, and passes it on.
///
/// Storing and passing on run under `waitUntil`: a sender that leaves after its last byte does not cancel them.
pub async fn ingest(mut request: Request, env: &Env, ctx: &Context, settings: &Settings) -> Result<Response> {
    let body = match read_body(&mut request).await {
        Ok(body) => body,
        Err(error @ BodyError::TooLong(_)) => return Response::error(error.to_string(), 413),
        Err(error @ BodyError::Broken(_)) => return Response::error(error.to_string(), 400),
    };
    let now = edge::clock::now();
    let query = Query::of(&request);
    let context = context::context(&request, &query, settings.ip_policy)?;
    let id = match query.id {
        Some(id) => id,
        None => new_payload_id(now, edge::random::bytes()?),
    };
    let payload = Payload::new(id, now, body, context);

    let database = env.d1("D1")?;
    let trace = env.service("TRACE")?;
    let (stored, answer) = oneshot::channel();
    ctx.wait_until(async move {
        let result = store::store(&database, &payload).await;
        let is_stored = result.is_ok();
        if let Err(error) = result {
            edge::log::error("not_stored", json!({"payload": payload.id, "problem": store::problem(&error)}));
        }
        // Fails where the sender has left, which changes nothing.
        let _ = stored.send(is_stored);
        if is_stored {
            forward::forward(&trace, &payload).await;
        }
    });
    match answer.await {
        Ok(true) => Response::ok("OK"),
        _ => unavailable("the payload could not be stored; send it again with the same id"),
    }
}

/// 503 with `Retry-After`.
pub fn unavailable(message: &str) -> Result<Response> {
    let response = Response::error(message, 503)?;
    response.headers().set("retry-after", RETRY_AFTER_SECONDS)?;
    Ok(response)
}

async fn read_body(request: &mut Request) -> Result<Vec<u8>, BodyError> {
    let length = request.headers().get("content-length")?.and_then(|length| length.parse::<usize>().ok());
    match length {
        // The runtime holds a body to its announced length, and hands it over in one piece.
        Some(length) if length <= MAX_BODY => Ok(request.bytes().await?),
        _ if request.inner().body().is_none() => Ok(Vec::new()),
        _ => body::read(request.stream()?, MAX_BODY).await,
    }
}
