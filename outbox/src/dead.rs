//! Dead letters: what was given up, kept with its payload until it is replayed or too old.

use crate::admin::{DeadEvent, DeadFilter, DeadLetter, DeadReply, DeadRequest, OPEN_LANE, ReplayReply};
use crate::backfill::{Handed, note_handed};
use crate::ledger::{self, Deltas};
use crate::owed::{self, OwedEvent, OwedRow};
use crate::row::Row;
use crate::seen::json;
use crate::shard::{LaneOf, Shard};
use crate::sql::{Database, Param, SqlError};
use crate::state::State;
use event::Millis;
use event::account::{ALL_TRACKERS, LIVE, UNOPENED};

/// Letters that are put back in one transaction.
const REPLAY_AT_ONCE: u32 = 100;

/// Most letters of an answer.
const MOST: u32 = 1000;

/// Payloads whose dead letters are deleted in one transaction.
const FORGOTTEN_AT_ONCE: usize = 1000;

const SELECT: &str = "SELECT number, lane, dead.seq, run, events, attempts, reason, dead.at, id, payload.at
  FROM dead JOIN payload ON payload.seq = dead.seq
  WHERE number > ?1 AND (?2 = '' OR lane = ?2)
    AND (?3 = '' OR EXISTS (SELECT 1 FROM json_each(events) WHERE value ->> 2 = ?3))
    AND payload.at >= ?4 AND payload.at < ?5
  ORDER BY number LIMIT ?6";

struct Letter {
    seq: i64,
    events: Vec<OwedEvent>,
    letter: DeadLetter,
}

