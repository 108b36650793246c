//! Whether what came out of an opening is what the policy permits, and whether it accounts for what went in. It is
//! written from the policy's documentation and shares no code with the check.

mod changes;
mod event;
mod page;
mod value;

use crate::subject::Subject;
use ::event::wire::{MALFORMED, MAX_EVENTS, NOT_ALLOWED, OpenedEvent, Owed, TOO_MANY};
use allowlist::Opening;
use allowlist::scrub::scrub;
use serde_json::Value;

/// Changes of a payload that are told one by one, and one more for each event.
const MAX_TOLD: usize = 200;

/// Panics where something is wrong.
pub fn opening(subject: &Subject<'_>, opening: &Opening) {
    let Opening { events, allowed, .. } = opening;
    assert!((1..=MAX_EVENTS + 1).contains(&events.len()), "{} events", events.len());
    for (idx, event) in (0..).zip(events) {
        assert_eq!(event.idx, idx);
        account(subject, event);
        changes::judge(subject, event);
    }
    let told: usize = events.iter().map(|event| event.changes.len()).sum();
    assert!(told <= MAX_TOLD + events.len(), "{told} changes");

    let owed = events.iter().filter(|event| event.trackers.values().any(|owed| *owed == Owed::Owed));
    let expected: Vec<_> = owed.map(|event| (event.idx, event.id.as_str(), event.name.as_str())).collect();
    let found: Vec<_> = allowed.iter().map(|(idx, event)| (*idx, event.id(), event.name())).collect();
    assert_eq!(found, expected, "what is owed is what may leave");

    for (idx, checked) in allowed {
        event::judge(subject, checked);
        if subject.from_source.is_some() {
            let given = given(subject, *idx).expect("what was formed is JSON");
            changes::accounted(subject, checked, &given, &events[*idx as usize]);
        }
    }
}

/// What is told of an event: a name that is known, an id, and a reason for each tracker.
fn account(subject: &Subject<'_>, event: &OpenedEvent) {
    let rule = subject.policy.events.get(&event.name);
    assert!(
        rule.is_some() || [MALFORMED, NOT_ALLOWED, TOO_MANY].contains(&event.name.as_str()),
        "{}",
        event.name
    );
    let placed = event.id == format!("{}.{}", subject.payload.id, event.idx);
    assert!(placed || ::event::id::is_id(&event.id) && scrub(&event.id, None).is_none(), "{}", event.id);
    assert!(event.trackers.keys().map(String::as_str).eq({
        let mut names = trackers::NAMES;
        names.sort_unstable();
        names
    }));
    for (tracker, owed) in &event.trackers {
        let goes =
            rule.is_some_and(|rule| rule.trackers.as_ref().is_none_or(|trackers| trackers.contains(tracker)));
        match owed {
            Owed::Owed => {
                assert!(goes && subject.from_source != Some(false), "{tracker} gets {}", event.name)
            }
            Owed::Filtered(reason) => match reason.as_str() {
                "source" => assert_ne!(subject.from_source, Some(true)),
                "not_for_tracker" => assert!(rule.is_some() && !goes),
                "malformed" => assert_eq!(event.name, MALFORMED),
                "too_many" => assert_eq!(event.name, TOO_MANY),
                "not_allowed" => assert_eq!(event.name, NOT_ALLOWED),
                other => panic!("a reason {other}"),
            },
        }
    }
}

/// The event at a place of the body.
fn given(subject: &Subject<'_>, idx: u32) -> Option<Value> {
    // As the Worker reads it: half of an emoji is U+FFFD.
    let text = subject.payload.data.replace("\\ud83d", "\\ufffd");
    let body: Value = serde_json::from_str(&text).ok()?;
    Some(body.get("batch").map_or_else(|| body.clone(), |batch| batch[idx as usize].clone()))
}
