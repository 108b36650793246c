//! What lanes still have to do: rows of `owed`.

use crate::row::Row;
use crate::seen::json;
use crate::sql::{Database, Param, SqlError};
use event::{Change, Millis};
use serde::{Deserialize, Serialize};

/// An event that is owed to a tracker, with what the account needs of it: (idx, id, name, changes).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedEvent(pub u32, pub String, pub String, pub Vec<Change>);

/// Events of one payload that were tried equally often, or, for a lane in parentheses, the payload itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedRow {
    pub lane: String,
    pub seq: i64,
    pub run: String,
    pub events: Vec<OwedEvent>,
    pub attempts: u32,
    /// When the retry window began.
    pub since: Millis,
    pub next_at: Millis,
}

impl OwedRow {
    fn first(&self) -> u32 {
        self.events.first().map_or(0, |event| event.0)
    }
}

const COLUMNS: &str = "lane, seq, run, events, attempts, since, next_at";

const OF_TRACKERS: &str = "FROM owed WHERE seq IN (SELECT value FROM json_each(?1)) AND lane NOT GLOB '(*'";

/// Rows that are written by one statement. A row holds the events of one payload, at most 200 kB, and SQLite takes
/// parameters of 2.2 MB.
pub const ROWS_AT_ONCE: usize = 8;

/// Inserts rows.
pub fn insert(db: &impl Database, rows: &[OwedRow]) -> Result<(), SqlError> {
    rows.chunks(ROWS_AT_ONCE).try_for_each(|rows| insert_some(db, rows))
}

fn insert_some(db: &impl Database, rows: &[OwedRow]) -> Result<(), SqlError> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            (&row.lane, row.seq, &row.run, row.first(), &row.events, row.attempts, row.since, row.next_at)
        })
        .collect();
    db.query(
        "INSERT OR REPLACE INTO owed (lane, seq, run, first, events, attempts, since, next_at)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
         FROM json_each(?1)",
        &[Param::Text(&json(&rows)?)],
    )?;
    Ok(())
}

/// The rows of a lane that are due, of one run, oldest first.
pub fn due(db: &impl Database, lane: &str, now: Millis, limit: usize) -> Result<Vec<OwedRow>, SqlError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM owed WHERE lane = ?1 AND next_at <= ?2 ORDER BY next_at, seq LIMIT ?3"
    );
    let params = [Param::Text(lane), Param::Int(now.0), Param::Int(limit as i64)];
    let mut rows = read(db.query(&sql, &params)?)?;
    if let Some(run) = rows.first().map(|row| row.run.clone()) {
        rows.retain(|row| row.run == run);
    }
    Ok(rows)
}

/// The rows of a lane, of one run, for these payloads.
pub fn of(db: &impl Database, lane: &str, run: &str, seqs: &[i64]) -> Result<Vec<OwedRow>, SqlError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM owed
         WHERE lane = ?1 AND run = ?2 AND seq IN (SELECT value FROM json_each(?3))"
    );
    read(db.query(&sql, &[Param::Text(lane), Param::Text(run), Param::Text(&json(seqs)?)])?)
}

/// What is owed to trackers of these payloads, in all runs.
pub fn of_payloads(db: &impl Database, seqs: &[i64]) -> Result<Vec<OwedRow>, SqlError> {
    let sql = format!("SELECT {COLUMNS} {OF_TRACKERS}");
    read(db.query(&sql, &[Param::Text(&json(seqs)?)])?)
}

/// Deletes what [`of_payloads`] would return.
pub fn delete_of_trackers(db: &impl Database, seqs: &[i64]) -> Result<(), SqlError> {
    db.query(&format!("DELETE {OF_TRACKERS}"), &[Param::Text(&json(seqs)?)])?;
    Ok(())
}

/// Deletes what [`of`] would return.
pub fn delete(db: &impl Database, lane: &str, run: &str, seqs: &[i64]) -> Result<(), SqlError> {
    db.query(
        "DELETE FROM owed WHERE lane = ?1 AND run = ?2 AND seq IN (SELECT value FROM json_each(?3))",
        &[Param::Text(lane), Param::Text(run), Param::Text(&json(seqs)?)],
    )?;
    Ok(())
}

/// Every lane to which something is owed, and when its next row is due.
pub fn next_by_lane(db: &impl Database) -> Result<Vec<(String, Millis)>, SqlError> {
    let rows = db.query("SELECT lane, min(next_at) FROM owed GROUP BY lane", &[])?;
    rows.into_iter()
        .map(|row| {
            let mut row = Row::of(row);
            Ok((row.text()?, Millis(row.int()?)))
        })
        .collect()
}

/// When the next row of a lane is due.
pub fn next(db: &impl Database, lane: &str) -> Result<Option<Millis>, SqlError> {
    let rows = db.query("SELECT min(next_at) FROM owed WHERE lane = ?1", &[Param::Text(lane)])?;
    Ok(crate::row::only(rows)?.maybe_int()?.map(Millis))
}

fn read(rows: Vec<Vec<crate::sql::Value>>) -> Result<Vec<OwedRow>, SqlError> {
    rows.into_iter()
        .map(|row| {
            let mut row = Row::of(row);
            Ok(OwedRow {
                lane: row.text()?,
                seq: row.int()?,
                run: row.text()?,
                events: events(&row.text()?)?,
                attempts: u32::try_from(row.int()?).unwrap_or(u32::MAX),
                since: Millis(row.int()?),
                next_at: Millis(row.int()?),
            })
        })
        .collect()
}

/// Reads `events` of a row.
pub fn events(json: &str) -> Result<Vec<OwedEvent>, SqlError> {
    serde_json::from_str(json).map_err(|error| SqlError(format!("events of an owed row: {error}")))
}

/// Lets a row wait.
pub fn postpone(db: &impl Database, row: &OwedRow, next_at: Millis) -> Result<(), SqlError> {
    db.query(
        "UPDATE owed SET next_at = ?1 WHERE lane = ?2 AND run = ?3 AND seq = ?4",
        &[Param::Int(next_at.0), Param::Text(&row.lane), Param::Text(&row.run), Param::Int(row.seq)],
    )?;
    Ok(())
}
