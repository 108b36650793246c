//! Envelopes under way, of which there is a bounded number.

/// Most envelopes under way. An invocation has six connections, a Durable Object all of its tasks together, and a Sentry
/// that hangs must leave most of them to the work.
const MAX_FLIGHTS: usize = 2;

/// An envelope of a request that was cut off is never heard of again.
const LOST_MS: u64 = 30_000;

/// Envelopes under way.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    next: u64,
    /// Their numbers, and when they began.
    begun: Vec<(u64, u64)>,
}

impl Flights {
    /// How many more there may be.
    pub(crate) fn room(&mut self, now: u64) -> usize {
        self.begun.retain(|&(_, at)| now.saturating_sub(at) < LOST_MS);
        MAX_FLIGHTS.saturating_sub(self.begun.len())
    }

    /// One begins. Returns its number.
    pub(crate) fn begin(&mut self, now: u64) -> u64 {
        self.next += 1;
        self.begun.push((self.next, now));
        self.next
    }

    pub(crate) fn end(&mut self, number: u64) {
        self.begun.retain(|&(other, _)| other != number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_under_way_are_bounded() {
        let mut flights = Flights::default();
        let numbers: Vec<_> = (0..MAX_FLIGHTS).map(|_| flights.begin(0)).collect();
        assert_eq!(flights.room(1), 0);
        flights.end(numbers[1]);
        flights.end(numbers[1]);
        assert_eq!(flights.room(1), 1);
    }

    #[test]
    fn one_that_is_never_heard_of_again_makes_room() {
        let mut flights = Flights::default();
        flights.begin(0);
        flights.begin(1);
        assert_eq!(flights.room(LOST_MS - 1), MAX_FLIGHTS - 2);
        assert_eq!(flights.room(LOST_MS), MAX_FLIGHTS - 1);
    }
}
