//! What Console is told, and what it may change: pausing, and the list of shards.

use crate::admin::{Counter, LaneStatus, ShardStatus, Shards};
use crate::lane::{Breaker, Lane};
use crate::ledger::day_name;
use crate::row::{Row, only};
use crate::shard::{LaneOf, Shard};
use crate::sql::{Database, Param, SqlError};
use crate::state::State;
use event::Millis;
use std::collections::BTreeMap;

/// What waits, as it was counted.
#[derive(Debug)]
pub struct Backlog {
    at: Millis,
    /// Payloads that are opened and in every warehouse, and of which something is owed or dead all the same.
    kept: i64,
    /// Rows by lane.
    owed: BTreeMap<String, i64>,
    dead: BTreeMap<String, i64>,
}

/// So many rows are counted at every scrape; more of them only every [`COUNT_EVERY`] ms, since a shard that counts stores
/// nothing meanwhile, and rows that are read are billed.
const COUNTED_ALWAYS: i64 = 50_000;

/// See [`COUNTED_ALWAYS`]: five minutes.
const COUNT_EVERY: i64 = 5 * 60 * 1000;

impl Backlog {
    /// Whether it may still be told.
    pub fn is_recent(&self, now: Millis) -> bool {
        let rows = self.owed.values().sum::<i64>() + self.dead.values().sum::<i64>();
        rows > COUNTED_ALWAYS && now.0 - self.at.0 < COUNT_EVERY
    }
}

