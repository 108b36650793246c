//! Rows of `deliveries` and `ledger` that a warehouse refused. They are kept as dead letters are, and can be put back.

use crate::accounts::AccountsBatch;
use crate::pack::{Packs, Table};
use crate::row::{Row, only};
use crate::seen::json;
use crate::shard::{Shard, State};
use crate::sql::{Database, Param, SqlError, Value};
use event::Millis;
use serde_json::value::RawValue;

/// Rows that are put back in one transaction.
const AT_ONCE: i64 = 100;

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

    /// Puts the rows that a warehouse refused on their way again. The others get them, too, and have them already.
    /// Returns how many.
    pub(crate) fn put_rows_back(&mut self, at: usize) -> Result<i64, SqlError> {
        let name = self.state.warehouses[at].names.warehouse.clone();
        let mut all = 0;
        for table in Table::ALL {
            loop {
                let rows = self.db.query(
                    "SELECT number, size, rows FROM refused WHERE warehouse = ?1 AND kind = ?2 ORDER BY number LIMIT ?3",
                    &[Param::Text(&name), Param::Int(table as i64), Param::Int(AT_ONCE)],
                )?;
                if rows.is_empty() {
                    break;
                }
                all += rows.len() as i64;
                self.put_some_back(table, rows)?;
            }
        }
        Ok(all)
    }

    fn put_some_back(&mut self, table: Table, rows: Vec<Vec<Value>>) -> Result<(), SqlError> {
        let mut packs = Packs::from(self.state.next_number, table);
        let (mut numbers, mut freed) = (Vec::new(), 0);
        for row in rows {
            let mut row = Row::of(row);
            numbers.push(row.int()?);
            freed += row.int()?;
            packs.push(&RawValue::from_string(row.text()?).map_err(unreadable)?)?;
        }
        let packed = self.state.packed + packs.bytes() - freed;
        let next = State { next_number: packs.next(), packed, ..self.state.clone() };
        self.db.transaction(&mut || {
            packs.write(&self.db)?;
            let gone = "DELETE FROM refused WHERE number IN (SELECT value FROM json_each(?1))";
            self.db.query(gone, &[Param::Text(&json(&numbers)?)])?;
            next.save(&self.db)
        })?;
        self.state = next;
        Ok(())
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

fn read(rows: &str) -> Result<Vec<&RawValue>, SqlError> {
    serde_json::from_str(rows).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> SqlError {
    SqlError(format!("rows for a warehouse: {error}"))
}
