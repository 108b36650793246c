//! Heap, by the bulk form of its track API.
//!
//! <https://developers.heap.io/reference/bulk-track>; the fields are those of
//! <https://developers.heap.io/reference/track-1>.
//!
//! # Mapping
//! - `identity` is the user id. Heap's API knows no anonymous devices (its `user_id` is an id that its own
//!   browser SDK assigned), so an event without a user id is rejected (`no_identity`), unless `HEAP_ANONYMOUS`
//!   is `device`: the device id is then the identity. Heap takes each device for a person of its own, and
//!   does not join it with the user that logs in on it later.
//! - `idempotency_key` is the dedupe key, `timestamp` the time of the event.
//! - Event names stay as they are, `pageview` included: Heap asks for none. An event whose name is too long
//!   is rejected (`name_too_long`).
//! - Page, language and screen are properties: `page_url`, `page_referrer`, `page_title`, `locale`, `screen`.
//!   A property with one of these names wins over what is put here. There is no field for address or browser.
//! - What the policy leaves of the address's query are properties of their own names (`utm_source`, `gclid`), as Heap's
//!   own SDK calls them.
//! - Properties are texts and numbers, so `true` and `false` are sent as texts. The members of an object are properties
//!   of their own (`address.city`), and those of objects in an array too (`items[0].name`); the plain items of an array
//!   are one text with `||` between them, which is how Heap joins them itself. Texts that are too long are
//!   cut. A property whose name is too long is left out: cut, it could pass for another.
//! - The session id stays behind: `session_id` is one that Heap's own SDK assigned.
//!
//! # Replies
//! A 400 says in plain text what was wrong with some place of the body, and refuses the whole request. So the
//! request is split until the culprit stands alone, unless the text is about `app_id` and no event, which is
//! a matter of the settings. Other statuses are not documented and are read by their meaning.

use crate::batch::Batch;
use crate::campaign;
use crate::settings::Section;
use crate::tracker::{Call, Dedupe, Plan, Reply, Tracker, Verdict, Windows};
use crate::value::{Flat, first_chars, is_longer, put};
use allowlist::Allowed;
use event::Millis;
use serde_json::{Map, Value};

/// The tracker's name.
pub const NAME: &str = "heap";

/// Where data outside the EU goes; the EU's is `https://c.eu.heap-api.com`.
const ENDPOINT: &str = "https://heapanalytics.com";

// Limits: https://developers.heap.io/reference/bulk-track and https://developers.heap.io/reference/track-1

/// Most events of a request.
const MAX_EVENTS: usize = 1000;
/// Heap names no limit of bytes. One megabyte: what 1000 events of a kilobyte take.
const MAX_BYTES: usize = 1_000_000;
/// Longest identity, in characters.
const MAX_IDENTITY: usize = 255;
/// Longest name of an event, in characters.
const MAX_NAME: usize = 1024;
/// "Fewer than 1024 characters" in the name and in the text of a property.
const MAX_PROPERTY: usize = 1024 - 1;

/// By `idempotency_key`; neither how long Heap knows one nor how old an event may be is documented:
/// <https://developers.heap.io/reference/track-1>.
pub const WINDOWS: Windows = Windows { age_ms: None, dedupe: Dedupe::Undocumented };

/// How arrays and objects become properties.
const FLAT: Flat = Flat { max: MAX_PROPERTY, member: ".", item: "||", with_places: true };

/// The settings `HEAP_*`.
pub struct Heap {
    /// `HEAP_APP_ID`: the id of the environment. It is no secret; Heap's browser SDK shows it to everybody.
    app_id: String,
    /// `HEAP_ENDPOINT`.
    endpoint: String,
    /// `HEAP_ANONYMOUS`: `reject` or `device`.
    anonymous: Anonymous,
}

/// What is done with an event without a user id.
#[derive(Clone, Copy)]
enum Anonymous {
    Reject,
    Device,
}

