//! Whether what is told of an event's changes holds names alone, and tells of everything that did not leave.

use crate::body::MARK;
use crate::subject::Subject;
use allowlist::Checked;
use allowlist::scrub::{Kind, scrub};
use event::wire::{EVENT_PREFIX, NOT_ALLOWED, OpenedEvent};
use event::{Change, Rule};
use serde_json::Value;

/// Longest name that nobody reviewed, in characters.
const MAX_UNKNOWN_NAME: usize = 64;

const FIELDS: [&str; 12] = [
    "eventId",
    "userId",
    "deviceId",
    "sessionId",
    "timestamp",
    "properties",
    "userAgent",
    "context.url",
    "context.referrer",
    "context.title",
    "context.locale",
    "context.screen",
];

pub fn judge(subject: &Subject<'_>, event: &OpenedEvent) {
    for Change { field, rule } in &event.changes {
        let unknown_event = field.starts_with(EVENT_PREFIX) && event.name == NOT_ALLOWED;
        let known = unknown_event || FIELDS.contains(&field.as_str()) || field.starts_with("properties.");
        let marked = subject.from_source.is_some() && field.contains(MARK);
        assert!(known && !marked, "a change of {field:?}");
        if *rule == Rule::NotAllowed && subject.from_source.is_some() {
            // Names of the policies have no `.`; what stands behind the last known one is not reviewed.
            let unknown = unreviewed(subject, field);
            assert!(unknown.chars().count() <= MAX_UNKNOWN_NAME, "{unknown:?} is long");
            assert_eq!(scrub(unknown, None), None, "{unknown:?} is told");
        }
        if let Rule::Hashed { found } | Rule::Scrubbed { found } | Rule::Personal { found } = rule {
            let kinds = Kind::ALL.map(Kind::name);
            assert!(
                found.iter().all(|kind| kinds.contains(&kind.as_str())) && found.is_sorted(),
                "{found:?}"
            );
        }
    }
}

/// What is left of a place without the members that the policy names.
fn unreviewed<'f>(subject: &Subject<'_>, field: &'f str) -> &'f str {
    if let Some(name) = field.strip_prefix(EVENT_PREFIX) {
        return name;
    }
    let mut names: Vec<&str> = Vec::new();
    let of_events = subject.policy.events.values().flat_map(|rule| &rule.properties);
    for (name, rule) in subject.policy.common.iter().chain(of_events) {
        names.push(name);
        members(&rule.value, &mut names);
    }
    let mut rest = field.strip_prefix("properties.").unwrap_or(field);
    while let Some((name, more)) = rest.split_once(['.', '['])
        && names.contains(&name)
    {
        rest = more.strip_prefix("].").unwrap_or(more);
    }
    rest
}

fn members<'r>(rule: &'r allowlist::policy::ValueRule, names: &mut Vec<&'r str>) {
    use allowlist::policy::Kind;
    match &rule.kind {
        Kind::Array { items, .. } => members(items, names),
        Kind::Object { properties } => {
            for (name, rule) in properties {
                names.push(name);
                members(rule, names);
            }
        }
        _ => {}
    }
}

/// Every property that was given leaves, or is told of, or is counted.
pub fn accounted(subject: &Subject<'_>, checked: &Checked, given: &Value, event: &OpenedEvent) {
    if event.changes.iter().any(|change| matches!(change.rule, Rule::More { .. })) {
        return;
    }
    let Some(properties) = given.get("properties").and_then(Value::as_object) else { return };
    let rule = &subject.policy.events[checked.name()];
    let policy = subject.policy;
    let mut unknown = 0;
    for name in properties.keys() {
        let Some(rule) = rule.properties.get(name).or_else(|| policy.common.get(name)) else {
            unknown += 1;
            continue;
        };
        let leaves = trackers::NAMES
            .into_iter()
            .filter_map(|tracker| Some((tracker, checked.for_tracker(policy, tracker)?)));
        let mut leaves = leaves.map(|(tracker, allowed)| {
            allowed.properties().contains_key(rule.rename.get(tracker).unwrap_or(name))
        });
        let told = event.changes.iter().any(|change| change.field == format!("properties.{name}"));
        assert!(leaves.all(|leaves| leaves) || told, "nothing is told of {name:?}");
    }
    let told = event.changes.iter().filter(|change| change.rule == Rule::NotAllowed).count();
    assert!(told >= unknown, "{unknown} names are unknown and {told} are told");
}
