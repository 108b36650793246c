//! Whether a property's value is one that its rule permits.

use allowlist::PropertyValue;
use allowlist::policy::{Kind, Treatment, ValueRule};
use allowlist::scrub::scrub;

/// Why a value under a name is not permitted.
pub fn fault(rule: &ValueRule, name: &str, value: &PropertyValue) -> Option<String> {
    let is = |permitted: bool| (!permitted).then(|| format!("{value:?} under {rule:?}"));
    match (rule.treatment, value) {
        (Treatment::Drop, _) => return is(false),
        (Treatment::Hash, PropertyValue::Text(text)) => return is(is_hash(text)),
        (Treatment::Hash, _) => return is(false),
        _ => {}
    }
    let clean = |text: &str| rule.treatment != Treatment::Scrub || scrub(text, Some(name)).is_none();
    match (&rule.kind, value) {
        (Kind::String { max_length, pattern }, PropertyValue::Text(text)) => {
            let fits = pattern.as_ref().is_none_or(|pattern| pattern.matches(text));
            is(text.chars().count() <= *max_length as usize && fits && clean(text))
        }
        (Kind::Enum { values }, PropertyValue::Text(text)) => is(values.contains(text)),
        (Kind::Boolean, PropertyValue::Boolean(_)) => None,
        (Kind::Integer { min, max }, PropertyValue::Integer(number)) => {
            let safe = number.unsigned_abs() < 1 << 53;
            let within = min.is_none_or(|min| *number >= min) && max.is_none_or(|max| *number <= max);
            is(safe && within && clean(&number.to_string()))
        }
        (Kind::Number { min, max }, PropertyValue::Integer(number)) => {
            is(is_within(*number as f64, *min, *max) && clean(&number.to_string()))
        }
        (Kind::Number { min, max }, PropertyValue::Number(number)) => {
            is(number.is_finite() && is_within(*number, *min, *max) && clean(&json(value)))
        }
        (Kind::Array { items, max_items }, PropertyValue::List(list)) => {
            let inside = list.iter().find_map(|item| fault(items, name, item));
            inside.or_else(|| is(list.len() <= *max_items as usize))
        }
        (Kind::Object { properties }, PropertyValue::Object(members)) => {
            members.iter().find_map(|(name, value)| match properties.get(name) {
                Some(rule) => fault(rule, name, value),
                None => Some(format!("no member {name}")),
            })
        }
        _ => is(false),
    }
}

pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_within(number: f64, min: Option<f64>, max: Option<f64>) -> bool {
    min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max)
}

fn json(value: &PropertyValue) -> String {
    serde_json::to_string(value).expect("every value has a JSON form")
}
