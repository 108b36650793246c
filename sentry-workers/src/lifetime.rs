//! How long the runtime keeps what is under way.

use js_sys::Promise;
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// An execution context or a Durable Object's state: both have `waitUntil`.
    #[derive(Clone, Debug)]
    type Holder;

    #[wasm_bindgen(method, catch, js_name = waitUntil)]
    fn wait_until(this: &Holder, promise: &Promise) -> Result<(), JsValue>;
}

/// How long the runtime keeps what is under way: until all that was handed over has ended, though no longer than the
/// platform allows (30 s after the answer).
#[derive(Clone, Debug)]
pub struct Lifetime(Option<Holder>);

impl Lifetime {
    /// For work that has no context. Reports are sent all the same, and may be cut off when the work ends.
    #[must_use]
    pub const fn unknown() -> Self {
        Self(None)
    }

    /// Keeps what `promise` stands for under way.
    pub fn wait_until(&self, promise: &Promise) {
        if let Some(holder) = &self.0 {
            // It refuses where the work is over; what is under way may still end in time.
            let _ = holder.wait_until(promise);
        }
    }
}

impl From<&worker::Context> for Lifetime {
    fn from(context: &worker::Context) -> Self {
        Self(Some(JsValue::from(context.as_ref()).unchecked_into()))
    }
}

impl From<&worker::State> for Lifetime {
    fn from(state: &worker::State) -> Self {
        Self(Some(JsValue::from(state.as_raw()).unchecked_into()))
    }
}