/// Reads the settings.
pub fn configure(section: &mut Section<'_>) -> Box<dyn Tracker> {
    let app_id = section.required("APP_ID");
    if !app_id.bytes().all(|byte| byte.is_ascii_digit()) {
        section.fault("APP_ID", "must be digits");
    }
    let endpoint = section.address("ENDPOINT", ENDPOINT);
    let anonymous =
        section.parsed("ANONYMOUS", Anonymous::Reject, "`reject` or `device`", |text| match text {
            "reject" => Some(Anonymous::Reject),
            "device" => Some(Anonymous::Device),
            _ => None,
        });
    Box::new(Heap { app_id, endpoint, anonymous })
}

impl Tracker for Heap {
    fn name(&self) -> &'static str {
        NAME
    }

    fn plan(&self, events: &[&Allowed], _now: Millis) -> Plan {
        let mut plan = Plan::default();
        let mut encoded = Vec::with_capacity(events.len());
        for (index, event) in events.iter().enumerate() {
            match self.encode(event) {
                Ok(event) => encoded.push((index, event)),
                Err(reason) => plan.rejected.push((index, reason)),
            }
        }
        let envelope = Map::from_iter([("app_id".to_owned(), Value::from(self.app_id.as_str()))]);
        let url = format!("{}/api/track", self.endpoint);
        Batch { url, envelope, max_events: MAX_EVENTS, max_bytes: MAX_BYTES }.fill(encoded, &mut plan);
        plan
    }

    fn verdicts(&self, call: &Call, reply: &Reply<'_>) -> Vec<Verdict> {
        let says = |text: &[u8]| reply.body.windows(text.len()).any(|part| part == text);
        if reply.status == 400 && says(b"app_id") && !says(b"events[") {
            return Verdict::misconfigured().for_all(call);
        }
        Verdict::by_status(call, reply)
    }
}

impl Heap {
    fn encode(&self, event: &Allowed) -> Result<Value, &'static str> {
        if is_longer(event.name(), MAX_NAME) {
            return Err("name_too_long");
        }
        let mut encoded = Map::new();
        put(&mut encoded, "event", Some(event.name()));
        put(&mut encoded, "identity", Some(self.identity(event)?));
        put(&mut encoded, "timestamp", Some(&event.time().to_string()));
        put(&mut encoded, "idempotency_key", Some(&event.dedupe_key().to_string()));
        encoded.insert("properties".to_owned(), Value::from(properties(event)));
        Ok(Value::from(encoded))
    }

    fn identity<'a>(&self, event: &'a Allowed) -> Result<&'a str, &'static str> {
        let device_id = match self.anonymous {
            Anonymous::Reject => None,
            Anonymous::Device => event.device_id(),
        };
        let mut ids = [event.user_id(), device_id].into_iter().flatten();
        let identity = ids.find(|id| !id.is_empty()).ok_or("no_identity")?;
        if is_longer(identity, MAX_IDENTITY) { Err("identity_too_long") } else { Ok(identity) }
    }
}

fn properties(event: &Allowed) -> Map<String, Value> {
    let page = event.page();
    let mut properties = Map::new();
    let fields = [
        ("page_url", &page.url),
        ("page_referrer", &page.referrer),
        ("page_title", &page.title),
        ("locale", &page.locale),
        ("screen", &page.screen),
    ];
    for (name, text) in fields {
        put(&mut properties, name, text.as_deref().map(|text| first_chars(text, MAX_PROPERTY)));
    }
    for (name, value) in campaign::parameters(event) {
        if !is_longer(&name, MAX_PROPERTY) {
            put(&mut properties, &name, Some(first_chars(&value, MAX_PROPERTY)));
        }
    }
    for (name, value) in event.properties() {
        FLAT.fill(name.into(), value, &mut |name, value| {
            if !is_longer(&name, MAX_PROPERTY) {
                properties.insert(name.into_owned(), value);
            }
        });
    }
    properties
}
