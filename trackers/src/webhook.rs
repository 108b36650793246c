//! Any endpoint of your own, by Standard Webhooks.
//!
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
//!
//! # Mapping
//! One event makes one call, with `type`, `timestamp` and `data`. `webhook-id` is the event's dedupe key, the
//! same on every attempt, by which the receiver knows a repeated event. A batch could not have such an id:
//! its events meet others when they are sent again. What comes of it is a call per event: where that is too
//! much, put a queue behind the endpoint, or use the warehouse.
//!
//! Properties are sent with their structure, and campaign tags stay in `page.url`, as the policy left them there.
//!
//! The signature is made anew for each attempt, since it covers the time of the attempt. While a secret is
//! replaced, `WEBHOOK_SECRET` holds the new one and the old one, with a space between; each gives a signature.
//!
//! # Replies
//! 2xx is success and everything else is failure, as the specification has it. A receiver's 400 or 500 says
//! nothing about the next attempt, so no event is ever rejected here; it dies after the retry window, and can
//! be replayed. Redirects (the address is to be changed instead), 410 (the receiver wants no more) and the
//! refusals that a wrong address or secret gives are for somebody to put right.

use crate::batch::json_headers;
use crate::settings::Section;
use crate::tracker::{Call, Dedupe, Plan, Reply, Tracker, Verdict, Windows};
use crate::value::put;
use allowlist::Allowed;
use base64::{Engine, prelude::BASE64_STANDARD};
use event::Millis;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

/// The tracker's name.
pub const NAME: &str = "webhook";

/// Bytes of a secret: 192 to 512 bits, by the specification's "Signature scheme".
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Both are the receiver's business; `webhook-id` is the key by which it may know an event:
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#webhook-headers-and-content>.
pub const WINDOWS: Windows = Windows { age_ms: None, dedupe: Dedupe::Undocumented };

/// The settings `WEBHOOK_*`.
pub struct Webhook {
    /// `WEBHOOK_URL`.
    url: String,
    /// `WEBHOOK_SECRET`: base64, with or without `whsec_` before it; one or several.
    secrets: Vec<Hmac<Sha256>>,
}

/// Reads the settings.
pub fn configure(section: &mut Section<'_>) -> Box<dyn Tracker> {
    let url = section.url("URL");
    let text = section.required("SECRET");
    let secrets: Vec<_> = text.split_whitespace().map(bare).collect();
    secrets.iter().for_each(|secret| section.hide(secret));
    let secrets: Option<Vec<_>> = secrets.into_iter().map(key).collect();
    if secrets.as_ref().is_none_or(Vec::is_empty) && !text.is_empty() {
        section.fault("SECRET", "must be base64 of 24 to 64 bytes, with or without `whsec_` before it");
    }
    Box::new(Webhook { url, secrets: secrets.unwrap_or_default() })
}

fn bare(secret: &str) -> &str {
    secret.strip_prefix("whsec_").unwrap_or(secret)
}

fn key(secret: &str) -> Option<Hmac<Sha256>> {
    let bytes = BASE64_STANDARD.decode(secret).ok()?;
    Hmac::new_from_slice(&bytes).ok().filter(|_| SECRET_BYTES.contains(&bytes.len()))
}

impl Tracker for Webhook {
    fn name(&self) -> &'static str {
        NAME
    }

    fn plan(&self, events: &[&Allowed], now: Millis) -> Plan {
        let calls = events.iter().enumerate().map(|(index, event)| self.call(index, event, now)).collect();
        Plan { calls, rejected: Vec::new() }
    }

    fn verdicts(&self, call: &Call, reply: &Reply<'_>) -> Vec<Verdict> {
        let verdict = match reply.status {
            200..=299 => Verdict::Delivered,
            300..=399 | 401 | 403..=405 | 410 => Verdict::misconfigured(),
            _ => Verdict::retry(reply),
        };
        verdict.for_all(call)
    }
}

impl Webhook {
    fn call(&self, index: usize, event: &Allowed, now: Millis) -> Call {
        let body = encode(event).to_string();
        // A full stop in id or time would let one signature fit two calls; a UUID and a number have none.
        let id = event.dedupe_key().to_string();
        let timestamp = now.0.div_euclid(1000).to_string();
        let signatures: Vec<_> = self
            .secrets
            .iter()
            .map(|secret| {
                let mut mac = secret.clone();
                for part in [&id, ".", &timestamp, ".", &body] {
                    mac.update(part.as_bytes());
                }
                format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
            })
            .collect();
        let mut headers = json_headers();
        headers.push(("webhook-id", id));
        headers.push(("webhook-timestamp", timestamp));
        headers.push(("webhook-signature", signatures.join(" ")));
        Call { url: self.url.clone(), headers, body, events: vec![index] }
    }
}

fn encode(event: &Allowed) -> Value {
    let mut data = Map::new();
    let ids = [
        ("id", Some(event.id())),
        ("userId", event.user_id()),
        ("deviceId", event.device_id()),
        ("sessionId", event.session_id()),
    ];
    for (name, id) in ids {
        put(&mut data, name, id);
    }
    data.insert("properties".to_owned(), json!(event.properties()));
    data.insert("page".to_owned(), json!(event.page()));
    json!({ "type": event.name(), "timestamp": event.time().to_string(), "data": data })
}
