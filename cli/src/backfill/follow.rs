//! What becomes of a run.

use crate::console::{Console, ConsoleError};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use tokio::time::sleep;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// So many looks in a row may fail.
const FAILURES: u32 = 30;

/// A run's counters, over all events and shards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Events that were handed over.
    pub received: i64,
    /// The vendor took them.
    pub delivered: i64,
    /// Today's policy keeps them back.
    pub filtered: i64,
    /// The vendor refused them.
    pub rejected: i64,
    /// They were given up.
    pub dead: i64,
    /// They are on their way.
    pub pending: i64,
}

#[derive(Deserialize)]
struct Ledger {
    ledger: Vec<Outcome>,
    failed: Vec<Value>,
}

/// Waits until nothing of the run is on its way.
pub async fn follow(console: &Console, run: &str, bar: &ProgressBar) -> Result<Outcome, ConsoleError> {
    let mut failures = 0;
    loop {
        match look(console, run).await {
            Ok(Some(outcome)) => {
                failures = 0;
                bar.set_length(u64::try_from(outcome.received).unwrap_or_default());
                bar.set_position(u64::try_from(outcome.received - outcome.pending).unwrap_or_default());
                if outcome.pending == 0 {
                    return Ok(outcome);
                }
            }
            Err(error) if failures == FAILURES || !error.is_temporary() => return Err(error),
            Ok(None) | Err(_) => failures += 1,
        }
        sleep(PAUSE).await;
    }
}

/// How it stands; nothing where a shard did not say.
async fn look(console: &Console, run: &str) -> Result<Option<Outcome>, ConsoleError> {
    let Ledger { ledger, failed } = console.get(&format!("/api/ledger?run={run}")).await?;
    let sum = ledger.iter().fold(Outcome::default(), |sum, line| Outcome {
        received: sum.received + line.received,
        delivered: sum.delivered + line.delivered,
        filtered: sum.filtered + line.filtered,
        rejected: sum.rejected + line.rejected,
        dead: sum.dead + line.dead,
        pending: sum.pending + line.pending,
    });
    Ok(failed.is_empty().then_some(sum))
}
