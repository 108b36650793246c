//! A payload opened: which events it holds, to whom each is owed, and what may leave of it.

use crate::allowed::Checked;
use crate::check::{Checker, Envelope};
use crate::hash::HashKey;
use crate::inflate::gunzip;
use crate::mend;
use crate::parse::{Batch, Body, RawEvent, parse};
use crate::personal::unknown_name;
use crate::policy::{EventRule, Policy};
use crate::scrub::scrub;
use crate::source;
use event::id::event_id;
use event::wire::{EVENT_PREFIX, MALFORMED, MAX_EVENTS, NOT_ALLOWED, OpenedEvent, Owed, TOO_MANY};
use event::{Change, Payload, Rule, Traceparent};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Changes of a payload that are told one by one. They are kept with the account of every event at every tracker,
/// and a body of 1 MiB can hold 100,000 of them.
const MAX_CHANGES: usize = 200;

/// What [`open`] found in a payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// Its events, by index. Never empty.
    pub events: Vec<OpenedEvent>,
    /// Those that are owed to at least one tracker, by index.
    pub allowed: Vec<(u32, Checked)>,
    /// Of events that the policy knows, from allowed sources: the place in a trace of its own that the event names, by
    /// index, where its sender recorded it.
    pub traces: Vec<(u32, Traceparent)>,
}

/// Opens a payload under a policy, for the trackers that are configured.
///
/// The first reason that applies is the one that is told: `malformed`, `too_many`, `source`,
/// `not_allowed`, `not_for_tracker`. Without a `key` what is to be hashed stays.
pub fn open(policy: &Policy, key: Option<&HashKey>, payload: &Payload, trackers: &[&str]) -> Opening {
    let opener = Opener { checker: Checker { policy, key }, payload, trackers };
    let Some(body) = read(payload) else { return opener.malformed() };
    let from_source = source::is_allowed(policy, &payload.context, body.write_key.as_text());
    match body.batch {
        None => opener.events(vec![Some(body.event)], false, from_source),
        Some(Batch::Events(events, more)) if !events.is_empty() => opener.events(events, more, from_source),
        Some(Batch::Events(..) | Batch::NoArray) => opener.malformed(),
    }
}

fn read(payload: &Payload) -> Option<Body> {
    parse(&decoded(payload)?)
}

/// A payload's body as it is read: decompressed, and with escapes of lone surrogates mended. Nothing where it cannot be
/// decompressed.
pub fn readable(payload: &Payload) -> Option<Vec<u8>> {
    Some(mend::surrogates(&decoded(payload)?).into_owned())
}

fn decoded(payload: &Payload) -> Option<Cow<'_, [u8]>> {
    let body = payload.body().ok()?;
    Some(match payload.context.content_encoding.as_deref() {
        Some("gzip") => Cow::Owned(gunzip(&body)?),
        _ => body,
    })
}

struct Opener<'a> {
    checker: Checker<'a>,
    payload: &'a Payload,
    trackers: &'a [&'a str],
}

