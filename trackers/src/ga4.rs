//! Google Analytics 4, by the Measurement Protocol.
//!
//! <https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference>
//!
//! Google answers 2xx whatever it got, and loses in silence what it does not like. So everything is checked here, and a share of
//! the calls is also sent to the validation endpoint ([`Tracker::mirror`]), which records nothing and says what it thinks.
//!
//! # Mapping
//! - `client_id` is the device id, for want of one the user id; without both the event is rejected
//!   (`no_identity`). Client, user, address and browser belong to a request and not to an event, so events
//!   share one only where all of these are the same.
//! - Google ignores `user_agent` where there is a `device`. The user agent says more, so language and screen
//!   are sent as `device` only without one. An address of the sender goes as `ip_override`; without one the
//!   country goes as `user_location`.
//! - Every event carries its own `timestamp_micros`, `engagement_time_msec` and, where it consists of digits,
//!   `session_id`, and what is known of `page_location`, `page_referrer` and `page_title`. `pageview` is
//!   called `page_view`. A property with one of these names wins over what is put here.
//! - Campaign tags of the page's address are the parameters of Google's own `campaign_details`: `campaign_id`,
//!   `campaign`, `source`, `medium`, `term`, `content`; so is `gclid`. A property with one of these names wins. Others
//!   stay in `page_location` alone.
//! - Parameters are texts and numbers. The members of an object are parameters of their own (`address_city`), and the
//!   plain items of an array one text with commas between them. Objects in an array are left out, but those of `items`,
//!   the products of Google's e-commerce events, which are sent as such.
//! - Characters that names cannot have become underscores. An event whose name is then too long
//!   (`name_too_long`), does not start with a letter (`invalid_name`) or is reserved (`reserved_name`) is
//!   rejected: under a shortened name it could pass for another event. A parameter with such a name is left
//!   out, and so are parameters past the 25th, in the order of their names. Of names that become the same
//!   the last one counts.
//! - Texts that are too long are cut: Google ignores them as they are. `true` and `false` are texts: there are no booleans.
//! - An event of more than 72 hours ago is rejected (`too_old`): Google would date it 72 hours back.
//!
//! # Replies
//! There is no dedupe key: what is sent again may count twice, but for purchases with a `transaction_id`.
//! Google asks not to repeat a request that was answered by anything but 2xx. Sparrow does so all the same
//! where the status is temporary by its meaning, as an answer from some proxy on the way is: an event that
//! counts twice now and then is better than one that is lost in each hiccup.

use crate::batch::Batch;
use crate::campaign;
use crate::settings::Section;
use crate::tracker::{Call, Dedupe, Plan, Reply, Tracker, Verdict, Windows};
use crate::value::{Flat, first_chars, is_longer, put};
use allowlist::{Allowed, PropertyValue};
use event::Millis;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use url::form_urlencoded;

/// The tracker's name.
pub const NAME: &str = "ga4";

/// Where data outside the EU goes; the EU's is `https://region1.google-analytics.com`.
const ENDPOINT: &str = "https://www.google-analytics.com";

/// One call of a hundred is also validated, where nothing is said.
const VALIDATE_SAMPLE: f64 = 0.01;

// Limits: https://developers.google.com/analytics/devguides/collection/protocol/ga4/sending-events#limitations

/// Most events of a request.
const MAX_EVENTS: usize = 25;
/// "Smaller than 130kB", read as the smaller of its two meanings, in bytes.
const MAX_BYTES: usize = 130_000 - 1;
/// Most parameters of an event.
const MAX_PARAMS: usize = 25;
/// Longest name of an event or a parameter, in characters.
const MAX_NAME: usize = 40;
/// Longest value of a parameter, in characters.
const MAX_VALUE: usize = 100;
/// Parameters that may be longer, in characters: <https://support.google.com/analytics/answer/9267744>
const LONGER_VALUES: [(&str, usize); 3] =
    [("page_location", 1000), ("page_referrer", 420), ("page_title", 300)];
