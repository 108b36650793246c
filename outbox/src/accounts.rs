//! Accounting: rows of `deliveries`, `ledger` and `requests` go to each warehouse in the order of their numbers.

use crate::lane::{Cause, Failure, Lane};
use crate::ledger::{Dirty, Key, day_name};
use crate::pack::{Packs, Table};
use crate::refused::RefusedRow;
use crate::row::{Row, only};
use crate::seen::json;
use crate::shard::{ACCOUNTS_INTERVALS, Shard};
use crate::sql::{Database, Param, SqlError};
use crate::state::State;
use crate::warehouse::Warehouse;
use event::Millis;
use serde::Serialize;

/// So many packs are a backlog.
const BACKLOG: i64 = 50;

/// While a warehouse has a backlog the others get new counters only after so long, in ms: it has to be kept them all.
const BEHIND_PAUSE: i64 = 60_000;

/// Rows for a warehouse. What was written before is written again after a crash: a row's key is (shard, seq).
#[derive(Debug)]
pub struct AccountsBatch {
    /// The warehouse's name.
    pub warehouse: String,
    /// JSON arrays of rows, of the tables of which there are any.
    pub tables: Vec<(Table, String)>,
    /// The warehouse's place.
    at: usize,
    /// The last pack.
    pub(crate) last: i64,
    /// [`Shard::erasures`] when it was made.
    erasures: u64,
    packs: usize,
}

/// A row of `ledger`, in the order of [`event::account::LEDGER_COLUMNS`].
#[derive(Serialize)]
struct Line<'a>(u32, i64, &'a str, String, &'a str, &'a str, i64, i64, Millis);

impl<D: Database> Shard<D> {
    /// When a warehouse may get what it lacks; nothing where it lacks nothing.
    pub(crate) fn accounts_at(&self, lane: &Lane, at: usize) -> Option<Millis> {
        let starts_at = lane.paced(self.settings.interval * ACCOUNTS_INTERVALS);
        if self.state.warehouses[at].packs_to < self.state.next_number - 1 {
            return Some(starts_at);
        }
        (!self.dirty.is_empty()).then(|| starts_at.max(self.snapshot_at))
    }

    pub(crate) fn accounts_due(&mut self, at: usize, now: Millis) -> Result<Option<AccountsBatch>, SqlError> {
        let names = self.state.warehouses[at].names.clone();
        let lane = &self.lanes[&names.accounts];
        let (is_due, limit) = (self.accounts_at(lane, at).is_some_and(|due| due <= now), lane.limit());
        if !is_due || !lane.is_ready(now) {
            return Ok(None);
        }
        // Counters follow the deliveries that they count. While a backlog lasts there are few new ones, which
        // are only more of it: none where the backlog is this warehouse's own.
        if now >= self.snapshot_at && self.waiting_packs(at, BACKLOG)? < BACKLOG {
            self.snapshot(now)?;
            let mut all = 0..self.state.warehouses.len();
            let is_behind =
                all.try_fold(false, |any, at| Ok(any || self.waiting_packs(at, BACKLOG)? == BACKLOG))?;
            self.snapshot_at = Millis(if is_behind { now.0 + BEHIND_PAUSE } else { 0 });
        }
        let batch = self.next_packs(at, limit)?;
        match &batch {
            Some(_) => self.lane(&names.accounts).start(now, false),
            // Its last pack holds rows of higher numbers than its own.
            None => self.state.warehouses[at].packs_to = self.state.next_number - 1,
        }
        Ok(batch)
    }

    /// How many packs a warehouse lacks, counted up to `most`.
    fn waiting_packs(&self, at: usize, most: i64) -> Result<i64, SqlError> {
        let params = [Param::Int(self.state.warehouses[at].packs_to), Param::Int(most)];
        let sql = "SELECT count(*) FROM (SELECT 1 FROM pack WHERE number > ?1 LIMIT ?2)";
        only(self.db.query(sql, &params)?)?.int()
    }

    /// How many packs a warehouse lacks, and how many rows it refused.
    pub(crate) fn accounts_status(&self, at: usize) -> Result<(i64, i64), SqlError> {
        let name = &self.state.warehouses[at].names.warehouse;
        Ok((self.waiting_packs(at, i64::from(u32::MAX))?, self.count_refused(name)?))
    }

    /// Writes a pack of the counters that changed, after all deliveries that they count.
    fn snapshot(&mut self, now: Millis) -> Result<(), SqlError> {
        if self.dirty.is_empty() {
            return Ok(());
        }
        let mut packs = Packs::from(self.state.next_number, Table::Ledger);
        for (key, received, pending) in self.counters(&self.dirty)? {
            let day = day_name(key.day);
            let seq = packs.next();
            let line =
                Line(self.number, seq, &key.run, day, &key.event, &key.tracker, received, pending, now);
            packs.push(&line)?;
        }
        let mut next = State { ..self.state.clone() };
        next.next_number = packs.next();
        next.told_to = packs.next();
        next.packed += packs.bytes();
        self.db.transaction(&mut || {
            packs.write(&self.db)?;
            next.save(&self.db)
        })?;
        self.state = next;
        self.dirty = Dirty::new();
        Ok(())
    }

