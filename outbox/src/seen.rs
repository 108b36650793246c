//! Ids that a shard remembers for the dedupe window: of payloads, with a fingerprint of their bytes, and of events.
//!
//! One table per window; two are looked at, and a table whose window is over is dropped as a whole. So an id
//! is remembered for one to two windows, and forgetting costs no write per id.

use crate::row::Row;
use crate::sql::{Database, Param, SqlError};
use event::Millis;
use std::collections::BTreeMap;

#[derive(Debug)]
pub struct Seen {
    window: i64,
    /// The windows that have a table, oldest first.
    tables: Vec<i64>,
}

/// What an id stands for: ids of payloads and of events are different worlds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Payload,
    Event,
}

impl Kind {
    pub fn key(self, id: &str) -> String {
        match self {
            Self::Payload => format!("p{id}"),
            Self::Event => format!("e{id}"),
        }
    }
}

impl Seen {
    pub fn load(db: &impl Database, window: i64) -> Result<Self, SqlError> {
        let rows = db.query(
            "SELECT CAST(substr(name, 6) AS INTEGER) FROM sqlite_master
             WHERE type = 'table' AND name GLOB 'seen_[0-9]*' ORDER BY 1",
            &[],
        )?;
        let tables = rows.into_iter().map(|row| Row::of(row).int()).collect::<Result<_, _>>()?;
        Ok(Self { window, tables })
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
                "CREATE TABLE IF NOT EXISTS seen_{current} (id TEXT PRIMARY KEY, print TEXT) WITHOUT ROWID"
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

    /// Those of `keys` that are remembered, with what was remembered of them.
    pub fn find(&self, db: &impl Database, keys: &[String]) -> Result<BTreeMap<String, String>, SqlError> {
        if keys.is_empty() || self.tables.is_empty() {
            return Ok(BTreeMap::new());
        }
        let json = json(keys)?;
        let one = |table: &i64| {
            format!(
                "SELECT id, print FROM seen_{table} WHERE id IN (SELECT CAST(value AS TEXT) FROM json_each(?1))"
            )
        };
        let sql = self.tables.iter().map(one).collect::<Vec<_>>().join(" UNION ALL ");
        let mut found = BTreeMap::new();
        for row in db.query(&sql, &[Param::Text(&json)])? {
            let mut row = Row::of(row);
            found.insert(row.text()?, row.text()?);
        }
        Ok(found)
    }

    /// Remembers keys, each with its print.
    pub fn remember(
        &self,
        db: &impl Database,
        now: Millis,
        keys: &[(String, String)],
    ) -> Result<(), SqlError> {
        if keys.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT OR REPLACE INTO seen_{} SELECT value ->> 0, value ->> 1 FROM json_each(?1)",
            self.current(now)
        );
        db.query(&sql, &[Param::Text(&json(keys)?)])?;
        Ok(())
    }

    fn current(&self, now: Millis) -> i64 {
        now.0.div_euclid(self.window)
    }
}

/// JSON for `json_each`.
pub fn json(value: &(impl serde::Serialize + ?Sized)) -> Result<String, SqlError> {
    serde_json::to_string(value).map_err(|error| SqlError(error.to_string()))
}
