//! Amplitude, by the HTTP V2 API.
//!
//! <https://amplitude.com/docs/apis/analytics/http-v2>
//!
//! # Mapping
//! - `user_id` and `device_id` as they are; both in one event link them. Ids that Amplitude forbids
//!   (`anonymous`, `null`, all zeros, …) are left out; an event without any other is rejected
//!   (`invalid_identity`, or `no_identity` where there was none at all). Ids of less than five characters
//!   are made valid by `min_id_length`.
//! - `insert_id` is the dedupe key, by which Amplitude knows a repeated event for seven days.
//! - `pageview` is called `[Amplitude] Page Viewed`, as Amplitude's own browser SDK calls it. Every event has
//!   what is known of its page in the SDK's properties `[Amplitude] Page …`, and the site before in
//!   `referrer`. A property with one of these names wins over what is put here.
//! - What the policy leaves of the address's query are user properties, as the SDK's attribution sets them: each by its
//!   own name (`utm_source`, `gclid`), and with `initial_` before it where the user has none yet; so are the site before
//!   (`referrer`) and its host (`referring_domain`). An event without such parameters changes no user property.
//! - Arrays and objects are sent as they are.
//! - A session id goes along where it consists of digits: Amplitude wants the session's start in milliseconds.
//! - An event with a name of Amplitude's own (`reserved_name`) or one that is too long (`name_too_long`) is
//!   rejected. Texts that are too long are cut, as Amplitude would cut them.
//!
//! # Replies
//! A 400 and a 429 refuse the whole request and list the events that are to blame, by index. The listed get
//! their own verdict. The others are sent again at once, without the listed: not as [`Verdict::Split`], which
//! would send the known culprits along once more in one of the halves. Each round takes one event at
//! least out of the request, so it ends. Where nothing is listed, the request is split.
//!
//! A 403 comes from a firewall that looks at addresses and values alike. So the request is split, and the
//! event that is refused alone waits alone; it is no `rejected`, since it may be the address.

use crate::batch::Batch;
use crate::campaign;
use crate::settings::Section;
use crate::tracker::{Call, Dedupe, Plan, Reply, Tracker, Verdict, Windows};
use crate::value::{first_chars, is_longer, put, value};
use allowlist::Allowed;
use event::Millis;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use url::Url;

/// The tracker's name.
pub const NAME: &str = "amplitude";

/// Where data outside the EU goes; the EU's is `https://api.eu.amplitude.com`.
const ENDPOINT: &str = "https://api2.amplitude.com";

// Limits: https://amplitude.com/docs/apis/analytics/http-v2#upload-limit

/// Fewer than 2000 events are allowed. Half of it: the Starter plan takes 1000 events a second, so that one
/// request stays within it.
const MAX_EVENTS: usize = 1000;
/// "Under 1 MB", read as the smaller of its two meanings, in bytes.
const MAX_BYTES: usize = 1_000_000 - 1;
/// Longest text, in characters.
const MAX_TEXT: usize = 1024;

/// By `insert_id` and device, for seven days: <https://amplitude.com/docs/apis/analytics/http-v2#event-deduplication>.
/// Of an event's age no limit is documented.
pub const WINDOWS: Windows = Windows { age_ms: None, dedupe: Dedupe::For(7 * 24 * 60 * 60 * 1000) };

/// Pause of a throttled user or device, in seconds.
const THROTTLED_S: u32 = 30;
/// Pause of one over its daily quota, in seconds. The day is a rolling one that moves on by the hour:
/// <https://amplitude.com/docs/apis/analytics/batch-event-upload#daily-limit>
const DAILY_QUOTA_S: u32 = 60 * 60;

/// Ids that make Amplitude refuse a request:
/// <https://amplitude.com/docs/apis/analytics/http-v2#device-ids-and-user-ids-minimum-length>
const FORBIDDEN_IDS: [&str; 14] = [
    "",
    "anonymous",
    "nil",
    "none",
    "null",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "00000000-0000-0000-0000-000000000000",
    "{}",
    "lmy47d",
    "0",
    "-1",
];

/// Events that Amplitude makes or reads by itself.
const RESERVED_EVENTS: [&str; 8] = [
    "$groupidentify",
    "$identify",
    "[Amplitude] End Session",
    "[Amplitude] Merged User",
    "[Amplitude] Revenue",
    "[Amplitude] Revenue (Unverified)",
    "[Amplitude] Revenue (Verified)",
    "[Amplitude] Start Session",
];

/// The settings `AMPLITUDE_*`.
pub struct Amplitude {
    /// `AMPLITUDE_API_KEY`.
    api_key: String,
    /// `AMPLITUDE_ENDPOINT`.
    endpoint: String,
}

/// Reads the settings.
pub fn configure(section: &mut Section<'_>) -> Box<dyn Tracker> {
    let api_key = section.credential("API_KEY");
    Box::new(Amplitude { api_key, endpoint: section.address("ENDPOINT", ENDPOINT) })
}

