//! One JSON line per thing worth knowing, for `wrangler tail` and Workers Logs. What went wrong is told by
//! [`crate::problem::Problem`], under the same rules.

use serde::Serialize;
use serde_json::{Value, json};
use worker::console_log;

/// Something went as it should.
pub fn info(code: &str, details: impl Serialize) {
    console_log!("{}", line(code, details));
}

fn line(code: &str, details: impl Serialize) -> Value {
    let mut line = json!({"level": "info", "code": code});
    if let (Value::Object(line), Ok(Value::Object(details))) = (&mut line, serde_json::to_value(details)) {
        line.extend(details);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_flat_object() {
        let line = line("policy_taken", json!({"policy": "1-a"}));
        assert_eq!(line.to_string(), r#"{"code":"policy_taken","level":"info","policy":"1-a"}"#);
    }
}
