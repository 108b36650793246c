//! Logging: raw payloads go to the warehouse in batches, in their order.
//!
//! One number tells how far it came. A payload that the warehouse refuses alone is set aside and tried by
//! itself, or is a dead letter where the refusal is for good; the others go on.

use crate::admin::RAW_LANE;
use crate::lane::{self, Failure};
use crate::owed::{self, OwedRow};
use crate::row::Row;
use crate::settle::{Account, Of};
use crate::shard::{Shard, State};
use crate::sql::{Database, Param, SqlError};
use event::Millis;
use event::account::LIVE;
use serde::Serialize;
use serde_json::value::RawValue;
use std::rc::Rc;

/// Payloads for the warehouse.
#[derive(Debug)]
pub struct RawBatch {
    /// A JSON array of rows `[id, receivedAt, data, context]`, `receivedAt` in ms and `context` JSON as text.
    pub rows: String,
    seqs: Vec<i64>,
    /// Of a payload that was set aside.
    aside: Option<OwedRow>,
}

/// A row of `payload`.
#[derive(Debug)]
pub struct Stored {
    pub seq: i64,
    pub id: String,
    pub at: Millis,
    pub size: i64,
    pub data: String,
    pub context: String,
}

impl Stored {
    /// [`event::Payload`] as JSON.
    pub fn as_payload(&self) -> Result<Box<RawValue>, SqlError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Payload<'a> {
            id: &'a str,
            received_at: Millis,
            data: &'a str,
            context: &'a RawValue,
        }
        let failed = |error: serde_json::Error| SqlError(format!("the context of a payload: {error}"));
        let context: &RawValue = serde_json::from_str(&self.context).map_err(failed)?;
        let payload = Payload { id: &self.id, received_at: self.at, data: &self.data, context };
        serde_json::value::to_raw_value(&payload).map_err(failed)
    }
}

impl<D: Database> Shard<D> {
    pub(crate) fn raw_due(&mut self, now: Millis) -> Result<Option<RawBatch>, SqlError> {
        let lane = &self.lanes[RAW_LANE];
        if !lane.is_ready(now) {
            return Ok(None);
        }
        let (limit, starts_at) = (lane.limit(), self.raw_at(lane));
        let is_new_due = self.state.raw_to < self.state.top && now >= starts_at;
        let batch = if lane.takes_owed(now, is_new_due) {
            self.raw_set_aside(now)?
        } else if is_new_due {
            let next = self.next_payloads(self.state.raw_to, limit, self.settings.batch_bytes)?;
            Some(raw_batch(&next, None)?)
        } else {
            None
        };
        if let Some(batch) = &batch {
            self.lane(RAW_LANE).start(now, batch.aside.is_some());
        }
        Ok(batch)
    }

    fn raw_set_aside(&mut self, now: Millis) -> Result<Option<RawBatch>, SqlError> {
        let Some(row) = owed::due(&self.db, RAW_LANE, now, 1)?.pop() else {
            self.look_up_owed(RAW_LANE, now);
            return Ok(None);
        };
        let stored = self.stored(&[row.seq])?;
        Ok(Some(raw_batch(&stored, Some(row))?))
    }

    /// The next payloads after `after`, as many as fit a call, but one at least.
    pub(crate) fn next_payloads(
        &self,
        after: i64,
        limit: usize,
        bytes: i64,
    ) -> Result<Vec<Rc<Stored>>, SqlError> {
        match self.recent.next(after, limit, bytes) {
            Some(next) => Ok(next),
            None => self.stored(&self.next_seqs(after, limit, bytes)?),
        }
    }

