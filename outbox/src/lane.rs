//! A lane: one kind of call, one at a time, with its own backoff, batch size and circuit breaker.

use crate::settings::Settings;
use event::Millis;

/// So many failures in a row, each of a call that could not be made smaller, open the breaker.
const FAILURES_THAT_OPEN: u32 = 3;

/// The reason of a tracker's refusal of our credentials, project or settings: no event is to blame, and
/// there is no point in trying another.
const MISCONFIGURED: &str = "misconfigured";

/// After a failure of the shard's own database nothing is started for so long, in ms.
pub const DATABASE_WAIT: i64 = 1000;

/// Bound of the wait before the halves of a failed batch are tried, in ms.
const SPLIT_WAIT: i64 = 100;

/// Why a call as a whole came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A stable token such as `trace_500` or `timeout`.
    pub reason: String,
    /// What is to blame.
    pub cause: Cause,
}

/// What is to blame for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Nobody knows; it may be one of the batch.
    Unknown,
    /// A row of the batch, which will be refused tomorrow, too.
    Row,
    /// Nothing of the batch: the other side is away, or our credentials or settings are wrong.
    Elsewhere,
}

impl Failure {
    /// A failure that may pass, and may have been caused by one of the batch.
    pub fn temporary(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), cause: Cause::Unknown }
    }
}

/// A row that a warehouse took no copy of, though it took others of the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the batch.
    pub place: usize,
    /// Why: a stable token.
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// Healthy.
    Closed,
    /// Waits, then lets one probe through.
    Open,
    /// The last probe went well: batches grow until they are as large as ever.
    HalfOpen,
}

#[derive(Debug)]
pub struct Lane {
    pub busy: bool,
    pub paused: bool,
    pub breaker: Breaker,
    pub failures: u32,
    pub reason: Option<String>,
    /// Nothing is started before.
    pub not_before: Millis,
    /// Nothing of the backlog is started before: it drains at a bounded rate.
    pub backlog_not_before: Millis,
    /// When the next owed row is due, as far as is known.
    pub owed_at: Option<Millis>,
    /// Whether the last call was of what is owed or was set aside.
    pub was_owed: bool,
    /// When to look next for what is too old.
    pub expires_at: Millis,
    /// When the last call was started.
    started: Millis,
    /// Events or payloads of the next call.
    limit: usize,
    max: usize,
}

impl Lane {
    pub fn new(max: usize, paused: bool) -> Self {
        Self {
            busy: false,
            paused,
            breaker: Breaker::Closed,
            failures: 0,
            reason: None,
            not_before: Millis(0),
            backlog_not_before: Millis(0),
            owed_at: None,
            was_owed: false,
            expires_at: Millis(0),
            started: Millis(0),
            limit: max,
            max,
        }
    }

    /// Whether a call may start now.
    pub fn is_ready(&self, now: Millis) -> bool {
        !self.busy && !self.paused && now >= self.not_before
    }

    /// When the last call was started.
    pub fn started(&self) -> Millis {
        self.started
    }

    /// When a call may start that waits for company, unless a full batch is there.
    pub fn paced(&self, interval: i64) -> Millis {
        Millis(self.not_before.0.max(self.started.0 + interval))
    }

    /// Whether new events are delivered from memory. A lane that does not work gets them from the table.
    pub fn takes_fresh(&self) -> bool {
        self.breaker == Breaker::Closed && !self.paused
    }

    /// How many events or payloads the next call may have.
    pub fn limit(&self) -> usize {
        if self.breaker == Breaker::Open { 1 } else { self.limit }
    }

    /// Whether the next call is of what was set aside: in turns with what is new, so that neither waits for ever.
    pub fn takes_owed(&self, now: Millis, is_new_due: bool) -> bool {
        self.owed_at.is_some_and(|at| at <= now) && !(is_new_due && self.was_owed)
    }

    pub fn start(&mut self, now: Millis, is_owed: bool) {
        self.busy = true;
        self.was_owed = is_owed;
        self.started = now;
    }

    /// Its part of the database failed: it rests for a while, and no other lane with it.
    pub fn database_failed(&mut self, now: Millis) {
        self.reason = Some("database".to_owned());
        self.not_before = Millis(now.0 + DATABASE_WAIT);
    }

    /// A call came to something.
    pub fn succeeded(&mut self) {
        self.busy = false;
        self.failures = 0;
        self.reason = None;
        if self.breaker == Breaker::Open {
            self.breaker = Breaker::HalfOpen;
            self.limit = 1;
        }
        self.limit = (self.limit * 2).min(self.max);
        if self.limit == self.max {
            self.breaker = Breaker::Closed;
        }
    }

    /// Nothing is left of the backlog.
    pub fn caught_up(&mut self) {
        if self.breaker == Breaker::HalfOpen {
            self.breaker = Breaker::Closed;
            self.limit = self.max;
        }
    }

