//! Ids that a shard remembers for the dedupe window: of payloads, with a fingerprint of their bytes, and of events. The
//! SDK gives a payload the id of its first event, so that one row serves both.
//!
//! One table per window; two are looked at, and a table whose window is over is dropped as a whole. So an id
//! is remembered for one to two windows, and forgetting costs no write per id.
//!
//! Ids come in no order, so that each write changes a page of its own. Payloads' ids are therefore kept in memory at first, and
//! written by the hundred; after a crash they are read from the payloads, of which none is deleted before.

use crate::row::Row;
use crate::sql::{Database, Param, SqlError, Value};
use event::Millis;
use std::collections::{BTreeMap, BTreeSet};

type Rows = Vec<Vec<Value>>;

/// So many ids wait in memory at most.
const MAX_UNWRITTEN: usize = 1000;

#[derive(Debug)]
pub struct Seen {
    window: i64,
    /// The windows that have a table, oldest first.
    tables: Vec<i64>,
    /// Ids of payloads that are in no table yet, with their prints.
    unwritten: BTreeMap<String, String>,
}

impl Seen {
    pub fn load(db: &impl Database, window: i64) -> Result<Self, SqlError> {
        let rows = db.query(
            "SELECT CAST(substr(name, 6) AS INTEGER) FROM sqlite_master
             WHERE type = 'table' AND name GLOB 'seen_[0-9]*' ORDER BY 1",
            &[],
        )?;
        let tables = rows.into_iter().map(|row| Row::of(row).int()).collect::<Result<_, _>>()?;
        // Some of them may be written; twice does no harm.
        let rows = db.query(
            "SELECT id, print FROM (SELECT id, print FROM payload ORDER BY seq DESC LIMIT ?1)
             WHERE print IS NOT NULL",
            &[Param::Int(MAX_UNWRITTEN as i64)],
        )?;
        let unwritten = pairs(rows)?;
        Ok(Self { window, tables, unwritten })
    }

    /// Makes the table of now, and drops those whose ids are older than the window. Not within a transaction,
    /// which might be undone.
    pub fn rotate(&mut self, db: &impl Database, now: Millis) -> Result<(), SqlError> {
        let current = self.current(now);
        if self.tables.last() == Some(&current) {
            return Ok(());
        }
        db.query(
            &format!(
                "CREATE TABLE IF NOT EXISTS seen_{current}
                 (id TEXT PRIMARY KEY, print TEXT, is_event INTEGER NOT NULL) WITHOUT ROWID"
            ),
            &[],
        )?;
        // Also those of a window of another length.
        for old in self.tables.iter().filter(|&&table| table != current - 1 && table != current) {
            db.query(&format!("DROP TABLE IF EXISTS seen_{old}"), &[])?;
        }
        self.tables.retain(|&table| table == current - 1);
        self.tables.push(current);
        Ok(())
    }

    /// Those of these payloads' ids that are remembered, with their prints.
    pub fn payloads(&self, db: &impl Database, ids: &[&str]) -> Result<BTreeMap<String, String>, SqlError> {
        let mut found = pairs(self.find(db, "id, print", "print IS NOT NULL", ids)?)?;
        for id in ids {
            if let Some((id, print)) = self.unwritten.get_key_value(*id) {
                found.insert(id.clone(), print.clone());
            }
        }
        Ok(found)
    }

    /// Those of these events' ids that are remembered.
    pub fn events(&self, db: &impl Database, ids: &[&str]) -> Result<BTreeSet<String>, SqlError> {
        let rows = self.find(db, "id", "is_event = 1", ids)?;
        rows.into_iter().map(|row| Row::of(row).text()).collect()
    }

    fn find(&self, db: &impl Database, columns: &str, which: &str, ids: &[&str]) -> Result<Rows, SqlError> {
        if ids.is_empty() || self.tables.is_empty() {
            return Ok(Vec::new());
        }
        // The order of the join is fixed: each id is looked up.
        let one = |table: &i64| {
            format!(
                "SELECT {columns} FROM (SELECT CAST(value AS TEXT) AS wanted FROM json_each(?1))
                 CROSS JOIN seen_{table} ON id = wanted WHERE {which}"
            )
        };
        let sql = self.tables.iter().map(one).collect::<Vec<_>>().join(" UNION ALL ");
        db.query(&sql, &[Param::Text(&json(ids)?)])
    }

    /// Remembers ids of payloads, each with its print. They stand in the payloads until they are [written](Self::write).
    pub fn remember(&mut self, payloads: impl IntoIterator<Item = (String, String)>) {
        self.unwritten.extend(payloads);
    }

    /// Forgets ids that wait: their payloads were not stored.
    pub fn forget<'a>(&mut self, ids: impl IntoIterator<Item = &'a String>) {
        for id in ids {
            self.unwritten.remove(id);
        }
    }

    /// Whether so many ids wait that they must be written.
    pub fn is_full(&self) -> bool {
        self.unwritten.len() >= MAX_UNWRITTEN
    }

    /// Writes what waits, and the ids of these events. To be called within a transaction, and [`Seen::written`] after it.
    pub fn write(&self, db: &impl Database, now: Millis, events: &[String]) -> Result<(), SqlError> {
        let mut rows: BTreeMap<&str, (Option<&str>, u8)> =
            self.unwritten.iter().map(|(id, print)| (id.as_str(), (Some(print.as_str()), 0))).collect();
        for id in events {
            rows.entry(id).or_insert((None, 1)).1 = 1;
        }
        if rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = rows.into_iter().map(|(id, (print, is_event))| (id, print, is_event)).collect();
        let sql = format!(
            "INSERT INTO seen_{} (id, print, is_event)
             SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
             ON CONFLICT (id) DO UPDATE SET
               print = coalesce(excluded.print, print), is_event = max(excluded.is_event, is_event)",
            self.current(now)
        );
        db.query(&sql, &[Param::Text(&json(&rows)?)])?;
        Ok(())
    }

    /// Forgets ids of events, but those that are a payload's, too. To be called within a transaction.
    pub fn forget_events(&self, db: &impl Database, ids: &[&str]) -> Result<(), SqlError> {
        // An id has 64 characters at most.
        const AT_ONCE: usize = 10_000;
        for ids in ids.chunks(AT_ONCE) {
            let ids = json(ids)?;
            for table in &self.tables {
                let which = "print IS NULL AND id IN (SELECT value FROM json_each(?1))";
                db.query(&format!("DELETE FROM seen_{table} WHERE {which}"), &[Param::Text(&ids)])?;
            }
        }
        Ok(())
    }

    /// What waited is written.
    pub fn written(&mut self) {
        self.unwritten.clear();
    }

    fn current(&self, now: Millis) -> i64 {
        now.0.div_euclid(self.window)
    }
}

/// Reads rows of two texts.
fn pairs(rows: Rows) -> Result<BTreeMap<String, String>, SqlError> {
    rows.into_iter()
        .map(|row| {
            let mut row = Row::of(row);
            Ok((row.text()?, row.text()?))
        })
        .collect()
}

/// JSON for `json_each`.
pub fn json(value: &(impl serde::Serialize + ?Sized)) -> Result<String, SqlError> {
    serde_json::to_string(value).map_err(|error| SqlError(error.to_string()))
}