    fn counters(&self, keys: &Dirty) -> Result<Vec<(Key, i64, i64)>, SqlError> {
        let wanted: Vec<_> = keys.iter().map(|key| (&key.run, key.day, &key.event, &key.tracker)).collect();
        let rows = self.db.query(
            "SELECT run, day, event, tracker, received, pending
             FROM json_each(?1) CROSS JOIN ledger
             ON run = value ->> 0 AND day = value ->> 1 AND event = value ->> 2 AND tracker = value ->> 3",
            &[Param::Text(&json(&wanted)?)],
        )?;
        rows.into_iter()
            .map(|row| {
                let mut row = Row::of(row);
                let (run, day) = (row.text()?, row.int()?);
                let key = Key { run, day, event: row.text()?, tracker: row.text()? };
                Ok((key, row.int()?, row.int()?))
            })
            .collect()
    }

    fn next_packs(&self, at: usize, limit: usize) -> Result<Option<AccountsBatch>, SqlError> {
        let Warehouse { names, packs_to, .. } = &self.state.warehouses[at];
        let mut row = only(self.db.query(
            "SELECT max(number), count(*),
               group_concat(CASE WHEN kind = 0 THEN rows END),
               group_concat(CASE WHEN kind = 1 THEN rows END),
               group_concat(CASE WHEN kind = 2 THEN rows END)
             FROM (SELECT * FROM pack WHERE number > ?3 ORDER BY number)
             WHERE number <= (
               SELECT max(number) FROM (
                 SELECT number, size, sum(size) OVER (ORDER BY number) AS total
                 FROM (SELECT number, size FROM pack WHERE number > ?3 ORDER BY number LIMIT ?1)
               ) WHERE total <= ?2 OR total = size
             )",
            &[Param::Int(limit as i64), Param::Int(self.settings.batch_bytes), Param::Int(*packs_to)],
        )?)?;
        let (last, packs) = (row.int()?, row.int()?);
        let mut tables = Vec::new();
        for table in Table::ALL {
            tables.extend(row.maybe_text()?.map(|rows| (table, format!("[{rows}]"))));
        }
        let packs = usize::try_from(packs).unwrap_or_default();
        let warehouse = names.warehouse.clone();
        Ok((packs > 0).then_some(AccountsBatch {
            warehouse,
            tables,
            at,
            last,
            erasures: self.erasures,
            packs,
        }))
    }

    /// The result of an [`AccountsBatch`].
    ///
    /// # Errors
    /// [`SqlError`]; the batch is due again then.
    pub fn accounted(
        &mut self,
        batch: &AccountsBatch,
        result: Result<Vec<RefusedRow>, Failure>,
        now: Millis,
    ) -> Result<(), SqlError> {
        let names = self.state.warehouses[batch.at].names.clone();
        if let Err(failure) = &result {
            self.state.metrics.call_failed(&names.accounts, &failure.reason);
        }
        let lane = self.lanes.get_mut(&names.accounts).expect("made at the start");
        lane.busy = false;
        // The rows of the batch are not written down again: they name who was forgotten since. It is due again as it is now.
        let names_nobody = batch.erasures == self.erasures || result.as_ref().is_ok_and(Vec::is_empty);
        if !names_nobody {
            return Ok(());
        }
        let refused = match result {
            Ok(refused) => {
                lane.succeeded();
                refused
            }
            Err(failure) if failure.cause == Cause::Elsewhere => {
                lane.away(now, &failure.reason, &self.settings, &mut self.rng);
                return Ok(());
            }
            Err(failure) if batch.packs > 1 => {
                lane.split(now, batch.packs, &failure.reason, &mut self.rng);
                return Ok(());
            }
            Err(failure) if failure.cause == Cause::Row && batch.count()? > 1 => {
                lane.split(now, batch.packs, &failure.reason, &mut self.rng);
                let broken = self.break_up(batch);
                return self.guarded(now, broken);
            }
            Err(Failure { reason, cause: Cause::Row }) => batch.all_refused(&reason)?,
            // Nobody knows what is wrong with it: it has had its time.
            Err(failure) if now.0 - batch.since()?.0 >= self.settings.retry_window => {
                batch.all_refused(&failure.reason)?
            }
            Err(failure) => {
                lane.failed(now, &failure.reason, None, &self.settings, &mut self.rng);
                return Ok(());
            }
        };
        let done = self.pass_packs(batch, &refused, now);
        self.guarded(now, done)
    }

    fn pass_packs(
        &mut self,
        batch: &AccountsBatch,
        refused: &[RefusedRow],
        now: Millis,
    ) -> Result<(), SqlError> {
        let mut next = State { ..self.state.clone() };
        let warehouse = &mut next.warehouses[batch.at];
        warehouse.packs_to = warehouse.packs_to.max(batch.last);
        let packed = next.packed;
        self.db.transaction(&mut || {
            let kept = self.keep_refused(batch, refused, now)?;
            let freed = self.delete_packs(next.packs_to())?;
            next.packed = packed + kept - freed;
            // Else nothing is written of how far it came: what it has is deleted.
            if next.warehouses.len() > 1 { next.save(&self.db) } else { Ok(()) }
        })?;
        self.state = next;
        Ok(())
    }

    /// Deletes the packs that every warehouse has. Returns their bytes.
    fn delete_packs(&self, to: i64) -> Result<i64, SqlError> {
        let to = [Param::Int(to)];
        let bytes = only(self.db.query("SELECT sum(size) FROM pack WHERE number <= ?1", &to)?)?.int()?;
        if bytes > 0 {
            self.db.query("DELETE FROM pack WHERE number <= ?1", &to)?;
        }
        Ok(bytes)
    }
}
