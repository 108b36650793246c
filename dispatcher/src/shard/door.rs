//! The way of a payload from the request into a shard: one call, since every request makes it.

use crate::settings::Settings;
use edge::shard::stub;
use event::{Millis, Payload};
use outbox::{NewPayload, shard_of};
use serde::{Deserialize, Serialize};
use serde_json::json;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use worker::js_sys::{Promise, Uint8Array};
use worker::wasm_bindgen_futures::JsFuture;

/// The shard's answers, as numbers: a call passes them on as they are.
pub const STORED: u32 = 0;
/// Nothing was stored, and another shard may be asked.
pub const REFUSED: u32 = 1;

#[wasm_bindgen]
extern "C" {
    // `append` of `worker.js`. The data goes as bytes: a text of JavaScript is read character by character.
    type ShardStub;
    #[wasm_bindgen(method, catch)]
    fn append(
        this: &ShardStub,
        number: u32,
        head: &str,
        data: Uint8Array,
    ) -> Result<Promise, wasm_bindgen::JsValue>;
}

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
            Ok(STORED) => return Answer::Stored,
            Ok(_) => Answer::Refused,
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
) -> worker::Result<u32> {
    let head = Head {
        id: payload.id.clone(),
        own: is_senders_id,
        at: payload.received_at,
        context: serde_json::to_string(&payload.context)?,
    };
    let stub: ShardStub = stub(env, &settings.shards, shard)?.into_rpc();
    let answer =
        JsFuture::from(stub.append(shard, &serde_json::to_string(&head)?, payload.data.as_bytes().into())?)
            .await?;
    match answer.as_f64() {
        Some(answer) if answer == f64::from(STORED) => Ok(STORED),
        Some(answer) if answer == f64::from(REFUSED) => Ok(REFUSED),
        _ => Err(worker::Error::from("the shard's answer is of another release")),
    }
}

/// Reads what [`append`] sent.
pub fn read(head: &str, data: Vec<u8>) -> Option<NewPayload> {
    let Head { id, own, at, context } = serde_json::from_str(head).ok()?;
    let data = String::from_utf8(data).ok()?;
    Some(NewPayload { id, is_senders_id: own, at, data, context })
}