impl<D: Database> Shard<D> {
    /// How the shard is doing.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn status(&self, now: Millis) -> Result<ShardStatus, SqlError> {
        let backlog = self.count_backlog(now)?;
        Ok(ShardStatus {
            shard: self.number,
            now,
            full: self.is_full(),
            payloads: self.kept_payloads(&backlog),
            bytes: self.waiting_bytes(),
            rows_written: 0,
            lanes: self.lanes_status(&backlog, now)?,
            ledger: self.ledger()?,
        })
    }

    /// Payloads that are kept because something is still to be done with them.
    pub(crate) fn kept_payloads(&self, backlog: &Backlog) -> i64 {
        self.state.top - self.state.done_to() + backlog.kept
    }

    /// Counts what waits: work in proportion to it.
    pub(crate) fn count_backlog(&self, now: Millis) -> Result<Backlog, SqlError> {
        // The table of payloads itself is not counted: its rows are large.
        let kept = only(self.db.query(
            "SELECT count(*) FROM (SELECT seq FROM owed WHERE seq <= ?1 UNION SELECT seq FROM dead WHERE seq <= ?1)",
            &[Param::Int(self.state.done_to())],
        )?)?
        .int()?;
        let by_lane = |table: &str| {
            let rows = self.db.query(&format!("SELECT lane, count(*) FROM {table} GROUP BY lane"), &[])?;
            rows.into_iter()
                .map(|row| {
                    let mut row = Row::of(row);
                    Ok((row.text()?, row.int()?))
                })
                .collect::<Result<BTreeMap<_, _>, SqlError>>()
        };
        Ok(Backlog { at: now, kept, owed: by_lane("owed")?, dead: by_lane("dead")? })
    }

    /// Whether it refuses payloads.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting_bytes() >= self.settings.max_bytes
    }

    /// How its lanes are doing.
    pub(crate) fn lanes_status(&self, backlog: &Backlog, now: Millis) -> Result<Vec<LaneStatus>, SqlError> {
        self.lanes.iter().map(|(name, lane)| self.lane_status(name, lane, backlog, now)).collect()
    }

    /// Bytes of what is kept because something is still to be done with it.
    pub(crate) fn waiting_bytes(&self) -> i64 {
        self.state.bytes + self.state.packed
    }

    fn lane_status(
        &self,
        name: &str,
        lane: &Lane,
        counted: &Backlog,
        now: Millis,
    ) -> Result<LaneStatus, SqlError> {
        let of = self.lane_of(name);
        let beyond = match of {
            LaneOf::Raw(warehouse) => self.state.warehouses[warehouse].raw_to,
            LaneOf::Opening => self.state.opened_to,
            // Trackers wait for nothing but what is owed to them.
            LaneOf::Accounts(_) | LaneOf::Tracker | LaneOf::Nothing => self.state.top,
        };
        let mut row = only(self.db.query(
            "SELECT min(at) FROM payload WHERE seq IN (
               SELECT min(seq) FROM owed WHERE lane = ?1 AND seq > 0 UNION SELECT min(seq) FROM payload WHERE seq > ?2
             )",
            &[Param::Text(name), Param::Int(beyond)],
        )?)?;
        let of_lane = |counts: &BTreeMap<String, i64>| counts.get(name).copied().unwrap_or_default();
        let (mut backlog, mut dead) =
            (of_lane(&counted.owed) + self.state.top - beyond, of_lane(&counted.dead));
        let mut oldest = row.maybe_int()?;
        if let LaneOf::Accounts(warehouse) = of {
            (backlog, dead) = self.accounts_status(warehouse)?;
            oldest = None;
        }
        let breaker = match lane.breaker {
            Breaker::Closed => "closed",
            Breaker::Open => "open",
            Breaker::HalfOpen => "half_open",
        };
        Ok(LaneStatus {
            lane: name.to_owned(),
            breaker: breaker.to_owned(),
            paused: lane.paused,
            failures: lane.failures,
            reason: lane.reason.clone(),
            next_attempt_at: (lane.not_before > now).then_some(lane.not_before),
            backlog,
            oldest_pending: oldest.map(Millis),
            dead,
        })
    }

    fn ledger(&self) -> Result<Vec<Counter>, SqlError> {
        let rows = self.db.query(
            "SELECT run, day, event, tracker, received, delivered, filtered, rejected, dead, pending FROM ledger
             WHERE received <> 0 ORDER BY run, day, event, tracker",
            &[],
        )?;
        rows.into_iter()
            .map(|row| {
                let mut row = Row::of(row);
                Ok(Counter {
                    run: row.text()?,
                    day: day_name(row.int()?),
                    event: row.text()?,
                    tracker: row.text()?,
                    received: row.int()?,
                    delivered: row.int()?,
                    filtered: row.int()?,
                    rejected: row.int()?,
                    dead: row.int()?,
                    pending: row.int()?,
                })
            })
            .collect()
    }

    /// Stops a tracker's lane or lets it go on. A call that is under way ends as it ends.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn pause(&mut self, tracker: &str, paused: bool) -> Result<(), SqlError> {
        let sql = if paused {
            "INSERT OR IGNORE INTO paused (lane) VALUES (?1)"
        } else {
            "DELETE FROM paused WHERE lane = ?1"
        };
        self.db.query(sql, &[Param::Text(tracker)])?;
        self.lane(tracker).paused = paused;
        if paused {
            self.waves.give_up(tracker);
        }
        Ok(())
    }

    /// Adds a shard to the list that shard 0 keeps.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn register(&self, shard: u32) -> Result<(), SqlError> {
        self.db.query("INSERT OR IGNORE INTO shard (number) VALUES (?1)", &[Param::Int(i64::from(shard))])?;
        Ok(())
    }

    /// Every shard on the list, this one included, and what is paused.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn shards(&self) -> Result<Shards, SqlError> {
        let rows = self.db.query(
            "SELECT number FROM shard UNION SELECT ?1 ORDER BY 1",
            &[Param::Int(self.number.into())],
        )?;
        let number = |row| Ok(u32::try_from(Row::of(row).int()?).unwrap_or(u32::MAX));
        Ok(Shards { shards: rows.into_iter().map(number).collect::<Result<_, _>>()?, paused: self.paused()? })
    }

    /// Whether shard 0 has still to hear of this one.
    pub fn must_register(&self) -> bool {
        !self.state.registered && self.state.top > 0
    }

    /// Shard 0 has heard of this one.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn registered(&mut self) -> Result<(), SqlError> {
        let mut next = State { registered: true, ..self.state.clone() };
        next.save(&self.db)?;
        self.state = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backlog(owed: i64, dead: i64) -> Backlog {
        let rows = |count| BTreeMap::from([("ga4".to_owned(), count)]);
        Backlog { at: Millis(0), kept: 0, owed: rows(owed), dead: rows(dead) }
    }

    #[test]
    fn much_is_counted_every_five_minutes_and_little_every_time() {
        assert!(!backlog(25_000, 25_000).is_recent(Millis(1)));
        let much = backlog(25_001, 25_000);
        assert!(much.is_recent(Millis(COUNT_EVERY - 1)));
        assert!(!much.is_recent(Millis(COUNT_EVERY)));
    }
}
