//! Checked events on their way through the Outbox, from `open` to the first attempt of each tracker.
//!
//! `Checked` itself has no `Deserialize`, or any crate could make one. The derived code below belongs to a
//! private type, so these two functions are the only way out and in.

use crate::allowed::{Allowed, Checked, Page, PropertyValue};
use event::Millis;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
#[serde(remote = "Allowed", rename_all = "camelCase")]
struct AllowedJson {
    id: String,
    name: String,
    time: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    properties: BTreeMap<String, PropertyValue>,
    page: Page,
}

#[derive(Serialize)]
struct Out<'a>(u32, #[serde(with = "AllowedJson")] &'a Allowed);

#[derive(Deserialize)]
struct In(u32, #[serde(with = "AllowedJson")] Allowed);

/// Writes checked events, by index, for [`event::wire::Opened::allowed`].
///
/// # Errors
/// None that can occur: every value here has a JSON form.
pub fn hand_over(events: &[(u32, Checked)]) -> Result<Box<RawValue>, serde_json::Error> {
    let out: Vec<_> = events.iter().map(|(idx, event)| Out(*idx, &event.0)).collect();
    to_raw_value(&out)
}

/// Reads what [`hand_over`] wrote under the same policy version.
///
/// # Errors
/// Where another release wrote another form; the caller then opens the raw body again.
pub fn take_over(json: &RawValue) -> Result<Vec<(u32, Checked)>, serde_json::Error> {
    let events: Vec<In> = serde_json::from_str(json.get())?;
    Ok(events.into_iter().map(|In(idx, event)| (idx, Checked(event))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Outbox holds these in memory between two releases of Trace: a form that the other cannot read makes it open the
    /// payload again.
    #[test]
    fn the_form_of_values_is_pinned() {
        let value = |text: &str| serde_json::from_str::<PropertyValue>(text);
        for text in [r#"{"a":[1,-1,1.5,true,"x",{}],"b":{"c":[]}}"#, "1", "0.1", "\"\"", "[]"] {
            let read = value(text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
        assert!(value("null").is_err() && value("[null]").is_err());
    }
}
