//! What each vendor's pages say of its requests. The addresses of the pages are in the crate `trackers`.

use allowlist::Allowed;
use serde_json::{Map, Value};
use trackers::Call;

/// Longest text of Amplitude and longest name of a Heap event, in characters.
const LONG_TEXT: usize = 1024;

/// Panics where a call with these events is not within the limits.
pub fn judge(tracker: &str, call: &Call, events: &[&Allowed]) {
    let body: Value =
        serde_json::from_str(&call.body).unwrap_or_else(|error| panic!("{error} in {}", call.body));
    let sent = body.get("events").and_then(Value::as_array);
    assert_eq!(sent.map_or(1, Vec::len), events.len(), "{}", call.body);
    let object = |value: &Value| value.as_object().cloned().unwrap_or_else(|| panic!("{value} is no object"));
    match tracker {
        "ga4" => {
            assert!(events.len() <= 25 && call.body.len() < 130_000, "{} bytes", call.body.len());
            assert!(!text(&body, "client_id").is_empty());
            sent.expect("events").iter().for_each(|event| ga4(&object(event)));
        }
        "amplitude" => {
            assert!(events.len() < 2000 && call.body.len() < 1_000_000, "{} bytes", call.body.len());
            sent.expect("events").iter().for_each(amplitude);
        }
        "heap" => {
            assert!(events.len() <= 1000 && call.body.len() <= 1_000_000, "{} bytes", call.body.len());
            sent.expect("events").iter().for_each(heap);
        }
        "webhook" => {
            assert_eq!(events.len(), 1);
            let names: Vec<_> = call.headers.iter().map(|(name, _)| *name).collect();
            assert!(
                ["webhook-id", "webhook-timestamp", "webhook-signature"]
                    .iter()
                    .all(|name| names.contains(name))
            );
        }
        other => panic!("a vendor {other} without a judge"),
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_longer(text: &str, most: usize) -> bool {
    text.chars().count() > most
}

fn ga4(event: &Map<String, Value>) {
    ga4_name(event["name"].as_str().expect("a name"));
    let params = event["params"].as_object().expect("parameters");
    assert!(params.len() <= 25, "{} parameters", params.len());
    for (name, value) in params {
        ga4_name(name);
        match value {
            Value::Array(products) => {
                assert!(name == "items" && products.len() <= 200, "{name}: {value}");
                for (name, value) in products.iter().filter_map(Value::as_object).flatten() {
                    ga4_name(name);
                    ga4_value("", value);
                }
            }
            value => ga4_value(name, value),
        }
    }
}

fn ga4_name(name: &str) {
    let plain =
        name.chars().all(|c| c.is_alphanumeric() || c == '_') && name.starts_with(char::is_alphabetic);
    let reserved = ["firebase_", "ga_", "google_"].iter().any(|prefix| name.starts_with(prefix));
    assert!(plain && !reserved && !is_longer(name, 40), "{name}");
}

fn ga4_value(name: &str, value: &Value) {
    let most = match name {
        "page_location" => 1000,
        "page_referrer" => 420,
        "page_title" => 300,
        _ => 100,
    };
    let fits = value.is_number() || value.as_str().is_some_and(|text| !is_longer(text, most));
    assert!(fits, "{name}: {value}");
}

fn amplitude(event: &Value) {
    assert!(!is_longer(text(event, "event_type"), LONG_TEXT));
    let ids = [text(event, "user_id"), text(event, "device_id")];
    assert!(ids.iter().any(|id| !id.is_empty()), "{event}");
    fn short(value: &Value) {
        match value {
            Value::String(text) => assert!(!is_longer(text, LONG_TEXT), "{text}"),
            Value::Array(items) => items.iter().for_each(short),
            Value::Object(members) => members.values().for_each(short),
            _ => {}
        }
    }
    short(event);
}

fn heap(event: &Value) {
    assert!(!is_longer(text(event, "event"), LONG_TEXT));
    let identity = text(event, "identity");
    assert!(!identity.is_empty() && !is_longer(identity, 255), "{identity}");
    for (name, value) in event["properties"].as_object().expect("properties") {
        let fits = value.is_number() || value.as_str().is_some_and(|text| !is_longer(text, LONG_TEXT - 1));
        assert!(fits && !is_longer(name, LONG_TEXT - 1), "{name}: {value}");
    }
}
