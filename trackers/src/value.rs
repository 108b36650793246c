//! JSON that several vendors write alike.

use allowlist::PropertyValue;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A property's value; texts of more than `max` characters are cut.
pub fn value(value: &PropertyValue, max: usize) -> Value {
    let inside = |inside: &PropertyValue| self::value(inside, max);
    match value {
        PropertyValue::Boolean(value) => Value::from(*value),
        PropertyValue::Integer(value) => Value::from(*value),
        PropertyValue::Number(value) => Value::from(*value),
        PropertyValue::Text(text) => Value::from(first_chars(text, max)),
        PropertyValue::List(items) => items.iter().map(inside).collect(),
        PropertyValue::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), inside(value))).collect()
        }
    }
}

/// How a vendor that knows numbers and texts only is told of arrays and objects.
pub struct Flat {
    /// Longest text, in characters.
    pub max: usize,
    /// Between a member's name and that of the object that holds it.
    pub member: &'static str,
    /// Between the plain items of an array, which become one text.
    pub item: &'static str,
    /// Whether objects in an array are told of at all: each by its place, `[0]`.
    pub with_places: bool,
}

impl Flat {
    /// The numbers and texts of a property by name, in `put`.
    pub fn fill(&self, name: Cow<'_, str>, value: &PropertyValue, put: &mut impl FnMut(Cow<'_, str>, Value)) {
        match value {
            PropertyValue::Boolean(value) => put(name, Value::from(value.to_string())),
            PropertyValue::Integer(_) | PropertyValue::Number(_) | PropertyValue::Text(_) => {
                put(name, self::value(value, self.max));
            }
            PropertyValue::Object(members) => {
                for (member, value) in members {
                    self.fill(format!("{name}{}{member}", self.member).into(), value, put);
                }
            }
            PropertyValue::List(items) => {
                let plain: Vec<_> =
                    items.iter().filter(|item| is_plain(item)).map(|item| item.to_text()).collect();
                if !plain.is_empty() {
                    let text = plain.join(self.item);
                    put(name.clone(), Value::from(first_chars(&text, self.max)));
                }
                let others = items.iter().enumerate().filter(|(_, item)| self.with_places && !is_plain(item));
                for (i, item) in others {
                    self.fill(format!("{name}[{i}]").into(), item, put);
                }
            }
        }
    }
}

fn is_plain(value: &PropertyValue) -> bool {
    !matches!(value, PropertyValue::List(_) | PropertyValue::Object(_))
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
