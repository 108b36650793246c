//! What of an event is kept, changed and dropped, and why.

use super::reason;
use allowlist::policy::nearest;
use allowlist::{Policy, scrub};
use event::wire::{NOT_ALLOWED, OpenedEvent};
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
    /// Its name, scrubbed; what stands for it where it has none.
    pub name: String,
    /// What was probably meant, where the allowlist does not have the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
    /// What some tracker may have as it was sent.
    pub kept: Vec<Kept>,
    /// What some tracker may have in another form.
    pub changed: Vec<Changed>,
    /// What no tracker gets.
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
    /// The field and the rule, as `deliveries.changes` tells them.
    #[serde(flatten)]
    pub change: Change,
    /// The rule in words.
    pub why: String,
    /// As it leaves. What was there is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// Explains an event that was opened. `checked` is what may leave of it, as it is handed over; `given` is its name, as
/// it was sent.
pub fn explain(
    policy: &Policy,
    opened: OpenedEvent,
    checked: Option<&Map<String, Value>>,
    given: Option<&str>,
) -> Explained {
    let mut leaves = checked.map(leaves).unwrap_or_default();
    let (mut changed, mut dropped) = (Vec::new(), Vec::new());
    for change in opened.changes {
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
    let is_unknown = opened.name == NOT_ALLOWED;
    let known: Vec<_> = policy.events.keys().map(String::as_str).collect();
    Explained {
        idx: opened.idx,
        id: opened.id,
        did_you_mean: given.filter(|_| is_unknown).and_then(|name| nearest(name, &known).map(str::to_owned)),
        name: match given {
            Some(name) if is_unknown => scrubbed(name),
            _ => opened.name,
        },
        kept: leaves,
        changed,
        dropped,
    }
}

fn scrubbed(name: &str) -> String {
    scrub::scrub(name, None).map_or_else(|| name.to_owned(), |scrubbed| scrubbed.text)
}

fn is_altered(rule: &Rule) -> bool {
    matches!(rule, Rule::Hashed { .. } | Rule::Scrubbed { .. } | Rule::Reduced)
}

/// Whether a change of `field` is of the value at `leaf`, or of items in it.
fn is_of(field: &str, leaf: &str) -> bool {
    field.strip_prefix(leaf).is_some_and(|rest| rest.is_empty() || rest.starts_with("[]"))
}

/// The values of a checked event, by the names that changes give them. An array is one value.
fn leaves(checked: &Map<String, Value>) -> Vec<Kept> {
    let mut leaves = Vec::new();
    for name in ["userId", "deviceId", "sessionId"] {
        if let Some(value) = checked.get(name) {
            leaves.push(Kept { field: name.to_owned(), value: value.clone() });
        }
    }
    if let Some(time) = checked.get("time").and_then(Value::as_i64) {
        leaves.push(Kept { field: "timestamp".to_owned(), value: Value::from(Millis(time).to_string()) });
    }
    for (name, value) in checked.get("page").and_then(Value::as_object).into_iter().flatten() {
        let is_of_request = matches!(name.as_str(), "ip" | "country" | "userAgent");
        let field = if is_of_request { name.clone() } else { format!("context.{name}") };
        leaves.push(Kept { field, value: value.clone() });
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
