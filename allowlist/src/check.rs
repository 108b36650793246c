//! One event against its rule: what is built, and what was dropped or altered on the way.

use crate::allowed::{Allowed, Page, Scalar};
use crate::policy::{EventRule, Kind, PropertyRule, Treatment};
use crate::reduce;
use crate::scrub::{Scrubbed, scrub};
use event::{Change, Context, Millis, Rule};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Longest user or device id that is let out, in bytes: Heap takes 255 characters of `identity`.
const MAX_ID: usize = 255;

/// Longest name of an unknown property in a [`Change`], in characters.
const MAX_UNKNOWN_NAME: usize = 64;

/// Longest page title, in characters: GA4 takes 300.
const MAX_TITLE: usize = 300;

/// Longest user agent, in characters.
const MAX_USER_AGENT: usize = 512;

/// Where an event stands: what is known of it besides its own members.
pub struct Place<'a> {
    pub id: String,
    pub received_at: Millis,
    pub context: &'a Context,
}

/// Builds the allowed event from the members that the rule names.
pub fn check(
    name: &str,
    rule: &EventRule,
    event: &Map<String, Value>,
    place: Place<'_>,
) -> (Allowed, Vec<Change>) {
    let mut changes = Vec::new();
    let timestamp = timestamp(event.get("timestamp"), &mut changes);
    let client = event.get("context").and_then(Value::as_object);
    let allowed = Allowed {
        id: place.id,
        name: name.to_owned(),
        time: event::time::event_time(place.received_at, place.context.sent_at.map(Millis), timestamp),
        user_id: person_id("userId", event.get("userId"), &mut changes),
        device_id: person_id("deviceId", event.get("deviceId"), &mut changes),
        session_id: session_id(event.get("sessionId"), &mut changes),
        properties: properties(rule, event.get("properties"), &mut changes),
        page: page(client, place.context, &mut changes),
    };
    (allowed, changes)
}

fn timestamp(value: Option<&Value>, changes: &mut Vec<Change>) -> Option<Millis> {
    let value = value.filter(|value| !value.is_null())?;
    match whole_number(value) {
        Some(millis) => Some(Millis(millis)),
        None => {
            changes.push(Change { field: "timestamp".into(), rule: Rule::Malformed });
            None
        }
    }
}

