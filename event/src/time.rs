//! Points in time, and the true time of an event whose client's clock may be wrong.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

/// A client whose clock is off by no more than this is believed: smaller differences are network delay.
pub const TOLERATED_SKEW_MS: i64 = 60_000;

/// No event is older than this when it arrives; clients keep unsent events for days, not for months.
pub const MAX_AGE_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// RFC 3339 in UTC with exactly three decimals, such as `2026-11-01T09:30:00.250Z`, so that the texts
/// sort as the times do.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => f.write_str("9999-12-31T23:59:59.999Z"),
        }
    }
}

impl Millis {
    /// The UTC day, such as `2026-11-01`.
    pub fn day(self) -> String {
        let mut text = self.to_string();
        text.truncate("2026-11-01".len());
        text
    }
}

/// The time at which an event happened, by the server's clock.
///
/// `timestamp` and `sent_at` are both read off the client's clock, so their difference is right even
/// where the clock is not: a skewed client's event happened `sent_at - timestamp` before it was
/// received. The result is never in the future and at most [`MAX_AGE_MS`] in the past.
pub fn event_time(received_at: Millis, sent_at: Option<Millis>, timestamp: Option<Millis>) -> Millis {
    let Some(timestamp) = timestamp else {
        return received_at;
    };
    let skew = sent_at.map_or(0, |sent_at| received_at.0.saturating_sub(sent_at.0));
    let time = if skew.saturating_abs() > TOLERATED_SKEW_MS {
        timestamp.0.saturating_add(skew)
    } else {
        timestamp.0
    };
    Millis(time.clamp(received_at.0 - MAX_AGE_MS, received_at.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: i64 = 1_793_534_400_000;

    #[test]
    fn a_time_prints_with_three_decimals_so_that_texts_sort_as_times() {
        assert_eq!(Millis(NOON).to_string(), "2026-11-01T12:00:00.000Z");
        assert_eq!(Millis(NOON + 250).to_string(), "2026-11-01T12:00:00.250Z");
        assert!(Millis(NOON + 9).to_string() < Millis(NOON + 10).to_string());
    }

    #[test]
    fn a_client_one_hour_fast_is_put_right_by_the_time_it_sent() {
        let fast = 3_600_000;
        let happened_5s_ago = Millis(NOON + fast - 5_000);
        let time = event_time(Millis(NOON), Some(Millis(NOON + fast)), Some(happened_5s_ago));
        assert_eq!(time, Millis(NOON - 5_000));
    }

    #[test]
    fn up_to_a_minute_of_difference_is_network_delay() {
        let at = |sent: i64| event_time(Millis(NOON), Some(Millis(NOON - sent)), Some(Millis(NOON - 90_000)));
        assert_eq!(at(60_000), Millis(NOON - 90_000));
        assert_eq!(at(60_001), Millis(NOON - 90_000 + 60_001));
    }

    #[test]
    fn without_a_timestamp_the_receipt_counts() {
        assert_eq!(event_time(Millis(NOON), Some(Millis(1)), None), Millis(NOON));
    }

    proptest! {
        #[test]
        fn the_time_is_never_in_the_future_nor_older_than_the_bound(sent: i64, timestamp: i64) {
            let time = event_time(Millis(NOON), Some(Millis(sent)), Some(Millis(timestamp)));
            prop_assert!(time.0 <= NOON && time.0 >= NOON - MAX_AGE_MS);
        }
    }
}
