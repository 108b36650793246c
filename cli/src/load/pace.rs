//! When what is sent, and until when.

use std::time::Duration;

/// How payloads follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// So many each second, whatever becomes of those before: an open loop.
    Rate(f64),
    /// The next one once the last one is answered, in so many strands: a closed loop.
    Connections(u32),
}

/// Where a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// After so many payloads.
    Count(u64),
    /// With the last payload that starts within this time.
    After(Duration),
}

/// When the payload with this number is due, counted from the start. From the number and not from the one
/// before, so that being late once does not make all others late.
pub fn due(rate: f64, number: u64) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "no run has 2^53 payloads")]
    Duration::from_secs_f64(number as f64 / rate)
}

impl End {
    /// Whether the payload with this number is still to be sent, where it starts this long after the first one.
    pub fn admits(self, number: u64, starts: Duration) -> bool {
        match self {
            Self::Count(count) => number < count,
            Self::After(length) => starts < length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(rate: f64, end: End) -> u64 {
        (0..).find(|&number| !end.admits(number, due(rate, number))).unwrap()
    }

    #[test]
    fn a_rate_spreads_its_payloads_evenly() {
        assert_eq!(due(500.0, 0), Duration::ZERO);
        assert_eq!(due(500.0, 1), Duration::from_millis(2));
        assert_eq!(due(500.0, 30_000), Duration::from_secs(60));
        assert_eq!(due(0.5, 3), Duration::from_secs(6));
    }

    #[test]
    fn a_time_at_a_rate_is_a_number_of_payloads() {
        assert_eq!(planned(500.0, End::After(Duration::from_secs(60))), 30_000);
        assert_eq!(planned(3.0, End::After(Duration::from_millis(1100))), 4);
        assert_eq!(planned(3.0, End::Count(7)), 7);
    }
}
