//! What of an event is kept, changed and dropped, and why.

use super::{page, reason};
use allowlist::policy::nearest;
use allowlist::{Page, Policy};
use event::wire::{EVENT_PREFIX, OpenedEvent};
use event::{Change, Millis, Rule};
use serde::Serialize;
use serde_json::{Map, Value};

/// One event of the payload.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// Its place in the payload.
    pub idx: u32,
    /// Its own id, or the payload's and its place.
    pub id: String,
    /// Its name, scrubbed; what stands for it where it has none, or its sender may not send.
    pub name: String,
    /// What was probably meant, where the allowlist does not have the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
    /// What some tracker of it has as it was sent.
    pub kept: Vec<Kept>,
    /// What some tracker of it has in another form.
    pub changed: Vec<Changed>,
    /// What no tracker of it gets.
    pub dropped: Vec<Changed>,
}

/// A value that leaves.
#[derive(Debug, Serialize)]
pub struct Kept {
    /// Where it is: `properties.address.city`, `userId`, `context.url`.
    pub field: String,
    /// As it leaves.
    pub value: Value,
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Changed {
    /// The field and the rule, as `deliveries.changes` tells them. That does not tell of what other trackers may have.
    #[serde(flatten)]
    pub change: Change,
    /// The rule in words.
    pub why: String,
    /// As it leaves. What was there is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// What may leave of an event that is owed to some tracker.
pub struct Leaving<'a> {
    /// The event as it is handed over, for whichever tracker.
    pub checked: Map<String, Value>,
    /// The page as each of its trackers has it.
    pub pages: Vec<Page>,
    /// The browser's address, before the allowlist.
    pub given_ip: Option<&'a str>,
}

/// Explains an event that was opened.
pub fn explain(policy: &Policy, opened: OpenedEvent, leaving: Option<Leaving<'_>>) -> Explained {
    let mut changes = opened.changes;
    let mut leaves = leaving.map(|leaving| leaves(&leaving, &mut changes)).unwrap_or_default();
    // The account's form of the name is the scrubbed one.
    let unknown =
        changes.iter().find_map(|change| change.field.strip_prefix(EVENT_PREFIX)).map(str::to_owned);
    let (mut changed, mut dropped) = (Vec::new(), Vec::new());
    for change in changes {
        let why = reason::of_change(policy, &opened.name, &change);
        if is_altered(&change.rule) {
            let place = leaves.iter().position(|kept| is_of(&change.field, &kept.field));
            let value = place.map(|place| leaves[place].value.clone());
            changed.push(Changed { change, why, value });
        } else {
            dropped.push(Changed { change, why, value: None });
        }
    }
    leaves.retain(|kept| !changed.iter().any(|changed| is_of(&changed.change.field, &kept.field)));
    let known: Vec<_> = policy.events.keys().map(String::as_str).collect();
    Explained {
        idx: opened.idx,
        id: opened.id,
        did_you_mean: unknown.as_deref().and_then(|name| nearest(name, &known).map(str::to_owned)),
        name: unknown.unwrap_or(opened.name),
        kept: leaves,
        changed,
        dropped,
    }
}

fn is_altered(rule: &Rule) -> bool {
    matches!(rule, Rule::Hashed { .. } | Rule::Scrubbed { .. } | Rule::Reduced)
}

/// Whether a change of `field` is of the value at `leaf`, or of items in it.
fn is_of(field: &str, leaf: &str) -> bool {
    field.strip_prefix(leaf).is_some_and(|rest| rest.is_empty() || rest.starts_with("[]"))
}

/// What leaves, by the names that changes give it. An array is one value.
fn leaves(leaving: &Leaving<'_>, changes: &mut Vec<Change>) -> Vec<Kept> {
    let checked = &leaving.checked;
    let mut leaves = Vec::new();
    for name in ["userId", "deviceId", "sessionId"] {
        if let Some(value) = checked.get(name) {
            leaves.push(Kept { field: name.to_owned(), value: value.clone() });
        }
    }
    if let Some(time) = checked.get("time").and_then(Value::as_i64) {
        leaves.push(Kept { field: "timestamp".to_owned(), value: Value::from(Millis(time).to_string()) });
    }
    if let Some(page) = checked.get("page") {
        leaves.extend(page::leaves(page, &leaving.pages, leaving.given_ip, changes));
    }
    if let Some(properties) = checked.get("properties") {
        members("properties", properties, &mut leaves);
    }
    leaves
}

fn members(field: &str, value: &Value, leaves: &mut Vec<Kept>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                members(&format!("{field}.{name}"), value, leaves);
            }
        }
        value => leaves.push(Kept { field: field.to_owned(), value: value.clone() }),
    }
}
