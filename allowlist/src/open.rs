//! A payload opened: which events it holds, to whom each is owed, and what may leave of it.

use crate::allowed::Allowed;
use crate::check::{Place, check};
use crate::inflate::gunzip;
use crate::policy::Policy;
use crate::source;
use event::id::event_id;
use event::wire::{MALFORMED, MAX_EVENTS, NOT_ALLOWED, OpenedEvent, Owed, TOO_MANY};
use event::{Change, Payload};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::slice;

/// What [`open`] found in a payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// Its events, by index. Never empty.
    pub events: Vec<OpenedEvent>,
    /// Those that are owed to at least one tracker, by index.
    pub allowed: Vec<(u32, Allowed)>,
}

/// Opens a payload under a policy, for the trackers that are configured.
///
/// The first reason that applies is the one that is told: `malformed`, `too_many`, `source`,
/// `not_allowed`, `not_for_tracker`.
pub fn open(policy: &Policy, payload: &Payload, trackers: &[&str]) -> Opening {
    let opener = Opener { policy, payload, trackers };
    match parse(payload) {
        Some(body @ Value::Object(_)) => match body.get("batch") {
            Some(Value::Array(events)) => opener.events(&body, events),
            Some(_) => opener.malformed(),
            None => opener.events(&body, slice::from_ref(&body)),
        },
        _ => opener.malformed(),
    }
}

fn parse(payload: &Payload) -> Option<Value> {
    let body = payload.body().ok()?;
    let body = match payload.context.content_encoding.as_deref() {
        Some("gzip") => Cow::Owned(gunzip(&body)?),
        _ => body,
    };
    serde_json::from_slice(&body).ok()
}

struct Opener<'a> {
    policy: &'a Policy,
    payload: &'a Payload,
    trackers: &'a [&'a str],
}

impl Opener<'_> {
    fn malformed(&self) -> Opening {
        let event = self.kept_back(0, self.place_id(0), MALFORMED, "malformed");
        Opening { events: vec![event], allowed: vec![] }
    }

    fn events(&self, body: &Value, events: &[Value]) -> Opening {
        if events.is_empty() {
            return self.malformed();
        }
        let key = body.get("writeKey").and_then(Value::as_str);
        let from_source = source::is_allowed(self.policy, &self.payload.context, key);
        let mut opening = Opening { events: Vec::with_capacity(events.len()), allowed: vec![] };
        for (idx, event) in (0..).zip(events.iter().take(MAX_EVENTS)) {
            let (opened, allowed) = self.event(idx, event, from_source);
            opening.events.push(opened);
            opening.allowed.extend(allowed.map(|allowed| (idx, allowed)));
        }
        if events.len() > MAX_EVENTS {
            let idx = MAX_EVENTS as u32;
            opening.events.push(self.kept_back(idx, self.place_id(idx), TOO_MANY, "too_many"));
        }
        opening
    }

    fn event(&self, idx: u32, event: &Value, from_source: bool) -> (OpenedEvent, Option<Allowed>) {
        let named = event.as_object().and_then(|event| Some((event, event.get("event")?.as_str()?)));
        let Some((event, name)) = named else {
            return (self.kept_back(idx, self.place_id(idx), MALFORMED, "malformed"), None);
        };
        let id = event_id(event.get("eventId").and_then(Value::as_str), &self.payload.id, idx);
        let rule = self.policy.events.get_key_value(name);
        let known_name = rule.map_or(NOT_ALLOWED, |(name, _)| name);
        if !from_source {
            return (self.kept_back(idx, id, known_name, "source"), None);
        }
        let Some((name, rule)) = rule else {
            return (self.kept_back(idx, id, NOT_ALLOWED, "not_allowed"), None);
        };
        let place =
            Place { id: id.clone(), received_at: self.payload.received_at, context: &self.payload.context };
        let (allowed, changes) = check(name, rule, event, place);
        let trackers = self.owed(rule.trackers.as_deref());
        let owed = trackers.values().any(|owed| *owed == Owed::Owed);
        (opened(idx, id, name, trackers, changes), owed.then_some(allowed))
    }

    fn owed(&self, receivers: Option<&[String]>) -> BTreeMap<String, Owed> {
        let owed = |tracker: &str| match receivers {
            Some(receivers) if !receivers.iter().any(|one| one == tracker) => {
                Owed::Filtered("not_for_tracker".to_owned())
            }
            _ => Owed::Owed,
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
        }
    }

    fn opening(origin: &str, body: &str) -> Opening {
        let context = Context { origin: Some(origin.to_owned()), ..Context::default() };
        let payload = Payload::new("p".into(), Millis(0), body.as_bytes().to_vec(), context);
        open(&policy(), &payload, &["ga4", "heap"])
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
