//! Packs: rows that wait for the warehouses, of one kind each, many to a row of the shard.
//!
//! A pack is written in the transaction whose outcomes it tells. Its number is that of its first row.

use crate::seen::json;
use crate::sql::{Database, Param, SqlError};
use serde::Serialize;

/// A pack is closed when it has so many bytes, so that the warehouse gets it in one piece with others. A single row may
/// be more: that of a call has up to [`event::wire::MAX_BODY_BYTES`] and some.
const PACK_BYTES: usize = 200_000;

/// Which table rows are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// What became of every event: [`event::Delivery`].
    Deliveries = 0,
    /// The counters: [`event::LedgerLine`].
    Ledger = 1,
    /// The calls to vendors: [`event::SentRequest`].
    Requests = 2,
}

impl Table {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Deliveries, Self::Ledger, Self::Requests];
}

/// Rows numbered from `next` on.
#[derive(Debug)]
pub struct Packs {
    next: i64,
    table: Table,
    packs: Vec<Pack>,
}

#[derive(Debug)]
struct Pack {
    number: i64,
    rows: String,
}

impl Packs {
    pub fn from(next: i64, table: Table) -> Self {
        Self { next, table, packs: Vec::new() }
    }

    /// The number that the next row gets.
    pub fn next(&self) -> i64 {
        self.next
    }

    /// Bytes of all packs.
    pub fn bytes(&self) -> i64 {
        self.packs.iter().map(|pack| pack.rows.len() as i64).sum()
    }

    /// Adds a row, which has [`Packs::next`] as its number.
    pub fn push(&mut self, row: &impl Serialize) -> Result<(), SqlError> {
        let row = json(row)?;
        match self.packs.last_mut() {
            Some(pack) if pack.rows.len() + row.len() <= PACK_BYTES => {
                pack.rows.push(',');
                pack.rows.push_str(&row);
            }
            _ => self.packs.push(Pack { number: self.next, rows: row }),
        }
        self.next += 1;
        Ok(())
    }

    /// Writes the packs. The caller keeps [`Packs::next`] in the state.
    pub fn write(&self, db: &impl Database) -> Result<(), SqlError> {
        for pack in &self.packs {
            let params = [
                Param::Int(pack.number),
                Param::Int(self.table as i64),
                Param::Int(pack.rows.len() as i64),
                Param::Text(&pack.rows),
            ];
            db.query("INSERT INTO pack (number, kind, size, rows) VALUES (?1, ?2, ?3, ?4)", &params)?;
        }
        Ok(())
    }
}
