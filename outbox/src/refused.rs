//! Rows of `deliveries` and `ledger` that a warehouse refused. They are kept as dead letters are, and can be put back.

use crate::accounts::AccountsBatch;
use crate::admin::{DeadEvent, DeadLetter};
use crate::pack::Table;
use crate::row::{Row, only};
use crate::shard::Shard;
use crate::sql::{Database, Param, SqlError};
use crate::state::State;
use event::{Delivery, LedgerLine, Millis, SentRequest};
use serde_json::value::RawValue;

/// A row that a warehouse refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// The table that it was for.
    pub table: Table,
    /// Its place in the batch's rows of that table.
    pub place: usize,
    /// Why: a stable token.
    pub reason: String,
}

impl AccountsBatch {
    /// All rows, as refused.
    pub(crate) fn all_refused(&self, reason: &str) -> Result<Vec<RefusedRow>, SqlError> {
        let mut refused = Vec::new();
        for (table, rows) in &self.tables {
            let row = |place| RefusedRow { table: *table, place, reason: reason.to_owned() };
            refused.extend((0..read(rows)?.len()).map(row));
        }
        Ok(refused)
    }
}

impl<D: Database> Shard<D> {
    /// Keeps refused rows. Returns their bytes.
    pub(crate) fn keep_refused(
        &self,
        batch: &AccountsBatch,
        refused: &[RefusedRow],
        now: Millis,
    ) -> Result<i64, SqlError> {
        let mut bytes = 0;
        for (table, rows) in batch.tables.iter().filter(|_| !refused.is_empty()) {
            let rows = read(rows)?;
            for RefusedRow { place, reason, .. } in refused.iter().filter(|row| row.table == *table) {
                let Some(row) = rows.get(*place).map(|row| row.get()) else { continue };
                bytes += row.len() as i64;
                let params = [
                    Param::Text(&batch.warehouse),
                    Param::Int(*table as i64),
                    Param::Int(row.len() as i64),
                    Param::Text(row),
                    Param::Text(reason),
                    Param::Int(now.0),
                ];
                self.db.query(
                    "INSERT INTO refused (warehouse, kind, size, rows, reason, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    &params,
                )?;
            }
        }
        Ok(bytes)
    }

    /// How many rows a warehouse refused.
    pub(crate) fn count_refused(&self, warehouse: &str) -> Result<i64, SqlError> {
        let sql = "SELECT count(*) FROM refused WHERE warehouse = ?1";
        only(self.db.query(sql, &[Param::Text(warehouse)])?)?.int()
    }

    /// Puts the rows that a warehouse refused on their way again, to all of them. Returns how many.
    pub(crate) fn put_rows_back(&mut self, at: usize) -> Result<i64, SqlError> {
        let name = self.state.warehouses[at].names.warehouse.clone();
        let before = self.state.next_number;
        let mut next = State { ..self.state.clone() };
        self.db.transaction(&mut || {
            next.next_number = put_back(&self.db, Some(&name), before)?;
            next.packed = waiting_bytes(&self.db)?;
            next.save(&self.db)
        })?;
        self.state = next;
        Ok(self.state.next_number - before)
    }

    /// Breaks a pack up into its rows, of which a warehouse refuses one: a pack's number is that of its first row, so that
    /// each has a number of its own.
    pub(crate) fn break_up(&mut self, batch: &AccountsBatch) -> Result<(), SqlError> {
        self.db.transaction(&mut || {
            for (table, rows) in &batch.tables {
                for (number, row) in (batch.last..).zip(read(rows)?) {
                    let params = [
                        Param::Int(number),
                        Param::Int(*table as i64),
                        Param::Int(row.get().len() as i64),
                        Param::Text(row.get()),
                    ];
                    let sql =
                        "INSERT OR REPLACE INTO pack (number, kind, size, rows) VALUES (?1, ?2, ?3, ?4)";
                    self.db.query(sql, &params)?;
                }
            }
            Ok(())
        })?;
        // Without the commas between them.
        self.state.packed = waiting_bytes(&self.db)?;
        Ok(())
    }

