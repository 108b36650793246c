//! The time. The runtime's clock stands still while code runs and moves on with I/O.

use event::Millis;
use worker::Date;

/// Now.
pub fn now() -> Millis {
    Millis(i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX))
}
