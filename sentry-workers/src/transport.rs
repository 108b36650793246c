//! Envelopes on their way, by `fetch`.

use crate::isolate::{Isolate, isolate};
use crate::limits::{Reply, millis_of};
use crate::{clock, task};
use js_sys::{Date, Object, Promise, Reflect, Uint8Array};
use sentry::types::Dsn;
use sentry::{Envelope, Transport};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, RequestInit, RequestRedirect, Response, WorkerGlobalScope};
use worker::wasm_bindgen_futures::{JsFuture, future_to_promise};

/// How long Sentry may take, in ms. What is handed to `waitUntil` may last 30 s.
const DEADLINE_MS: u32 = 10_000;

pub(crate) struct FetchTransport {
    url: String,
}

impl FetchTransport {
    pub(crate) fn new(dsn: &Dsn) -> Self {
        let url = format!("{}?sentry_key={}&sentry_version=7", dsn.envelope_api_url(), dsn.public_key());
        Self { url }
    }
}

impl Transport for FetchTransport {
    /// The request is on its way when this returns, so that one made while a panic is handled gets away, too.
    fn send_envelope(&self, envelope: Envelope) {
        let Some(isolate) = isolate() else { return };
        let mut body = Vec::new();
        if envelope.to_writer(&mut body).is_err() {
            return;
        }
        let Ok(reply) = post(&self.url, &body) else { return };
        let Ok(number) = isolate.flights.try_borrow_mut().map(|mut flights| flights.begin(clock::millis()))
        else {
            return;
        };
        let end = future_to_promise(AssertUnwindSafe(task::bind(async move {
            if let Ok(reply) = read(reply).await {
                learn(&isolate, &reply);
            }
            isolate.flights.borrow_mut().end(number);
            // What waited for room.
            isolate.flush_due();
            Ok(JsValue::UNDEFINED)
        })));
        if let Some(task) = task::current() {
            task.lifetime.wait_until(&end);
        }
    }
}

/// Without an `Authorization` header: the key is in the address.
fn post(url: &str, body: &[u8]) -> Result<Promise, JsValue> {
    let headers = Object::new();
    Reflect::set(&headers, &"content-type".into(), &"application/x-sentry-envelope".into())?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&Uint8Array::from(body));
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(DEADLINE_MS)));
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    Ok(scope.fetch_with_str_and_init(url, &init))
}

async fn read(reply: Promise) -> Result<Reply, JsValue> {
    let response: Response = JsFuture::from(reply).await?.unchecked_into();
    let headers = response.headers();
    let reply = Reply {
        status: response.status(),
        retry_after: headers.get("retry-after")?.and_then(|text| wait_of(&text)),
        rate_limits: headers.get("x-sentry-rate-limits")?,
    };
    // Nobody reads the body; the connection is free for others at once.
    if let Some(body) = response.body() {
        let _ = JsFuture::from(body.cancel()).await;
    }
    Ok(reply)
}

/// `Retry-After`, seconds or a date, as ms from now.
fn wait_of(text: &str) -> Option<u64> {
    millis_of(text).or_else(|| {
        let date = Date::parse(text);
        date.is_finite().then(|| (date as u64).saturating_sub(clock::millis()))
    })
}

fn learn(isolate: &Rc<Isolate>, reply: &Reply) {
    isolate.limits.borrow_mut().learn(reply, clock::millis());
    if !matches!(reply.status, 200..300 | 429) && !isolate.has_warned.replace(true) {
        worker::console_warn!("Sentry answered {}: reports may be lost. Check the DSN.", reply.status);
    }
}