    /// Refused rows as dead letters: those of `deliveries` name their event, those of `ledger` their counter's.
    pub(crate) fn refused_letters(
        &self,
        at: usize,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, SqlError> {
        let names = &self.state.warehouses[at].names;
        let rows = self.db.query(
            "SELECT number, kind, rows, reason, at FROM refused WHERE warehouse = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
            &[Param::Text(&names.warehouse), Param::Int(after), Param::Int(i64::from(limit))],
        )?;
        rows.into_iter()
            .map(|row| {
                let mut row = Row::of(row);
                let (number, kind, text) = (row.int()?, row.int()?, row.text()?);
                let Told { payload_id, received_at, run, events } = told(kind, &text)?;
                let (reason, dead_at) = (row.text()?, Millis(row.int()?));
                let tracker = names.accounts.clone();
                Ok(DeadLetter {
                    number,
                    tracker,
                    payload_id,
                    received_at,
                    dead_at,
                    reason,
                    attempts: 1,
                    run,
                    events,
                })
            })
            .collect()
    }

    /// Deletes refused rows of which the retention is over.
    pub(crate) fn forget_refused(&mut self, now: Millis) -> Result<(), SqlError> {
        let before = [Param::Int(now.0 - self.settings.dead_retention)];
        let bytes = only(self.db.query("SELECT sum(size) FROM refused WHERE at < ?1", &before)?)?.int()?;
        if bytes > 0 {
            self.db.query("DELETE FROM refused WHERE at < ?1", &before)?;
            self.state.packed -= bytes;
        }
        Ok(())
    }
}

/// Puts refused rows back, those of all warehouses where none is named, each in a pack of its own. Copies that another
/// warehouse refused, too, go with them. Returns the number of the next row. To be called within a transaction.
pub fn put_back(db: &impl Database, warehouse: Option<&str>, next_number: i64) -> Result<i64, SqlError> {
    let of = [warehouse.map_or(Param::Null, Param::Text), Param::Int(next_number)];
    db.query(
        "INSERT INTO pack (number, kind, size, rows)
         SELECT ?2 - 1 + row_number() OVER (ORDER BY min(number)), kind, size, rows
         FROM refused WHERE ?1 IS NULL OR warehouse = ?1 GROUP BY kind, rows",
        &of,
    )?;
    db.query(
        "DELETE FROM refused
         WHERE (kind, rows) IN (SELECT kind, rows FROM refused WHERE ?1 IS NULL OR warehouse = ?1)",
        &of[..1],
    )?;
    let last = only(db.query("SELECT max(number) FROM pack", &[])?)?.int()?;
    Ok(next_number.max(last + 1))
}

/// Bytes of packs and refused rows.
pub fn waiting_bytes(db: &impl Database) -> Result<i64, SqlError> {
    let sql =
        "SELECT coalesce((SELECT sum(size) FROM pack), 0) + coalesce((SELECT sum(size) FROM refused), 0)";
    only(db.query(sql, &[])?)?.int()
}

/// What a refused row tells.
struct Told {
    payload_id: String,
    received_at: Millis,
    run: String,
    events: Vec<DeadEvent>,
}

fn told(kind: i64, row: &str) -> Result<Told, SqlError> {
    let event = |idx, id: String, name: String| vec![DeadEvent { idx, id, name }];
    Ok(if kind == Table::Deliveries as i64 {
        let row: Delivery = serde_json::from_str(row).map_err(unreadable)?;
        let events = event(row.idx, row.event_id, row.event);
        Told { payload_id: row.payload_id, received_at: row.received_at, run: row.run, events }
    } else if kind == Table::Ledger as i64 {
        let row: LedgerLine = serde_json::from_str(row).map_err(unreadable)?;
        let events = event(0, String::new(), row.event);
        Told { payload_id: String::new(), received_at: row.timestamp, run: row.run, events }
    } else {
        let row: SentRequest = serde_json::from_str(row).map_err(unreadable)?;
        let payload_id = row.events.into_iter().next().map_or_else(String::new, |(id, ..)| id);
        Told { payload_id, received_at: row.received_at, run: row.run, events: vec![] }
    })
}

impl AccountsBatch {
    /// How many rows there are.
    pub(crate) fn count(&self) -> Result<usize, SqlError> {
        self.tables.iter().map(|(_, rows)| Ok(read(rows)?.len())).sum()
    }

    /// When the first of its rows was written, which is the last column of every table.
    pub(crate) fn since(&self) -> Result<Millis, SqlError> {
        let Some((_, rows)) = self.tables.first() else { return Ok(Millis(0)) };
        let first: Vec<&RawValue> = match read(rows)?.first() {
            Some(row) => serde_json::from_str(row.get()).map_err(unreadable)?,
            None => Vec::new(),
        };
        let at = first.last().and_then(|at| at.get().parse().ok());
        Ok(Millis(at.unwrap_or_default()))
    }
}

fn read(rows: &str) -> Result<Vec<&RawValue>, SqlError> {
    serde_json::from_str(rows).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> SqlError {
    SqlError(format!("rows for a warehouse: {error}"))
}
