//! The wall clock, which tokens are dated by and the sandbox's times are compared with.

use event::Millis;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now.
pub fn now() -> Millis {
    #[expect(clippy::disallowed_methods, reason = "this program runs natively only")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or_default())
}
