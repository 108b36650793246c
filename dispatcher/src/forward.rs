//! The way to Trace.

use event::Payload;
use serde_json::json;
use worker::{Fetcher, Method, RequestInit, Result};

/// Hands a stored payload to Trace and waits until it has gone to every tracker. What fails here is
/// logged: the payload is in the warehouse.
pub async fn forward(trace: &Fetcher, payload: &Payload) {
    let problem = match send(trace, payload).await {
        Ok(200) => return,
        Ok(status) => format!("trace answered {status}"),
        Err(error) => error.to_string(),
    };
    edge::log::error("not_forwarded", json!({"payload": payload.id, "problem": problem}));
}

async fn send(trace: &Fetcher, payload: &Payload) -> Result<u16> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(serde_json::to_string(payload)?.into()));
    // The host is not looked up: the binding leads to Trace whatever it says.
    let response = trace.fetch("https://trace/forward", Some(init)).await?;
    Ok(response.status_code())
}
