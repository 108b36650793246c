//! Warehouses: each has its own lanes, and its own progress.

use crate::refused;
use crate::row::only;
use crate::seen::json;
use crate::sql::{Database, Param, SqlError};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How far a warehouse came.
#[derive(Debug, Clone)]
pub struct Warehouse {
    pub names: Rc<Names>,
    /// Up to here payloads are written, but for what `owed` and `dead` say.
    pub raw_to: i64,
    /// Up to here packs are written, but for what `refused` says.
    pub packs_to: i64,
}

/// What a warehouse and its lanes are called.
#[derive(Debug)]
pub struct Names {
    pub warehouse: String,
    /// The lane that writes raw payloads.
    pub raw: String,
    /// The lane that writes what became of them.
    pub accounts: String,
}

/// Progress by name, as it is kept.
type Kept = BTreeMap<String, (i64, i64)>;

impl Warehouse {
    fn new(name: &str, raw_to: i64, packs_to: i64) -> Self {
        let names = Names {
            warehouse: name.to_owned(),
            raw: format!("(raw {name})"),
            accounts: format!("(accounts {name})"),
        };
        Self { names: Rc::new(names), raw_to, packs_to }
    }
}

/// How far each of the configured warehouses came, by what is kept of it.
///
/// Where other ones are configured than before, all begin with the oldest that is still there, whatever they have of
/// it or refused: a row that is written twice is no second row. What one that is gone still lacked goes to the others so.
pub fn load(db: &impl Database, names: &[String]) -> Result<Vec<Warehouse>, SqlError> {
    let kept = only(db.query("SELECT warehouses FROM state", &[])?)?.text()?;
    let kept: Kept =
        serde_json::from_str(&kept).map_err(|error| SqlError(format!("progress of warehouses: {error}")))?;
    let known: Option<Vec<_>> = names
        .iter()
        .map(|name| kept.get(name).map(|(raw_to, packs_to)| Warehouse::new(name, *raw_to, *packs_to)))
        .collect();
    match known {
        Some(known) if known.len() == kept.len() => Ok(known),
        _ => begin_again(db, names),
    }
}

fn begin_again(db: &impl Database, names: &[String]) -> Result<Vec<Warehouse>, SqlError> {
    let oldest = "SELECT coalesce((SELECT min(seq) - 1 FROM payload WHERE seq > 0), opened_to) FROM state";
    let raw_to = only(db.query(oldest, &[])?)?.int()?;
    let warehouses: Vec<_> = names.iter().map(|name| Warehouse::new(name, raw_to, 0)).collect();
    db.transaction(&mut || {
        db.query("DELETE FROM owed WHERE lane GLOB '(raw *'", &[])?;
        db.query("DELETE FROM dead WHERE lane GLOB '(raw *'", &[])?;
        let next_number = only(db.query("SELECT next_number FROM state", &[])?)?.int()?;
        let next_number = refused::put_back(db, None, next_number)?;
        db.query(
            "UPDATE state SET warehouses = ?1, next_number = ?2",
            &[Param::Text(&kept(&warehouses)?), Param::Int(next_number)],
        )
    })?;
    Ok(warehouses)
}

/// The progress, as it is kept.
pub fn kept(warehouses: &[Warehouse]) -> Result<String, SqlError> {
    let kept: BTreeMap<&str, _> =
        warehouses.iter().map(|one| (one.names.warehouse.as_str(), (one.raw_to, one.packs_to))).collect();
    json(&kept)
}
