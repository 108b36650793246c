//! What values a rule takes and what becomes of them, in words.

use allowlist::policy::{Kind, Treatment, ValueRule};
use std::fmt::Display;

/// Such as `string, at most 64 characters` or `integer, 1 or more`.
pub fn values(kind: &Kind) -> String {
    match kind {
        Kind::String { max_length, pattern: None } => format!("string, at most {max_length} characters"),
        Kind::String { max_length, pattern: Some(pattern) } => {
            format!("string, at most {max_length} characters, of the pattern {}", pattern.source())
        }
        Kind::Number { min, max } => format!("number{}", range(min.as_ref(), max.as_ref())),
        Kind::Integer { min, max } => format!("integer{}", range(min.as_ref(), max.as_ref())),
        Kind::Boolean => "true or false".to_owned(),
        Kind::Enum { values } => {
            let values: Vec<_> = values.iter().map(|value| format!("{value:?}")).collect();
            format!("one of {}", values.join(", "))
        }
        Kind::Array { max_items, .. } => format!("array, at most {max_items} items"),
        Kind::Object { .. } => "object".to_owned(),
    }
}

fn range(min: Option<&impl Display>, max: Option<&impl Display>) -> String {
    match (min, max) {
        (None, None) => String::new(),
        (Some(min), None) => format!(", {min} or more"),
        (None, Some(max)) => format!(", at most {max}"),
        (Some(min), Some(max)) => format!(", from {min} to {max}"),
    }
}

/// What becomes of a value that is not simply kept or scrubbed.
pub fn treatment(rule: &ValueRule) -> Option<&'static str> {
    match rule.treatment {
        Treatment::Keep | Treatment::Scrub => None,
        Treatment::Hash => Some("leaves hashed"),
        Treatment::Drop => Some("stays in the warehouse"),
    }
}
