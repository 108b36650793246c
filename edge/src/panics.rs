//! Panics in the log, without their values.

use serde_json::json;
use std::panic::PanicHookInfo;
use worker::console_error;

/// Takes the place of the `worker` crate's hook, which logs the whole message: one that was put together may hold a value
/// of an event. (In builds whose panics do not unwind that hook does more; ours unwind.)
pub fn install() {
    std::panic::set_hook(Box::new(|info| console_error!("{}", line(info))));
}

fn line(info: &PanicHookInfo<'_>) -> serde_json::Value {
    let at = info.location().map(ToString::to_string);
    // Only a message that stands in the source is one of these.
    let message = info.payload().downcast_ref::<&'static str>();
    json!({"level": "error", "code": "panic", "at": at, "message": message})
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn a_panic_is_told_by_its_place_and_by_a_message_of_the_source_alone() {
        static LINES: Mutex<Vec<serde_json::Value>> = Mutex::new(Vec::new());
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(|info| LINES.lock().unwrap().push(line(info))));
        let value = String::from("ada@example.com");
        let panicked = [
            std::panic::catch_unwind(|| panic!("no such event")),
            std::panic::catch_unwind(|| panic!("no such event: {value}")),
        ];
        std::panic::set_hook(before);
        assert!(panicked.iter().all(Result::is_err));
        let lines = LINES.lock().unwrap();
        let ours: Vec<_> = lines.iter().filter(|line| line["at"].to_string().contains("panics.rs")).collect();
        assert_eq!(ours[0]["message"], "no such event");
        assert_eq!(ours[1]["message"], serde_json::Value::Null);
        assert!(!ours[1].to_string().contains("ada"));
    }
}
