//! The stages of an event under a policy, as `cargo bench -p sparrow-allowlist` measures them natively: the same events,
//! the same policy, the same rounds.

#[path = "../../../allowlist/benches/event/measure.rs"]
mod measure;
#[path = "../../../allowlist/benches/event/sample.rs"]
mod sample;

use worker::js_sys::Function;
use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};

/// Measures by `now`, a clock in nanoseconds, and returns the figures as JSON.
#[wasm_bindgen]
pub fn figures(now: &Function) -> String {
    let now = || now.call0(&JsValue::NULL).ok().and_then(|now| now.as_f64()).unwrap_or(f64::NAN);
    measure::json(&measure::rows(&now))
}
