//! What no input may ever do, whatever it holds.

use allowlist::policy::{ContextRule, Kind, Treatment, ValueRule};
use allowlist::{Allowed, HashKey, Policy, PropertyValue, hand_over, open, scrub, take_over};
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
        plan = { type = "enum", values = ["free", "team"], rename = { ga4 = "tier" } }
        code = { type = "string", pattern = "[a-z@.]*" }
        hashed = { type = "string", treatment = "hash" }
        rating = { type = "number", min = -1, max = 5.5 }
        level = { type = "integer", min = 0, max = 100 }
        tags = { type = "array", max_items = 2, items = { type = "string", max_length = 12 } }
        ids = { type = "array", items = { type = "integer", treatment = "hash" } }
        [events.buy.properties.items]
        type = "array"
        [events.buy.properties.items.items]
        type = "object"
        properties = { name = { type = "string" }, price = { type = "number" }, dropped = { type = "string", treatment = "drop" }, deep = { type = "object", properties = { count = { type = "integer" } } } }
        [common.properties]
        count = { type = "string", max_length = 3 }
        build = { type = "string", rename = { heap = "Build" } }
        [context]
        url_parameters = ["utm_*", "gclid"]
        [context.heap]
        url_parameters = ["gclid"]
        title = false
        ip = "none"
        [identity]
        device_id = "hash"
        [events.look]
        description = "d"
        owner = "o"
        trackers = ["heap"]
    "#;
    Policy::from_toml(text, &TRACKERS).expect("the policy is valid")
}

fn payload(body: Vec<u8>) -> Payload {
    let context = Context {
        origin: Some("https://shop.example".into()),
        ip: Some("203.0.113.77".into()),
        user_agent: Some("ada@example.com Agent/1".into()),
        ..Context::default()
    };
    Payload::new("p".into(), Millis(NOW), body, context)
}

fn key() -> HashKey {
    HashKey::new("0123456789abcdef0123456789abcdef").expect("the secret is long enough")
}