/// Most products of an event:
/// <https://developers.google.com/analytics/devguides/collection/ga4/reference/events#purchase_item>
const MAX_PRODUCTS: usize = 200;
/// Campaign tags, and what `campaign_details` calls them:
/// <https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference/events#campaign_details>
const CAMPAIGN: [(&str, &str); 7] = [
    ("utm_id", "campaign_id"),
    ("utm_campaign", "campaign"),
    ("utm_source", "source"),
    ("utm_medium", "medium"),
    ("utm_term", "term"),
    ("utm_content", "content"),
    ("gclid", "gclid"),
];
/// Oldest event, in milliseconds: 72 hours.
const MAX_AGE_MS: i64 = 72 * 60 * 60 * 1000;

/// As <https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference#payload_post_body> has it: no dedupe key.
pub const WINDOWS: Windows = Windows { age_ms: Some(MAX_AGE_MS), dedupe: Dedupe::Never };

/// Events that are Google's own, or an app's (<https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference#reserved_names>).
const RESERVED_EVENTS: [&str; 34] = [
    "ad_activeview",
    "ad_click",
    "ad_exposure",
    "ad_impression",
    "ad_query",
    "ad_reward",
    "adunit_exposure",
    "app_clear_data",
    "app_exception",
    "app_install",
    "app_remove",
    "app_store_refund",
    "app_update",
    "app_upgrade",
    "dynamic_link_app_open",
    "dynamic_link_app_update",
    "dynamic_link_first_open",
    "error",
    "firebase_campaign",
    "firebase_in_app_message_action",
    "firebase_in_app_message_dismiss",
    "firebase_in_app_message_impression",
    "first_open",
    "first_visit",
    "in_app_purchase",
    "notification_dismiss",
    "notification_foreground",
    "notification_open",
    "notification_receive",
    "notification_send",
    "os_update",
    "screen_view",
    "session_start",
    "user_engagement",
];
/// Beginnings that parameters and events cannot have (<https://support.google.com/analytics/answer/13316687>).
/// Two more need no entry: `_` is no letter, and `gtag.` has a full stop.
const RESERVED_PREFIXES: [&str; 3] = ["firebase_", "ga_", "google_"];

/// How arrays and objects become parameters. Texts are cut as the name allows.
const FLAT: Flat = Flat { max: usize::MAX, member: "_", item: ",", with_places: false };

/// The settings `GA4_*`.
pub struct Ga4 {
    /// `{GA4_ENDPOINT}/mp/collect` with `GA4_MEASUREMENT_ID` and `GA4_API_SECRET`.
    collect: String,
    /// The same of the validation endpoint.
    validate: String,
    /// `GA4_VALIDATE_SAMPLE`: the share of the calls that is also validated, from 0 to 1.
    validate_sample: f64,
}

/// Reads the settings.
pub fn configure(section: &mut Section<'_>) -> Box<dyn Tracker> {
    let measurement_id = section.required("MEASUREMENT_ID");
    if !measurement_id.is_empty() && !is_measurement_id(&measurement_id) {
        section.fault("MEASUREMENT_ID", "must be `G-` with capital letters and digits after it");
    }
    let api_secret = section.credential("API_SECRET");
    let endpoint = section.address("ENDPOINT", ENDPOINT);
    let sample = |text: &str| text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    let validate_sample = section.parsed("VALIDATE_SAMPLE", VALIDATE_SAMPLE, "a number from 0 to 1", sample);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("measurement_id", &measurement_id)
        .append_pair("api_secret", &api_secret)
        .finish();
    Box::new(Ga4 {
        collect: format!("{endpoint}/mp/collect?{query}"),
        validate: format!("{endpoint}/debug/mp/collect?{query}"),
        validate_sample,
    })
}