impl Opener<'_> {
    fn malformed(&self) -> Opening {
        let event = self.kept_back(0, self.place_id(0), MALFORMED, "malformed");
        Opening { events: vec![event], allowed: vec![], traces: vec![] }
    }

    fn events(&self, events: Vec<Option<RawEvent>>, more: bool, from_source: bool) -> Opening {
        let mut opening =
            Opening { events: Vec::with_capacity(events.len()), allowed: vec![], traces: vec![] };
        let mut room = MAX_CHANGES;
        for (idx, event) in (0..).zip(events) {
            let trace = event.as_ref().and_then(recorded);
            let (mut opened, allowed) = self.event(idx, event, from_source);
            let is_known = from_source && self.checker.policy.events.contains_key(&opened.name);
            opening.traces.extend(trace.filter(|_| is_known).map(|trace| (idx, trace)));
            tell(&mut opened.changes, &mut room);
            opening.events.push(opened);
            opening.allowed.extend(allowed.map(|allowed| (idx, allowed)));
        }
        if more {
            let idx = MAX_EVENTS as u32;
            opening.events.push(self.kept_back(idx, self.place_id(idx), TOO_MANY, "too_many"));
        }
        opening
    }

    fn event(&self, idx: u32, event: Option<RawEvent>, from_source: bool) -> (OpenedEvent, Option<Checked>) {
        let named = event.and_then(|event| Some((event.name.as_text()?.to_owned(), event)));
        let Some((name, event)) = named else {
            return (self.kept_back(idx, self.place_id(idx), MALFORMED, "malformed"), None);
        };
        // An id in which something is found stays behind as every other value does.
        let given = event.event_id.as_text();
        let found = given.and_then(|id| scrub(id, None));
        let id = event_id(given.filter(|_| found.is_none()), &self.payload.id, idx);
        let rule = self.checker.policy.events.get(&name);
        if !from_source {
            let name = rule.map_or(NOT_ALLOWED, |_| name.as_str());
            return (self.kept_back(idx, id, name, "source"), None);
        }
        let Some(rule) = rule else {
            let field = format!("{EVENT_PREFIX}{}", unknown_name(&name));
            let changes = vec![Change { field, rule: Rule::NotAllowed }];
            return (OpenedEvent { changes, ..self.kept_back(idx, id, NOT_ALLOWED, "not_allowed") }, None);
        };
        let Payload { received_at, ref context, .. } = *self.payload;
        let envelope = Envelope { id: id.clone(), received_at, context };
        let (allowed, mut changes) = self.checker.check(&name, rule, event, envelope);
        if let Some(scrubbed) = found {
            let rule = Rule::Personal { found: scrubbed.kinds() };
            changes.push(Change { field: "eventId".to_owned(), rule });
        }
        let trackers = self.owed(rule);
        let owed = trackers.values().any(|owed| *owed == Owed::Owed);
        (opened(idx, id, &name, trackers, changes), owed.then_some(allowed))
    }

    fn owed(&self, rule: &EventRule) -> BTreeMap<String, Owed> {
        let owed = |tracker: &str| {
            if rule.goes_to(tracker) { Owed::Owed } else { Owed::Filtered("not_for_tracker".to_owned()) }
        };
        self.trackers.iter().map(|tracker| ((*tracker).to_owned(), owed(tracker))).collect()
    }

    fn kept_back(&self, idx: u32, id: String, name: &str, reason: &str) -> OpenedEvent {
        let filtered = |tracker: &&str| ((*tracker).to_owned(), Owed::Filtered(reason.to_owned()));
        opened(idx, id, name, self.trackers.iter().map(filtered).collect(), vec![])
    }

    fn place_id(&self, idx: u32) -> String {
        event_id(None, &self.payload.id, idx)
    }
}

/// The event's own place in a trace, where its sender recorded it. What is none counts as absent.
fn recorded(event: &RawEvent) -> Option<Traceparent> {
    Traceparent::parse(event.traceparent.as_text()?).filter(|place| place.is_sampled)
}

/// Leaves as many changes as there is room for, and counts the others.
fn tell(changes: &mut Vec<Change>, room: &mut usize) {
    if changes.len() > *room {
        let untold = changes.split_off(*room);
        let count = |change: &Change| match change.rule {
            Rule::More { count } => count,
            _ => 1,
        };
        let count = untold.iter().map(count).sum();
        changes.push(Change { field: "properties".to_owned(), rule: Rule::More { count } });
    }
    *room = room.saturating_sub(changes.len());
}

