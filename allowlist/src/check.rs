//! One event against its rule: what is built, and what was dropped or altered on the way.

use crate::allowed::{Allowed, Scalar};
use crate::page::{page, scrub_to};
use crate::parse::{Leaf, Members, RawEvent};
use crate::policy::{EventRule, Kind, PropertyRule, Treatment};
use crate::scrub::{Scrubbed, scrub};
use event::{Change, Context, Millis, Rule};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest user or device id that is let out, in bytes: Heap takes 255 characters of `identity`.
const MAX_ID: usize = 255;

/// Longest name of an unknown property in a [`Change`], in characters.
const MAX_UNKNOWN_NAME: usize = 64;

/// Most changes of an event that are told one by one.
const MAX_CHANGES: usize = 100;

/// Where an event stands: what is known of it besides its own members.
pub struct Place<'a> {
    pub id: String,
    pub received_at: Millis,
    pub context: &'a Context,
}

/// Builds the allowed event from the members that the rule names.
pub fn check(name: &str, rule: &EventRule, event: RawEvent, place: Place<'_>) -> (Allowed, Vec<Change>) {
    let mut changes = Vec::new();
    let timestamp = timestamp(&event.timestamp, &mut changes);
    let allowed = Allowed {
        id: place.id,
        name: name.to_owned(),
        time: event::time::event_time(place.received_at, place.context.sent_at.map(Millis), timestamp),
        user_id: person_id("userId", event.user_id, &mut changes),
        device_id: person_id("deviceId", event.device_id, &mut changes),
        session_id: session_id(event.session_id, &mut changes),
        page: page(&event.context, place.context, &mut changes),
        properties: properties(rule, event.properties, &mut changes),
    };
    let untold = changes.len().saturating_sub(MAX_CHANGES);
    if untold > 0 {
        changes.truncate(MAX_CHANGES);
        changes.push(Change { field: "properties".into(), rule: Rule::More { count: untold } });
    }
    (allowed, changes)
}

fn timestamp(value: &Leaf, changes: &mut Vec<Change>) -> Option<Millis> {
    if *value == Leaf::Absent {
        return None;
    }
    let millis = whole_number(value);
    if millis.is_none() {
        changes.push(Change { field: "timestamp".into(), rule: Rule::Malformed });
    }
    millis.map(Millis)
}

/// An id of a person or a device. Numbers count as their decimal text, since many user tables have them.
fn person_id(field: &str, value: Leaf, changes: &mut Vec<Change>) -> Option<String> {
    let mut drop = |rule| {
        changes.push(Change { field: field.to_owned(), rule });
        None
    };
    let id = match value {
        Leaf::Absent => return None,
        Leaf::Text(id) if id.is_empty() => return None,
        Leaf::Text(id) => id,
        Leaf::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return drop(Rule::WrongType),
    };
    if id.len() > MAX_ID {
        return drop(Rule::TooLong);
    }
    unless_personal(field, id, changes)
}

fn session_id(value: Leaf, changes: &mut Vec<Change>) -> Option<String> {
    let id = match value {
        Leaf::Absent => return None,
        Leaf::Number(number) if number.is_u64() => number.to_string(),
        Leaf::Text(id) if event::id::is_id(&id) => id,
        _ => {
            changes.push(Change { field: "sessionId".into(), rule: Rule::Malformed });
            return None;
        }
    };
    unless_personal("sessionId", id, changes)
}

fn unless_personal(field: &str, id: String, changes: &mut Vec<Change>) -> Option<String> {
    match scrub(&id) {
        Some(Scrubbed { found, .. }) => {
            changes.push(Change { field: field.to_owned(), rule: Rule::Personal { found } });
            None
        }
        None => Some(id),
    }
}

