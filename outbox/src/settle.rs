//! Writing down outcomes: the delivery row, the counter, and what is still owed or dead, in one transaction.

use crate::lane;
use crate::ledger::{self, Deltas};
use crate::metrics::Tally;
use crate::owed::{self, OwedEvent, OwedRow};
use crate::pack::{Packs, Table};
use crate::seen::json;
use crate::settings::Settings;
use crate::sql::{Database, Param, SqlError};
use event::account::{LIVE, UNOPENED};
use event::wire::{Named, POLICY_CHANGED};
use event::{Change, Millis, Outcome};
use serde::Serialize;

/// The payload to which an event belongs.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    pub seq: i64,
    pub payload: &'a str,
    pub received_at: Millis,
    pub run: &'a str,
}

/// What an attempt came to, and under which policy.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub outcome: Outcome,
    pub status: Option<u16>,
    pub policy: Option<String>,
    /// What was dropped or altered under that policy, where it was told again.
    pub changes: Option<Vec<Change>>,
    /// The event's id and name, where a backfill's event was named.
    pub named: Option<Named>,
    /// When the answer came.
    pub at: Option<Millis>,
}

impl Attempt {
    /// An attempt of which nothing is known but that it failed.
    pub fn failed(reason: &str) -> Self {
        let outcome = Outcome::Retry { after: None, reason: reason.to_owned() };
        Self { outcome, status: None, policy: None, changes: None, named: None, at: None }
    }
}

/// Everything that one transaction writes about outcomes.
pub struct Account<'a> {
    now: Millis,
    shard: u32,
    release: &'a str,
    settings: &'a Settings,
    pub deltas: Deltas,
    pub tally: Tally,
    pub packs: Packs,
    pub owed: Vec<OwedRow>,
    dead: Vec<DeadRow>,
}

#[derive(Serialize)]
struct DeadRow(String, i64, String, Vec<OwedEvent>, u32, String, Millis, String);

/// A row of `deliveries`, in the order of [`event::account::DELIVERY_COLUMNS`].
#[derive(Serialize)]
struct Row<'a>(
    &'a str,
    u32,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    Option<&'a str>,
    Option<u16>,
    u32,
    Option<&'a [Change]>,
    Option<&'a str>,
    &'a str,
    &'a str,
    u32,
    i64,
    Millis,
    Millis,
);

impl<'a> Account<'a> {
    pub fn new(now: Millis, shard: u32, release: &'a str, settings: &'a Settings, next_number: i64) -> Self {
        Self {
            now,
            shard,
            release,
            settings,
            deltas: Deltas::default(),
            tally: Tally::default(),
            packs: Packs::from(next_number, Table::Deliveries),
            owed: Vec::new(),
            dead: Vec::new(),
        }
    }

    /// A final outcome: its delivery row and its term of the counter. That it was pending is the caller's to undo.
    pub fn settle(
        &mut self,
        of: Of<'_>,
        event: &OwedEvent,
        tracker: &str,
        attempt: &Attempt,
        attempts: u32,
    ) -> Result<(), SqlError> {
        // A retry that is settled is one that is given up.
        let outcome = match attempt.outcome {
            Outcome::Retry { .. } => "dead",
            ref outcome => outcome.name(),
        };
        let OwedEvent(idx, id, name, changes) = event;
        self.deltas.of(of.run, ledger::day_of(of.received_at), name, tracker).add(outcome, 1);
        self.tally.outcome(name, tracker, outcome, attempt.outcome.reason());
        if let Outcome::Delivered = attempt.outcome {
            self.tally.delivered_after(tracker, attempt.at.unwrap_or(self.now).0 - of.received_at.0);
        }
        let row = Row(
            of.payload,
            *idx,
            id,
            name,
            tracker,
            outcome,
            attempt.outcome.reason(),
            attempt.status,
            attempts,
            (!changes.is_empty()).then_some(changes),
            attempt.policy.as_deref(),
            self.release,
            of.run,
            self.shard,
            self.packs.next(),
            of.received_at,
            self.now,
        );
        self.packs.push(&row)
    }