impl Tracker for Amplitude {
    fn name(&self) -> &'static str {
        NAME
    }

    fn plan(&self, events: &[&Allowed], _now: Millis) -> Plan {
        let mut plan = Plan::default();
        let mut encoded = Vec::with_capacity(events.len());
        for (index, event) in events.iter().enumerate() {
            match encode(event) {
                Ok(event) => encoded.push((index, event)),
                Err(reason) => plan.rejected.push((index, reason)),
            }
        }
        let mut envelope = Map::new();
        envelope.insert("api_key".to_owned(), Value::from(self.api_key.as_str()));
        envelope.insert("options".to_owned(), json!({ "min_id_length": 1 }));
        let url = format!("{}/2/httpapi", self.endpoint);
        Batch { url, envelope, max_events: MAX_EVENTS, max_bytes: MAX_BYTES }.fill(encoded, &mut plan);
        plan
    }

    fn verdicts(&self, call: &Call, reply: &Reply<'_>) -> Vec<Verdict> {
        let refusal = || serde_json::from_slice::<Refusal>(reply.body).unwrap_or_default();
        match reply.status {
            400 => {
                let refusal = refusal();
                if refusal.is_ours() {
                    return Verdict::misconfigured().for_all(call);
                }
                refusal.verdicts(call).unwrap_or_else(|| Verdict::split_or_reject(call, "refused"))
            }
            403 if call.events.len() > 1 => Verdict::Split.for_all(call),
            403 => Verdict::Retry { after: None, reason: "blocked".to_owned() }.for_all(call),
            429 => refusal().verdicts(call).unwrap_or_else(|| {
                let after = Some(reply.wait().unwrap_or(THROTTLED_S));
                Verdict::Retry { after, reason: "throttled".to_owned() }.for_all(call)
            }),
            _ => Verdict::by_status(call, reply),
        }
    }
}

fn encode(event: &Allowed) -> Result<Value, &'static str> {
    let name = if event.name() == "pageview" { "[Amplitude] Page Viewed" } else { event.name() };
    if RESERVED_EVENTS.contains(&name) {
        return Err("reserved_name");
    }
    if is_longer(name, MAX_TEXT) {
        return Err("name_too_long");
    }
    let user_id = event.user_id().filter(|id| is_usable(id));
    let device_id = event.device_id().filter(|id| is_usable(id) && !is_zeros(id));
    if user_id.or(device_id).is_none() {
        let has_none = event.user_id().or(event.device_id()).is_none_or(str::is_empty);
        return Err(if has_none { "no_identity" } else { "invalid_identity" });
    }
    let page = event.page();
    let mut encoded = Map::new();
    put(&mut encoded, "event_type", Some(name));
    put(&mut encoded, "user_id", user_id);
    put(&mut encoded, "device_id", device_id);
    encoded.insert("time".to_owned(), Value::from(event.time().0));
    put(&mut encoded, "insert_id", Some(&event.dedupe_key().to_string()));
    if let Some(session_id) = event.session_id().and_then(session_id) {
        encoded.insert("session_id".to_owned(), Value::from(session_id));
    }
    put(&mut encoded, "ip", page.ip.as_deref());
    put(&mut encoded, "user_agent", page.user_agent.as_deref());
    put(&mut encoded, "language", page.locale.as_deref());
    encoded.insert("event_properties".to_owned(), Value::from(properties(event)));
    let attribution = attribution(event);
    if !attribution.is_empty() {
        let initial = |(name, value): (&String, &Value)| (format!("initial_{name}"), value.clone());
        let initial: Map<_, _> = attribution.iter().map(initial).collect();
        let operations = json!({ "$set": attribution, "$setOnce": initial });
        encoded.insert("user_properties".to_owned(), operations);
    }
    Ok(Value::from(encoded))
}

fn is_usable(id: &str) -> bool {
    !FORBIDDEN_IDS.iter().any(|forbidden| forbidden.eq_ignore_ascii_case(id)) && !is_longer(id, MAX_TEXT)
}

/// The advertising id of a device that gives none; Amplitude refuses it in any length.
fn is_zeros(id: &str) -> bool {
    id.bytes().all(|byte| byte == b'0' || byte == b'-')
}

fn session_id(id: &str) -> Option<i64> {
    id.parse().ok().filter(|_| id.bytes().all(|byte| byte.is_ascii_digit()))
}

fn properties(event: &Allowed) -> Map<String, Value> {
    let page = event.page();
    let mut properties = Map::new();
    if let Some(location) = page.url.as_deref() {
        let text = |text: &str| Value::from(first_chars(text, MAX_TEXT));
        let before_query = location.split('?').next().unwrap_or(location);
        properties.insert("[Amplitude] Page Location".to_owned(), text(location));
        properties.insert("[Amplitude] Page URL".to_owned(), text(before_query));
        if let Ok(url) = Url::parse(location) {
            properties.insert("[Amplitude] Page Domain".to_owned(), text(url.host_str().unwrap_or_default()));
            properties.insert("[Amplitude] Page Path".to_owned(), text(url.path()));
        }
    }
    put(
        &mut properties,
        "[Amplitude] Page Title",
        page.title.as_deref().map(|text| first_chars(text, MAX_TEXT)),
    );
    put(&mut properties, "referrer", page.referrer.as_deref().map(|text| first_chars(text, MAX_TEXT)));
    for (name, scalar) in event.properties() {
        properties.insert(name.clone(), value(scalar, MAX_TEXT));
    }
    properties
}

