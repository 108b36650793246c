//! What no input may ever do, whatever it holds.

use allowlist::policy::{Kind, Treatment};
use allowlist::{Policy, Scalar, hand_over, open, scrub, take_over};
use event::{Context, Millis, Payload};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

const TRACKERS: [&str; 2] = ["ga4", "heap"];
const NOW: i64 = 1_793_534_400_000;

/// Every value that the policy does not permit holds this, so that one search finds any leak.
const LEAK: &str = "LEAK";

fn policy() -> Policy {
    let text = r#"
        version = 1
        [[sources.origins]]
        origin = "https://shop.example"
        [events.buy]
        description = "d"
        owner = "o"
        [events.buy.properties]
        name = { type = "string", max_length = 12 }
        kept = { type = "string", treatment = "keep" }
        dropped = { type = "string", treatment = "drop" }
        price = { type = "number" }
        count = { type = "integer" }
        paid = { type = "boolean" }
        plan = { type = "enum", values = ["free", "team"] }
        [events.look]
        description = "d"
        owner = "o"
        trackers = ["heap"]
    "#;
    Policy::from_toml(text, &TRACKERS).expect("the policy is valid")
}

fn payload(body: Vec<u8>) -> Payload {
    let context = Context { origin: Some("https://shop.example".into()), ..Context::default() };
    Payload::new("p".into(), Millis(NOW), body, context)
}

const TEXTS: [&str; 5] = [
    "free",
    "team",
    "ada@example.com",
    "4111 1111 1111 1111",
    "https://u:p@shop.example/ada@example.com?query=1&utm_source=bob@example.com#fragment",
];

/// JSON of every type, personal data and numbers of every size among it.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![Just(4_111_111_111_111_111_i64), Just(5_555_555_555_554_444)].prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(&TEXTS[..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            hash_map(".{0,6}", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An event with known and unknown members of every type.
fn any_event() -> impl Strategy<Value = Value> {
    let member = prop_oneof![
        "event",
        "eventId",
        "deviceId",
        "userId",
        "sessionId",
        "timestamp",
        "properties",
        "context",
        "x"
    ];
    let property = prop_oneof!["name", "kept", "dropped", "price", "count", "paid", "plan", "other"];
    let context = prop_oneof!["url", "referrer", "title", "locale", "screen", "other"];
    let properties = hash_map(property, any_value(), 0..9).prop_map(|map| json!(map));
    let context = hash_map(context, any_value(), 0..6).prop_map(|map| json!(map));
    let named = prop_oneof!["buy", "look", "other"].prop_map(Value::from);
    (hash_map(member, any_value(), 0..9), named, properties, context, any::<[bool; 3]>()).prop_map(
        |(members, name, properties, context, [named, with_properties, with_context])| {
            let mut event = json!(members);
            if named {
                event["event"] = name;
            }
            if with_properties {
                event["properties"] = properties;
            }
            if with_context {
                event["context"] = context;
            }
            event
        },
    )
}

fn is_permitted(kind: &Kind, treatment: Treatment, value: &Scalar) -> bool {
    let of_type = match (kind, value) {
        (Kind::String { max_length }, Scalar::Text(text)) => text.chars().count() <= *max_length as usize,
        (Kind::Number, Scalar::Number(number)) => number.is_finite(),
        (Kind::Number | Kind::Integer, Scalar::Integer(_)) | (Kind::Boolean, Scalar::Boolean(_)) => true,
        (Kind::Enum { values }, Scalar::Text(text)) => values.contains(text),
        _ => false,
    };
    let clean = match (treatment, value) {
        (Treatment::Drop, _) => false,
        (Treatment::Scrub, Scalar::Text(text)) => scrub::scrub(text).is_none(),
        (Treatment::Scrub, Scalar::Integer(number)) => scrub::scrub(&number.to_string()).is_none(),
        _ => true,
    };
    of_type && clean
}

