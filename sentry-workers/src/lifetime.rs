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
    /// For work that was given no context: within other work that of the other. Elsewhere reports are sent all the same, and
    /// are cut off when the work ends before they are out.
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

    pub(crate) fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        if self.0.is_some() { self } else { other() }
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
