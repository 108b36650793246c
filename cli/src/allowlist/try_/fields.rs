//! What of an event leaves under one policy and not under the other, or in another form. No value is told.

use crate::allowlist::explain::reason::token;
use allowlist::{Checked, Page, Policy};
use event::wire::{EVENT_PREFIX, OpenedEvent};
use event::{Change, Rule};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What is new about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// It leaves now.
    NewlyKept,
    /// It stays now.
    NewlyDropped,
    /// It leaves in another form.
    NewlyChanged,
    /// It stays, of an event that leaves now.
    StaysBehind,
}

/// One field of one event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldChange {
    pub what: What,
    /// As `deliveries.changes` has it.
    pub field: String,
    /// The rule by which it stays or is altered; of what leaves as it is the one by which it did not before.
    pub rule: Option<String>,
}

/// An event under one policy.
type Side<'a> = (&'a Policy, &'a Checked, &'a OpenedEvent);

/// What differs for one of `trackers` at least.
pub fn differing(old: Side<'_>, new: Side<'_>, trackers: &[&str]) -> Vec<FieldChange> {
    let mut found = BTreeSet::new();
    if old.1 != new.1 {
        compare(&leaves(old.1), &leaves(new.1), (&old.2.changes, &new.2.changes), &mut found);
    }
    if old.0.context != new.0.context {
        for tracker in trackers {
            let of = |(policy, event, _): Side<'_>| {
                event.for_tracker(policy, tracker).map(|event| page(event.page()))
            };
            let (Some(before), Some(after)) = (of(old), of(new)) else { continue };
            compare(&before, &after, (&old.2.changes, &new.2.changes), &mut found);
        }
    }
    found.into_iter().collect()
}

/// What stays behind of an event that leaves.
pub fn behind(event: &OpenedEvent) -> Vec<FieldChange> {
    let stays = event
        .changes
        .iter()
        .filter(|change| !is_altered(&change.rule) && !change.field.starts_with(EVENT_PREFIX));
    stays
        .map(|change| FieldChange {
            what: What::StaysBehind,
            field: change.field.clone(),
            rule: Some(token(&change.rule)),
        })
        .collect()
}

fn is_altered(rule: &Rule) -> bool {
    matches!(rule, Rule::Hashed { .. } | Rule::Scrubbed { .. } | Rule::Reduced)
}

fn compare(
    old: &BTreeMap<String, Value>,
    new: &BTreeMap<String, Value>,
    (before, after): (&[Change], &[Change]),
    found: &mut BTreeSet<FieldChange>,
) {
    let fields: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for field in fields {
        let (what, rule) = match (old.get(field), new.get(field)) {
            (None, Some(_)) => (What::NewlyKept, rule_of(before, field)),
            (Some(_), None) => (What::NewlyDropped, rule_of(after, field)),
            (Some(old), Some(new)) if old != new => {
                (What::NewlyChanged, rule_of(after, field).or_else(|| rule_of(before, field)))
            }
            _ => continue,
        };
        found.insert(FieldChange { what, field: field.clone(), rule });
    }
}

/// The rule that was applied to a field, to items in it or to what it is in.
fn rule_of(changes: &[Change], field: &str) -> Option<String> {
    let is_in = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let change = changes.iter().find(|change| {
        let told = !matches!(change.rule, Rule::More { .. });
        told && (is_in(&change.field, field) || is_in(field, &change.field))
    });
    change.map(|change| token(&change.rule))
}

/// Everything but the page, which differs by tracker. An array is one value.
fn leaves(event: &Checked) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    // The way to read what is the same for all trackers. Every value has a JSON form.
    let json = allowlist::hand_over(&[(0, event.clone())]).ok();
    let events: Vec<(u32, Map<String, Value>)> =
        json.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default();
    let Some((_, mut event)) = events.into_iter().next() else { return leaves };
    for name in ["userId", "deviceId", "sessionId"] {
        leaves.extend(event.remove(name).map(|value| (name.to_owned(), value)));
    }
    if let Some(properties) = event.remove("properties") {
        members("properties".to_owned(), properties, &mut leaves);
    }
    leaves
}

fn members(field: String, value: Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                members(format!("{field}.{name}"), value, leaves);
            }
        }
        value => {
            leaves.insert(field, value);
        }
    }
}

fn page(page: &Page) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    members("context".to_owned(), serde_json::to_value(page).unwrap_or_default(), &mut leaves);
    leaves
}