const TEXTS: [&str; 6] = [
    "free",
    "https://shop.example/?gclid=g1&utm_source=news&utm_term=4111+1111&gclid=1111+1111",
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
            hash_map(prop_oneof![property_name(), ".{0,6}".boxed()], inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn property_name() -> BoxedStrategy<String> {
    const NAMES: [&str; 18] = [
        "name", "kept", "dropped", "price", "count", "paid", "plan", "other", "code", "hashed", "rating",
        "level", "tags", "ids", "items", "deep", "build", "tier",
    ];
    prop::sample::select(&NAMES[..]).prop_map(str::to_owned).boxed()
}

/// A list of objects, as `items` takes it.
fn items() -> impl Strategy<Value = Value> {
    vec(hash_map(property_name(), any_value(), 0..5).prop_map(|map| json!(map)), 0..4).prop_map(Value::from)
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
    let context = prop_oneof!["url", "referrer", "title", "locale", "screen", "other"];
    let properties = (hash_map(property_name(), any_value(), 0..18), prop::option::of(items()));
    let properties = properties.prop_map(|(mut map, items)| {
        map.extend(items.map(|items| ("items".to_owned(), items)));
        json!(map)
    });
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

fn is_permitted(name: &str, rule: &ValueRule, value: &PropertyValue) -> bool {
    let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let clean = |text: &str| rule.treatment != Treatment::Scrub || scrub::scrub(text, Some(name)).is_none();
    match (&rule.kind, rule.treatment, value) {
        (_, Treatment::Drop, _) => false,
        (_, Treatment::Hash, value) => matches!(value, PropertyValue::Text(text) if is_hash(text)),
        (Kind::String { max_length, pattern }, _, PropertyValue::Text(text)) => {
            text.chars().count() <= *max_length as usize
                && pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
                && clean(text)
        }
        (Kind::Number { min, max }, _, PropertyValue::Number(number)) => {
            number.is_finite() && min.is_none_or(|min| *number >= min) && max.is_none_or(|max| *number <= max)
        }
        (Kind::Number { min, max }, _, PropertyValue::Integer(number)) => {
            let float = *number as f64;
            min.is_none_or(|min| float >= min)
                && max.is_none_or(|max| float <= max)
                && clean(&number.to_string())
        }
        (Kind::Integer { min, max }, _, PropertyValue::Integer(number)) => {
            min.is_none_or(|min| *number >= min)
                && max.is_none_or(|max| *number <= max)
                && number.unsigned_abs() < 1 << 53
                && clean(&number.to_string())
        }
        (Kind::Boolean, _, PropertyValue::Boolean(_)) => true,
        (Kind::Enum { values }, _, PropertyValue::Text(text)) => values.contains(text),
        (Kind::Array { items, max_items }, _, PropertyValue::List(list)) => {
            list.len() <= *max_items as usize && list.iter().all(|item| is_permitted(name, items, item))
        }
        (Kind::Object { properties }, _, PropertyValue::Object(members)) => members
            .iter()
            .all(|(name, value)| properties.get(name).is_some_and(|rule| is_permitted(name, rule, value))),
        _ => false,
    }
}

/// Whether a tracker may have all that the event tells of its page.
fn is_permitted_page(rule: &ContextRule, event: &Allowed) -> Result<(), String> {
    let page = event.page();
    let fields = [
        (rule.url, &page.url),
        (rule.referrer, &page.referrer),
        (rule.title, &page.title),
        (rule.locale, &page.locale),
        (rule.screen, &page.screen),
        (rule.user_agent, &page.user_agent),
    ];
    for (is_let_out, text) in fields {
        if text.as_deref().is_some_and(|text| !is_let_out || scrub::scrub(text, None).is_some()) {
            return Err(format!("{text:?} under {rule:?}"));
        }
    }
    let url = page.url.as_deref().unwrap_or_default();
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let names =
        query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or(pair));
    let unknown = names.into_iter().find(|name| !rule.allows_parameter(name));
    if unknown.is_some() || url.contains("#fragment") || page.ip.as_deref() == Some("203.0.113.77") {
        return Err(format!("{page:?} under {rule:?}"));
    }
    Ok(())
}

proptest! {
    #[test]
    fn every_value_of_an_allowed_event_is_permitted(events in vec(any_event(), 1..4)) {
        let policy = policy();
        let count = events.len();
        let body = json!({"batch": events}).to_string().into_bytes();
        let opening = open(&policy, Some(&key()), &payload(body), &TRACKERS);
        prop_assert_eq!(opening.events.len(), count, "every event is accounted for");
        for (_, checked) in &opening.allowed {
            for tracker in TRACKERS {
                let rule = &policy.events[checked.name()];
                let Some(allowed) = checked.for_tracker(&policy, tracker) else {
                    prop_assert!(!rule.goes_to(tracker));
                    continue;
                };
                prop_assert!(rule.goes_to(tracker));
                for (called, value) in allowed.properties() {
                    let mut known = rule.properties.iter().chain(&policy.common);
                    let found = known.find(|(name, rule)| rule.rename.get(tracker).unwrap_or(name) == called);
                    let (name, rule) = found.expect("the policy names it");
                    prop_assert!(is_permitted(name, &rule.value, value), "{called}: {value:?}");
                }
                prop_assert!(allowed.time().0 <= NOW);
                if let Some(id) = allowed.session_id() {
                    prop_assert!(scrub::scrub(id, None).is_none(), "{id}");
                }
                for id in [allowed.user_id(), allowed.device_id()].into_iter().flatten() {
                    prop_assert!(id.len() == 64 || scrub::scrub(id, None).is_none(), "{id}");
                }
                prop_assert!(allowed.device_id().is_none_or(|id| id.len() == 64));
                prop_assert_eq!(is_permitted_page(policy.context.of(tracker), &allowed), Ok(()));
            }
        }
    }

    #[test]
    fn what_is_not_named_never_leaves(name in prop_oneof!["buy", "look", "LEAK"], member in "[a-z]{1,8}", deep in any_value()) {
        let leak = json!([LEAK, {LEAK: deep}]);
        let event = json!({
            "event": name, "deviceId": leak, "userId": {LEAK: 1}, "sessionId": LEAK.repeat(20), "extra": LEAK,
            "properties": {
                "name": format!("{LEAK} is longer than the policy permits"), "kept": leak, "dropped": LEAK,
                "price": LEAK, "count": LEAK, "paid": LEAK, "plan": LEAK, "code": LEAK, "rating": LEAK, "level": LEAK,
                "hashed": LEAK, "tags": [leak, {LEAK: LEAK}, LEAK.repeat(4), LEAK], "ids": [LEAK], "tier": LEAK,
                "items": [LEAK, {LEAK: 1, "price": LEAK, "dropped": LEAK, "deep": {"count": LEAK, LEAK: LEAK}}], format!("{member}{LEAK}"): LEAK,
            },
            "context": {
                "url": format!("https://u:{LEAK}@shop.example/?q={LEAK}#{LEAK}"),
                "referrer": format!("https://s.example/{LEAK}?q={LEAK}"),
                "title": {LEAK: LEAK}, "locale": LEAK.repeat(9), "screen": LEAK, "other": LEAK,
            },
        });
        let opening = open(&policy(), Some(&key()), &payload(event.to_string().into_bytes()), &TRACKERS);
        let leaves = hand_over(&opening.allowed).unwrap();
        prop_assert!(!leaves.get().contains(LEAK), "{leaves}");
    }

    #[test]
    fn any_bytes_are_opened_without_a_panic_and_are_some_event(body: Vec<u8>, text in "[\\[{}\\]\":,ntfabevh0-9.eE+-]{0,40}") {
        for body in [body, text.into_bytes()] {
            prop_assert!(!open(&policy(), Some(&key()), &payload(body), &TRACKERS).events.is_empty());
        }
    }

    #[test]
    fn what_is_handed_over_is_taken_over_unchanged(events in vec(any_event(), 1..4)) {
        let opening = open(&policy(), Some(&key()), &payload(json!({"batch": events}).to_string().into_bytes()), &TRACKERS);
        let taken = take_over(&hand_over(&opening.allowed).unwrap()).unwrap();
        prop_assert_eq!(taken, opening.allowed);
    }
}

#[test]
fn deep_nesting_is_skipped_and_a_number_that_no_double_holds_is_no_value() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"x": {deep}, "event": "buy", "properties": {{"name": {deep}, "count": 1}}}}"#);
    let opening = open(&policy(), Some(&key()), &payload(body.into_bytes()), &TRACKERS);
    let allowed = opening.allowed[0].1.for_tracker(&policy(), "heap").expect("it is for every tracker");
    assert_eq!(allowed.properties().keys().collect::<Vec<_>>(), ["count"]);

    let body = r#"{"event": "buy", "deviceId": 1e999}"#;
    let opening = open(&policy(), Some(&key()), &payload(body.into()), &TRACKERS);
    assert_eq!(opening.allowed[0].1.for_tracker(&policy(), "heap").unwrap().device_id(), None);
}

/// 12 kB of gzip can hold these 8 MiB of JSON; a tree of them would take hundreds of MB.
#[test]
fn a_body_that_inflates_to_a_million_events_is_a_thousand() {
    let events = r#"{"a":0},"#.repeat((8 << 20) / 8 - 2);
    let body = format!(r#"{{"batch":[{}1]}}"#, events);
    let opening = open(&policy(), Some(&key()), &payload(body.into_bytes()), &TRACKERS);
    assert_eq!(opening.events.len(), event::wire::MAX_EVENTS + 1);
}