/// The user properties that say by which campaign somebody came:
/// <https://amplitude.com/docs/sdks/analytics/browser/browser-sdk-2>
fn attribution(event: &Allowed) -> Map<String, Value> {
    let mut attribution = Map::new();
    for (name, value) in campaign::parameters(event) {
        put(&mut attribution, first_chars(&name, MAX_TEXT), Some(first_chars(&value, MAX_TEXT)));
    }
    if let (false, Some(referrer)) = (attribution.is_empty(), event.page().referrer.as_deref()) {
        put(&mut attribution, "referrer", Some(first_chars(referrer, MAX_TEXT)));
        let url = Url::parse(referrer).ok();
        put(&mut attribution, "referring_domain", url.as_ref().and_then(Url::host_str));
    }
    attribution
}

/// The body of a 400 or a 429. A member of another form than the documented one counts as left out.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    #[serde(deserialize_with = "lenient")]
    error: String,
    #[serde(deserialize_with = "lenient")]
    missing_field: String,
    #[serde(deserialize_with = "lenient")]
    events_with_invalid_fields: BTreeMap<String, Vec<usize>>,
    #[serde(deserialize_with = "lenient")]
    events_with_missing_fields: BTreeMap<String, Vec<usize>>,
    #[serde(deserialize_with = "lenient")]
    events_with_invalid_id_lengths: BTreeMap<String, Vec<usize>>,
    #[serde(deserialize_with = "lenient")]
    silenced_events: BTreeSet<usize>,
    #[serde(deserialize_with = "lenient")]
    throttled_events: BTreeSet<usize>,
    #[serde(deserialize_with = "lenient")]
    exceeded_daily_quota_devices: BTreeMap<String, Value>,
    #[serde(deserialize_with = "lenient")]
    exceeded_daily_quota_users: BTreeMap<String, Value>,
}

fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).unwrap_or_default())
}

impl Refusal {
    /// Whether the request itself is refused: its key, its address, a field that it must have.
    fn is_ours(&self) -> bool {
        let ours = ["Invalid API key", "Invalid request path"];
        !self.missing_field.is_empty() || ours.iter().any(|error| self.error.starts_with(error))
    }

    /// `None` where it names no event of the call.
    fn verdicts(&self, call: &Call) -> Option<Vec<Verdict>> {
        let retry = |after, reason: &str| Verdict::Retry { after: Some(after), reason: reason.to_owned() };
        let over_quota = self.over_quota(call);
        let verdicts: Vec<_> = (0..call.events.len())
            .map(|place| {
                if self.silenced_events.contains(&place) {
                    Verdict::Rejected("silenced")
                } else if self.is_invalid(place) {
                    Verdict::Rejected("invalid_event")
                } else if over_quota.contains(&place) {
                    retry(DAILY_QUOTA_S, "daily_quota")
                } else if self.throttled_events.contains(&place) {
                    retry(THROTTLED_S, "throttled")
                } else {
                    Verdict::Again
                }
            })
            .collect();
        verdicts.iter().any(|verdict| *verdict != Verdict::Again).then_some(verdicts)
    }

    fn is_invalid(&self, place: usize) -> bool {
        let lists = [
            &self.events_with_invalid_fields,
            &self.events_with_missing_fields,
            &self.events_with_invalid_id_lengths,
        ];
        lists.iter().flat_map(|list| list.values()).any(|places| places.contains(&place))
    }

    /// Places of the events whose user or device is over its daily quota: the reply names their ids.
    fn over_quota(&self, call: &Call) -> BTreeSet<usize> {
        #[derive(Deserialize)]
        struct Sent {
            events: Vec<Ids>,
        }
        #[derive(Deserialize)]
        struct Ids {
            user_id: Option<String>,
            device_id: Option<String>,
        }
        let (users, devices) = (&self.exceeded_daily_quota_users, &self.exceeded_daily_quota_devices);
        if users.is_empty() && devices.is_empty() {
            return BTreeSet::new();
        }
        let Ok(sent) = serde_json::from_str::<Sent>(&call.body) else { return BTreeSet::new() };
        let is_in = |list: &BTreeMap<String, Value>, id: &Option<String>| {
            id.as_ref().is_some_and(|id| list.contains_key(id))
        };
        let places = sent.events.iter().enumerate();
        places
            .filter(|(_, ids)| is_in(users, &ids.user_id) || is_in(devices, &ids.device_id))
            .map(|(place, _)| place)
            .collect()
    }
}
