//! The wall clock, which the sandbox's times are compared with.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in ms since 1970.
pub fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this program runs natively only")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}
