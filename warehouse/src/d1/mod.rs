//! Cloudflare D1, which is SQLite: the warehouse that needs no other account.

mod view;

use allowlist::policy::Column;
use event::Payload;

/// Adds a row to `raw`; its parameters are those of [`raw_row`].
pub const INSERT_RAW: &str = "INSERT INTO raw (eventId, timestamp, data, context) VALUES (?1, ?2, ?3, ?4)";

/// Times are RFC 3339 text with three decimals, so that they sort, and `DATE(timestamp)` reads them.
const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS raw (
  eventId TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  data TEXT NOT NULL,
  context TEXT NOT NULL
)",
    "CREATE INDEX IF NOT EXISTS raw_by_day ON raw (substr(timestamp, 1, 10))",
    "CREATE INDEX IF NOT EXISTS raw_by_id ON raw (eventId)",
];

/// A payload as a row of `raw`.
pub fn raw_row(payload: &Payload) -> [String; 4] {
    let context = serde_json::to_string(&payload.context).unwrap_or_default();
    [payload.id.clone(), payload.received_at.to_string(), payload.data.clone(), context]
}

/// The statements that bring a database up to date. Each can be run again; the views are made anew, the
/// tables stay as they are.
pub fn migration(columns: &[Column]) -> Vec<String> {
    let mut statements: Vec<String> = TABLES.iter().map(|&table| table.to_owned()).collect();
    statements.push("DROP VIEW IF EXISTS raw_normalized".to_owned());
    statements.push(view::raw_normalized(columns));
    statements
}

#[cfg(test)]
mod tests;
