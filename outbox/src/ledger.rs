//! The counters: per run, day of receipt, event and tracker, changed in the transaction that changes an outcome.

use crate::row::Row;
use crate::seen::json;
use crate::sql::{Database, Param, SqlError};
use event::Millis;
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Days since the epoch.
pub fn day_of(time: Millis) -> i64 {
    time.0.div_euclid(DAY_MS)
}

/// The day as text.
pub fn day_name(day: i64) -> String {
    Millis(day * DAY_MS).day()
}

/// Which counter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub run: String,
    pub day: i64,
    pub event: String,
    pub tracker: String,
}

/// How much each of its terms changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub received: i64,
    pub delivered: i64,
    pub filtered: i64,
    pub rejected: i64,
    pub dead: i64,
    pub pending: i64,
}

impl Counts {
    /// Adds `by` to the term that an outcome's name names.
    pub fn add(&mut self, outcome: &str, by: i64) {
        match outcome {
            "delivered" => self.delivered += by,
            "filtered" => self.filtered += by,
            "rejected" => self.rejected += by,
            _ => self.dead += by,
        }
    }
}

/// Changes of one transaction.
#[derive(Debug, Default)]
pub struct Deltas(BTreeMap<Key, Counts>);

impl Deltas {
    /// The changes of a counter.
    pub fn of(&mut self, run: &str, day: i64, event: &str, tracker: &str) -> &mut Counts {
        let key = Key { run: run.to_owned(), day, event: event.to_owned(), tracker: tracker.to_owned() };
        self.0.entry(key).or_default()
    }

    /// Writes the changes. To be called once, within the transaction. `next_number` is the state's, or one between that
    /// and what it will be.
    pub fn apply(&self, db: &impl Database, next_number: i64) -> Result<(), SqlError> {
        let rows: Vec<_> = self
            .0
            .iter()
            .map(|(key, n)| {
                let Counts { received, delivered, filtered, rejected, dead, pending } = *n;
                (
                    &key.run,
                    key.day,
                    &key.event,
                    &key.tracker,
                    received,
                    delivered,
                    filtered,
                    rejected,
                    dead,
                    pending,
                )
            })
            .collect();
        db.query(
            "INSERT INTO ledger
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
               value ->> 7, value ->> 8, value ->> 9, ?2
             FROM json_each(?1) WHERE true
             ON CONFLICT (run, day, event, tracker) DO UPDATE SET
               received = received + excluded.received, delivered = delivered + excluded.delivered,
               filtered = filtered + excluded.filtered, rejected = rejected + excluded.rejected,
               dead = dead + excluded.dead, pending = pending + excluded.pending, changed = excluded.changed",
            &[Param::Text(&json(&rows)?), Param::Int(next_number)],
        )?;
        Ok(())
    }

    /// The counters that were changed.
    pub fn into_keys(self) -> impl Iterator<Item = Key> {
        self.0.into_keys()
    }
}

/// The counters whose present state the warehouse does not have.
pub type Dirty = BTreeSet<Key>;

/// Counters that changed since the last ones were told.
pub fn untold(db: &impl Database) -> Result<Dirty, SqlError> {
    let rows = db.query(
        "SELECT run, day, event, tracker FROM ledger WHERE changed >= (SELECT told_to FROM state)",
        &[],
    )?;
    rows.into_iter()
        .map(|row| {
            let mut row = Row::of(row);
            Ok(Key { run: row.text()?, day: row.int()?, event: row.text()?, tracker: row.text()? })
        })
        .collect()
}
