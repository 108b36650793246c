//! Rows on their way to the warehouses, those that one refused included.

use super::Places;
use crate::pack::Table;
use crate::row::Row;
use crate::sql::{Database, Param, SqlError};
use event::{Delivery, SentRequest};
use serde_json::value::RawValue;

/// What was done to rows.
#[derive(Debug, Default)]
pub struct Done {
    pub deliveries: i64,
    pub requests: i64,
}

/// Takes erased events out of the rows of `table`, which is `pack` or `refused`. To be called within a transaction.
pub fn erase(db: &impl Database, table: &str, places: &Places<'_>, done: &mut Done) -> Result<(), SqlError> {
    let mut after = -1;
    loop {
        // One after the other: a pack is 200 kB as a rule, and there are many where a warehouse is away.
        let sql = format!(
            "SELECT number, kind, rows FROM {table} WHERE number > ?1 AND kind <> 1 ORDER BY number LIMIT 1"
        );
        let Some(row) = db.query(&sql, &[Param::Int(after)])?.pop() else { return Ok(()) };
        let mut row = Row::of(row);
        let (number, kind, rows) = (row.int()?, row.int()?, row.text()?);
        after = number;
        let Some(left) = without(kind, &rows, places, done)? else { continue };
        if left.is_empty() {
            db.query(&format!("DELETE FROM {table} WHERE number = ?1"), &[Param::Int(number)])?;
        } else {
            let params = [Param::Int(number), Param::Text(&left), Param::Int(left.len() as i64)];
            db.query(&format!("UPDATE {table} SET rows = ?2, size = ?3 WHERE number = ?1"), &params)?;
        }
    }
}

/// The rows without them; nothing where none is among them.
fn without(kind: i64, rows: &str, places: &Places<'_>, done: &mut Done) -> Result<Option<String>, SqlError> {
    let unreadable = |error: serde_json::Error| SqlError(format!("rows for a warehouse: {error}"));
    let brackets = format!("[{rows}]");
    let all: Vec<&RawValue> = serde_json::from_str(&brackets).map_err(unreadable)?;
    let mut left = Vec::with_capacity(all.len());
    let before = (done.deliveries, done.requests);
    for row in all {
        if kind == Table::Deliveries as i64 {
            let mut delivery: Delivery = serde_json::from_str(row.get()).map_err(unreadable)?;
            let is_erased = places.has(&delivery.payload_id, delivery.received_at, delivery.idx);
            let id = event::id::erased_id(&delivery.payload_id, delivery.idx);
            if is_erased && delivery.event_id != id {
                done.deliveries += 1;
                delivery.event_id = id;
                left.push(crate::seen::json(&delivery)?);
                continue;
            }
        } else {
            let request: SentRequest = serde_json::from_str(row.get()).map_err(unreadable)?;
            if places.may_be_in(&request) {
                done.requests += 1;
                continue;
            }
        }
        left.push(row.get().to_owned());
    }
    Ok(((done.deliveries, done.requests) != before).then(|| left.join(",")))
}