fn properties(rule: &EventRule, value: Members, changes: &mut Vec<Change>) -> BTreeMap<String, Scalar> {
    let mut properties = BTreeMap::new();
    let (given, skipped) = match value {
        Members::Absent => return properties,
        Members::Object(given, skipped) => (given, skipped),
        Members::NoObject => {
            changes.push(Change { field: "properties".into(), rule: Rule::WrongType });
            return properties;
        }
    };
    if skipped > 0 {
        changes.push(Change { field: "properties".into(), rule: Rule::More { count: skipped } });
    }
    for (name, value) in given {
        let Some(rule) = rule.properties.get(&name) else {
            changes.push(Change { field: unknown_field(&name), rule: Rule::NotAllowed });
            continue;
        };
        match property(rule, &value) {
            Ok((value, altered)) => {
                if let Some(rule) = altered {
                    changes.push(Change { field: format!("properties.{name}"), rule });
                }
                properties.insert(name, value);
            }
            Err(rule) => changes.push(Change { field: format!("properties.{name}"), rule }),
        }
    }
    properties
}

/// The value as it may leave and how it was altered, or the rule under which it stays.
fn property(rule: &PropertyRule, value: &Leaf) -> Result<(Scalar, Option<Rule>), Rule> {
    let scalar = match (&rule.kind, value) {
        (Kind::String { max_length }, Leaf::Text(text)) => {
            if text.chars().count() > *max_length as usize {
                return Err(Rule::TooLong);
            }
            Scalar::Text(text.clone())
        }
        (Kind::Enum { values }, Leaf::Text(text)) => {
            if !values.contains(text) {
                return Err(Rule::NotInEnum);
            }
            Scalar::Text(text.clone())
        }
        (Kind::Boolean, Leaf::Boolean(value)) => Scalar::Boolean(*value),
        (Kind::Integer, value) => Scalar::Integer(whole_number(value).ok_or(Rule::WrongType)?),
        (Kind::Number, value @ Leaf::Number(number)) => {
            let float = number.as_f64().filter(|float| float.is_finite()).ok_or(Rule::WrongType)?;
            number.as_i64().or_else(|| whole_number(value)).map_or(Scalar::Number(float), Scalar::Integer)
        }
        _ => return Err(Rule::WrongType),
    };
    match rule.treatment {
        Treatment::Drop => Err(Rule::Drop),
        Treatment::Keep => Ok((scalar, None)),
        Treatment::Scrub => scrubbed(scalar, &rule.kind),
    }
}

/// Text loses what was found in it, and what the markers then make too long; a number in which a card number is
/// found cannot lose a part and stays.
fn scrubbed(scalar: Scalar, kind: &Kind) -> Result<(Scalar, Option<Rule>), Rule> {
    let text = match &scalar {
        Scalar::Text(text) => Cow::Borrowed(text.as_str()),
        // Every card number fits, and `4111111111111111.0` is an integer, too.
        Scalar::Integer(number) => Cow::Owned(number.to_string()),
        Scalar::Number(_) | Scalar::Boolean(_) => return Ok((scalar, None)),
    };
    match (scrub(&text), kind) {
        (None, _) => Ok((scalar, None)),
        (Some(Scrubbed { text, found }), Kind::String { max_length }) => {
            let text = text.chars().take(*max_length as usize).collect();
            Ok((Scalar::Text(text), Some(Rule::Scrubbed { found })))
        }
        (Some(Scrubbed { found, .. }), _) => Err(Rule::Personal { found }),
    }
}

/// A whole number that every JSON reader takes for the same one (RFC 8259, section 6); `1.0` is one.
fn whole_number(value: &Leaf) -> Option<i64> {
    const MAX_SAFE: i64 = (1 << 53) - 1;
    let Leaf::Number(number) = value else { return None };
    let whole = match number.as_i64() {
        Some(whole) => whole,
        None => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            // The cast saturates, and what saturated fails the bound.
            float as i64
        }
    };
    (-MAX_SAFE..=MAX_SAFE).contains(&whole).then_some(whole)
}

