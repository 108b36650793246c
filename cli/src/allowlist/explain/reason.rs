//! Rules and reasons in words. The allowlist's limits are told, values never.

use crate::allowlist::limits;
use allowlist::Policy;
use allowlist::policy::{EventRule, Kind, ValueRule, nearest};
use event::{Change, Rule};

/// Why something of an event was changed or dropped.
pub fn of_change(policy: &Policy, event: &str, change: &Change) -> String {
    let event = policy.events.get(event);
    // That there are too many items is told of them, and their most is the array's.
    let is_of_array = matches!(change.rule, Rule::TooMany);
    let of_array = change.field.strip_suffix("[]").filter(|_| is_of_array);
    let field = of_array.unwrap_or(&change.field);
    let rule = event.and_then(|event| rule_at(policy, event, field));
    let not = |what: &str| match rule {
        Some(rule) => format!("{what}; the allowlist has: {}", limits::values(&rule.kind)),
        None => what.to_owned(),
    };
    let why = match &change.rule {
        Rule::NotAllowed => {
            let meant = event.and_then(|event| meant(policy, event, &change.field));
            let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            format!("the allowlist does not name it{meant}")
        }
        Rule::WrongType => not("not of its type"),
        Rule::NotInEnum => not("not one of its values"),
        Rule::TooLong => not("too long"),
        Rule::OutOfRange => not("too small or too great"),
        Rule::NoMatch => not("not of its pattern"),
        Rule::TooMany => not("items past its most"),
        Rule::TooDeep => "arrays and objects lie too deep in it".to_owned(),
        Rule::Drop => "the allowlist lets it out to no tracker of the event".to_owned(),
        Rule::Hashed { found } if found.is_empty() => "as the allowlist says".to_owned(),
        Rule::Hashed { found } => format!("since it holds: {}", found.join(", ")),
        Rule::NoKey => "to be hashed, and there is no POLICY_HASH_KEY".to_owned(),
        Rule::Scrubbed { found } => format!("markers stand for: {}", found.join(", ")),
        Rule::Personal { found } => format!("it is, or holds: {}", found.join(", ")),
        Rule::Reduced => "of the address only what the allowlist lets out".to_owned(),
        Rule::Malformed => "not of the form that this field has".to_owned(),
        Rule::More { count } => format!("{count} more that are not told one by one"),
    };
    format!("{}: {why}", token(&change.rule))
}

/// What `deliveries.changes` calls a rule.
pub fn token(rule: &Rule) -> String {
    let json = serde_json::to_value(rule).unwrap_or_default();
    json["rule"].as_str().unwrap_or_default().to_owned()
}

/// Why an event does not go to a tracker.
pub fn of_filter(reason: &str) -> &'static str {
    match reason {
        "malformed" => "it is no event: an object with a text `event`, or `batch`, an array of them",
        "too_many" => "past the 1,000 events that are read of one payload",
        "source" => "neither the origin nor the write key is one of the allowlist's sources",
        "not_allowed" => "the allowlist does not have the event",
        "not_for_tracker" => "the event's `trackers` do not name this one",
        _ => "kept back",
    }
}

/// The rule of the value at `field`. Names may hold dots and brackets, so that only the policy can say where one ends.
fn rule_at<'p>(policy: &'p Policy, event: &'p EventRule, field: &str) -> Option<&'p ValueRule> {
    let rest = field.strip_prefix("properties.")?;
    names(policy, event)
        .find_map(|name| inside(&policy.property(event, name)?.value, rest.strip_prefix(name.as_str())?))
}

fn inside<'p>(rule: &'p ValueRule, rest: &str) -> Option<&'p ValueRule> {
    if rest.is_empty() {
        return Some(rule);
    }
    match &rule.kind {
        Kind::Array { items, .. } => inside(items, rest.strip_prefix("[]")?),
        Kind::Object { properties } => {
            let rest = rest.strip_prefix('.')?;
            properties.iter().find_map(|(name, rule)| inside(rule, rest.strip_prefix(name.as_str())?))
        }
        _ => None,
    }
}

/// The name of a property that somebody who wrote another one probably meant.
fn meant<'p>(policy: &'p Policy, event: &'p EventRule, field: &str) -> Option<&'p str> {
    let known: Vec<_> = names(policy, event).map(String::as_str).collect();
    nearest(field.strip_prefix("properties.")?, &known)
}

fn names<'p>(policy: &'p Policy, event: &'p EventRule) -> impl Iterator<Item = &'p String> {
    event.properties.keys().chain(policy.common.keys())
}