fn is_measurement_id(text: &str) -> bool {
    let id = text.strip_prefix("G-").unwrap_or_default();
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

impl Tracker for Ga4 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn plan(&self, events: &[&Allowed], now: Millis) -> Plan {
        let mut plan = Plan::default();
        let mut senders: BTreeMap<Sender<'_>, Vec<(usize, Value)>> = BTreeMap::new();
        for (index, event) in events.iter().enumerate() {
            match Sender::of(event).and_then(|sender| Ok((sender, encode(event, now)?))) {
                Ok((sender, event)) => senders.entry(sender).or_default().push((index, event)),
                Err(reason) => plan.rejected.push((index, reason)),
            }
        }
        for (sender, events) in senders {
            let batch = Batch {
                url: self.collect.clone(),
                envelope: sender.envelope(),
                max_events: MAX_EVENTS,
                max_bytes: MAX_BYTES,
            };
            batch.fill(events, &mut plan);
        }
        plan
    }

    fn verdicts(&self, call: &Call, reply: &Reply<'_>) -> Vec<Verdict> {
        Verdict::by_status(call, reply)
    }

    /// The call with the stricter validation that Google recommends for it. Whether a call is validated
    /// follows from its body alone.
    fn mirror(&self, call: &Call) -> Option<Call> {
        if self.validate_sample == 0.0 {
            return None;
        }
        let digest = Sha256::digest(&call.body);
        let draw = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        // Of 2^32 numbers that are all equally likely.
        if f64::from(draw) >= self.validate_sample * 4_294_967_296.0 {
            return None;
        }
        let members = call.body.strip_prefix('{')?;
        let body = format!("{{\"validation_behavior\":\"ENFORCE_RECOMMENDATIONS\",{members}");
        Some(Call { url: self.validate.clone(), body, ..call.clone() })
    }

    /// `validationCode` and `fieldPath`. The description is left out, since it quotes values.
    fn complaints(&self, reply: &Reply<'_>) -> Vec<String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Validation {
            validation_messages: Vec<Message>,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Message {
            validation_code: String,
            field_path: String,
        }
        let Ok(validation) = serde_json::from_slice::<Validation>(reply.body) else { return Vec::new() };
        let messages = validation.validation_messages.iter();
        let complaints: BTreeSet<_> = messages
            .map(|message| {
                [token(&message.validation_code), token(&message.field_path)].join(" ").trim().to_owned()
            })
            .collect();
        complaints.into_iter().filter(|complaint| !complaint.is_empty()).collect()
    }
}

/// A code or a path such as `events[0].params.value`; anything else might quote something.
fn token(text: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.[]".contains(&byte);
    if text.len() <= 100 && text.bytes().all(is_plain) { text } else { "" }
}

/// Whom and what a request is about beside its events.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Sender<'a> {
    client_id: &'a str,
    user_id: Option<&'a str>,
    ip: Option<&'a str>,
    country: Option<&'a str>,
    user_agent: Option<&'a str>,
    locale: Option<&'a str>,
    screen: Option<&'a str>,
}

impl<'a> Sender<'a> {
    fn of(event: &'a Allowed) -> Result<Self, &'static str> {
        let text = |text: Option<&'a str>| text.filter(|text| !text.is_empty());
        let page = event.page();
        let user_id = text(event.user_id());
        let ip = text(page.ip.as_deref());
        let user_agent = text(page.user_agent.as_deref());
        // What Google would ignore may not keep events apart.
        Ok(Self {
            client_id: text(event.device_id()).or(user_id).ok_or("no_identity")?,
            user_id,
            ip,
            country: text(page.country.as_deref()).filter(|_| ip.is_none()),
            user_agent,
            locale: text(page.locale.as_deref()).filter(|_| user_agent.is_none()),
            screen: text(page.screen.as_deref()).filter(|_| user_agent.is_none()),
        })
    }

    fn envelope(&self) -> Map<String, Value> {
        let mut envelope = Map::new();
        put(&mut envelope, "client_id", Some(self.client_id));
        put(&mut envelope, "user_id", self.user_id);
        put(&mut envelope, "ip_override", self.ip);
        if let Some(country) = self.country {
            envelope.insert("user_location".to_owned(), json!({ "country_id": country }));
        }
        put(&mut envelope, "user_agent", self.user_agent);
        let mut device = Map::new();
        put(&mut device, "language", self.locale);
        put(&mut device, "screen_resolution", self.screen);
        if !device.is_empty() {
            envelope.insert("device".to_owned(), Value::from(device));
        }
        envelope
    }
}

fn encode(event: &Allowed, now: Millis) -> Result<Value, &'static str> {
    let name = if event.name() == "pageview" { "page_view" } else { event.name() };
    let name = plain_name(name)?;
    if RESERVED_EVENTS.contains(&name.as_str()) {
        return Err("reserved_name");
    }
    if now.0.saturating_sub(event.time().0) > MAX_AGE_MS {
        return Err("too_old");
    }
    let micros = event.time().0.saturating_mul(1000);
    Ok(json!({ "name": name, "timestamp_micros": micros, "params": params(event) }))
}

