//! The way of a payload from the request into a shard.
//!
//! A payload is one text: what is known of it as a line of JSON, then its data as it is.

use crate::settings::Settings;
use edge::shard::stub;
use event::{Millis, Payload};
use outbox::{NewPayload, shard_of};
use serde::{Deserialize, Serialize};
use serde_json::json;
use worker::{Env, Method, Request, RequestInit};

/// The path of an append; the shard's number follows.
pub const APPEND: &str = "/append/";

/// The status of a refusal: nothing was stored, and another shard may be asked.
pub const REFUSED: u16 = 507;

/// What is known of a payload besides its data.
#[derive(Serialize, Deserialize)]
struct Head {
    id: String,
    /// Whether the sender chose the id.
    own: bool,
    at: Millis,
    /// JSON, as text: a shard does not look into it.
    context: String,
}

/// What became of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is stored durably, now or before.
    Stored,
    /// It is not stored, at none of the shards that were asked.
    Refused,
    /// It may be stored or not.
    Unknown,
}

/// Stores a payload: at the shard of its key, or, where that one refuses, at the next.
pub async fn append(env: &Env, settings: &Settings, mut payload: Payload, is_senders_id: bool) -> Answer {
    let shards = settings.outbox.shards;
    let first = shard_of(payload.context.k.as_deref().unwrap_or(&payload.id), shards);
    let mut answer = Answer::Refused;
    for shard in [first, (first + 1) % shards] {
        payload.context.shard = Some(shard);
        answer = match ask(env, settings, &payload, is_senders_id, shard).await {
            Ok(200) => return Answer::Stored,
            Ok(REFUSED) => Answer::Refused,
            Ok(status) => {
                edge::log::error(
                    "not_stored",
                    json!({"payload": payload.id, "shard": shard, "status": status}),
                );
                return Answer::Unknown;
            }
            Err(error) => {
                let problem = error.to_string();
                edge::log::error(
                    "not_stored",
                    json!({"payload": payload.id, "shard": shard, "problem": problem}),
                );
                return Answer::Unknown;
            }
        };
        edge::log::error("refused", json!({"payload": payload.id, "shard": shard}));
        if shards == 1 {
            break;
        }
    }
    answer
}

async fn ask(
    env: &Env,
    settings: &Settings,
    payload: &Payload,
    is_senders_id: bool,
    shard: u32,
) -> worker::Result<u16> {
    let head = Head {
        id: payload.id.clone(),
        own: is_senders_id,
        at: payload.received_at,
        context: serde_json::to_string(&payload.context)?,
    };
    let mut text = serde_json::to_string(&head)?;
    text.push('\n');
    text.push_str(&payload.data);
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(text.into()));
    let request = Request::new_with_init(&format!("https://outbox{APPEND}{shard}"), &init)?;
    Ok(stub(env, &settings.shards, shard)?.fetch_with_request(request).await?.status_code())
}

/// Reads what [`append`] sent.
pub fn read(text: &str) -> Option<NewPayload> {
    let (head, data) = text.split_once('\n')?;
    let Head { id, own, at, context } = serde_json::from_str(head).ok()?;
    Some(NewPayload { id, is_senders_id: own, at, data: data.to_owned(), context })
}
