//! CORS headers on every answer, errors too: a browser shows a page neither status nor `Retry-After` without them.
//!
//! Any origin is echoed. Dispatcher keeps everything; which sites count is decided in Trace.

use worker::js_sys::{Object, Reflect};
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

/// `200 OK`, readable by the page at `origin`, with fewer objects than `worker`'s types would make.
pub fn stored(origin: Option<&str>) -> Result<web_sys::Response> {
    let headers = Object::new();
    for (name, value) in allowing(origin) {
        Reflect::set(&headers, &name.into(), &value.into())?;
    }
    let init = web_sys::ResponseInit::new();
    init.set_headers(&headers);
    Ok(web_sys::Response::new_with_opt_str_and_init(Some("OK"), &init)?)
}

/// Lets the page at `origin` read the answer.
pub fn allow(headers: &Headers, origin: Option<&str>) -> Result<()> {
    allowing(origin).into_iter().try_for_each(|(name, value)| headers.append(name, value))
}

fn allowing(origin: Option<&str>) -> [(&'static str, &str); 3] {
    [
        ("access-control-allow-origin", origin.unwrap_or("*")),
        ("access-control-expose-headers", "Retry-After"),
        ("vary", "Origin"),
    ]
}
