//! Two policies over payloads.

use super::fields::{FieldChange, What};
use super::seen::Seen;
use super::sides::Sides;
use super::tally::{Counts, Tally};
use allowlist::Policy;
use event::{Context, Millis, Payload};
use serde_json::{Value, json};

const BASE: &str = r#"
version = 1
[[sources.origins]]
origin = "https://shop.example"
[context]
title = true
[events.look]
description = "d"
owner = "o"
[events.look.properties]
note = { type = "string", max_length = 10 }
tags = { type = "array", items = { type = "string", max_length = 3 } }
address = { type = "object", properties = { city = { type = "string" } } }
[events.buy]
description = "d"
owner = "o"
"#;

fn policy(toml: &str) -> Policy {
    Policy::from_toml(toml, &trackers::NAMES).unwrap()
}

fn payload(id: &str, body: &Value) -> Payload {
    let context = Context { origin: Some("https://shop.example".into()), ..Context::default() };
    Payload::new(id.to_owned(), Millis(0), body.to_string().into_bytes(), context)
}

/// What is counted where `from` becomes `to`, for two trackers.
fn tally(from: &str, to: &str, payloads: &[Payload]) -> Tally {
    let changed = BASE.replace(from, to);
    assert_ne!(changed, BASE, "{from}");
    let sides = Sides::new(policy(BASE), policy(&changed), None, vec!["ga4", "heap"]);
    let (mut tally, mut seen) = (Tally::new(&sides), Seen::default());
    for tried in sides.open(payloads, 2, &seen.hasher.clone()) {
        tally.add(&mut seen, tried);
    }
    tally
}

fn look(properties: Value) -> Payload {
    let context = json!({"title": "A page", "url": "https://shop.example/?utm_id=1&gclid=2"});
    payload("p", &json!({"event": "look", "deviceId": "d", "properties": properties, "context": context}))
}

/// The fields that differ of one event.
fn fields(from: &str, to: &str, properties: Value) -> Vec<(What, String, Option<String>)> {
    let mut tally = tally(from, to, &[look(properties)]);
    let counts = tally.names.remove("look").unwrap();
    assert!(counts.fields.values().all(|events| *events == 1));
    counts.fields.into_keys().map(|FieldChange { what, field, rule }| (what, field, rule)).collect()
}

#[test]
fn what_leaves_otherwise_is_told_with_the_rule() {
    let one = |what, field: &str, rule: Option<&str>| vec![(what, field.to_owned(), rule.map(str::to_owned))];
    use What::{NewlyChanged, NewlyDropped, NewlyKept};
    for (from, to, properties, expected) in [
        (
            "max_length = 10",
            "max_length = 2",
            json!({"note": "abc"}),
            one(NewlyDropped, "properties.note", Some("too_long")),
        ),
        (
            "max_length = 10",
            "max_length = 20",
            json!({"note": "0123456789a"}),
            one(NewlyKept, "properties.note", Some("too_long")),
        ),
        ("max_length = 10", "max_length = 9", json!({"note": "abc"}), vec![]),
        (
            "max_length = 10",
            "max_length = 100, treatment = \"keep\"",
            json!({"note": "a@b.example"}),
            one(NewlyKept, "properties.note", Some("too_long")),
        ),
        (
            "note = {",
            "memo = {",
            json!({"note": "abc"}),
            one(NewlyDropped, "properties.note", Some("not_allowed")),
        ),
        (
            "max_length = 3",
            "max_length = 1",
            json!({"tags": ["a", "abc"]}),
            one(NewlyChanged, "properties.tags", Some("too_long")),
        ),
        (
            "city = { type = \"string\" }",
            "zip = { type = \"string\" }",
            json!({"address": {"city": "Graz"}}),
            one(NewlyDropped, "properties.address.city", Some("not_allowed")),
        ),
        ("title = true", "title = false", json!({}), one(NewlyDropped, "context.title", Some("drop"))),
        (
            "title = true",
            "url_parameters = [\"gclid\"]",
            json!({}),
            one(NewlyChanged, "context.url", Some("reduced")),
        ),
        (
            "title = true",
            "title = true\n[context.heap]\nurl = false",
            json!({}),
            one(NewlyDropped, "context.url", Some("reduced")),
        ),
        (
            "[context]",
            "[identity]\ndevice_id = \"drop\"\n[context]",
            json!({}),
            one(NewlyDropped, "deviceId", Some("drop")),
        ),
    ] {
        assert_eq!(fields(from, to, properties), expected, "{from} → {to}");
    }
}

