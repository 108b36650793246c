//! How long things took.

use hdrhistogram::Histogram;
use serde::Serialize;

/// Durations in µs, kept to three digits.
pub struct Latency(Histogram<u64>);

/// Of durations, in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50: f64,
    /// Nine of ten are no longer.
    pub p90: f64,
    /// 99 of a hundred are no longer.
    pub p99: f64,
    /// The longest one.
    pub max: f64,
}

impl Latency {
    /// None yet.
    pub fn new() -> Self {
        // One hour; what takes longer counts as one. The bounds are valid, so that it never fails.
        Self(Histogram::new_with_max(3_600_000_000, 3).unwrap_or_else(|_| unreachable!()))
    }

    /// Adds one in µs.
    pub fn record_us(&mut self, micros: u64) {
        self.0.saturating_record(micros);
    }

    /// Adds one in ms; what is negative, because two clocks were read, counts as nothing.
    pub fn record_ms(&mut self, millis: i64) {
        self.record_us(u64::try_from(millis).unwrap_or_default().saturating_mul(1000));
    }

    /// All zero where there were none.
    pub fn percentiles(&self) -> Percentiles {
        #[expect(clippy::cast_precision_loss, reason = "an hour has few digits")]
        let at = |share| self.0.value_at_quantile(share) as f64 / 1000.0;
        Percentiles { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_three_digits() {
        let mut latency = Latency::new();
        assert_eq!(latency.percentiles(), Percentiles::default());
        for micros in (1..=1000).map(|n| n * 1000) {
            latency.record_us(micros);
        }
        let Percentiles { p50, p90, p99, max } = latency.percentiles();
        for (found, expected) in [(p50, 500.0), (p90, 900.0), (p99, 990.0), (max, 1000.0)] {
            assert!((found - expected).abs() <= expected / 1000.0, "{found}, not {expected}");
        }
    }

    #[test]
    fn what_is_out_of_bounds_counts_as_the_bound() {
        let mut latency = Latency::new();
        latency.record_ms(-5);
        assert!(latency.percentiles().max < 0.01);
        latency.record_ms(i64::MAX);
        assert!((latency.percentiles().max - 3_600_000.0).abs() < 5_000.0);
    }
}
