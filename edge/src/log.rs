//! One JSON line per thing worth knowing, for `wrangler tail` and Workers Logs.
//!
//! Lines hold ids, names from the allowlist, codes and counts; never a value of an event, a credential or
//! an address that may hold one.

use serde::Serialize;
use serde_json::{Value, json};
use worker::{console_error, console_log};

/// Something went as it should.
pub fn info(code: &str, details: impl Serialize) {
    console_log!("{}", line("info", code, details));
}

/// Something failed that somebody has to look at.
pub fn error(code: &str, details: impl Serialize) {
    console_error!("{}", line("error", code, details));
}

fn line(level: &str, code: &str, details: impl Serialize) -> Value {
    let mut line = json!({"level": level, "code": code});
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
        let line = line("error", "not_stored", json!({"payload": "p1"}));
        assert_eq!(line.to_string(), r#"{"code":"not_stored","level":"error","payload":"p1"}"#);
    }
}