fn params(event: &Allowed) -> Map<String, Value> {
    let page = event.page();
    let mut params = Map::from_iter([("engagement_time_msec".to_owned(), Value::from(1))]);
    let digits = |id: &&str| id.bytes().all(|byte| byte.is_ascii_digit());
    put(&mut params, "session_id", event.session_id().filter(digits));
    let fields =
        [("page_location", &page.url), ("page_referrer", &page.referrer), ("page_title", &page.title)];
    for (name, text) in fields {
        put(&mut params, name, text.as_deref().map(|text| first_chars(text, max_value(name))));
    }
    for (name, value) in event.properties() {
        match value {
            PropertyValue::List(items) if name == "items" && items.iter().any(is_product) => {
                add(&mut params, name, products(items));
            }
            value => FLAT.fill(name.into(), value, &mut |name, value| {
                let Ok(plain) = plain_name(&name) else { return };
                add(&mut params, &plain, cut(value, max_value(&plain)));
            }),
        }
    }
    let campaign = campaign::parameters(event);
    for (tag, name) in CAMPAIGN {
        if let Some(value) = campaign.get(tag).filter(|_| !params.contains_key(name)) {
            add(&mut params, name, Value::from(first_chars(value, MAX_VALUE)));
        }
    }
    params
}

fn add(params: &mut Map<String, Value>, name: &str, value: Value) {
    if params.len() < MAX_PARAMS || params.contains_key(name) {
        params.insert(name.to_owned(), value);
    }
}

fn cut(value: Value, max: usize) -> Value {
    match value {
        Value::String(text) => Value::from(first_chars(&text, max)),
        other => other,
    }
}

fn is_product(item: &PropertyValue) -> bool {
    matches!(item, PropertyValue::Object(_))
}

fn products(items: &[PropertyValue]) -> Value {
    let members = items.iter().filter_map(|item| match item {
        PropertyValue::Object(members) => Some(members),
        _ => None,
    });
    let product = |members: &BTreeMap<String, PropertyValue>| {
        let mut product = Map::new();
        for (name, value) in members {
            FLAT.fill(name.into(), value, &mut |name, value| {
                if let Ok(name) = plain_name(&name) {
                    product.insert(name, cut(value, MAX_VALUE));
                }
            });
        }
        Value::from(product)
    };
    members.take(MAX_PRODUCTS).map(product).collect()
}

fn max_value(name: &str) -> usize {
    LONGER_VALUES.iter().find(|(longer, _)| *longer == name).map_or(MAX_VALUE, |(_, max)| *max)
}

/// A name of letters, digits and underscores. Letters of any script are letters:
/// <https://support.google.com/analytics/answer/13316687>
fn plain_name(name: &str) -> Result<String, &'static str> {
    let plain = |c: char| if c.is_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    if !name.starts_with(char::is_alphabetic) {
        Err("invalid_name")
    } else if is_longer(&name, MAX_NAME) {
        Err("name_too_long")
    } else if RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        Err("reserved_name")
    } else {
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_calls_that_is_validated_is_the_one_that_was_set() {
        let ga4 = Ga4 { collect: String::new(), validate: String::new(), validate_sample: 0.25 };
        let call =
            |n| Call { url: String::new(), headers: vec![], body: format!("{{\"n\":{n}}}"), events: vec![0] };
        let validated = (0..10_000).filter(|n| ga4.mirror(&call(*n)).is_some()).count();
        assert!((2_300..2_700).contains(&validated), "{validated}");
    }
}
