//! `POST /e`: a payload is taken, whatever it holds.

use crate::settings::Settings;
use crate::shard::{self, Answer};
use crate::{context, limit, query::Query};
use edge::body::{self, BodyError};
use event::Payload;
use event::id::new_payload_id;
use futures_channel::oneshot;
use std::rc::Rc;
use worker::{Context, Env, Request, Response, Result};

/// Largest body that is taken, in bytes: D1 rows end at 2 MB, and base64 makes 4 bytes of 3.
pub const MAX_BODY: usize = 1024 * 1024;

/// Seconds after which a sender may try again when a payload could not be stored.
const RETRY_AFTER_SECONDS: &str = "5";

/// Stores the payload in the Outbox, and answers.
///
/// Storing runs under `waitUntil`: a sender that leaves after its last byte does not cancel it.
pub async fn ingest(
    mut request: Request,
    env: &Env,
    ctx: &Context,
    settings: &Rc<Settings>,
) -> Result<Response> {
    let query = Query::of(&request);
    if let Some(refusal) = limit::refusal(&request, &query, env).await? {
        return Ok(refusal);
    }
    let body = match read_body(&mut request).await {
        Ok(body) => body,
        Err(error @ BodyError::TooLong(_)) => return Response::error(error.to_string(), 413),
        Err(error @ BodyError::Broken(_)) => return Response::error(error.to_string(), 400),
    };
    let now = edge::clock::now();
    let context = context::context(&request, &query, settings.ip_policy)?;
    let is_senders_id = query.id.is_some();
    let id = match query.id {
        Some(id) => id,
        None => new_payload_id(now, edge::random::bytes()?),
    };
    let payload = Payload::new(id, now, body, context);

    let (stored, answer) = oneshot::channel();
    let (env, settings) = (env.clone(), settings.clone());
    ctx.wait_until(async move {
        let answer = shard::append(&env, &settings, payload, is_senders_id).await;
        // Fails where the sender has left, which changes nothing.
        let _ = stored.send(answer);
    });
    match answer.await {
        Ok(Answer::Stored) => Response::ok("OK"),
        Ok(Answer::Refused) => unavailable("too much is waiting; send it again later, with the same id"),
        _ => unavailable("the payload may not be stored; send it again with the same id"),
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
