//! What Console is told, and what it may change: pausing, and the list of shards.

use crate::admin::{Counter, LaneStatus, ShardStatus, Shards};
use crate::lane::{Breaker, Lane};
use crate::ledger::day_name;
use crate::row::{Row, only};
use crate::shard::{LaneOf, Shard};
use crate::sql::{Database, Param, SqlError};
use crate::state::State;
use event::Millis;

impl<D: Database> Shard<D> {
    /// How the shard is doing.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn status(&self, now: Millis) -> Result<ShardStatus, SqlError> {
        Ok(ShardStatus {
            shard: self.number,
            now,
            full: self.is_full(),
            payloads: self.kept_payloads()?,
            bytes: self.waiting_bytes(),
            rows_written: 0,
            lanes: self.lanes_status(now)?,
            ledger: self.ledger()?,
        })
    }

    /// Payloads that are kept because something is still to be done with them.
    pub(crate) fn kept_payloads(&self) -> Result<i64, SqlError> {
        // The table itself is not counted: its rows are large.
        let done = self.state.done_to();
        let kept = only(self.db.query(
            "SELECT count(*) FROM (SELECT seq FROM owed WHERE seq <= ?1 UNION SELECT seq FROM dead WHERE seq <= ?1)",
            &[Param::Int(done)],
        )?)?
        .int()?;
        Ok(self.state.top - done + kept)
    }

    /// Whether it refuses payloads.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting_bytes() >= self.settings.max_bytes
    }

    /// How its lanes are doing.
    pub(crate) fn lanes_status(&self, now: Millis) -> Result<Vec<LaneStatus>, SqlError> {
        self.lanes.iter().map(|(name, lane)| self.lane_status(name, lane, now)).collect()
    }

    /// Bytes of what is kept because something is still to be done with it.
    pub(crate) fn waiting_bytes(&self) -> i64 {
        self.state.bytes + self.state.packed
    }

    fn lane_status(&self, name: &str, lane: &Lane, now: Millis) -> Result<LaneStatus, SqlError> {
        let of = self.lane_of(name);
        let beyond = match of {
            LaneOf::Raw(warehouse) => self.state.warehouses[warehouse].raw_to,
            LaneOf::Opening => self.state.opened_to,
            // Trackers wait for nothing but what is owed to them.
            LaneOf::Accounts(_) | LaneOf::Tracker | LaneOf::Nothing => self.state.top,
        };
        let mut row = only(self.db.query(
            "SELECT
               (SELECT count(*) FROM owed WHERE lane = ?1) + ?3 - ?2,
               (SELECT min(at) FROM payload WHERE seq IN (
                 SELECT min(seq) FROM owed WHERE lane = ?1 UNION SELECT min(seq) FROM payload WHERE seq > ?2
               )),
               (SELECT count(*) FROM dead WHERE lane = ?1)",
            &[Param::Text(name), Param::Int(beyond), Param::Int(self.state.top)],
        )?)?;
        let (mut backlog, mut oldest, mut dead) = (row.int()?, row.maybe_int()?, row.int()?);
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
