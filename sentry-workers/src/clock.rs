//! The time. `SystemTime::now` panics on WASM.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(crate) fn millis() -> u64 {
    // After 1970 and before 285,000 years have passed, the number is exact.
    js_sys::Date::now() as u64
}

/// Now, as the protocol's types have it.
pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis())
}
