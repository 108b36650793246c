//! Calls to Trace.

use edge::timer::within;
use outbox::Failure;
use serde::de::DeserializeOwned;
use worker::{Env, Fetcher, Method, RequestInit, Result};

/// Trace gives each tracker at most 25 s.
const DEADLINE_MS: u32 = 30_000;

/// Asks Trace and reads its answer. A failure says what kind it was, never what Trace said.
pub async fn ask<T: DeserializeOwned>(env: &Env, path: &str, body: &str) -> std::result::Result<T, Failure> {
    let trace = env.service("TRACE").map_err(|_| Failure::temporary("no_trace"))?;
    let (status, answer) = match within(DEADLINE_MS, post(&trace, path, body)).await {
        None => return Err(Failure::temporary("trace_timeout")),
        Some(Err(_)) => return Err(Failure::temporary("trace_exception")),
        Some(Ok(answer)) => answer,
    };
    if status != 200 {
        return Err(Failure::temporary(format!("trace_{status}")));
    }
    serde_json::from_slice(&answer).map_err(|_| Failure::temporary("trace_reply"))
}

async fn post(trace: &Fetcher, path: &str, body: &str) -> Result<(u16, Vec<u8>)> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(body.into()));
    // The host is not looked up: the binding leads to Trace whatever it says.
    let mut response = trace.fetch(format!("https://trace{path}"), Some(init)).await?;
    Ok((response.status_code(), response.bytes().await?))
}
