//! Rows as `tabledata.insertAll` takes them, made of those that a shard hands over.
//!
//! A value is copied as the JSON that it is, so that nothing is parsed and written again.

use super::schema::{self, DELIVERIES, LEDGER, RAW, REQUESTS};
use event::Millis;
use serde_json::value::RawValue;
use std::fmt::{self, Write};

/// A table that rows are inserted into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Payloads as they came.
    Raw,
    /// What became of every event: [`event::Delivery`].
    Deliveries,
    /// What every shard had counted: [`event::LedgerLine`].
    Ledger,
    /// What vendors were sent: [`event::SentRequest`]. Empty unless Trace is told to fill it.
    Requests,
}

/// Rows that are none of the table's. The shard made them, so that this is a fault of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what was to be inserted into `{}` is no JSON array of its rows; please report this", .0.name())]
pub struct RowsError(pub Table);

/// A row in its request.
pub(super) struct Row {
    /// Its place among those that were handed over.
    pub place: usize,
    /// A member of `rows`: `{"insertId":…,"json":{…}}`.
    pub entry: String,
}

/// Without the values.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Table {
    /// Its name in the dataset.
    pub fn name(self) -> &'static str {
        self.schema().name
    }

    /// Its columns, in the order in which a row has their values.
    pub fn columns(self) -> impl Iterator<Item = &'static str> {
        self.schema().columns.iter().map(|&(name, ..)| name)
    }

    fn schema(self) -> &'static schema::Table {
        match self {
            Self::Raw => &RAW,
            Self::Deliveries => &DELIVERIES,
            Self::Ledger => &LEDGER,
            Self::Requests => &REQUESTS,
        }
    }

    /// The two columns that tell a row from all others. BigQuery takes no second row of the same `insertId` for about
    /// a minute; later ones are left out by the views. The longest id has 64 + 1 + 14 of the 128 characters allowed.
    fn key(self) -> [&'static str; 2] {
        match self {
            Self::Raw => ["eventId", "timestamp"],
            Self::Deliveries | Self::Ledger | Self::Requests => ["shard", "seq"],
        }
    }
}

/// The rows of a JSON array of arrays.
pub(super) fn rows(table: Table, rows: &str) -> Result<Vec<Row>, RowsError> {
    let rows: Vec<Vec<&RawValue>> = serde_json::from_str(rows).map_err(|_| RowsError(table))?;
    rows.iter()
        .enumerate()
        .map(|(place, values)| {
            let entry = entry(table, values).ok_or(RowsError(table))?;
            Ok(Row { place, entry })
        })
        .collect()
}

fn entry(table: Table, values: &[&RawValue]) -> Option<String> {
    let columns = table.schema().columns;
    if values.len() != columns.len() {
        return None;
    }
    let cells = || columns.iter().zip(values.iter().map(|value| value.get()));
    let [first, second] = table.key().map(|key| cells().find(|((name, ..), _)| *name == key));
    let names: usize = columns.iter().map(|(name, ..)| name.len() + 4).sum();
    let bytes: usize = values.iter().map(|value| value.get().len()).sum();
    let mut entry = String::with_capacity(names + bytes + 160);
    entry.push_str(r#"{"insertId":""#);
    entry.push_str(plain(first?.1)?);
    entry.push('-');
    entry.push_str(plain(second?.1)?);
    entry.push_str(r#"","json":{"#);
    let mut comma = "";
    // NULL is what is left out.
    for ((name, kind, _), value) in cells().filter(|(_, value)| *value != "null") {
        write!(entry, "{comma}\"{name}\":").ok()?;
        match *kind {
            // A number would be taken for seconds.
            "TIMESTAMP" => write!(entry, "\"{}\"", Millis(value.parse().ok()?)).ok()?,
            // JSON, in a column that has it as text.
            "STRING" if value.starts_with(['[', '{']) => entry.push_str(&serde_json::to_string(value).ok()?),
            // Google reads numbers as doubles: whole ones are exact below 2^53, and a `seq` is.
            _ => entry.push_str(value),
        }
        comma = ",";
    }
    entry.push_str("}}");
    Some(entry)
}

/// A part of an `insertId`: a number, or an id of [`event::id::is_id`] without its quotes.
fn plain(value: &str) -> Option<&str> {
    let text = value.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(value);
    event::id::is_id(text).then_some(text)
}