#[test]
fn each_tracker_has_its_own_gain_and_loss() {
    let owner = "[events.buy]\ndescription = \"d\"\nowner = \"o\"";
    let bought = payload("p", &json!({"event": "buy"}));
    let counted = tally(owner, &format!("{owner}\ntrackers = [\"heap\"]"), std::slice::from_ref(&bought));
    let counts = &counted.names["buy"];
    assert_eq!((counts.newly_admitted, counts.newly_stopped.len()), (0, 0), "it is still admitted");
    assert_eq!(counts.trackers.keys().collect::<Vec<_>>(), [&"ga4"]);
    assert_eq!((counts.trackers["ga4"].more, counts.trackers["ga4"].fewer), (0, 1));
    let counted = tally(owner, &format!("{owner}\ntrackers = [\"webhook\"]"), &[bought]);
    assert_eq!(counted.names["buy"].newly_stopped, [("not_for_tracker".to_owned(), 1)].into());
}

#[test]
fn copies_count_once_in_the_order_in_which_they_came() {
    let event = |note: &str| json!({"event": "look", "eventId": "once", "properties": {"note": note}});
    let payloads =
        [payload("a", &event("abc")), payload("b", &event("a")), payload("c", &json!({"event": "look"}))];
    let counted = tally("max_length = 10", "max_length = 2", &payloads);
    assert_eq!((counted.events, counted.copies), (2, 1));
    assert_eq!(counted.names["look"].fields.len(), 1, "the first copy is the one that counts");
}

/// Whoever sends chooses names; what is kept of them is bounded. So is what is told of one payload: 200 changes.
#[test]
fn names_that_no_policy_has_are_bounded() {
    let batch = |p: i32| {
        let events: Vec<_> = (0..200).map(|i| json!({"event": format!("name {p} {i}")})).collect();
        payload(&p.to_string(), &json!({ "batch": events }))
    };
    let payloads: Vec<_> = (0..6).map(batch).collect();
    let counted = tally("max_length = 10", "max_length = 2", &payloads);
    assert_eq!(counted.names.len(), 2 + 1000 + 1, "those of the policy, those that are told, and the others");
    assert_eq!(counted.names["(others)"].events, 200);
    assert_eq!(counted.names.values().map(|counts| counts.events).sum::<u64>(), 1200);
}

/// However many threads there are.
#[test]
fn threads_change_no_count() {
    let payloads: Vec<_> = (0..17)
        .map(|i| {
            payload(&i.to_string(), &json!({"event": "look", "properties": {"note": "x".repeat(i % 5)}}))
        })
        .collect();
    let sides = Sides::new(
        policy(BASE),
        policy(&BASE.replace("max_length = 10", "max_length = 2")),
        None,
        vec!["ga4"],
    );
    let ids = |threads| {
        let seen = Seen::default();
        let tried = sides.open(&payloads, threads, &seen.hasher);
        tried.into_iter().map(|one| one.fields).collect::<Vec<_>>()
    };
    assert_eq!(ids(1).len(), 17);
    for threads in [2, 3, 16, 40] {
        assert_eq!(ids(threads), ids(1), "{threads}");
    }
    assert_eq!(sides.open(&[], 2, &Seen::default().hasher).len(), 0);
}

#[test]
fn what_does_not_differ_is_not_told() {
    let counted = tally("max_length = 10", "max_length = 20", &[look(json!({"note": "abc"}))]);
    assert!(!counted.names["look"].differs());
    assert_eq!(counted.names["buy"], Counts::default());
}
