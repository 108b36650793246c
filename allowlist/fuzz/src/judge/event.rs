//! Whether an event that leaves holds nothing but what its policy permits, for each tracker.

use super::page;
use super::value::{fault, is_hash};
use crate::subject::{NOW, Subject};
use allowlist::policy::{EventRule, PropertyRule, Treatment};
use allowlist::scrub::scrub;
use allowlist::{Allowed, Checked};

/// No event is older, in milliseconds.
const MAX_AGE: i64 = 30 * 24 * 60 * 60 * 1000;

/// Longest id of a person or device, in bytes.
const MAX_ID: usize = 255;

pub fn judge(subject: &Subject<'_>, checked: &Checked) {
    let policy = subject.policy;
    let rule = policy.events.get(checked.name()).expect("the policy names the event");
    for tracker in trackers::NAMES {
        let goes = rule.trackers.as_ref().is_none_or(|trackers| trackers.iter().any(|one| one == tracker));
        let allowed = checked.for_tracker(policy, tracker);
        assert_eq!(allowed.is_some(), goes, "{tracker}");
        let Some(allowed) = allowed else { continue };
        assert_eq!((allowed.id(), allowed.name()), (checked.id(), checked.name()));
        assert!((NOW - MAX_AGE..=NOW).contains(&allowed.time().0), "{:?}", allowed.time());
        ids(subject, &allowed);
        properties(subject, rule, tracker, &allowed);
        page::judge(policy.context.of(tracker), allowed.page());
    }
}

fn properties(subject: &Subject<'_>, event: &EventRule, tracker: &str, allowed: &Allowed) {
    let common = subject.policy.common.iter().filter(|(name, _)| !event.properties.contains_key(*name));
    let rules: Vec<(&String, &PropertyRule)> = event.properties.iter().chain(common).collect();
    for (called, value) in allowed.properties() {
        let mut named =
            rules.iter().filter(|(name, rule)| rule.rename.get(tracker).unwrap_or(name) == called);
        let (Some((name, rule)), None) = (named.next(), named.next()) else {
            panic!("{tracker} calls none or several `{called}`");
        };
        assert_eq!(fault(&rule.value, name, value), None, "{called} for {tracker}");
    }
}

fn ids(subject: &Subject<'_>, allowed: &Allowed) {
    let identity = &subject.policy.identity;
    let ids = [
        ("userId", allowed.user_id(), identity.user_id),
        ("deviceId", allowed.device_id(), identity.device_id),
    ];
    for (name, id, treatment) in ids {
        let Some(id) = id else { continue };
        let permitted = match treatment {
            Treatment::Drop => false,
            Treatment::Keep => id.len() <= MAX_ID,
            Treatment::Hash => subject.has_key && is_hash(id),
            Treatment::Scrub => {
                let hashed = name == "userId" && subject.has_key && is_hash(id);
                hashed || id.len() <= MAX_ID && scrub(id, Some(name)).is_none()
            }
        };
        assert!(permitted && !id.is_empty(), "{name} {id:?} under {treatment:?}");
    }
    if let Some(id) = allowed.session_id() {
        assert!(event::id::is_id(id) && scrub(id, Some("sessionId")).is_none(), "{id:?}");
    }
}
