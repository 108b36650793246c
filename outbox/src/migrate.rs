//! Shards of earlier releases: what they hold is brought into today's tables before anything reads it.

use crate::row::Row;
use crate::sql::{Database, Param, SqlError};

/// Brings the tables up to date, step by step, each as a whole or not at all.
pub fn migrate(db: &impl Database) -> Result<(), SqlError> {
    let lacks = |table: &str, column: &str| {
        let old = "SELECT 1 FROM sqlite_master WHERE name = ?1 AND instr(sql, ?2) = 0";
        Ok(!db.query(old, &[Param::Text(table), Param::Text(column)])?.is_empty())
    };
    if lacks("payload", "print")? {
        keep_prints(db)?;
    }
    if lacks("state", "warehouses")? {
        tell_warehouses_apart(db)?;
    }
    if lacks("state", "metrics")? {
        db.query("ALTER TABLE state ADD COLUMN metrics TEXT NOT NULL DEFAULT '{}'", &[])?;
    }
    if lacks("dead", "payload")? {
        name_payloads_of_letters(db)?;
    }
    Ok(())
}

/// Dead letters were found by their payloads' numbers alone.
fn name_payloads_of_letters(db: &impl Database) -> Result<(), SqlError> {
    db.transaction(&mut || {
        db.query("ALTER TABLE dead ADD COLUMN payload TEXT NOT NULL DEFAULT ''", &[])?;
        let named = "UPDATE dead SET payload =
          coalesce((SELECT id FROM payload WHERE payload.seq = dead.seq), '')";
        db.query(named, &[]).map(|_| ())
    })
}

/// There was one warehouse, whose lanes had no name.
fn tell_warehouses_apart(db: &impl Database) -> Result<(), SqlError> {
    db.transaction(&mut || {
        for statement in [
            "ALTER TABLE state ADD COLUMN warehouses TEXT NOT NULL DEFAULT '{}'",
            "UPDATE state SET warehouses = json_object('d1', json_array(raw_to, 0))",
            "ALTER TABLE state DROP COLUMN raw_to",
            "ALTER TABLE pack RENAME COLUMN is_ledger TO kind",
            "UPDATE owed SET lane = '(raw d1)' WHERE lane = '(raw)'",
            "UPDATE dead SET lane = '(raw d1)' WHERE lane = '(raw)'",
            "UPDATE paused SET lane = replace(lane, ')', ' d1)') WHERE lane IN ('(raw)', '(accounts)')",
        ] {
            db.query(statement, &[])?;
        }
        Ok(())
    })
}

fn keep_prints(db: &impl Database) -> Result<(), SqlError> {
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
