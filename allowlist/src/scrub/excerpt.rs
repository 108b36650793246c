//! The beginning of a text of unknown origin, fit to be shown: for reports of what a vendor answered.

use super::{scrub, scrub_to};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// So much of a text is looked at, in bytes. What is shown is shorter by far, so that nothing is shown of which a part
/// was not looked at.
const LOOKED_AT: usize = 16 * 1024;

/// The first `length` characters of a text without its personal data and secrets. Values of JSON are looked at under
/// their names. `length` is to be well below 16 Ki.
pub fn excerpt(text: &str, length: usize) -> String {
    let looked_at = &text[..text.floor_char_boundary(LOOKED_AT)];
    let json = serde_json::from_str(looked_at).map(|value| of_value(value, None).to_string());
    let text = json.map_or(Cow::Borrowed(looked_at), Cow::Owned);
    scrub_to(&text, None, length).map_or_else(|| text.into_owned(), |scrubbed| scrubbed.text)
}

fn of_value(value: Value, key: Option<&str>) -> Value {
    match value {
        Value::String(text) => Value::String(of_text(text, key)),
        Value::Number(number) => {
            let scrubbed = scrub(&number.to_string(), key);
            scrubbed.map_or(Value::Number(number), |scrubbed| Value::String(scrubbed.text))
        }
        Value::Array(values) => values.into_iter().map(|value| of_value(value, key)).collect(),
        Value::Object(members) => {
            let member = |(name, value)| (of_text(String::clone(&name), None), of_value(value, Some(&name)));
            Value::Object(members.into_iter().map(member).collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn of_text(text: String, key: Option<&str>) -> String {
    scrub(&text, key).map_or(text, |scrubbed| scrubbed.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_scrubbed_under_the_names_of_its_members_and_as_names() {
        let reply =
            r#"{"error":"bad ada@example.com","phone":5550142,"ada@example.com":["4111 1111 1111 1111", 3]}"#;
        let shown = excerpt(reply, 2048);
        assert_eq!(shown, r#"{"[email]":["[card]",3],"error":"bad [email]","phone":"[phone]"}"#);
    }

    #[test]
    fn other_text_is_scrubbed_as_it_is() {
        assert_eq!(excerpt("<p>ada@example.com is unknown", 2048), "<p>[email] is unknown");
    }

    /// Half an address is not found.
    #[test]
    fn what_is_cut_away_was_scrubbed_before() {
        for length in 1..40 {
            let shown = excerpt("the visitor ada.lovelace@example.com is not known here", length);
            assert!(!shown.contains("ada"), "{shown}");
        }
        let long = format!("{} ada@example.com", "word ".repeat(LOOKED_AT / 5 - 1));
        assert!(!excerpt(&long, LOOKED_AT - 100).contains("ada"));
        assert_eq!(excerpt(&"é".repeat(LOOKED_AT), 3), "ééé");
    }
}
