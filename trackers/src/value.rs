//! JSON that several vendors write alike.

use allowlist::Scalar;
use serde_json::{Map, Value};

/// A property's value; a text of more than `max` characters is cut.
pub fn value(scalar: &Scalar, max: usize) -> Value {
    match scalar {
        Scalar::Boolean(value) => Value::from(*value),
        Scalar::Integer(value) => Value::from(*value),
        Scalar::Number(value) => Value::from(*value),
        Scalar::Text(text) => Value::from(first_chars(text, max)),
    }
}

/// The same for vendors that know numbers and texts only.
pub fn number_or_text(scalar: &Scalar, max: usize) -> Value {
    match scalar {
        Scalar::Boolean(value) => Value::from(value.to_string()),
        other => value(other, max),
    }
}

/// The first `max` characters of a text.
pub fn first_chars(text: &str, max: usize) -> &str {
    // A character has a byte at least.
    if text.len() <= max {
        return text;
    }
    text.char_indices().nth(max).map_or(text, |(end, _)| &text[..end])
}

/// Whether a text has more than `max` characters.
pub fn is_longer(text: &str, max: usize) -> bool {
    first_chars(text, max).len() < text.len()
}

/// Adds a member where there is a text for it. An empty one is as good as none.
pub fn put(object: &mut Map<String, Value>, name: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        object.insert(name.to_owned(), Value::from(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(first_chars("aé漢🦀", 3), "aé漢");
        assert_eq!(first_chars("aé漢🦀", 4), "aé漢🦀");
        assert_eq!(first_chars("a", 0), "");
        assert!(is_longer("éé", 1) && !is_longer("éé", 2));
    }
}