fn opened(
    idx: u32,
    id: String,
    name: &str,
    trackers: BTreeMap<String, Owed>,
    changes: Vec<Change>,
) -> OpenedEvent {
    OpenedEvent { idx, id, name: name.to_owned(), trackers, changes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{EventRule, OriginRule, Sources};
    use event::{Context, Millis};
    use serde_json::json;

    const SITE: &str = "https://shop.example";

    fn policy() -> Policy {
        let rule = |trackers: Option<&str>| EventRule {
            trackers: trackers.map(|name| vec![name.to_owned()]),
            properties: BTreeMap::new(),
        };
        Policy {
            version: "1-test".into(),
            sources: Sources {
                origins: vec![OriginRule { origin: SITE.into(), environments: vec![] }],
                keys: vec![],
            },
            events: BTreeMap::from([("buy".into(), rule(None)), ("look".into(), rule(Some("heap")))]),
            ..Policy::default()
        }
    }

    fn opening(origin: &str, body: &str) -> Opening {
        let context = Context { origin: Some(origin.to_owned()), ..Context::default() };
        let payload = Payload::new("p".into(), Millis(0), body.as_bytes().to_vec(), context);
        open(&policy(), None, &payload, &["ga4", "heap"])
    }

    #[test]
    fn the_first_reason_that_applies_is_told() {
        let cases = [
            (SITE, r#"{"event": "buy"}"#, "buy", None, None),
            (SITE, r#"{"event": "look"}"#, "look", Some("not_for_tracker"), None),
            (SITE, r#"{"event": "Buy"}"#, NOT_ALLOWED, Some("not_allowed"), Some("not_allowed")),
            (SITE, r#"{"event": 1}"#, MALFORMED, Some("malformed"), Some("malformed")),
            (SITE, r#"{"batch": []}"#, MALFORMED, Some("malformed"), Some("malformed")),
            (SITE, r#"{"batch": 1, "event": "buy"}"#, MALFORMED, Some("malformed"), Some("malformed")),
            ("https://other.example", r#"{"event": "look"}"#, "look", Some("source"), Some("source")),
            ("https://other.example", r#"{"event": "x"}"#, NOT_ALLOWED, Some("source"), Some("source")),
            ("https://other.example", "{", MALFORMED, Some("malformed"), Some("malformed")),
        ];
        let owed = |reason: Option<&str>| reason.map_or(Owed::Owed, |reason| Owed::Filtered(reason.into()));
        for (origin, body, name, ga4, heap) in cases {
            let event = opening(origin, body).events.remove(0);
            assert_eq!(event.name, name, "{body}");
            let expected = BTreeMap::from([("ga4".into(), owed(ga4)), ("heap".into(), owed(heap))]);
            assert_eq!(event.trackers, expected, "{body}");
        }
    }

    /// Who may not send at all cannot write names into the account either.
    #[test]
    fn the_name_of_an_event_that_is_not_allowed_is_told_scrubbed_to_whoever_may_send() {
        let changes = |origin, body| opening(origin, body).events.remove(0).changes;
        let body = r#"{"event": "Buy for ada@example.com"}"#;
        let told = Change { field: "event.Buy for [email]".into(), rule: Rule::NotAllowed };
        assert_eq!(changes(SITE, body), [told]);
        assert_eq!(changes("https://other.example", body), []);
    }

    #[test]
    fn an_event_id_with_a_find_stays_and_that_is_told() {
        let event = opening(SITE, r#"{"event": "buy", "eventId": "4111111111111111"}"#).events.remove(0);
        assert_eq!(event.id, "p.0");
        let rule = Rule::Personal { found: vec!["card".into()] };
        assert_eq!(event.changes, [Change { field: "eventId".into(), rule }]);
    }

    /// `1e400` is JSON, and no number that any language here can hold.
    #[test]
    fn a_huge_number_costs_its_value_and_not_the_batch() {
        let huge = "9".repeat(400);
        for number in ["1e400", "-1e999", &huge] {
            let body = format!(
                r#"{{"batch": [{{"event": "buy", "timestamp": {number}, "properties": {{"n": {number}}}}}, {{"event": "buy"}}]}}"#
            );
            let opening = opening(SITE, &body);
            assert_eq!(opening.allowed.len(), 2, "{number}");
            let rules: Vec<_> = opening.events[0].changes.iter().map(|change| &change.rule).collect();
            assert_eq!(rules, [&Rule::Malformed, &Rule::NotAllowed]);
        }
    }

    #[test]
    fn changes_are_told_up_to_a_bound_and_counted_beyond_it() {
        let event = r#"{"event": "buy", "properties": {"a": 1, "b": 2, "c": 3}}"#;
        let body = format!(r#"{{"batch": [{}]}}"#, vec![event; 300].join(","));
        let events = opening(SITE, &body).events;
        let of_rule = |more: bool| {
            let changes = events.iter().flat_map(|event| &event.changes);
            changes.filter(|change| matches!(change.rule, Rule::More { .. }) == more).collect::<Vec<_>>()
        };
        assert_eq!(of_rule(false).len(), MAX_CHANGES);
        let untold = of_rule(true).into_iter().map(|change| match change.rule {
            Rule::More { count } => count,
            _ => 0,
        });
        assert_eq!(untold.sum::<usize>(), 900 - MAX_CHANGES);
    }

    #[test]
    fn an_event_names_its_own_trace_if_it_may_be_sent_and_names_it_well() {
        let place = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let event = |name: &str, traceparent: &str| json!({"event": name, "traceparent": traceparent});
        let events = [
            event("buy", place),
            event("buy", &place.replace("-01", "-00")),
            event("buy", &place.to_uppercase()),
            event("x", place),
            event("look", place),
            json!({"event": "buy", "traceparent": {"a": place}}),
            json!({"event": "buy", "traceparent": null, "properties": {"traceparent": place}}),
        ];
        let body = json!({ "batch": events }).to_string();
        let trace = Traceparent::parse(place).unwrap();
        assert_eq!(opening(SITE, &body).traces, [(0, trace), (4, trace)]);
        assert_eq!(opening("https://other.example", &body).traces, []);
        assert!(opening(SITE, &body).events.iter().all(|event| event.changes.len() <= 1));
        assert!(!format!("{:?}", opening(SITE, &body).allowed).contains("4bf92f"));
    }

    #[test]
    fn events_keep_their_place_and_their_id() {
        let body = r#"{"batch": [1, {"event": "buy", "eventId": "own"}, {"event": "x"}, {"event": "look"}]}"#;
        let opening = opening(SITE, body);
        let events: Vec<_> = opening.events.iter().map(|event| (event.idx, event.id.as_str())).collect();
        assert_eq!(events, [(0, "p.0"), (1, "own"), (2, "p.2"), (3, "p.3")]);
        let allowed: Vec<_> = opening.allowed.iter().map(|(idx, event)| (*idx, event.id())).collect();
        assert_eq!(allowed, [(1, "own"), (3, "p.3")]);
    }
}