    /// A call failed for which nothing of it is to blame: it waits from the first time on.
    pub fn away(&mut self, now: Millis, reason: &str, settings: &Settings, rng: &mut fastrand::Rng) {
        let wait = backoff(self.failures.saturating_add(1), settings, rng);
        self.failed(now, reason, Some(wait), settings, rng);
    }

    /// A call of several failed as a whole, and one of them may be the cause: the next ones are half as large.
    pub fn split(&mut self, now: Millis, size: usize, reason: &str, rng: &mut fastrand::Rng) {
        self.busy = false;
        self.reason = Some(reason.to_owned());
        self.limit = (size / 2).max(1);
        self.not_before = Millis(now.0 + rng.i64(0..=SPLIT_WAIT));
    }

    /// A call failed that cannot be made smaller, or all its events are to be tried again. `after` is what the
    /// vendor asked for, in ms.
    pub fn failed(
        &mut self,
        now: Millis,
        reason: &str,
        after: Option<i64>,
        settings: &Settings,
        rng: &mut fastrand::Rng,
    ) {
        self.busy = false;
        self.failures = self.failures.saturating_add(1);
        self.reason = Some(reason.to_owned());
        let was_probing = self.breaker == Breaker::HalfOpen;
        if was_probing || self.failures >= FAILURES_THAT_OPEN || reason == MISCONFIGURED {
            self.breaker = Breaker::Open;
        }
        let wait = if self.breaker == Breaker::Open { backoff(self.failures, settings, rng) } else { 0 };
        self.not_before = Millis(now.0 + wait.max(after.unwrap_or(0)));
    }
}

/// The wait after the n-th failure: exponential with full jitter
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
pub fn backoff(attempts: u32, settings: &Settings, rng: &mut fastrand::Rng) -> i64 {
    let doublings = attempts.saturating_sub(1).min(30);
    let bound = settings.retry_base.saturating_mul(1 << doublings).min(settings.retry_max);
    rng.i64(0..=bound.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn settings() -> Settings {
        Settings::read(&BTreeMap::new(), 1, &mut vec![])
    }

    #[test]
    fn three_failures_in_a_row_leave_one_probe_and_a_success_lets_batches_grow_again() {
        let (settings, mut rng) = (settings(), fastrand::Rng::with_seed(1));
        let mut lane = Lane::new(8, false);
        for _ in 0..2 {
            lane.failed(Millis(0), "http_500", None, &settings, &mut rng);
        }
        assert!(lane.takes_fresh() && lane.is_ready(Millis(0)));
        lane.failed(Millis(0), "http_500", None, &settings, &mut rng);
        assert_eq!((lane.breaker, lane.limit(), lane.takes_fresh()), (Breaker::Open, 1, false));
        lane.succeeded();
        assert_eq!((lane.breaker, lane.limit()), (Breaker::HalfOpen, 2));
        lane.succeeded();
        lane.succeeded();
        assert_eq!((lane.breaker, lane.limit(), lane.takes_fresh()), (Breaker::Closed, 8, true));
    }

    #[test]
    fn wrong_credentials_open_the_breaker_at_once() {
        let mut lane = Lane::new(8, false);
        lane.failed(Millis(0), "misconfigured", None, &settings(), &mut fastrand::Rng::with_seed(1));
        assert_eq!(lane.breaker, Breaker::Open);
    }

    #[test]
    fn what_the_vendor_asks_for_is_waited_for() {
        let mut lane = Lane::new(8, false);
        lane.failed(Millis(0), "http_429", Some(30_000), &settings(), &mut fastrand::Rng::with_seed(1));
        assert!(!lane.is_ready(Millis(29_999)));
        assert!(lane.is_ready(Millis(30_000)));
    }

    #[test]
    fn a_batch_is_halved_until_one_stands_alone() {
        let (mut lane, mut rng) = (Lane::new(500, false), fastrand::Rng::with_seed(1));
        let mut sizes = vec![];
        while lane.limit() > 1 {
            let size = lane.limit();
            lane.split(Millis(0), size, "trace_500", &mut rng);
            sizes.push(lane.limit());
        }
        assert_eq!(sizes, [250, 125, 62, 31, 15, 7, 3, 1]);
        assert_eq!(lane.breaker, Breaker::Closed, "splitting is no verdict on the vendor");
    }

    #[test]
    fn waits_double_up_to_the_bound_and_are_spread() {
        let (settings, mut rng) = (settings(), fastrand::Rng::with_seed(7));
        let mut longest = |attempts| (0..2000).map(|_| backoff(attempts, &settings, &mut rng)).max();
        assert!((950..=1000).contains(&longest(1).unwrap()));
        assert!((3800..=4000).contains(&longest(3).unwrap()));
        assert!((285_000..=300_000).contains(&longest(40).unwrap()));
        let shortest = (0..2000).map(|_| backoff(3, &settings, &mut rng)).min();
        assert!(shortest.unwrap() < 200, "full jitter");
    }
}