/// A property's name that nobody reviewed may itself hold personal data.
fn unknown_field(name: &str) -> String {
    format!("properties.{}", scrub_to(name, MAX_UNKNOWN_NAME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn leaf(value: &Value) -> Leaf {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn checked(kind: Kind, value: &Value) -> Result<Scalar, Rule> {
        let treatment = Treatment::Scrub;
        property(&PropertyRule { kind, treatment, column: None }, &leaf(value)).map(|(value, _)| value)
    }

    #[test]
    fn numbers_are_taken_as_real_clients_send_them() {
        let integer = |value| checked(Kind::Integer, &value);
        assert_eq!(integer(json!(1.0)), Ok(Scalar::Integer(1)));
        assert_eq!(integer(json!(-0.0)), Ok(Scalar::Integer(0)));
        assert_eq!(integer(json!(9_007_199_254_740_991_i64)), Ok(Scalar::Integer(9_007_199_254_740_991)));
        for value in [json!(9_007_199_254_740_992_i64), json!(1.5), json!(1e300), json!("1"), json!(null)] {
            assert_eq!(integer(value.clone()), Err(Rule::WrongType), "{value}");
        }
        assert_eq!(checked(Kind::Number, &json!(2.75)), Ok(Scalar::Number(2.75)));
        assert_eq!(checked(Kind::Number, &json!(2)), Ok(Scalar::Integer(2)));
        assert_eq!(checked(Kind::Number, &json!("2")), Err(Rule::WrongType));
        assert_eq!(checked(Kind::Boolean, &json!(0)), Err(Rule::WrongType));
    }

    #[test]
    fn text_is_bounded_in_characters_and_not_in_bytes() {
        let kind = || Kind::String { max_length: 3 };
        assert_eq!(checked(kind(), &json!("äöü")), Ok(Scalar::Text("äöü".into())));
        assert_eq!(checked(kind(), &json!("äöüß")), Err(Rule::TooLong));
        let kind = Kind::Enum { values: vec!["free".into()] };
        assert_eq!(checked(kind.clone(), &json!("free")), Ok(Scalar::Text("free".into())));
        assert_eq!(checked(kind, &json!("Free")), Err(Rule::NotInEnum));
    }

    #[test]
    fn a_text_that_markers_make_longer_is_cut() {
        let text = json!("a@b.cd,".repeat(9));
        let Ok(Scalar::Text(text)) = checked(Kind::String { max_length: 64 }, &text) else {
            panic!("a text")
        };
        assert_eq!(text.chars().count(), 64);
    }

    #[test]
    fn ids_may_be_numbers_and_are_nobodys_address() {
        let id = |value: Value| {
            let mut changes = Vec::new();
            (person_id("userId", leaf(&value), &mut changes), changes.pop().map(|change| change.rule))
        };
        assert_eq!(id(json!(42)), (Some("42".into()), None));
        assert_eq!(id(json!("")), (None, None));
        assert_eq!(id(json!(null)), (None, None));
        assert_eq!(id(json!(1.5)), (None, Some(Rule::WrongType)));
        assert_eq!(id(json!("x".repeat(255))).1, None);
        assert_eq!(id(json!("x".repeat(256))), (None, Some(Rule::TooLong)));
        let found = vec!["email".to_owned()];
        assert_eq!(id(json!("ada@example.com")), (None, Some(Rule::Personal { found })));
    }

    #[test]
    fn a_number_that_is_a_card_stays() {
        let found = vec!["card".to_owned()];
        for kind in [Kind::Integer, Kind::Number] {
            let card = json!(4_111_111_111_111_111_i64);
            for card in [card, json!(4_111_111_111_111_111.0)] {
                assert_eq!(checked(kind.clone(), &card), Err(Rule::Personal { found: found.clone() }));
            }
            assert_eq!(checked(kind, &json!(1_793_534_400_000_i64)), Ok(Scalar::Integer(1_793_534_400_000)));
        }
        let mut changes = Vec::new();
        assert_eq!(session_id(leaf(&json!("4111111111111111")), &mut changes), None);
        assert_eq!(session_id(leaf(&json!("1793534400000")), &mut changes).as_deref(), Some("1793534400000"));
    }

    #[test]
    fn an_unknown_name_is_told_scrubbed_and_cut() {
        assert_eq!(unknown_field("of ada@example.com"), "properties.of [email]");
        assert_eq!(unknown_field(&"ä".repeat(65)), format!("properties.{}", "ä".repeat(64)));
    }
}
