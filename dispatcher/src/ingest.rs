//! `POST /e`: a payload is taken, whatever it holds.

use crate::refusal::Refusal;
use crate::router::Answer;
use crate::sender::Sender;
use crate::settings::Settings;
use crate::shard::{self, Appended};
use crate::tracing::Own;
use crate::{context, limit, query::Query};
use edge::body::{self, BodyError};
use event::Payload;
use event::id::new_payload_id;
use worker::{Context, Env, Request, Response, Result};

/// Largest body that is taken, in bytes: D1 rows end at 2 MB, and base64 makes 4 bytes of 3.
pub const MAX_BODY: usize = 1024 * 1024;

/// Seconds after which a sender may try again when a payload could not be stored.
const RETRY_AFTER_SECONDS: &str = "5";

/// Stores the payload in the Outbox, and answers.
pub async fn ingest(
    mut request: Request,
    origin: Option<&str>,
    env: &Env,
    ctx: &Context,
    settings: &Settings,
) -> Result<Answer> {
    let query = Query::of(&request.inner().url());
    let own = Own::begin(&request, &query, settings.tracing.as_ref())?;
    let sender = Sender::of(&request, origin, &query)?;
    if let Some(refusal) = limit::refusal(&sender, env).await? {
        return Ok(refusal.into());
    }
    let body = match read_body(&mut request).await {
        Ok(body) => body,
        Err(error @ BodyError::TooLong(_)) => {
            return Ok(Refusal::new("too_long", Response::error(error.to_string(), 413)?).into());
        }
        Err(error @ BodyError::Broken(_)) => {
            return Ok(Refusal::new("broken_body", Response::error(error.to_string(), 400)?).into());
        }
    };
    let (now, bytes) = (edge::clock::now(), body.len());
    let context = context::context(&request, &query, &sender, settings.ip_policy, own.traceparent)?;
    let is_senders_id = query.id.is_some();
    let id = match query.id {
        Some(id) => id,
        None => new_payload_id(now, edge::random::bytes()?),
    };
    let mut payload = Payload::new(id, now, body, context);

    let appended = shard::append(env, ctx, settings, &mut payload, is_senders_id).await;
    own.end(ctx, &settings.ingest_path, &payload, if appended == Appended::Stored { 200 } else { 503 });
    let (reason, problem) = match appended {
        Appended::Stored => return Ok(Answer::Stored { bytes, received_at: now }),
        Appended::Refused => ("shards_refused", "too much is waiting; send it again later, with the same id"),
        Appended::Unknown => ("not_stored", "the payload may not be stored; send it again with the same id"),
    };
    Ok(Refusal::of_shard(reason, unavailable(problem)?).into())
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