/// An id of a person or a device. Numbers count as their decimal text, since many user tables have them.
fn person_id(field: &str, value: Option<&Value>, changes: &mut Vec<Change>) -> Option<String> {
    let mut drop = |rule| {
        changes.push(Change { field: field.to_owned(), rule });
        None
    };
    let id = match value? {
        Value::Null => return None,
        Value::String(id) if id.is_empty() => return None,
        Value::String(id) => id.clone(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return drop(Rule::WrongType),
    };
    if id.len() > MAX_ID {
        return drop(Rule::TooLong);
    }
    unless_personal(field, id, changes)
}

fn session_id(value: Option<&Value>, changes: &mut Vec<Change>) -> Option<String> {
    let id = match value? {
        Value::Null => return None,
        Value::Number(number) if number.is_u64() => number.to_string(),
        Value::String(id) if event::id::is_id(id) => id.clone(),
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

fn properties(
    rule: &EventRule,
    value: Option<&Value>,
    changes: &mut Vec<Change>,
) -> BTreeMap<String, Scalar> {
    let mut properties = BTreeMap::new();
    let given = match value {
        None | Some(Value::Null) => return properties,
        Some(Value::Object(given)) => given,
        Some(_) => {
            changes.push(Change { field: "properties".into(), rule: Rule::WrongType });
            return properties;
        }
    };
    for (name, value) in given {
        let Some(rule) = rule.properties.get(name) else {
            changes.push(Change { field: unknown_field(name), rule: Rule::NotAllowed });
            continue;
        };
        match property(rule, value) {
            Ok((value, None)) => {
                properties.insert(name.clone(), value);
            }
            Ok((value, Some(altered))) => {
                changes.push(Change { field: format!("properties.{name}"), rule: altered });
                properties.insert(name.clone(), value);
            }
            Err(dropped) => changes.push(Change { field: format!("properties.{name}"), rule: dropped }),
        }
    }
    properties
}

/// The value as it may leave and how it was altered, or the rule under which it stays.
fn property(rule: &PropertyRule, value: &Value) -> Result<(Scalar, Option<Rule>), Rule> {
    let scalar = match (&rule.kind, value) {
        (Kind::String { max_length }, Value::String(text)) => {
            if text.chars().count() > *max_length as usize {
                return Err(Rule::TooLong);
            }
            Scalar::Text(text.clone())
        }
        (Kind::Enum { values }, Value::String(text)) => {
            if !values.contains(text) {
                return Err(Rule::NotInEnum);
            }
            Scalar::Text(text.clone())
        }
        (Kind::Boolean, Value::Bool(value)) => Scalar::Boolean(*value),
        (Kind::Integer, value) => Scalar::Integer(whole_number(value).ok_or(Rule::WrongType)?),
        (Kind::Number, value @ Value::Number(number)) => {
            let float = number.as_f64().filter(|float| float.is_finite()).ok_or(Rule::WrongType)?;
            number.as_i64().or_else(|| whole_number(value)).map_or(Scalar::Number(float), Scalar::Integer)
        }
        _ => return Err(Rule::WrongType),
    };
    match rule.treatment {
        Treatment::Drop => Err(Rule::Drop),
        Treatment::Keep => Ok((scalar, None)),
        Treatment::Scrub => scrubbed(scalar),
    }
}

/// Text loses what was found in it; a number in which a card number is found cannot lose a part and stays.
fn scrubbed(scalar: Scalar) -> Result<(Scalar, Option<Rule>), Rule> {
    match scalar {
        Scalar::Text(text) => Ok(match scrub(&text) {
            Some(Scrubbed { text, found }) => (Scalar::Text(text), Some(Rule::Scrubbed { found })),
            None => (Scalar::Text(text), None),
        }),
        // Every card number fits, and `4111111111111111.0` is an integer, too.
        Scalar::Integer(number) => match scrub(&number.to_string()) {
            Some(Scrubbed { found, .. }) => Err(Rule::Personal { found }),
            None => Ok((scalar, None)),
        },
        Scalar::Number(_) | Scalar::Boolean(_) => Ok((scalar, None)),
    }
}

/// A whole number that every JSON reader takes for the same one (RFC 8259, section 6); `1.0` is one.
fn whole_number(value: &Value) -> Option<i64> {
    const MAX_SAFE: i64 = (1 << 53) - 1;
    let number = value.as_number()?;
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
    format!("properties.{}", scrubbed_to(name, MAX_UNKNOWN_NAME))
}

fn page(client: Option<&Map<String, Value>>, server: &Context, changes: &mut Vec<Change>) -> Page {
    let mut field = |name: &str, reduce: fn(&str) -> Option<String>| {
        let text = client?.get(name)?.as_str().filter(|text| !text.is_empty())?;
        let reduced = reduce(text);
        if reduced.as_deref() != Some(text) {
            let rule = if reduced.is_some() { Rule::Reduced } else { Rule::Malformed };
            changes.push(Change { field: format!("context.{name}"), rule });
        }
        reduced
    };
    Page {
        url: field("url", reduce::url),
        referrer: field("referrer", reduce::referrer),
        title: field("title", title),
        locale: field("locale", reduce::locale),
        screen: field("screen", reduce::screen),
        ip: server.ip.clone(),
        country: server.country.clone(),
        user_agent: server.user_agent.as_deref().map(|agent| scrubbed_to(agent, MAX_USER_AGENT)),
    }
}

fn title(text: &str) -> Option<String> {
    Some(scrubbed_to(text, MAX_TITLE))
}

/// Scrubbed, then cut to so many characters: cut first, half an address might pass for none.
fn scrubbed_to(text: &str, length: usize) -> String {
    let scrubbed = scrub(text).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text);
    scrubbed.chars().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(kind: Kind, value: &Value) -> Result<Scalar, Rule> {
        let treatment = Treatment::Scrub;
        property(&PropertyRule { kind, treatment, column: None }, value).map(|(value, _)| value)
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
    fn ids_may_be_numbers_and_are_nobodys_address() {
        let id = |value: Value| {
            let mut changes = Vec::new();
            (person_id("userId", Some(&value), &mut changes), changes.pop().map(|change| change.rule))
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
        assert_eq!(session_id(Some(&json!("4111111111111111")), &mut changes), None);
        assert_eq!(session_id(Some(&json!("1793534400000")), &mut changes).as_deref(), Some("1793534400000"));
    }

    #[test]
    fn an_unknown_name_is_told_scrubbed_and_cut() {
        assert_eq!(unknown_field("of ada@example.com"), "properties.of [email]");
        assert_eq!(unknown_field(&"ä".repeat(65)), format!("properties.{}", "ä".repeat(64)));
    }
}
