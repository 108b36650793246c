//! What is told is what Trace does, and nothing that was dropped.

use super::explanation::Explanation;
use super::vendor::Vendor;
use super::*;
use allowlist::Policy;
use clap::Parser;
use serde_json::{Value, json};

const NOW: Millis = Millis(1_793_534_400_000);

const POLICY: &str = r#"
version = 1

[[sources.origins]]
origin = "https://shop.example"

[[sources.origins]]
origin = "https://test.shop.example"
environments = ["staging"]

[[sources.keys]]
name = "server"
sha256 = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"

[common.properties]
common = { type = "boolean" }

[events.buy]
description = "Somebody bought."
owner = "billing"

[events.buy.properties]
name = { type = "string", max_length = 20, rename = { amplitude = "Name" } }
note = { type = "string" }
amount = { type = "integer", min = 1, max = 9 }
size = { type = "enum", values = ["S", "M"] }
secret = { type = "string", treatment = "drop" }
member = { type = "string", treatment = "hash" }
tags = { type = "array", max_items = 2, items = { type = "string", max_length = 12 } }
"a.b" = { type = "object", properties = { "c" = { type = "string", pattern = "[a-z]+" } } }

[events.look]
description = "Somebody looked."
owner = "growth"
trackers = ["heap"]
"#;

fn arguments(more: &[&str]) -> Explain {
    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        explain: Explain,
    }
    let all = ["explain", "-"].iter().chain(more);
    Cli::try_parse_from(all).unwrap().explain
}

fn explained(more: &[&str], settings: Option<&str>, body: &str) -> Result<Explanation, ExplainError> {
    let policy = Policy::from_toml(POLICY, &trackers::NAMES).unwrap();
    let settings = settings.map(|text| settings::parse(text).unwrap());
    explanation(&arguments(more), policy, settings, body.into(), NOW)
}

fn explain(more: &[&str], body: &Value) -> Explanation {
    explained(more, None, &body.to_string()).unwrap()
}

fn fields(changes: &[explained::Changed]) -> Vec<(&str, &str)> {
    changes.iter().map(|changed| (changed.change.field.as_str(), changed.why.as_str())).collect()
}

#[test]
fn an_event_is_told_field_by_field() {
    let properties = json!({
        "name": "Ada", "note": "to ada@example.com", "amount": 10, "size": "L", "secret": "x", "member": "4711",
        "tags": ["a", "b", "c"], "a.b": {"c": "A", "d": 1}, "nam": 1, "common": true,
    });
    let event =
        json!({"event": "buy", "userId": "u-1", "deviceId": "bob@example.com", "properties": properties});
    let event = explain(&[], &event).events.remove(0);
    let kept: Vec<_> = event.kept.iter().map(|kept| (kept.field.as_str(), kept.value.clone())).collect();
    assert_eq!(
        kept,
        [
            ("userId", json!("u-1")),
            ("timestamp", json!("2026-11-01T12:00:00.000Z")),
            ("properties.common", json!(true)),
            ("properties.name", json!("Ada")),
            ("properties.tags", json!(["a", "b"])),
        ]
    );
    assert_eq!(
        fields(&event.changed),
        [
            ("properties.member", "hashed: as the allowlist says"),
            ("properties.note", "scrubbed: markers stand for: email"),
        ]
    );
    assert_eq!(event.changed[1].value, Some(json!("to [email]")));
    assert_eq!(
        fields(&event.dropped),
        [
            ("deviceId", "personal: it is, or holds: email"),
            (
                "properties.a.b.c",
                "no_match: not of its pattern; the allowlist has: string, at most 1024 characters, of the pattern [a-z]+"
            ),
            ("properties.a.b.d", "not_allowed: the allowlist does not name it"),
            (
                "properties.amount",
                "out_of_range: too small or too great; the allowlist has: integer, from 1 to 9"
            ),
            ("properties.nam", "not_allowed: the allowlist does not name it; did you mean `name`?"),
            ("properties.secret", "drop: the allowlist lets it out to no tracker of the event"),
            ("properties.size", "not_in_enum: not one of its values; the allowlist has: one of \"S\", \"M\""),
            ("properties.tags[]", "too_many: items past its most; the allowlist has: array, at most 2 items"),
        ]
    );
}

