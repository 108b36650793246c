//! What holds for any events at all.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use allowlist::Allowed;
use common::{accounted_for, take_over};
use event::Millis;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use trackers::settings::Settings;
use trackers::{Call, Tracker};

const NOW: i64 = 1_793_534_400_000;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// The vendors' limits as their pages state them, and not as the code does: most events and bytes.
const LIMITS: [(&str, usize, usize); 4] = [
    ("ga4", 25, 129_999),
    ("amplitude", 1999, 999_999),
    ("heap", 1000, usize::MAX),
    ("webhook", 1, usize::MAX),
];

fn all_trackers() -> Vec<Box<dyn Tracker>> {
    let settings = [
        ("GA4_MEASUREMENT_ID", "G-1"),
        ("GA4_API_SECRET", "s"),
        ("GA4_VALIDATE_SAMPLE", "0.5"),
        ("AMPLITUDE_API_KEY", "k"),
        ("HEAP_APP_ID", "1"),
        ("HEAP_ANONYMOUS", "device"),
        ("WEBHOOK_URL", "https://hooks.example/"),
        ("WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ];
    let settings: Settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    trackers::configure(&settings).unwrap()
}

/// Short texts of any characters, some of a few letters only, so that they meet, and some very long ones.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-d_ ]{0,3}",
        4 => any::<String>(),
        1 => ("[aé漢🦀\"]", 0..2000_usize).prop_map(|(one, times)| one.repeat(times)),
    ]
}

fn name() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 6] = ["pageview", "purchase product", "session_start", "$identify", "ga_x", "error"];
    prop_oneof![prop::sample::select(&KNOWN[..]).prop_map(str::to_owned), "[a-z][a-z ]{0,44}", text()]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no other", |number| number.is_finite()).prop_map(Value::from),
        text().prop_map(Value::from),
    ]
}

