//! Shards of earlier releases: what they hold is brought into today's tables before anything reads it.

use crate::row::Row;
use crate::sql::{Database, SqlError};

/// Brings the tables up to date, all or none.
pub fn migrate(db: &impl Database) -> Result<(), SqlError> {
    let old = "SELECT 1 FROM sqlite_master WHERE name = 'payload' AND sql NOT LIKE '%print%'";
    if db.query(old, &[])?.is_empty() {
        return Ok(());
    }
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'seen_[0-9]*'";
    let rows = db.query(names, &[])?.into_iter();
    let seen: Vec<String> = rows.map(|row| Row::of(row).text()).collect::<Result<_, _>>()?;
    db.transaction(&mut || {
        db.query("ALTER TABLE payload ADD COLUMN print TEXT", &[])?;
        seen.iter().try_for_each(|table| merge_ids(db, table))
    })
}

/// Ids of payloads began with `p` and those of events with `e`, in rows of their own.
fn merge_ids(db: &impl Database, table: &str) -> Result<(), SqlError> {
    for statement in [
        format!("ALTER TABLE {table} RENAME TO old_{table}"),
        format!(
            "CREATE TABLE {table} (id TEXT PRIMARY KEY, print TEXT, is_event INTEGER NOT NULL) WITHOUT ROWID"
        ),
        format!(
            "INSERT INTO {table} (id, print, is_event)
             SELECT substr(id, 2), max(CASE WHEN id GLOB 'p*' THEN print END), max(id GLOB 'e*')
             FROM old_{table} GROUP BY substr(id, 2)"
        ),
        format!("DROP TABLE old_{table}"),
    ] {
        db.query(&statement, &[])?;
    }
    Ok(())
}
