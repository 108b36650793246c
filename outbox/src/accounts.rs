//! Accounting: `deliveries` and `ledger` rows go to the warehouse in the order of their numbers.

use crate::admin::ACCOUNTS_LANE;
use crate::lane::Failure;
use crate::ledger::{Dirty, Key, day_name};
use crate::pack::Packs;
use crate::row::{Row, only};
use crate::seen::json;
use crate::shard::{ACCOUNTS_INTERVALS, Shard, State};
use crate::sql::{Database, Param, SqlError};
use event::Millis;
use serde::Serialize;

/// Rows for the warehouse. What was written before is written again after a crash: a row's key is (shard, seq).
#[derive(Debug)]
pub struct AccountsBatch {
    /// A JSON array of rows of `deliveries`; empty where there are none.
    pub deliveries: String,
    /// A JSON array of rows of `ledger`; empty where there are none.
    pub ledger: String,
    /// The last pack.
    last: i64,
    packs: usize,
    bytes: i64,
}

/// A row of `ledger`, in the order of [`event::account::LEDGER_COLUMNS`].
#[derive(Serialize)]
struct Line<'a>(u32, i64, &'a str, String, &'a str, &'a str, i64, i64, Millis);

impl<D: Database> Shard<D> {
    /// Whether the warehouse lacks anything.
    pub(crate) fn has_accounts(&self) -> bool {
        self.has_packs || !self.dirty.is_empty()
    }

    pub(crate) fn accounts_due(&mut self, now: Millis) -> Result<Option<AccountsBatch>, SqlError> {
        let lane = &self.lanes[ACCOUNTS_LANE];
        let starts_at = lane.paced(self.settings.interval * ACCOUNTS_INTERVALS);
        if !self.has_accounts() || !lane.is_ready(now) || now < starts_at {
            return Ok(None);
        }
        let limit = lane.limit();
        // Counters follow the deliveries that they count. While a backlog lasts there are no new ones, which
        // would only be more of it.
        let waiting = crate::open::count(&self.db, "SELECT count(*) FROM (SELECT 1 FROM pack LIMIT 50)")?;
        if waiting < 50 {
            self.snapshot(now)?;
        }
        let batch = self.next_packs(limit)?;
        match &batch {
            Some(_) => self.lane(ACCOUNTS_LANE).start(now, false),
            None => self.has_packs = false,
        }
        Ok(batch)
    }

    /// Writes a pack of the counters that changed, after all deliveries that they count.
    fn snapshot(&mut self, now: Millis) -> Result<(), SqlError> {
        if self.dirty.is_empty() {
            return Ok(());
        }
        let mut packs = Packs::from(self.state.next_number, true);
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
        self.has_packs = true;
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

    fn next_packs(&self, limit: usize) -> Result<Option<AccountsBatch>, SqlError> {
        let mut row = only(self.db.query(
            "SELECT max(number), count(*), sum(size),
               group_concat(CASE WHEN is_ledger = 0 THEN rows END),
               group_concat(CASE WHEN is_ledger = 1 THEN rows END)
             FROM (SELECT * FROM pack ORDER BY number)
             WHERE number <= (
               SELECT max(number) FROM (
                 SELECT number, sum(size) OVER (ORDER BY number) - size AS before
                 FROM (SELECT number, size FROM pack ORDER BY number LIMIT ?1)
               ) WHERE before < ?2
             )",
            &[Param::Int(limit as i64), Param::Int(self.settings.batch_bytes)],
        )?)?;
        let (last, packs, bytes) = (row.int()?, row.int()?, row.int()?);
        let mut array = || Ok(row.maybe_text()?.map_or_else(String::new, |rows| format!("[{rows}]")));
        let (deliveries, ledger) = (array()?, array()?);
        let packs = usize::try_from(packs).unwrap_or_default();
        Ok((packs > 0).then_some(AccountsBatch { deliveries, ledger, last, packs, bytes }))
    }

    /// The result of an [`AccountsBatch`].
    ///
    /// # Errors
    /// [`SqlError`]; the batch is due again then.
    pub fn accounted(
        &mut self,
        batch: &AccountsBatch,
        result: Result<(), Failure>,
        now: Millis,
    ) -> Result<(), SqlError> {
        let lane = self.lanes.get_mut(ACCOUNTS_LANE).expect("made at the start");
        lane.busy = false;
        match result {
            Ok(()) => lane.succeeded(),
            Err(failure) if batch.packs > 1 => {
                lane.split(now, batch.packs, &failure.reason, &mut self.rng);
                return Ok(());
            }
            Err(failure) => {
                lane.failed(now, &failure.reason, None, &self.settings, &mut self.rng);
                return Ok(());
            }
        }
        let done = self.db.query("DELETE FROM pack WHERE number <= ?1", &[Param::Int(batch.last)]);
        if done.is_ok() {
            self.state.packed -= batch.bytes;
        }
        self.guarded(now, done.map(drop))
    }
}
