//! Up to when every outcome is in the warehouse: whoever sends again what is merely on its way sends it twice.

use crate::console::api::{Ledger, OnShard, Tracker, Trackers};
use crate::console::{Console, ConsoleError};
use crate::source::{Param, Source, SourceError};
use event::Millis;
use event::account::LIVE;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use warehouse::{bigquery, d1};

/// What came within this time before may be in a shard's memory, in ms.
const SLACK_MS: i64 = 60_000;

/// How long to wait for the account of what was settled by now. A shard writes it within seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum HorizonError {
    #[error(transparent)]
    Console(#[from] ConsoleError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{0} of the Outbox's shards did not answer, so that nobody knows what is on its way; ask again")]
    Shards(usize),
    #[error(
        "the Outbox writes to no warehouse {0}: ask the one that Dispatcher's WAREHOUSE names, or the account of every event is not there"
    )]
    NoWarehouse(&'static str),
    #[error(
        "{0} rows of the account are refused by the warehouse, so that nobody knows what they tell; \
        mend it, then `sparrow replay dead --tracker '(accounts {1})' --yes`"
    )]
    Refused(i64, &'static str),
    #[error(
        "{0} has events on their way to the tracker; wait until it is done, or what it sends may be sent twice"
    )]
    OtherRun(String),
    #[error(
        "the account of every event is behind in the warehouse by more than a minute (lane `(accounts {0})` of shards {1:?}); mend the warehouse first"
    )]
    Behind(&'static str, Vec<u32>),
}

/// What is known of the tracker.
pub struct Horizon {
    /// When one looked, by the shards' clock.
    pub now: Millis,
    /// An event without an outcome that was received from then on may be on its way.
    pub at: Millis,
    /// Why it would not get anything now, where that is so.
    pub trouble: Option<String>,
}

/// Asks Console what is on its way, and waits until the warehouse has the account of all that is not.
///
/// # Errors
/// [`HorizonError`], also where another run of the tracker is under way: what it sends would be sent twice.
pub async fn horizon(
    console: &Console,
    source: &mut Source,
    tracker: &str,
    run: &str,
) -> Result<Horizon, HorizonError> {
    let (lanes, now) = lanes(console).await?;
    no_other_run(console, tracker, run).await?;
    let lane = |name: &str| lanes.iter().find(|lane| lane.tracker == name);
    let oldest = [tracker, "(open)"].into_iter().filter_map(|name| lane(name)?.oldest_pending_seconds).max();
    // A second, since the seconds are whole ones.
    let age = SLACK_MS.max((oldest.unwrap_or_default() + 1) * 1000);
    let trouble = lane(tracker).and_then(trouble);
    accounted(console, source, now).await?;
    Ok(Horizon { now, at: Millis(now.0 - age), trouble })
}

fn trouble(lane: &Tracker) -> Option<String> {
    if lane.paused {
        return Some("is paused".to_owned());
    }
    let is_open = |on: &&OnShard| on.breaker == "open";
    let reason = lane.shards.iter().find(is_open)?.reason.as_deref();
    Some(format!("does not work now ({})", reason.unwrap_or("it failed")))
}

/// Every lane, and the shards' clock.
async fn lanes(console: &Console) -> Result<(Vec<Tracker>, Millis), HorizonError> {
    let Trackers { now, trackers, failed } = console.get("/api/trackers").await?;
    match now {
        Some(now) if failed.is_empty() => Ok((trackers, Millis(now))),
        _ => Err(HorizonError::Shards(failed.len())),
    }
}

async fn no_other_run(console: &Console, tracker: &str, run: &str) -> Result<(), HorizonError> {
    let Ledger { ledger, .. } = console.get(&format!("/api/ledger?tracker={tracker}")).await?;
    let other = ledger.into_iter().find(|line| line.pending > 0 && line.run != LIVE && line.run != run);
    other.map_or(Ok(()), |line| Err(HorizonError::OtherRun(line.run)))
}

/// Waits until what was settled before `now` is in the warehouse: a shard has nothing left to write, or has written what came
/// later, since it writes in order.
async fn accounted(console: &Console, source: &mut Source, now: Millis) -> Result<(), HorizonError> {
    let warehouse = if source.dataset().is_some() { "bigquery" } else { "d1" };
    let name = format!("(accounts {warehouse})");
    let started = Instant::now();
    let mut done = BTreeSet::new();
    loop {
        let (lanes, _) = lanes(console).await?;
        let lane = lanes.into_iter().find(|lane| lane.tracker == name);
        let lane = lane.ok_or(HorizonError::NoWarehouse(warehouse))?;
        let refused: i64 = lane.shards.iter().map(|on| on.dead).sum();
        if refused > 0 {
            return Err(HorizonError::Refused(refused, warehouse));
        }
        done.extend(lane.shards.iter().filter(|on| on.backlog == 0).map(|on| on.shard));
        let behind = |done: &BTreeSet<u32>| -> Vec<u32> {
            lane.shards.iter().map(|on| on.shard).filter(|shard| !done.contains(shard)).collect()
        };
        if behind(&done).is_empty() {
            return Ok(());
        }
        done.extend(written_since(source, now).await?);
        if behind(&done).is_empty() {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            return Err(HorizonError::Behind(warehouse, behind(&done)));
        }
        sleep(PAUSE).await;
    }
}

/// The shards whose account of today has come further than `now`.
async fn written_since(source: &mut Source, now: Millis) -> Result<Vec<u32>, SourceError> {
    let sql =
        source.dataset().map_or_else(|| d1::backfill::WATERMARKS.to_owned(), bigquery::backfill::watermarks);
    let rows = source.rows(&sql, &[Param::Day(&now.day())]).await?.rows;
    let now = now.to_string();
    let later = |row: &Vec<Value>| {
        let is_later = row.get(1)?.as_str()? > now.as_str();
        is_later.then(|| u32::try_from(row.first()?.as_u64()?).ok())?
    };
    Ok(rows.iter().filter_map(later).collect())
}
