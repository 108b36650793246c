//! Requests that are refused before anything is stored: no shard counts them.

use crate::analytics::Dataset;
use edge::timer;
use event::Millis;
use serde_json::json;
use std::cell::RefCell;
use worker::{Context, Env, Response};

/// A flood of refusals makes one line of each reason in this time, in ms, in every isolate.
const LINE_EVERY_MS: u32 = 1000;

/// A request that was to write the line and has not done so by now, in ms, has ended without.
const LOST_AFTER_MS: i64 = 10_000;

/// A refusal, and why: a stable token.
pub struct Refusal {
    reason: &'static str,
    response: Response,
    /// Whether a shard refused, which counts and logs it.
    is_shards: bool,
}

/// Refusals that the log does not tell yet.
#[derive(Debug, Clone, Copy)]
struct Untold {
    reason: &'static str,
    since: Millis,
    count: u32,
}

thread_local! {
    // Counts of an isolate, of no request in particular.
    static UNTOLD: RefCell<Vec<Untold>> = const { RefCell::new(Vec::new()) };
}

impl Refusal {
    /// A refusal by Dispatcher itself.
    pub fn new(reason: &'static str, response: Response) -> Self {
        Self { reason, response, is_shards: false }
    }

    /// A refusal of which a shard knows.
    pub fn of_shard(reason: &'static str, response: Response) -> Self {
        Self { reason, response, is_shards: true }
    }

    /// Tells of it, and hands over the answer.
    pub fn tell(self, env: &Env, ctx: &Context) -> Response {
        if let Some(dataset) = Dataset::of(env) {
            dataset.refused(self.reason);
        }
        let now = edge::clock::now();
        if !self.is_shards && UNTOLD.with_borrow_mut(|untold| is_first(untold, self.reason, now)) {
            let reason = self.reason;
            ctx.wait_until(async move {
                timer::wait(LINE_EVERY_MS).await;
                if let Some(count) = UNTOLD.with_borrow_mut(|untold| take(untold, reason)) {
                    edge::log::info("refused_request", json!({"reason": reason, "count": count}));
                }
            });
        }
        self.response
    }
}

/// Counts a refusal. Whether it is the first, whose request writes the line, after a while.
fn is_first(untold: &mut Vec<Untold>, reason: &'static str, now: Millis) -> bool {
    let Some(one) = untold.iter_mut().find(|one| one.reason == reason) else {
        untold.push(Untold { reason, since: now, count: 1 });
        return true;
    };
    one.count += 1;
    let is_lost = now.0 - one.since.0 > LOST_AFTER_MS;
    if is_lost {
        one.since = now;
    }
    is_lost
}

/// How many refusals are to be told now.
fn take(untold: &mut Vec<Untold>, reason: &'static str) -> Option<u32> {
    let place = untold.iter().position(|one| one.reason == reason)?;
    Some(untold.swap_remove(place).count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_writes_the_line_of_many_and_another_where_that_one_was_lost() {
        let mut untold = Vec::new();
        assert!(is_first(&mut untold, "too_long", Millis(0)));
        for at in 1..=500 {
            assert!(!is_first(&mut untold, "too_long", Millis(at)));
        }
        assert!(is_first(&mut untold, "settings", Millis(5)), "each reason has a line of its own");
        assert!(is_first(&mut untold, "too_long", Millis(LOST_AFTER_MS + 1)));
        assert!(!is_first(&mut untold, "too_long", Millis(LOST_AFTER_MS + 2)));
        assert_eq!(take(&mut untold, "too_long"), Some(503), "and none is forgotten");
        assert_eq!(take(&mut untold, "too_long"), None);
    }
}