#[test]
fn items_that_were_changed_are_told_with_what_is_left_of_the_array() {
    let tags = |tags: [&str; 2]| {
        explain(&[], &json!({"event": "buy", "properties": {"tags": tags}})).events.remove(0)
    };
    let event = tags(["a@b.example", "abc"]);
    assert_eq!(fields(&event.changed), [("properties.tags[]", "scrubbed: markers stand for: email")]);
    assert_eq!(event.changed[0].value, Some(json!(["[email]", "abc"])));
    assert!(event.kept.iter().all(|kept| kept.field == "timestamp"));
    let event = tags(["more than twelve", "abc"]);
    let why = "too_long: too long; the allowlist has: string, at most 12 characters";
    assert_eq!(fields(&event.dropped), [("properties.tags[]", why)]);
    assert_eq!(event.kept[1].value, json!(["abc"]));
}

#[test]
fn every_tracker_shows_the_request_that_trace_makes_of_it() {
    let event = json!({"event": "buy", "userId": "u-1", "eventId": "e-1", "properties": {"name": "Ada"}});
    let explanation = explain(&["--ip", "203.0.113.7"], &event);
    let names: Vec<_> = explanation.trackers.iter().map(|vendor| vendor.tracker.as_str()).collect();
    assert_eq!(names, trackers::NAMES);
    for vendor in &explanation.trackers {
        assert_eq!((vendor.off, vendor.without.len()), (None, 0), "{}", vendor.tracker);
        assert_eq!(vendor.requests[0].events, [0], "{}", vendor.tracker);
    }
    let amplitude = &explanation.trackers[1].requests[0];
    assert_eq!(amplitude.url, "https://api2.amplitude.com/2/httpapi");
    let event = &amplitude.body["events"][0];
    assert_eq!((&event["event_properties"]["Name"], &event["ip"]), (&json!("Ada"), &json!("203.0.113.0")));
    assert_eq!(event["insert_id"], json!(event::id::dedupe_key("e-1").to_string()));
}