    fn next_seqs(&self, after: i64, limit: usize, bytes: i64) -> Result<Vec<i64>, SqlError> {
        // Rows past what fits would be read for nothing; those of many bytes take several pages each.
        let expected = 32 + bytes * 2 / self.average_size();
        let params = [
            Param::Int(after),
            Param::Int(expected.min(limit as i64)),
            Param::Int(bytes),
            Param::Int(after + 1),
        ];
        let rows = self.db.query(
            "SELECT seq FROM (
               SELECT seq, sum(size) OVER (ORDER BY seq) AS total
               FROM (SELECT seq, size FROM payload WHERE seq > ?1 ORDER BY seq LIMIT ?2)
             ) WHERE total <= ?3 OR seq = ?4",
            &params,
        )?;
        rows.into_iter().map(|row| Row::of(row).int()).collect()
    }

    /// Payloads as they were stored. JSON is made of them here and not by SQLite, which takes no text of more than 2.2 MB,
    /// in between neither: as JSON a body can be six times as long as it is.
    pub(crate) fn stored(&self, seqs: &[i64]) -> Result<Vec<Rc<Stored>>, SqlError> {
        let rows = self.db.query(
            "SELECT seq, id, at, size, data, context FROM payload
             WHERE seq IN (SELECT value FROM json_each(?1)) ORDER BY seq",
            &[Param::Text(&crate::seen::json(seqs)?)],
        )?;
        rows.into_iter()
            .map(|row| {
                let mut row = Row::of(row);
                let (seq, id, at, size) = (row.int()?, row.text()?, Millis(row.int()?), row.int()?);
                Ok(Rc::new(Stored { seq, id, at, size, data: row.text()?, context: row.text()? }))
            })
            .collect()
    }

    /// The result of a [`RawBatch`].
    ///
    /// # Errors
    /// [`SqlError`]; the batch is due again then.
    pub fn logged(
        &mut self,
        batch: &RawBatch,
        result: Result<(), Failure>,
        now: Millis,
    ) -> Result<(), SqlError> {
        self.lane(RAW_LANE).busy = false;
        let done = match result {
            Ok(()) => self.pass(batch, now, None),
            Err(failure) if batch.seqs.len() > 1 => {
                let rng = &mut self.rng;
                let lane = self.lanes.get_mut(RAW_LANE).expect("made at the start");
                lane.split(now, batch.seqs.len(), &failure.reason, rng);
                return Ok(());
            }
            Err(failure) => self.pass(batch, now, Some(failure)),
        };
        self.guarded(now, done)
    }

    /// Goes on after a batch. A payload that failed alone is set aside or dead.
    fn pass(&mut self, batch: &RawBatch, now: Millis, failure: Option<Failure>) -> Result<(), SqlError> {
        let mut next = State { ..self.state.clone() };
        if batch.aside.is_none() {
            next.raw_to = batch.seqs.last().copied().unwrap_or(next.raw_to);
        }
        let mut account = Account::new(now, self.number, &self.release, &self.settings, next.next_number);
        if let (Some(failure), [seq]) = (&failure, &batch.seqs[..]) {
            let before = batch.aside.as_ref();
            let attempts = before.map_or(0, |row| row.attempts) + 1;
            let since = before.map_or(now, |row| row.since);
            let is_over = failure.permanent || now.0 - since.0 >= self.settings.retry_window;
            if is_over {
                let of = Of { seq: *seq, payload: "", received_at: now, run: LIVE };
                account.bury(RAW_LANE, of, None, attempts, &failure.reason);
            } else {
                let wait = lane::backoff(attempts, &self.settings, &mut self.rng);
                account.owed.push(OwedRow {
                    lane: RAW_LANE.to_owned(),
                    seq: *seq,
                    run: LIVE.to_owned(),
                    events: vec![],
                    attempts,
                    since,
                    next_at: Millis(now.0 + wait),
                });
            }
        }
        let seqs = crate::seen::json(&batch.seqs)?;
        self.db.transaction(&mut || {
            if batch.aside.is_some() {
                owed::delete(&self.db, RAW_LANE, LIVE, &batch.seqs)?;
            }
            account.write(&self.db)?;
            let freed = self.finish(&next, &seqs)?;
            next.bytes = self.state.bytes - freed;
            // How far it came need not be written for itself: after a crash the same rows are written again, and
            // are no other rows.
            if freed > 0 || failure.is_some() || batch.aside.is_some() { next.save(&self.db) } else { Ok(()) }
        })?;
        self.state = next;
        self.recent.forget(self.state.raw_to.min(self.state.opening_to));
        self.look_up_owed(RAW_LANE, now);
        let lane = self.lanes.get_mut(RAW_LANE).expect("made at the start");
        match failure {
            None => {
                lane.succeeded();
                if self.state.raw_to == self.state.top {
                    lane.caught_up();
                }
            }
            // The row is to blame, not the warehouse.
            Some(failure) if failure.permanent || batch.aside.is_some() => {}
            Some(failure) => lane.failed(now, &failure.reason, None, &self.settings, &mut self.rng),
        }
        Ok(())
    }
}

fn raw_batch(payloads: &[Rc<Stored>], aside: Option<OwedRow>) -> Result<RawBatch, SqlError> {
    let rows: Vec<_> = payloads.iter().map(|row| (&row.id, row.at, &row.data, &row.context)).collect();
    let seqs = payloads.iter().map(|row| row.seq).collect();
    Ok(RawBatch { rows: crate::seen::json(&rows)?, seqs, aside })
}
