//! The events of a delivery: taken as `open` handed them over where the policy is the same, else opened again, for
//! which Trace asks for the payload where it was not sent along. Either way the tracker has of them what it may have.

use crate::setup::Setup;
use allowlist::{Allowed, Checked};
use event::wire::{DeliverPayload, Named, OpenedEvent, Owed, POLICY_CHANGED};
use event::{Change, Outcome, Payload};
use std::collections::BTreeMap;

/// An event that was asked for.
pub struct Taken {
    /// Its place in the payload.
    pub idx: u32,
    /// What to deliver, or the outcome where today's policy keeps it back.
    pub event: Result<Allowed, Outcome>,
    /// What today's policy dropped or altered; nothing where the event was not opened again.
    pub changes: Option<Vec<Change>>,
    /// Its id and name, where it was opened again.
    pub named: Option<Named>,
}

/// The events asked for, in the order of the request.
pub fn take(setup: &Setup, tracker: &str, policy: Option<&str>, request: &DeliverPayload) -> Vec<Taken> {
    let same_policy = policy == Some(setup.policy.version.as_str());
    let handed_over = request.allowed.as_deref().filter(|_| same_policy);
    let checked: BTreeMap<u32, Checked> =
        handed_over.and_then(|events| allowlist::take_over(events).ok()).into_iter().flatten().collect();
    let allowed = |idx: &u32| checked.get(idx)?.for_tracker(&setup.policy, tracker);
    let as_before = |idx: u32, event| Taken { idx, event, changes: None, named: None };
    let taken: Option<Vec<_>> =
        request.events.iter().map(|idx| Some(as_before(*idx, Ok(allowed(idx)?)))).collect();
    match (taken, &request.payload) {
        (Some(taken), _) => taken,
        (None, Some(payload)) => reopen(setup, tracker, payload, &request.events),
        (None, None) => request.events.iter().map(|&idx| as_before(idx, Err(ask_for_payload()))).collect(),
    }
}

fn ask_for_payload() -> Outcome {
    Outcome::Retry { after: None, reason: POLICY_CHANGED.to_owned() }
}

fn reopen(setup: &Setup, tracker: &str, payload: &Payload, events: &[u32]) -> Vec<Taken> {
    let opening = allowlist::open(&setup.policy, setup.hash_key.as_ref(), payload, &[tracker]);
    let opened: BTreeMap<u32, OpenedEvent> =
        opening.events.into_iter().map(|event| (event.idx, event)).collect();
    let checked: BTreeMap<u32, Checked> = opening.allowed.into_iter().collect();
    let taken = |idx: u32| {
        let owed = opened.get(&idx).and_then(|event| event.trackers.get(tracker));
        let allowed = checked.get(&idx).and_then(|event| event.for_tracker(&setup.policy, tracker));
        match (owed, allowed) {
            (Some(Owed::Owed), Some(event)) => Ok(event),
            (Some(Owed::Filtered(reason)), _) => Err(Outcome::Filtered { reason: reason.clone() }),
            // The Outbox named an event that the body does not have.
            _ => Err(Outcome::Filtered { reason: "no_such_event".to_owned() }),
        }
    };
    let changes = |idx: u32| opened.get(&idx).map(|event| event.changes.clone());
    let named =
        |idx: u32| opened.get(&idx).map(|event| Named { id: event.id.clone(), name: event.name.clone() });
    let taken = |&idx: &u32| Taken { idx, event: taken(idx), changes: changes(idx), named: named(idx) };
    events.iter().map(taken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use allowlist::Policy;
    use allowlist::policy::{EventRule, OriginRule, Sources};
    use event::{Context, Millis, Payload};
    use std::time::Duration;

    const SITE: &str = "https://shop.example";

    fn setup() -> Setup {
        let rule = EventRule { trackers: Some(vec!["heap".into()]), properties: BTreeMap::new() };
        let sources =
            Sources { origins: vec![OriginRule { origin: SITE.into(), environments: vec![] }], keys: vec![] };
        let events = BTreeMap::from([("look".into(), rule)]);
        let policy = Policy { version: "1-a".into(), sources, events, ..Policy::default() };
        Setup {
            policy,
            hash_key: None,
            trackers: vec![],
            deadline: Duration::ZERO,
            told: None,
            secrets: BTreeMap::new(),
            tracing: None,
        }
    }

    /// The event as `open` hands it over, asked for `events`.
    fn request(setup: &Setup, events: Vec<u32>) -> DeliverPayload {
        let context = Context { origin: Some(SITE.into()), ..Context::default() };
        let payload = Payload::new(
            "p".into(),
            Millis(0),
            br#"{"event": "look", "properties": {"size": 1}}"#.to_vec(),
            context,
        );
        let opening = allowlist::open(&setup.policy, None, &payload, &["ga4", "heap"]);
        let allowed = allowlist::hand_over(&opening.allowed).unwrap();
        DeliverPayload {
            id: payload.id.clone(),
            payload: Some(payload),
            events,
            allowed: Some(allowed),
            traceparent: None,
        }
    }

    fn take_one(
        setup: &Setup,
        tracker: &str,
        policy: &str,
        request: &DeliverPayload,
    ) -> Result<Allowed, Outcome> {
        let mut taken = take(setup, tracker, Some(policy), request);
        assert_eq!(taken.len(), 1);
        taken.remove(0).event
    }

    #[test]
    fn an_event_handed_over_for_one_tracker_goes_to_no_other() {
        let setup = setup();
        let request = request(&setup, vec![0]);
        assert!(take_one(&setup, "heap", "1-a", &request).is_ok());
        let filtered = Outcome::Filtered { reason: "not_for_tracker".into() };
        assert_eq!(take_one(&setup, "ga4", "1-a", &request), Err(filtered));
    }

    #[test]
    fn under_another_policy_the_payload_is_what_counts_and_is_asked_for() {
        let setup = setup();
        let mut request = request(&setup, vec![0]);
        assert!(take_one(&setup, "heap", "0-old", &request).is_ok());
        request.payload = None;
        assert!(take_one(&setup, "heap", "1-a", &request).is_ok());
        assert_eq!(take_one(&setup, "heap", "0-old", &request), Err(ask_for_payload()));
    }

    #[test]
    fn every_event_asked_for_has_an_answer_even_twice_or_unknown() {
        let setup = setup();
        let taken = take(&setup, "heap", Some("1-a"), &request(&setup, vec![0, 0, 7]));
        let places: Vec<_> = taken.iter().map(|taken| (taken.idx, taken.event.is_ok())).collect();
        assert_eq!(places, [(0, true), (0, true), (7, false)]);
    }

    /// The outcome names today's policy: what it says of values has to be today's, too.
    #[test]
    fn what_is_opened_again_tells_again_what_was_dropped() {
        let setup = setup();
        let mut request = request(&setup, vec![0]);
        let changes =
            |policy, request: &DeliverPayload| take(&setup, "heap", Some(policy), request).remove(0).changes;
        assert_eq!(changes("1-a", &request), None);
        let dropped = Change { field: "properties.size".into(), rule: event::Rule::NotAllowed };
        assert_eq!(changes("0-old", &request), Some(vec![dropped]));
        let named = |policy| take(&setup, "heap", Some(policy), &request).remove(0).named;
        let name = Named { id: "p.0".into(), name: "look".into() };
        assert_eq!((named("0-old"), named("1-a")), (Some(name), None), "and so does what it is called");
        request.payload = None;
        assert_eq!(changes("0-old", &request), None);
    }
}
