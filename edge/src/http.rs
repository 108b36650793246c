//! Outgoing requests, each with a deadline.

use crate::body;
use std::time::Duration;
use worker::{AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response};

/// Most bytes of an answer that are kept; vendors' answers are a few hundred.
const MAX_ANSWER: usize = 256 * 1024;

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, as it came.
    pub retry_after: Option<String>,
    /// The body; empty where it was longer than 256 KiB.
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
}

/// Sends a `POST`. Redirects are not followed: they are answers like any other.
///
/// # Errors
/// [`NoAnswer`]. The runtime's own words are not passed on, since they may repeat the address.
pub async fn post(
    url: &str,
    headers: &[(&'static str, String)],
    body: &str,
    deadline: Duration,
) -> Result<Answer, NoAnswer> {
    let request = request(url, headers, body).map_err(|_| NoAnswer::Network)?;
    let millis = u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX);
    // The runtime's own timer. `worker::Delay` takes what `setTimeout` returns for a number; here it is an object,
    // so that such a timer cannot be cancelled, and a debug build throws.
    let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(millis));
    exchange(request, &signal)
        .await
        .map_err(|_| if signal.aborted() { NoAnswer::Timeout } else { NoAnswer::Network })
}

fn request(url: &str, headers: &[(&'static str, String)], body: &str) -> worker::Result<Request> {
    let fields = Headers::new();
    for (name, value) in headers {
        fields.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(fields).with_body(Some(body.into()));
    init.redirect = RequestRedirect::Manual;
    Request::new_with_init(url, &init)
}

async fn exchange(request: Request, signal: &AbortSignal) -> worker::Result<Answer> {
    let mut response = Fetch::Request(request).send_with_signal(signal).await?;
    let retry_after = response.headers().get("retry-after")?;
    let status = response.status_code();
    let body = answer_body(&mut response).await?;
    Ok(Answer { status, retry_after, body })
}

async fn answer_body(response: &mut Response) -> worker::Result<Vec<u8>> {
    match response.body() {
        worker::ResponseBody::Stream(_) => {
            let stream = response.stream()?;
            match body::read(stream, MAX_ANSWER).await {
                Ok(body) => Ok(body),
                Err(body::BodyError::TooLong(_)) => Ok(Vec::new()),
                Err(body::BodyError::Broken(error)) => Err(error),
            }
        }
        _ => response.bytes().await,
    }
}