/// Plain values, and arrays and objects of them.
fn property() -> impl Strategy<Value = Value> {
    let names = || prop_oneof!["[a-c]", text()];
    scalar().prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names(), inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

fn member(
    name: &'static str,
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = (&'static str, Option<String>)> {
    prop::option::of(value).prop_map(move |value| (name, value))
}

fn event() -> impl Strategy<Value = Value> {
    let id = prop_oneof!["[a-z0-9.]{1,8}", "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}"];
    let person = || prop_oneof!["[ab]", Just("anonymous".to_owned()), Just("000".to_owned()), text()];
    let members = (
        member("userId", person()),
        member("deviceId", person()),
        member("sessionId", prop_oneof!["[0-9]{1,25}", "[a-z0-9-]{1,9}"]),
    );
    let page = (
        member(
            "url",
            prop_oneof![
                "https://[a-z]{1,9}\\.example/[a-z/]{0,9}(\\?(a=b|utm_source=x&gclid=y&utm_term=))?",
                text()
            ],
        ),
        member("referrer", text()),
        member("title", text()),
        member("locale", "(de|en)"),
        member("ip", "203\\.0\\.113\\.[0-9]"),
        member("userAgent", "[AB]"),
    );
    let properties = prop_oneof![
        9 => prop::collection::btree_map(prop_oneof![3 => text(), 1 => Just("items".to_owned())], property(), 0..6),
        1 => prop::collection::btree_map("p[0-9]{1,3}", scalar(), 0..60),
    ];
    (id, name(), NOW - 100 * HOUR_MS..=NOW, members, properties, page).prop_map(
        |(id, name, time, (user, device, session), properties, (url, referrer, title, locale, ip, agent))| {
            let present = |members: Vec<(&str, Option<String>)>| -> Map<String, Value> {
                let members =
                    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
                members.collect()
            };
            let mut event = present(vec![user, device, session]);
            event.insert("id".into(), id.into());
            event.insert("name".into(), name.into());
            event.insert("time".into(), time.into());
            event.insert("properties".into(), json!(properties));
            event.insert("page".into(), present(vec![url, referrer, title, locale, ip, agent]).into());
            Value::from(event)
        },
    )
}

fn events() -> impl Strategy<Value = Vec<Allowed>> {
    prop::collection::vec(event(), 0..40).prop_map(|events| {
        let handed_over: Vec<_> = events.iter().enumerate().map(|(idx, event)| json!([idx, event])).collect();
        take_over(&Value::from(handed_over), "any", &BTreeMap::new())
    })
}

/// What a vendor is told of each event, by the event's index: ids and times are part of it.
fn told(call: &Call) -> BTreeMap<usize, Value> {
    let mut body: Value = serde_json::from_str(&call.body).unwrap();
    match body["events"].take() {
        Value::Array(events) => {
            assert_eq!(events.len(), call.events.len());
            call.events.iter().copied().zip(events).collect()
        }
        _ => {
            let id = call.headers.iter().find(|(name, _)| *name == "webhook-id").cloned();
            BTreeMap::from([(call.events[0], json!([id, body]))])
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_event_is_planned_once_and_within_the_limits(events in events()) {
        let events: Vec<_> = events.iter().collect();
        for tracker in all_trackers() {
            let plan = tracker.plan(&events, Millis(NOW));
            prop_assert_eq!(accounted_for(&plan, events.len()), Ok(()));
            prop_assert_eq!(&tracker.plan(&events, Millis(NOW)), &plan);
            let (_, max_events, max_bytes) = LIMITS.iter().find(|(name, ..)| *name == tracker.name()).unwrap();
            for call in &plan.calls {
                prop_assert!(call.events.len() <= *max_events && call.body.len() <= *max_bytes, "{:?}", call);
                prop_assert!(call.headers.iter().all(|(name, _)| *name == name.to_ascii_lowercase()));
                prop_assert!(call.url.starts_with("https://"));
            }
        }
    }

    #[test]
    fn a_later_attempt_tells_the_same_of_each_event(events in events(), later in 0..48 * HOUR_MS) {
        let events: Vec<_> = events.iter().collect();
        for tracker in all_trackers() {
            let told_at = |now| -> BTreeMap<usize, Value> {
                tracker.plan(&events, Millis(now)).calls.iter().flat_map(told).collect()
            };
            let (first, second) = (told_at(NOW), told_at(NOW + later));
            for (index, event) in &second {
                prop_assert_eq!(Some(event), first.get(index), "{} {}", tracker.name(), index);
            }
            // Only GA4 has an age at which it takes events no more.
            prop_assert!(second.len() == first.len() || tracker.name() == "ga4");
        }
    }

    #[test]
    fn an_event_is_told_the_same_alone_and_in_company(events in events()) {
        let events: Vec<_> = events.iter().collect();
        for tracker in all_trackers() {
            let together = tracker.plan(&events, Millis(NOW));
            let together_told: BTreeMap<_, _> = together.calls.iter().flat_map(told).collect();
            let rejected: BTreeMap<_, _> = together.rejected.into_iter().collect();
            for (index, event) in events.iter().enumerate() {
                let alone = tracker.plan(&[event], Millis(NOW));
                let alone_told = alone.calls.iter().flat_map(told).next().map(|(_, event)| event);
                prop_assert_eq!(alone_told.as_ref(), together_told.get(&index));
                let reason = alone.rejected.first().map(|(_, reason)| *reason);
                prop_assert_eq!(reason, rejected.get(&index).copied());
            }
        }
    }

    #[test]
    fn what_heap_gets_is_plain(events in events()) {
        let events: Vec<_> = events.iter().collect();
        let trackers = all_trackers();
        let heap = trackers.iter().find(|tracker| tracker.name() == "heap").unwrap();
        for event in heap.plan(&events, Millis(NOW)).calls.iter().flat_map(|call| told(call).into_values()) {
            for (name, value) in event["properties"].as_object().unwrap() {
                let length = value.as_str().map_or(0, |text| text.chars().count());
                prop_assert!(name.chars().count() < 1024 && length < 1024, "{name}");
                prop_assert!(value.is_string() || value.is_number(), "{name}: {value}");
            }
        }
    }

    #[test]
    fn what_ga4_gets_is_within_its_rules(events in events()) {
        let events: Vec<_> = events.iter().collect();
        let trackers = all_trackers();
        let ga4 = trackers.iter().find(|tracker| tracker.name() == "ga4").unwrap();
        let is_name = |name: &str| {
            name.chars().count() <= 40
                && name.starts_with(char::is_alphabetic)
                && name.chars().all(|c| c.is_alphanumeric() || c == '_')
                && !["ga_", "google_", "firebase_"].iter().any(|prefix| name.starts_with(prefix))
        };
        for call in ga4.plan(&events, Millis(NOW)).calls {
            for event in told(&call).values() {
                let params = event["params"].as_object().unwrap();
                prop_assert!(is_name(event["name"].as_str().unwrap()) && params.len() <= 25);
                for (name, value) in params {
                    let length = value.as_str().map_or(0, |text| text.chars().count());
                    let longer = BTreeSet::from(["page_location", "page_referrer", "page_title"]);
                    let max = if longer.contains(name.as_str()) { 1000 } else { 100 };
                    let products = value.as_array().filter(|_| name == "items");
                    let is_plain = |value: &Value| value.is_string() || value.is_number();
                    prop_assert!(is_name(name) && length <= max && (is_plain(value) || products.is_some()));
                    let products = products.into_iter().flatten().map(|product| product.as_object().unwrap());
                    for (name, value) in products.flatten() {
                        let length = value.as_str().map_or(0, |text| text.chars().count());
                        prop_assert!(is_name(name) && is_plain(value) && length <= 1000);
                    }
                }
                prop_assert!(event["timestamp_micros"].as_i64().unwrap() / 1000 >= NOW - 72 * HOUR_MS);
            }
        }
    }
}
