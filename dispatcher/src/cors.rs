//! CORS headers on every answer, errors too: a browser shows a page neither status nor `Retry-After` without them.
//!
//! Any origin is echoed. Dispatcher keeps everything; which sites count is decided in Trace.

use worker::{Headers, Request, Response, Result};

/// How long a browser may remember a preflight, in seconds; Chromium keeps at most two hours.
const PREFLIGHT_MAX_AGE: &str = "7200";

/// The answer to a preflight. Events sent as `text/plain` need none.
pub fn preflight(request: &Request) -> Result<Response> {
    let response = Response::empty()?.with_status(204);
    let headers = response.headers();
    headers.set("access-control-allow-methods", "POST")?;
    headers.set("access-control-max-age", PREFLIGHT_MAX_AGE)?;
    if let Some(wanted) = request.headers().get("access-control-request-headers")? {
        headers.set("access-control-allow-headers", &wanted)?;
    }
    Ok(response)
}

/// Lets the page at `origin` read the answer.
pub fn allow(headers: &Headers, origin: Option<&str>) -> Result<()> {
    headers.set("access-control-allow-origin", origin.unwrap_or("*"))?;
    headers.set("access-control-expose-headers", "Retry-After")?;
    headers.append("vary", "Origin")
}