#[test]
fn events_of_a_batch_share_a_request_and_those_that_do_not_go_say_why() {
    let body = json!({"batch": [
        {"event": "buy", "userId": "u"}, {"event": "Buy"}, {"event": "look", "userId": "u"}, {"event": "look"}, 1
    ]});
    let explanation = explain(&["--tracker", "amplitude,heap"], &body);
    let told = |vendor: &Vendor| {
        let requests: Vec<_> = vendor.requests.iter().map(|request| request.events.clone()).collect();
        let without: Vec<_> =
            vendor.without.iter().map(|one| (one.idx, one.outcome, one.reason.clone())).collect();
        (requests, without)
    };
    let without = |all: &[(u32, &'static str, &str)]| -> Vec<_> {
        all.iter().map(|&(idx, outcome, reason)| (idx, outcome, reason.to_owned())).collect()
    };
    let [amplitude, heap] = &explanation.trackers[..] else { panic!("two were asked for") };
    let unknown = (1, "filtered", "not_allowed");
    let other = [(2, "filtered", "not_for_tracker"), (3, "filtered", "not_for_tracker")];
    let malformed = (4, "filtered", "malformed");
    assert_eq!(told(amplitude), (vec![vec![0]], without(&[unknown, other[0], other[1], malformed])));
    let nobody = (3, "rejected", "no_identity");
    assert_eq!(told(heap), (vec![vec![0, 2]], without(&[unknown, nobody, malformed])));
    assert_eq!(explanation.events[1].name, "Buy");
    assert_eq!(explanation.events[1].did_you_mean.as_deref(), Some("buy"));
}

#[test]
fn the_source_is_checked_where_it_is_said() {
    let reason = |more: &[&str]| {
        let trackers = explain(more, &json!({"event": "buy", "userId": "u"})).trackers;
        trackers[0].without.first().map(|without| without.reason.clone())
    };
    let source = Some("source".to_owned());
    assert_eq!(reason(&[]), None);
    assert_eq!(reason(&["--origin", "https://shop.example"]), None);
    assert_eq!(reason(&["--origin", "https://other.example"]), source);
    assert_eq!(reason(&["--origin", "https://test.shop.example"]), source);
    assert_eq!(reason(&["--origin", "https://test.shop.example", "--env", "staging"]), None);
    assert_eq!(reason(&["--key", "secret"]), None, "GA4 knows the user");
    assert_eq!(reason(&["--key", "other"]), source);
}

/// Neither a secret of the settings nor a value that the allowlist keeps back, in either form.
#[test]
fn no_secret_and_no_dropped_value_is_told() {
    let settings = "\
GA4_MEASUREMENT_ID=G-1
GA4_API_SECRET=s3cret-ga4
AMPLITUDE_API_KEY=s3cret-amplitude
WEBHOOK_URL=https://hooks.example/in?token=s3cret-url
WEBHOOK_SECRET=whsec_czNjcmV0LXMzY3JldC1zM2NyZXQtczNjcmV0
POLICY_HASH_KEY=s3cret-s3cret-s3cret-s3cret-s3cret";
    let properties = json!({
        "note": "s3cret@example.com", "amount": "s3cret", "size": "s3cret", "secret": "s3cret", "member": "s3cret",
        "tags": ["s3cret-and-more", "s3cret@b.ex"], "a.b": {"c": "S3CRET-s3cret"}, "unknown": "s3cret",
    });
    let event =
        json!({"event": "buy", "userId": "s3cret@example.com", "deviceId": "d", "properties": properties});
    let unknown = json!({"event": "of s3cret@example.com", "properties": {"a": "s3cret"}});
    let body = json!({"batch": [event, unknown]}).to_string();
    let explanation = explained(&["--settings", "a-file"], Some(settings), &body).unwrap();
    let told = [report::text(&explanation), serde_json::to_string(&explanation).unwrap()];
    for text in told {
        assert!(!text.contains("s3cret") && !text.contains("S3CRET"), "{text}");
        assert!(text.contains("api_secret=[secret]") && text.contains("hooks.example/in?[secret]"), "{text}");
        assert!(text.contains("of [email]"), "{text}");
        assert!(text.contains("a-file; [secret] stands for their secrets"), "{text}");
    }
    let heap = &explanation.trackers[2];
    assert_eq!((heap.off.is_some(), heap.requests.len()), (true, 0), "it has no settings");
}

#[test]
fn what_is_no_json_is_told_by_its_place() {
    let explanation = explained(&[], None, "{\"event\": \"s3cret\",\n oops}").unwrap();
    let malformed = explanation.malformed.unwrap();
    assert!(malformed.contains("line 2 column 2") && !malformed.contains("s3cret"), "{malformed}");
    assert_eq!(explanation.trackers[0].without[0].reason, "malformed");
    let surrogate =
        explained(&[], None, r#"{"event": "buy", "userId": "u", "properties": {"note": "\ud800"}}"#).unwrap();
    assert!(surrogate.malformed.is_none() && surrogate.trackers[0].without.is_empty());
}

/// Trace mends a text that was cut through an emoji, and is asked itself.
#[test]
fn a_body_that_trace_mends_is_json() {
    let body = r#"{"event": "Buy\ud83d", "x": "\ud800"}"#;
    let explanation = explained(&[], None, body).unwrap();
    let event = &explanation.events[0];
    assert_eq!((event.name.as_str(), event.did_you_mean.as_deref()), ("Buy\u{fffd}", Some("buy")));
    assert_eq!(explanation.malformed, None);
    let policy = || Policy::from_toml(POLICY, &trackers::NAMES).unwrap();
    let malformed = |body: &[u8]| {
        explanation::explanation(&arguments(&[]), policy(), None, body.to_vec(), NOW).unwrap().malformed
    };
    assert_eq!(
        malformed(b"{\"event\": \"buy\", \"unknown\": \"\xff\"}"),
        None,
        "what is skipped is not read"
    );
    assert!(malformed(b"{\"event\": \"\xff\"}").unwrap().starts_with("is no JSON: invalid utf-8"));
    assert_eq!(malformed(b"[1]"), None, "it is JSON, and no event");
}

#[test]
fn a_hash_key_is_asked_for_as_trace_asks_for_it() {
    let body = r#"{"event": "buy", "userId": "ada@example.com", "properties": {"member": "4711"}}"#;
    let explain = |settings, policy: &str| {
        let policy = Policy::from_toml(policy, &trackers::NAMES).unwrap();
        let settings = Some(settings::parse(settings).unwrap());
        explanation(&arguments(&["--settings", "a-file"]), policy, settings, body.into(), NOW)
    };
    for settings in ["", "POLICY_HASH_KEY="] {
        let error = explain(settings, POLICY).unwrap_err();
        assert!(
            error.to_string().starts_with("POLICY_HASH_KEY is missing, and the policy hashes"),
            "{error}"
        );
    }
    // A policy that hashes nothing does without; then what is found in a user's id stays.
    let without = POLICY.replace("member = { type = \"string\", treatment = \"hash\" }\n", "");
    let explanation = explain("HEAP_APP_ID=1", &without).unwrap();
    assert!(explanation.settings.starts_with("a-file, without POLICY_HASH_KEY"), "{}", explanation.settings);
    let event = &explanation.events[0];
    assert_eq!(fields(&event.dropped)[0], ("userId", "personal: it is, or holds: email"));
    assert_eq!(event.changed.len(), 0);
    let key = "HEAP_APP_ID=1\nPOLICY_HASH_KEY=0123456789abcdef0123456789abcdef";
    let changed = explain(key, &without).unwrap().events.remove(0).changed;
    assert_eq!(fields(&changed), [("userId", "hashed: since it holds: email")]);
}

/// `look` goes to Heap alone.
#[test]
fn of_the_page_that_is_told_which_the_trackers_of_the_event_get() {
    let context = "
[context]
ip = \"full\"
url_parameters = [\"utm_*\", \"gclid\"]
[context.heap]
ip = \"truncated\"
title = false
url_parameters = [\"utm_*\"]
";
    let explain = |name: &str, ip: &str| {
        let policy = Policy::from_toml(&format!("{POLICY}{context}"), &trackers::NAMES).unwrap();
        let url = "https://shop.example/?gclid=1&utm_source=a";
        let page = json!({"url": url, "title": "A shop", "locale": "de"});
        let body = json!({"event": name, "userId": "u", "context": page}).to_string();
        let arguments = arguments(&["--ip", ip, "--country", "AT"]);
        explanation(&arguments, policy, None, body.into(), NOW).unwrap().events.remove(0)
    };
    let kept = |event: &explained::Explained| {
        event.kept.iter().map(|kept| kept.field.clone()).collect::<Vec<_>>().join(" ")
    };
    let event = explain("buy", "203.0.113.7");
    assert_eq!(kept(&event), "userId timestamp country ip context.locale context.title context.url");
    assert_eq!((event.changed.len(), event.dropped.len()), (0, 0));
    let event = explain("look", "203.0.113.7");
    assert_eq!(kept(&event), "userId timestamp country context.locale");
    let why = "reduced: of the address only what the allowlist lets out";
    let changed: Vec<_> = event.changed.iter().map(|one| (&*one.change.field, one.value.clone())).collect();
    let url = json!("https://shop.example/?utm_source=a");
    assert_eq!(changed, [("ip", Some(json!("203.0.113.0"))), ("context.url", Some(url))]);
    assert_eq!(fields(&event.changed)[0], ("ip", why));
    let why = "drop: the allowlist lets it out to no tracker of the event";
    assert_eq!(fields(&event.dropped), [("context.title", why)]);
    // The same, however it is written.
    assert_eq!(explain("look", "203.0.113.0").changed.len(), 1, "its url");
    assert_eq!(explain("buy", "2001:DB8::0:1").changed.len(), 0);
}

#[test]
fn settings_that_trace_would_refuse_are_refused() {
    let error = |settings: &str| explained(&[], Some(settings), "{}").unwrap_err().to_string();
    assert!(error("POLICY_HASH_KEY=s3cret").starts_with("POLICY_HASH_KEY must be"));
    assert!(error("ENVIRONMENT=prod").starts_with("ENVIRONMENT must be one of development"));
    assert!(error("GA4_SECRET=s3cret").contains("GA4_SECRET is not a setting"));
    for settings in ["POLICY_HASH_KEY=s3cret", "GA4_SECRET=s3cret"] {
        assert!(!error(settings).contains("s3cret"));
    }
}

/// A name could otherwise write over the line that tells of it.
#[test]
fn invisible_characters_do_not_reach_a_terminal() {
    for hidden in ['\u{1b}', '\u{202e}', '\u{61c}', '\u{2066}', '\u{200b}', '\u{e0041}'] {
        let event = json!({"event": format!("buy{hidden}[2J"), "properties": {}});
        let text = report::text(&explain(&[], &event));
        assert!(!text.contains(hidden) && text.contains("buy\u{fffd}[2J"), "{text}");
    }
}
