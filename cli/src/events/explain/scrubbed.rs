//! JSON without the personal data and secrets that the scrubber finds in it.

use allowlist::scrub::scrub;
use serde_json::Value;

/// Stands for what is hidden whatever it is.
const HIDDEN: &str = "[hidden]";

/// Members that open something, or by which a person is found: the write key in a body, and of the context the sender's address
/// and the client's hash of its device.
const HIDDEN_MEMBERS: [&str; 4] = ["writeKey", "writeKeySha256", "ip", "k"];

/// Names are scrubbed, too, and numbers as the texts that they are.
pub fn scrubbed(value: Value) -> Value {
    under(value, None)
}

/// The same without `HIDDEN_MEMBERS`, which are those of an event or a context.
pub fn hidden(value: Value) -> Value {
    let mut value = value;
    if let Value::Object(members) = &mut value {
        for name in HIDDEN_MEMBERS {
            if let Some(member) = members.get_mut(name) {
                *member = HIDDEN.into();
            }
        }
    }
    scrubbed(value)
}

fn under(value: Value, key: Option<&str>) -> Value {
    match value {
        Value::String(text) => scrub(&text, key).map_or(Value::String(text), |found| found.text.into()),
        Value::Number(number) => {
            scrub(&number.to_string(), key).map_or(Value::Number(number), |found| found.text.into())
        }
        Value::Array(items) => items.into_iter().map(|item| under(item, key)).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let value = under(value, Some(&name));
                (scrub(&name, None).map_or(name, |found| found.text), value)
            })
            .collect(),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_that_the_scrubber_knows_is_left_wherever_it_is() {
        let value = json!({
            "writeKey": "k-1", "event": "buy", "userId": "ada@example.com",
            "properties": {
                "n": 4_111_111_111_111_111_i64, "list": ["to ada@example.com", 1], "ada@example.com": true,
                "phone": 5_550_142, "price": 12.5,
            },
        });
        let expected = json!({
            "writeKey": "[hidden]", "event": "buy", "userId": "[email]",
            "properties": {
                "n": "[card]", "list": ["to [email]", 1], "[email]": true, "phone": "[phone]", "price": 12.5,
            },
        });
        assert_eq!(hidden(value), expected);
        let context = json!({"ip": "203.0.113.0", "country": "AT", "k": "abc", "path": "/e"});
        let expected = json!({"ip": "[hidden]", "country": "AT", "k": "[hidden]", "path": "/e"});
        assert_eq!(hidden(context), expected);
    }
}