impl<D: Database> Shard<D> {
    /// Dead letters, in the order of their numbers.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn dead(&self, request: &DeadRequest) -> Result<DeadReply, SqlError> {
        let limit = request.limit.clamp(1, MOST);
        let lane = request.filter.tracker.as_deref().unwrap_or_default();
        let mut letters: Vec<_> = match self.lane_of(lane) {
            LaneOf::Accounts(warehouse) => self.refused_letters(warehouse, request.after, limit + 1)?,
            _ => self
                .letters(&request.filter, request.after, limit + 1)?
                .into_iter()
                .map(|letter| letter.letter)
                .collect(),
        };
        let more = letters.len() > limit as usize;
        letters.truncate(limit as usize);
        Ok(DeadReply { letters, more })
    }

    fn letters(&self, filter: &DeadFilter, after: i64, limit: u32) -> Result<Vec<Letter>, SqlError> {
        let params = [
            Param::Int(after),
            Param::Text(filter.tracker.as_deref().unwrap_or_default()),
            Param::Text(filter.event.as_deref().unwrap_or_default()),
            Param::Int(filter.from.map_or(0, |from| from.0)),
            // The largest integer that a double holds.
            Param::Int(filter.to.map_or((1 << 53) - 1, |to| to.0)),
            Param::Int(i64::from(limit)),
        ];
        let rows = self.db.query(SELECT, &params)?;
        rows.into_iter()
            .map(|row| {
                let mut row = Row::of(row);
                let (number, tracker, seq) = (row.int()?, row.text()?, row.int()?);
                let (run, events) = (row.text()?, owed::events(&row.text()?)?);
                let attempts = u32::try_from(row.int()?).unwrap_or(u32::MAX);
                let (reason, dead_at) = (row.text()?, Millis(row.int()?));
                let told = |event: &OwedEvent| DeadEvent {
                    idx: event.0,
                    id: event.1.clone(),
                    name: event.2.clone(),
                };
                let letter = DeadLetter {
                    number,
                    tracker,
                    payload_id: row.text()?,
                    received_at: Millis(row.int()?),
                    dead_at,
                    reason,
                    attempts,
                    run,
                    events: events.iter().map(told).collect(),
                };
                Ok(Letter { seq, events, letter })
            })
            .collect()
    }

    /// Puts dead letters back under a run of their own, as new as if they had just come. Of a letter that holds other
    /// events, too, those stay dead. The same request again finds nothing, unless letters have died again. Of the rows that
    /// a warehouse refused (`(accounts d1)`) all are put back.
    ///
    /// # Errors
    /// [`SqlError`]; letters that were put back before stay so.
    pub fn replay(&mut self, run: &str, filter: &DeadFilter, now: Millis) -> Result<ReplayReply, SqlError> {
        let (mut reply, mut after) = (ReplayReply::default(), 0);
        if let LaneOf::Accounts(warehouse) = self.lane_of(filter.tracker.as_deref().unwrap_or_default()) {
            reply.letters = self.put_rows_back(warehouse)?;
            return Ok(reply);
        }
        loop {
            let letters = self.letters(filter, after, REPLAY_AT_ONCE)?;
            let Some(last) = letters.last() else { return Ok(reply) };
            after = last.letter.number;
            self.put_letters_back(run, filter, &letters, now, &mut reply)?;
        }
    }

    fn put_letters_back(
        &mut self,
        run: &str,
        filter: &DeadFilter,
        letters: &[Letter],
        now: Millis,
        reply: &mut ReplayReply,
    ) -> Result<(), SqlError> {
        let (mut deltas, mut owed_rows, mut gone, mut kept) = (Deltas::default(), vec![], vec![], vec![]);
        let mut handed = Vec::new();
        for Letter { seq, events, letter } in letters {
            let is_meant = |event: &OwedEvent| filter.event.as_ref().is_none_or(|name| *name == event.2);
            let (meant, others): (Vec<_>, Vec<_>) = events.iter().cloned().partition(is_meant);
            let day = ledger::day_of(letter.received_at);
            let mut owe = |event: &str, tracker: &str| {
                let counts = deltas.of(run, day, event, tracker);
                counts.received += 1;
                counts.pending += 1;
            };
            meant.iter().for_each(|event| owe(&event.2, &letter.tracker));
            if letter.tracker == OPEN_LANE {
                owe(UNOPENED, ALL_TRACKERS);
            }
            reply.letters += 1;
            reply.events += meant.len() as i64;
            if !letter.tracker.starts_with('(') {
                let places = meant.iter().map(|event| event.0).collect();
                handed.push(Handed(
                    letter.payload_id.clone(),
                    letter.received_at,
                    &letter.tracker,
                    run,
                    places,
                    now,
                ));
            }
            // Writing to a warehouse is no delivery: its lane knows one run.
            let run = if matches!(self.lane_of(&letter.tracker), LaneOf::Raw(_)) { LIVE } else { run };
            owed_rows.push(OwedRow {
                lane: letter.tracker.clone(),
                seq: *seq,
                run: run.to_owned(),
                events: meant,
                attempts: 0,
                since: now,
                next_at: now,
            });
            if others.is_empty() {
                gone.push(letter.number);
            } else {
                kept.push((letter.number, others));
            }
        }
        self.db.transaction(&mut || {
            owed::insert(&self.db, &owed_rows)?;
            note_handed(&self.db, &handed)?;
            self.db.query(
                "DELETE FROM dead WHERE number IN (SELECT value FROM json_each(?1))",
                &[Param::Text(&json(&gone)?)],
            )?;
            for (number, events) in &kept {
                let params = [Param::Text(&json(events)?), Param::Int(*number)];
                self.db.query("UPDATE dead SET events = ?1 WHERE number = ?2", &params)?;
            }
            deltas.apply(&self.db, self.state.next_number)
        })?;
        self.dirty.extend(deltas.into_keys());
        for row in owed_rows {
            self.owed_from(&row.lane, now);
        }
        Ok(())
    }

    /// Deletes dead letters that are older than their retention, and payloads that only they kept.
    ///
    /// Returns whether all are gone; else it is to be called again.
    pub(crate) fn forget_dead(&mut self, now: Millis) -> Result<bool, SqlError> {
        let before = Param::Int(now.0 - self.settings.dead_retention);
        let rows = self.db.query("SELECT DISTINCT seq FROM dead WHERE at < ?1 LIMIT 1000", &[before])?;
        let seqs: Vec<i64> = rows.into_iter().map(|row| Row::of(row).int()).collect::<Result<_, _>>()?;
        let is_done = seqs.len() < FORGOTTEN_AT_ONCE;
        if seqs.is_empty() {
            return Ok(true);
        }
        let seqs = json(&seqs)?;
        let mut next = State { ..self.state.clone() };
        self.db.transaction(&mut || {
            self.db.query(
                "DELETE FROM dead WHERE at < ?1 AND seq IN (SELECT value FROM json_each(?2))",
                &[before, Param::Text(&seqs)],
            )?;
            next.bytes = self.state.bytes - self.finish(&next, &seqs)?;
            next.save(&self.db)
        })?;
        self.state = next;
        Ok(is_done)
    }
}
