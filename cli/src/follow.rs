//! How a run stands, until nothing of it is pending.

use crate::console::api::{Failed, Ledger};
use crate::console::{Console, ConsoleError};
use indicatif::ProgressBar;
use serde::Serialize;
use std::cell::Cell;
use std::time::Duration;
use tokio::time::Instant;

/// How often Console is asked.
const EVERY: Duration = Duration::from_secs(1);

/// Calls that may fail in a row: Console may be deployed meanwhile.
const MAX_FAILURES: u32 = 30;

/// So long nothing may be settled, until it is left to itself: twice the longest wait between two attempts, and some.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// A run's counters, over all shards, trackers and days.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Standing {
    pub received: i64,
    pub delivered: i64,
    pub filtered: i64,
    pub rejected: i64,
    pub dead: i64,
    pub pending: i64,
}

impl Standing {
    /// Whether something came to nothing.
    pub fn is_bad(&self) -> bool {
        self.rejected > 0 || self.dead > 0
    }

    fn settled(&self) -> u64 {
        u64::try_from(self.received - self.pending).unwrap_or_default()
    }
}

/// The sum of a ledger's lines.
pub fn sum(ledger: &Ledger) -> Standing {
    let mut sum = Standing::default();
    for line in &ledger.ledger {
        sum.received += line.received;
        sum.delivered += line.delivered;
        sum.filtered += line.filtered;
        sum.rejected += line.rejected;
        sum.dead += line.dead;
        sum.pending += line.pending;
    }
    sum
}

/// How it stands now, and the shards of which that is not known.
///
/// # Errors
/// [`ConsoleError`]
pub async fn look(console: &Console, run: &str) -> Result<(Standing, Vec<Failed>), ConsoleError> {
    let ledger: Ledger = console.get(&format!("/api/ledger?run={run}")).await?;
    Ok((sum(&ledger), ledger.failed))
}

/// Waits until nothing is pending on any shard, or nothing goes on. How it stands meanwhile is noted in `latest`.
///
/// # Errors
/// [`ConsoleError`], where Console goes on failing.
pub async fn follow(
    console: &Console,
    run: &str,
    bar: &ProgressBar,
    latest: &Cell<Option<Standing>>,
) -> Result<Standing, ConsoleError> {
    let mut failures = 0;
    let (mut settled, mut since) = (0, Instant::now());
    loop {
        match look(console, run).await {
            Ok((now, failed)) => {
                failures = 0;
                latest.set(Some(now));
                bar.set_length(u64::try_from(now.received).unwrap_or_default());
                bar.set_position(now.settled());
                if now.settled() > settled {
                    (settled, since) = (now.settled(), Instant::now());
                }
                if (now.pending == 0 && failed.is_empty()) || since.elapsed() > PATIENCE {
                    return Ok(now);
                }
            }
            Err(error) if failures == MAX_FAILURES || !error.is_temporary() => return Err(error),
            Err(_) => failures += 1,
        }
        tokio::time::sleep(EVERY).await;
    }
}
