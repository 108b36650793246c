//! Outgoing requests, each with a deadline.

use crate::body::{self, BodyError};
use js_sys::{Object, Reflect};
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{AbortSignal, RequestInit, RequestRedirect, WorkerGlobalScope};
use worker::wasm_bindgen_futures::JsFuture;

/// Most bytes of an answer that are kept. Most are a few hundred; BigQuery has some for each row that it refuses.
const MAX_ANSWER: usize = 1024 * 1024;

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, as it came.
    pub retry_after: Option<String>,
    /// The body; empty where it was longer than 1 MiB.
    pub body: Vec<u8>,
}

/// Why there is no answer. The request may have been carried out all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The deadline passed.
    #[error("timeout")]
    Timeout,
    /// The connection could not be made or broke.
    #[error("network")]
    Network,
    /// The platform lets this invocation make no more requests
    /// (<https://developers.cloudflare.com/workers/platform/limits/#subrequests>).
    #[error("too_many_subrequests")]
    Limit,
}

impl NoAnswer {
    /// By what the runtime says.
    fn of(is_late: bool, words: &str) -> Self {
        if is_late {
            Self::Timeout
        } else if words.to_ascii_lowercase().contains("subrequest") {
            Self::Limit
        } else {
            Self::Network
        }
    }
}

/// Sends a `POST`. Redirects are not followed: they are answers like any other.
///
/// # Errors
/// [`NoAnswer`]. The runtime's own words are not passed on, since they may repeat the address.
pub async fn post(
    url: &str,
    headers: &[(&str, String)],
    body: &str,
    deadline: Duration,
) -> Result<Answer, NoAnswer> {
    let millis = u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX);
    // The runtime's own timer. `worker::Delay` takes what `setTimeout` returns for a number; here it is an object,
    // so that such a timer cannot be cancelled, and a debug build throws.
    let signal = AbortSignal::timeout_with_u32(millis);
    exchange(url, headers, body, &signal)
        .await
        .map_err(|error| NoAnswer::of(signal.aborted(), &error.to_string()))
}

/// Trackers make hundreds of requests a second; `worker`'s types would make more objects for each.
async fn exchange(
    url: &str,
    headers: &[(&str, String)],
    body: &str,
    signal: &AbortSignal,
) -> worker::Result<Answer> {
    let fields = Object::new();
    for (name, value) in headers {
        Reflect::set(&fields, &(*name).into(), &value.into())?;
    }
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&fields);
    init.set_body(&body.into());
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(signal));
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    let response = JsFuture::from(global.fetch_with_str_and_init(url, &init)).await?;
    let response: web_sys::Response = response.unchecked_into();
    let retry_after = response.headers().get("retry-after")?;
    Ok(Answer { status: response.status(), retry_after, body: answer_body(&response).await? })
}

async fn answer_body(response: &web_sys::Response) -> worker::Result<Vec<u8>> {
    match body::of(response, MAX_ANSWER).await {
        Ok(body) => Ok(body),
        Err(BodyError::TooLong(_)) => Ok(Vec::new()),
        Err(BodyError::Broken(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The platform's words, as documented; a runtime on one machine has no such limit.
    #[test]
    fn a_limit_of_ours_is_not_taken_for_a_vendor_that_is_away() {
        assert_eq!(NoAnswer::of(false, "Error: Too many subrequests."), NoAnswer::Limit);
        assert_eq!(NoAnswer::of(false, "Network connection lost."), NoAnswer::Network);
        assert_eq!(NoAnswer::of(true, "AbortError"), NoAnswer::Timeout);
    }
}
