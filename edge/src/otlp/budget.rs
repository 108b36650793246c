//! A bound on what senders can have recorded.

use event::Traceparent;
use event::traceparent::SampleRate;
use std::cell::Cell;

/// So many traces may be recorded at once.
const BURST: f64 = 20.0;

/// So many times the rate of what comes may be recorded: honest trace ids are random, and their part varies.
const SLACK: f64 = 2.0;

/// Decides what is recorded of traces that others began. Whoever may send can send trace ids that any rate takes: of
/// everything that comes, no more than twice the rate is recorded, besides a burst.
#[derive(Debug)]
pub struct Budget(Cell<f64>);

impl Budget {
    /// A new one.
    pub const fn full() -> Self {
        Self(Cell::new(BURST))
    }

    /// Counts something that came, and says whether it is recorded, in the trace that it names.
    pub fn keeps(&self, rate: SampleRate, place: Option<&Traceparent>) -> bool {
        let left = (self.0.get() + SLACK * rate.as_f64()).min(BURST);
        let is_kept = left >= 1.0 && place.is_some_and(|place| rate.keeps(place));
        self.0.set(if is_kept { left - 1.0 } else { left });
        is_kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::traceparent::{SpanId, TraceId};

    fn place(trace: [u8; 16]) -> Traceparent {
        Traceparent { trace: TraceId::random(trace), parent: SpanId::random([1; 8]), is_sampled: true }
    }

    fn kept(rate: f64, places: impl Iterator<Item = Traceparent>) -> usize {
        let (budget, rate) = (Budget::full(), SampleRate::new(rate).unwrap());
        places.filter(|place| budget.keeps(rate, Some(place))).count()
    }

    #[test]
    fn ids_that_any_rate_takes_are_recorded_up_to_the_bound() {
        let chosen = || std::iter::repeat_n(place([0xff; 16]), 10_000);
        let of_one_percent = kept(0.01, chosen());
        assert!((200..=221).contains(&of_one_percent), "{of_one_percent}");
        assert_eq!((kept(1.0, chosen()), kept(0.0, chosen())), (10_000, 0));
    }

    #[test]
    fn honest_ids_are_recorded_at_the_rate() {
        let ids = (1..=100_000_u64).map(|n| {
            let mut id = [0; 16];
            id[8..].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
            place(id)
        });
        let kept = kept(0.1, ids);
        assert!((9_500..10_500).contains(&kept), "{kept}");
    }

    #[test]
    fn a_parent_that_was_not_recorded_is_not_gone_on_with() {
        let unsampled = Traceparent { is_sampled: false, ..place([0xff; 16]) };
        assert_eq!(kept(1.0, std::iter::once(unsampled)), 0);
    }
}
