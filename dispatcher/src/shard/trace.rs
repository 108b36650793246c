//! Calls to Trace.

use super::trace_failure;
use edge::body::{self, BodyError};
use edge::report::{Counts, PANICKED, REPORTS};
use edge::timer::within;
use outbox::Failure;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{RequestInit, Response};
use worker::js_sys::Promise;
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Env, Result};

#[wasm_bindgen]
extern "C" {
    // `worker`'s `Fetcher` takes a response apart, and makes another one to read its body in one piece.
    type Trace;
    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Trace, url: &str, init: &RequestInit) -> std::result::Result<Promise, JsValue>;
}

/// Trace gives each tracker at most 25 s.
const DEADLINE_MS: u32 = 30_000;

/// Most bytes of a reply that a shard takes into its memory. One payload makes at most 8 MiB of it.
const MAX_REPLY: usize = 16 * 1024 * 1024;

/// Asks Trace and reads its answer. A failure says what kind it was, never what Trace said. `told` hears how many error
/// reports Trace has made.
pub async fn ask<T: DeserializeOwned>(
    env: &Env,
    path: &str,
    body: &str,
    told: impl FnOnce(Counts),
) -> std::result::Result<T, Failure> {
    let trace: Trace = env.service("TRACE").map_err(|_| Failure::temporary("no_trace"))?.into_rpc();
    let (status, answer) = match within(DEADLINE_MS, post(&trace, path, body, told)).await {
        None => return Err(Failure::temporary("trace_timeout")),
        Some(Err(error)) => return Err(Failure::temporary(trace_failure::thrown(&error.to_string()))),
        // Compressed bodies can hold a thousand times what they are: fewer of them at once then.
        Some(Ok(Reply::TooLong)) => return Err(Failure::temporary("trace_reply_too_long")),
        Some(Ok(Reply::Panicked)) => return Err(Failure::temporary("trace_panic")),
        Some(Ok(Reply::Read(status, reply))) => (status, reply),
    };
    if status != 200 {
        return Err(Failure::temporary(trace_failure::answered(status, &answer)));
    }
    serde_json::from_slice(&answer).map_err(|_| Failure::temporary("trace_reply"))
}

enum Reply {
    Read(u16, Vec<u8>),
    TooLong,
    Panicked,
}

async fn post(trace: &Trace, path: &str, body: &str, told: impl FnOnce(Counts)) -> Result<Reply> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&body.into());
    // The host is not looked up: the binding leads to Trace whatever it says.
    let response = JsFuture::from(trace.fetch(&format!("https://trace{path}"), &init)?).await?;
    let response: Response = response.dyn_into()?;
    let headers = response.headers();
    if let Some(counts) = headers.get(REPORTS)?.as_deref().and_then(Counts::read) {
        told(counts);
    }
    if headers.has(PANICKED)? {
        return Ok(Reply::Panicked);
    }
    match body::of(&response, MAX_REPLY).await {
        Ok(reply) => Ok(Reply::Read(response.status(), reply)),
        Err(BodyError::TooLong(_)) => Ok(Reply::TooLong),
        Err(BodyError::Broken(error)) => Err(error),
    }
}