proptest! {
    #[test]
    fn every_value_of_an_allowed_event_is_permitted(events in vec(any_event(), 1..4)) {
        let policy = policy();
        let count = events.len();
        let opening = open(&policy, &payload(json!({"batch": events}).to_string().into_bytes()), &TRACKERS);
        prop_assert_eq!(opening.events.len(), count, "every event is accounted for");
        for (_, allowed) in &opening.allowed {
            let rule = &policy.events[allowed.name()];
            for (name, value) in allowed.properties() {
                let rule = &rule.properties[name];
                prop_assert!(is_permitted(&rule.kind, rule.treatment, value), "{name}: {value:?}");
            }
            prop_assert!(allowed.time().0 <= NOW);
            for id in [allowed.user_id(), allowed.device_id(), allowed.session_id()].into_iter().flatten() {
                prop_assert!(scrub::scrub(id).is_none(), "{id}");
            }
            let page = allowed.page();
            for text in [&page.url, &page.referrer, &page.title, &page.locale, &page.screen].into_iter().flatten() {
                prop_assert!(scrub::scrub(text).is_none(), "{text}");
                }
            let url = page.url.as_deref().unwrap_or_default();
            prop_assert!(!url.contains("query=1") && !url.contains("#fragment"), "{url}");
        }
    }

    #[test]
    fn what_is_not_named_never_leaves(name in prop_oneof!["buy", "look", "LEAK"], key in "[a-z]{1,8}", deep in any_value()) {
        let leak = json!([LEAK, {LEAK: deep}]);
        let event = json!({
            "event": name, "deviceId": leak, "userId": {LEAK: 1}, "sessionId": LEAK.repeat(20), "extra": LEAK,
            "properties": {
                "name": format!("{LEAK} is longer than the policy permits"), "kept": leak, "dropped": LEAK,
                "price": LEAK, "count": LEAK, "paid": LEAK, "plan": LEAK, format!("{key}{LEAK}"): LEAK,
            },
            "context": {
                "url": format!("https://u:{LEAK}@shop.example/?q={LEAK}#{LEAK}"),
                "referrer": format!("https://s.example/{LEAK}?q={LEAK}"),
                "locale": LEAK.repeat(9), "screen": LEAK, "other": LEAK,
            },
        });
        let opening = open(&policy(), &payload(event.to_string().into_bytes()), &TRACKERS);
        let leaves = hand_over(&opening.allowed).unwrap();
        prop_assert!(!leaves.get().contains(LEAK), "{leaves}");
    }

    #[test]
    fn any_bytes_are_opened_without_a_panic_and_are_some_event(body: Vec<u8>, text in "[\\[{}\\]\":,ntfabevh0-9.eE+-]{0,40}") {
        for body in [body, text.into_bytes()] {
            prop_assert!(!open(&policy(), &payload(body), &TRACKERS).events.is_empty());
        }
    }

    #[test]
    fn what_is_handed_over_is_taken_over_unchanged(events in vec(any_event(), 1..4)) {
        let opening = open(&policy(), &payload(json!({"batch": events}).to_string().into_bytes()), &TRACKERS);
        let taken = take_over(&hand_over(&opening.allowed).unwrap()).unwrap();
        prop_assert_eq!(taken, opening.allowed);
    }
}

#[test]
fn deep_nesting_is_skipped_and_a_number_that_no_double_holds_is_malformed() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"x": {deep}, "event": "buy", "properties": {{"name": {deep}, "count": 1}}}}"#);
    let opening = open(&policy(), &payload(body.into_bytes()), &TRACKERS);
    assert_eq!(opening.allowed[0].1.properties().len(), 1);

    let body = r#"{"event": "buy", "deviceId": 1e999}"#;
    let opening = open(&policy(), &payload(body.into()), &TRACKERS);
    assert_eq!(opening.events[0].name, event::wire::MALFORMED);
}

/// 12 kB of gzip can hold these 8 MiB of JSON; a tree of them would take hundreds of MB.
#[test]
fn a_body_that_inflates_to_a_million_events_is_a_thousand() {
    let events = r#"{"a":0},"#.repeat((8 << 20) / 8 - 2);
    let body = format!(r#"{{"batch":[{}1]}}"#, events);
    let opening = open(&policy(), &payload(body.into_bytes()), &TRACKERS);
    assert_eq!(opening.events.len(), event::wire::MAX_EVENTS + 1);
}
