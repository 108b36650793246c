//! Logging: raw payloads go to each warehouse in batches, in their order.
//!
//! One number tells how far it came. A payload that the warehouse refuses alone is set aside and tried by
//! itself, or is a dead letter where the refusal is for good; the others go on.

use crate::lane::{self, Breaker, Cause, Failure, Lane, Refused};
use crate::owed::{self, OwedRow};
use crate::row::Row;
use crate::seen::json;
use crate::settle::{Account, Of};
use crate::shard::Shard;
use crate::sql::{Database, Param, SqlError};
use crate::state::State;
use crate::traced::{self, CallSpan, CallSpans, Traced};
use crate::warehouse::Warehouse;
use event::Millis;
use event::account::LIVE;
use serde::Serialize;
use serde_json::value::RawValue;
use std::rc::Rc;

/// Payloads for a warehouse.
#[derive(Debug)]
pub struct RawBatch {
    /// The warehouse's name.
    pub warehouse: String,
    /// A JSON array of rows `[id, receivedAt, data, context]`, `receivedAt` in ms and `context` JSON as text.
    pub rows: String,
    /// The warehouse's place.
    at: usize,
    seqs: Vec<i64>,
    /// The spans of those that are traced, and their places.
    spans: Vec<(usize, String, CallSpan)>,
    /// Of a payload that was set aside.
    aside: Option<OwedRow>,
}

impl RawBatch {
    /// How many there are.
    pub fn payloads(&self) -> usize {
        self.seqs.len()
    }

    /// Those that are traced, and their places.
    pub fn traced(&self) -> impl Iterator<Item = (usize, Traced<'_>)> {
        self.spans.iter().map(|(place, payload, span)| (*place, Traced { payload, span: *span }))
    }