    /// An attempt on an event: settled, owed again, or dead. The event counts as pending beforehand.
    pub fn attempted(
        &mut self,
        of: Of<'_>,
        mut event: OwedEvent,
        before: &Owing<'_>,
        attempt: &Attempt,
        rng: &mut fastrand::Rng,
    ) -> Result<(), SqlError> {
        if let Some(changes) = &attempt.changes {
            event.3.clone_from(changes);
        }
        if let Some(named) = attempt.named.as_ref().filter(|_| event.2 == UNOPENED) {
            self.name(of, &mut event, before.tracker, named);
        }
        let attempts = before.attempts + 1;
        let pending =
            &mut self.deltas.of(of.run, ledger::day_of(of.received_at), &event.2, before.tracker).pending;
        match &attempt.outcome {
            Outcome::Retry { reason, .. } if reason == POLICY_CHANGED => {
                self.owe(of, event, before.tracker, before.attempts, before.since, self.now);
            }
            Outcome::Retry { after, reason } if self.now.0 - before.since.0 < self.settings.retry_window => {
                let wait = lane::backoff(attempts, self.settings, rng).max(after.map_or(0, asked_for));
                self.tally.retried(before.tracker, reason);
                self.owe(of, event, before.tracker, attempts, before.since, Millis(self.now.0 + wait));
            }
            outcome => {
                *pending -= 1;
                self.settle(of, &event, before.tracker, attempt, attempts)?;
                if let Outcome::Retry { reason, .. } = outcome {
                    self.bury(before.tracker, of, Some(event), attempts, reason);
                }
            }
        }
        Ok(())
    }

    /// An event that a backfill handed over gets its name: until now it counted, pending, as one without.
    fn name(&mut self, of: Of<'_>, event: &mut OwedEvent, tracker: &str, named: &Named) {
        event.1.clone_from(&named.id);
        event.2.clone_from(&named.name);
        let day = ledger::day_of(of.received_at);
        for (name, by) in [(UNOPENED, -1), (named.name.as_str(), 1)] {
            let counts = self.deltas.of(of.run, day, name, tracker);
            counts.received += by;
            counts.pending += by;
        }
    }

    /// The event is owed, again or for the first time.
    pub fn owe(
        &mut self,
        of: Of<'_>,
        event: OwedEvent,
        tracker: &str,
        attempts: u32,
        since: Millis,
        next_at: Millis,
    ) {
        match self.owed.last_mut() {
            // Events of a payload that have the same history share a row, and wait together.
            Some(row)
                if row.seq == of.seq
                    && row.lane == tracker
                    && row.run == of.run
                    && row.attempts == attempts =>
            {
                row.events.push(event);
                row.next_at = row.next_at.max(next_at);
            }
            _ => self.owed.push(OwedRow {
                lane: tracker.to_owned(),
                seq: of.seq,
                run: of.run.to_owned(),
                events: vec![event],
                attempts,
                since,
                next_at,
            }),
        }
    }

    /// A dead letter, which keeps its payload.
    pub fn bury(&mut self, lane: &str, of: Of<'_>, event: Option<OwedEvent>, attempts: u32, reason: &str) {
        match self.dead.last_mut() {
            Some(row)
                if row.1 == of.seq
                    && row.0 == lane
                    && row.2 == of.run
                    && row.4 == attempts
                    && row.5 == reason =>
            {
                row.3.extend(event);
            }
            _ => self.dead.push(DeadRow(
                lane.to_owned(),
                of.seq,
                of.run.to_owned(),
                event.into_iter().collect(),
                attempts,
                reason.to_owned(),
                self.now,
                of.payload.to_owned(),
            )),
        }
    }

    /// What the shard has to know of it once it is written.
    pub fn into_counts(self) -> (Deltas, Tally) {
        (self.deltas, self.tally)
    }

    /// Writes everything. To be called within the transaction.
    pub fn write(&self, db: &impl Database) -> Result<(), SqlError> {
        owed::insert(db, &self.owed)?;
        for dead in self.dead.chunks(owed::ROWS_AT_ONCE) {
            db.query(
                "INSERT INTO dead (lane, seq, run, events, attempts, reason, at, payload)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                   value ->> 7
                 FROM json_each(?1)",
                &[Param::Text(&json(dead)?)],
            )?;
        }
        self.packs.write(db)?;
        self.deltas.apply(db, self.packs.next())
    }
}

/// What was owed before an attempt.
#[derive(Debug, Clone, Copy)]
pub struct Owing<'a> {
    pub tracker: &'a str,
    pub attempts: u32,
    pub since: Millis,
}

/// What a vendor asked for, in ms. Some answer with milliseconds or points in time, and would stop a lane for years.
pub fn asked_for(seconds: u32) -> i64 {
    const MOST: i64 = 60 * 60 * 1000;
    (i64::from(seconds) * 1000).min(MOST)
}

/// When the retry window of an event begins: at its receipt, or when it was put back.
pub fn since(of: Of<'_>, now: Millis) -> Millis {
    if of.run == LIVE { of.received_at } else { now }
}
