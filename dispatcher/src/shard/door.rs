//! The way of a payload from the request into a shard: one call, since every request makes it.

use crate::settings::Settings;
use edge::problem::Problem;
use edge::report::{self, Counts};
use edge::shard::stub;
use event::{Millis, Payload};
use outbox::{NewPayload, shard_of};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::{Promise, Uint8Array};
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Context, Env};

/// The shard's answers, as numbers: a call passes them on as they are.
pub const STORED: u8 = 0;
/// Nothing was stored, and another shard may be asked.
pub const REFUSED: u8 = 1;
/// It comes from another release.
pub const UNREADABLE: u8 = 2;
/// The shard panicked, and whether it is stored is not known.
pub const PANICKED: u8 = 3;

#[wasm_bindgen]
extern "C" {
    // `append` of `worker.js`. It goes as bytes: a text of JavaScript is read character by character.
    type ShardStub;
    #[wasm_bindgen(method, catch)]
    fn append(this: &ShardStub, number: u32, payload: Uint8Array) -> Result<Promise, wasm_bindgen::JsValue>;
}

/// What is known of a payload besides its data. It goes before the data, as a line of JSON.
#[derive(Serialize, Deserialize)]
struct Head {
    id: String,
    /// Whether the sender chose the id.
    own: bool,
    at: Millis,
    /// JSON, as text: a shard does not look into it.
    context: String,
    /// Error reports of the isolate since it told of them before: sent and suppressed. Requests come to many isolates, and
    /// shards alone are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reports: Option<(u64, u64)>,
}

/// What became of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is stored durably, now or before.
    Stored,
    /// It is not stored, at none of the shards that were asked.
    Refused,
    /// It may be stored or not.
    Unknown,
}

/// Stores a payload: at the shard of its key, or, where that one refuses, at the next.
///
/// A sender that leaves after its last byte cancels no call that was made. The context says afterwards which shard was asked last.
pub async fn append(
    env: &Env,
    ctx: &Context,
    settings: &Settings,
    payload: &mut Payload,
    is_senders_id: bool,
) -> Appended {
    let shards = settings.outbox.shards;
    let first = shard_of(payload.context.k.as_deref().unwrap_or(&payload.id), shards);
    for shard in [first, (first + 1) % shards] {
        payload.context.shard = Some(shard);
        let call = call(env, settings, payload, is_senders_id, shard);
        match answer(ctx, call).await {
            Ok(true) => return Appended::Stored,
            Ok(false) => Problem::new("refused").by("shard", shard).with("payload", &payload.id).tell(),
            Err(error) => {
                Problem::new("not_stored")
                    .by("shard", shard)
                    .with("payload", &payload.id)
                    .caused_by(&error)
                    .tell();
                return Appended::Unknown;
            }
        }
        if shards == 1 {
            break;
        }
    }
    Appended::Refused
}

fn call(
    env: &Env,
    settings: &Settings,
    payload: &Payload,
    is_senders_id: bool,
    shard: u32,
) -> worker::Result<Promise> {
    let Counts { sent, suppressed } = report::counted();
    let head = Head {
        id: payload.id.clone(),
        own: is_senders_id,
        at: payload.received_at,
        context: serde_json::to_string(&payload.context)?,
        reports: (sent + suppressed > 0).then_some((sent, suppressed)),
    };
    let mut bytes = serde_json::to_vec(&head)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(payload.data.as_bytes());
    let stub: ShardStub = stub(env, &settings.shards, shard)?.into_rpc();
    Ok(stub.append(shard, bytes.as_slice().into())?)
}

/// Whether the payload is stored.
async fn answer(ctx: &Context, call: worker::Result<Promise>) -> worker::Result<bool> {
    let call = call?;
    ctx.as_ref().wait_until(&call)?;
    let answer = JsFuture::from(call).await?;
    match answer.as_f64() {
        Some(answer) if answer == f64::from(STORED) => Ok(true),
        Some(answer) if answer == f64::from(REFUSED) => Ok(false),
        Some(answer) if answer == f64::from(PANICKED) => Err(worker::Error::from("the shard panicked")),
        _ => Err(worker::Error::from("the shard is of another release")),
    }
}

/// Reads what [`append`] sent.
pub fn read(mut bytes: Vec<u8>) -> Option<(NewPayload, Option<Counts>)> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let data = String::from_utf8(bytes.split_off(end + 1)).ok()?;
    let Head { id, own, at, context, reports } = serde_json::from_slice(&bytes).ok()?;
    let reports = reports.map(|(sent, suppressed)| Counts { sent, suppressed });
    Some((NewPayload { id, is_senders_id: own, at, data, context }, reports))
}
