//! Allowed events on their way through the Outbox, from `open` to the first attempt of each tracker.
//!
//! `Allowed` itself has no `Deserialize`, or any crate could make one. The derived code below belongs to a
//! private type, so these two functions are the only way out and in.

use crate::allowed::{Allowed, Page, Scalar};
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
    properties: BTreeMap<String, Scalar>,
    page: Page,
}

#[derive(Serialize)]
struct Out<'a>(u32, #[serde(with = "AllowedJson")] &'a Allowed);

#[derive(Deserialize)]
struct In(u32, #[serde(with = "AllowedJson")] Allowed);

/// Writes allowed events, by index, for [`event::wire::Opened::allowed`].
///
/// # Errors
/// None that can occur: every value here has a JSON form.
pub fn hand_over(allowed: &[(u32, Allowed)]) -> Result<Box<RawValue>, serde_json::Error> {
    let out: Vec<_> = allowed.iter().map(|(idx, allowed)| Out(*idx, allowed)).collect();
    to_raw_value(&out)
}

/// Reads what [`hand_over`] wrote under the same policy version.
///
/// # Errors
/// Where another release wrote another form; the caller then opens the raw body again.
pub fn take_over(json: &RawValue) -> Result<Vec<(u32, Allowed)>, serde_json::Error> {
    let events: Vec<In> = serde_json::from_str(json.get())?;
    Ok(events.into_iter().map(|In(idx, allowed)| (idx, allowed)).collect())
}