    /// Whether it tells if a lane that does not work works again.
    fn is_probe(&self, lane: &Lane) -> bool {
        self.seqs.len() == 1 && (self.aside.is_some() || lane.breaker == Breaker::Open)
    }
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
    pub(crate) fn raw_due(&mut self, at: usize, now: Millis) -> Result<Option<RawBatch>, SqlError> {
        let Warehouse { names, raw_to, .. } = self.state.warehouses[at].clone();
        let lane = self.lane(&names.raw);
        if !lane.is_ready(now) {
            return Ok(None);
        }
        let lane = &self.lanes[&names.raw];
        let (limit, starts_at) = (lane.limit(), self.raw_at(lane, at));
        let is_new_due = raw_to < self.state.top && now >= starts_at;
        let (payloads, aside) = if lane.takes_owed(now, is_new_due) {
            let Some(row) = owed::due(&self.db, &names.raw, now, 1)?.pop() else {
                self.look_up_owed(&names.raw, now);
                return Ok(None);
            };
            (self.stored(&[row.seq])?, Some(row))
        } else if is_new_due {
            (self.next_payloads(raw_to, limit, self.settings.batch_bytes)?, None)
        } else {
            return Ok(None);
        };
        if payloads.is_empty() && aside.is_none() {
            // There are none after the last one: the others were done before this warehouse was there.
            self.state.warehouses[at].raw_to = self.state.top;
            return Ok(None);
        }
        self.lane(&names.raw).start(now, aside.is_some());
        let rows: Vec<_> = payloads.iter().map(|row| (&row.id, row.at, &row.data, &row.context)).collect();
        let seqs = payloads.iter().map(|row| row.seq).collect();
        let warehouse = names.warehouse.clone();
        let rows = json(&rows)?;
        let mut calls = CallSpans::new(&mut self.rng);
        let span = |(place, row): (usize, &Rc<Stored>)| {
            Some((place, row.id.clone(), calls.of(traced::place(&row.context, self.sample_rate))?))
        };
        let spans = payloads.iter().enumerate().filter_map(span).collect();
        Ok(Some(RawBatch { warehouse, rows, at, seqs, spans, aside }))
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

    /// The numbers of the next payloads after `after`.
    pub(crate) fn next_seqs(&self, after: i64, limit: usize, bytes: i64) -> Result<Vec<i64>, SqlError> {
        // Rows past what fits would be read for nothing; those of many bytes take several pages each.
        let expected = 32 + bytes * 2 / self.average_size();
        let params = [Param::Int(after), Param::Int(expected.min(limit as i64)), Param::Int(bytes)];
        let rows = self.db.query(
            "SELECT seq FROM (
               SELECT seq, size, sum(size) OVER (ORDER BY seq) AS total
               FROM (SELECT seq, size FROM payload WHERE seq > ?1 ORDER BY seq LIMIT ?2)
             ) WHERE total <= ?3 OR total = size",
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
            &[Param::Text(&json(seqs)?)],
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
        result: Result<Vec<Refused>, Failure>,
        now: Millis,
    ) -> Result<(), SqlError> {
        let names = self.state.warehouses[batch.at].names.clone();
        if let Err(failure) = &result {
            self.state.metrics.call_failed(&names.raw, &failure.reason);
        }
        let rng = &mut self.rng;
        let lane = self.lanes.get_mut(&names.raw).expect("made at the start");
        lane.busy = false;
        let done = match result {
            Ok(refused) => self.pass(batch, now, refused, None),
            // Of several nobody is to blame. If one fails alone, again and again, the next may have more luck.
            Err(failure) if failure.cause == Cause::Elsewhere && !batch.is_probe(lane) => {
                lane.away(now, &failure.reason, &self.settings, rng);
                return Ok(());
            }
            Err(failure) if batch.seqs.len() > 1 => {
                lane.split(now, batch.seqs.len(), &failure.reason, rng);
                return Ok(());
            }
            Err(Failure { reason, cause: Cause::Row }) => {
                self.pass(batch, now, vec![Refused { place: 0, reason }], None)
            }
            Err(failure) => self.pass(batch, now, vec![], Some(failure)),
        };
        self.guarded(now, done)
    }

    /// Goes on after a batch. Payloads that were refused are dead. One that failed alone is set aside, and dead where it was
    /// so long ago, unless the failure lies elsewhere.
    fn pass(
        &mut self,
        batch: &RawBatch,
        now: Millis,
        refused: Vec<Refused>,
        failure: Option<Failure>,
    ) -> Result<(), SqlError> {
        let mut next = State { ..self.state.clone() };
        let warehouse = &mut next.warehouses[batch.at];
        let names = warehouse.names.clone();
        if batch.aside.is_none() {
            warehouse.raw_to = batch.seqs.last().copied().unwrap_or(warehouse.raw_to);
        }
        let before = batch.aside.as_ref();
        let attempts = before.map_or(0, |row| row.attempts) + 1;
        let since = before.map_or(now, |row| row.since);
        let mut account = Account::new(now, self.number, &self.release, &self.settings, next.next_number);
        let of = |seq| Of { seq, payload: "", received_at: now, run: LIVE };
        for Refused { place, reason } in &refused {
            if let Some(seq) = batch.seqs.get(*place) {
                account.bury(&names.raw, of(*seq), None, attempts, reason);
            }
        }
        if let (Some(failure), [seq]) = (&failure, &batch.seqs[..]) {
            let is_old = now.0 - since.0 >= self.settings.retry_window;
            if is_old && failure.cause != Cause::Elsewhere {
                account.bury(&names.raw, of(*seq), None, attempts, &failure.reason);
            } else {
                let wait = lane::backoff(attempts, &self.settings, &mut self.rng);
                account.owed.push(OwedRow {
                    lane: names.raw.clone(),
                    seq: *seq,
                    run: LIVE.to_owned(),
                    events: vec![],
                    attempts,
                    since,
                    next_at: Millis(now.0 + wait),
                });
            }
        }
        let seqs = json(&batch.seqs)?;
        self.db.transaction(&mut || {
            if batch.aside.is_some() {
                owed::delete(&self.db, &names.raw, LIVE, &batch.seqs)?;
            }
            account.write(&self.db)?;
            let freed = self.finish(&next, &seqs)?;
            next.bytes = self.state.bytes - freed;
            // How far it came need not be written for itself: after a crash the same rows are written again, and
            // are no other rows. Where another warehouse is far behind, they would be very many.
            let is_fate = failure.is_some() || !refused.is_empty() || batch.aside.is_some();
            let must_save = freed > 0 || is_fate || next.warehouses.len() > 1;
            if must_save { next.save(&self.db) } else { Ok(()) }
        })?;
        self.state = next;
        self.recent.forget(self.needed_from());
        self.look_up_owed(&names.raw, now);
        let has_all = self.state.warehouses[batch.at].raw_to == self.state.top;
        let is_culprit = refused.len() == batch.seqs.len();
        let lane = self.lanes.get_mut(&names.raw).expect("made at the start");
        match failure {
            // The rows are to blame, not the warehouse, which took none and may be away by now.
            None if is_culprit => {}
            None => {
                lane.succeeded();
                if has_all {
                    lane.caught_up();
                }
            }
            Some(Failure { reason, cause: Cause::Elsewhere }) => {
                lane.away(now, &reason, &self.settings, &mut self.rng);
            }
            Some(_) if batch.aside.is_some() => {}
            Some(failure) => lane.failed(now, &failure.reason, None, &self.settings, &mut self.rng),
        }
        Ok(())
    }
}
