//! The numbers of a shard.

use crate::metrics::Metrics;
use crate::refused;
use crate::row::only;
use crate::sql::{Database, Param, SqlError};
use crate::warehouse::{self, Warehouse};

/// Numbers that are kept, or follow from what is.
#[derive(Debug, Clone)]
pub struct State {
    /// The last payload.
    pub top: i64,
    /// Up to here payloads are being opened.
    pub opening_to: i64,
    pub opened_to: i64,
    /// In the order of the settings; one at least.
    pub warehouses: Vec<Warehouse>,
    /// The number of the next row for the warehouses.
    pub next_number: i64,
    /// Counters that changed before this number are told.
    pub told_to: i64,
    /// Bytes of all payloads.
    pub bytes: i64,
    /// Bytes of all packs, and of refused rows.
    pub packed: i64,
    pub registered: bool,
    pub upkeep_day: i64,
    pub metrics: Metrics,
}

impl State {
    /// Up to here every warehouse has the payloads.
    pub fn raw_to(&self) -> i64 {
        self.warehouses.iter().map(|one| one.raw_to).min().unwrap_or(self.top)
    }

    /// Up to here every warehouse has the packs.
    pub fn packs_to(&self) -> i64 {
        self.warehouses.iter().map(|one| one.packs_to).min().unwrap_or(self.next_number - 1)
    }

    /// Up to here payloads are opened and in every warehouse.
    pub fn done_to(&self) -> i64 {
        self.opened_to.min(self.raw_to())
    }

    pub fn load(db: &impl Database, warehouses: &[String]) -> Result<Self, SqlError> {
        let warehouses = warehouse::load(db, warehouses)?;
        let mut row = only(db.query(
            "SELECT opened_to, next_number, told_to, bytes, counted_to, registered, upkeep_day, metrics,
               (SELECT max(seq) FROM payload),
               (SELECT sum(size) FROM payload WHERE seq > counted_to)
             FROM state",
            &[],
        )?)?;
        let (opened_to, next_number, told_to) = (row.int()?, row.int()?, row.int()?);
        let (bytes, counted_to, registered, upkeep_day) = (row.int()?, row.int()?, row.int()?, row.int()?);
        let mut metrics = Metrics::read(&row.text()?);
        let (last, uncounted) = (row.int()?, row.int()?);
        // Deleted payloads are opened, so that no number is given twice.
        let top = last.max(opened_to);
        if top > counted_to {
            // None of them is deleted: a transaction that deletes saves the state.
            let counters = metrics.count();
            counters.accepted += top - counted_to;
            counters.accepted_bytes += uncounted;
        }
        Ok(Self {
            top,
            opening_to: opened_to,
            opened_to,
            warehouses,
            next_number,
            told_to,
            bytes: bytes + uncounted,
            packed: refused::waiting_bytes(db)?,
            registered: registered != 0,
            upkeep_day,
            metrics,
        })
    }

    /// Writes the state. To be called within the transaction that makes it true.
    pub fn save(&mut self, db: &impl Database) -> Result<(), SqlError> {
        let warehouses = warehouse::kept(&self.warehouses)?;
        let metrics = self.metrics.unsaved()?;
        let params = [
            Param::Int(self.opened_to),
            Param::Text(&warehouses),
            Param::Int(self.next_number),
            Param::Int(self.bytes),
            Param::Int(self.top),
            Param::Int(i64::from(self.registered)),
            Param::Int(self.upkeep_day),
            Param::Int(self.told_to),
            metrics.as_deref().map_or(Param::Null, Param::Text),
        ];
        db.query(
            "UPDATE state SET opened_to = ?1, warehouses = ?2, next_number = ?3, bytes = ?4, counted_to = ?5,
               registered = ?6, upkeep_day = ?7, told_to = ?8, metrics = coalesce(?9, metrics)",
            &params,
        )?;
        self.metrics.saved();
        Ok(())
    }
}
