//! Cloudflare D1, which is SQLite: the warehouse that needs no other account.

mod account;
mod account_views;
pub mod backfill;
mod changes_view;
pub mod erase;
mod payloads;
mod raw;
pub mod reconcile;
mod requests;
mod retention;
pub mod story;
pub mod tail;
mod view;

pub use account::{INSERT_DELIVERIES, INSERT_LEDGER, compact_ledger};
pub use payloads::{PAYLOADS_BY_DAY, PAYLOADS_OF_DAY};
pub use raw::{INSERT_RAW_BATCH, INSERT_RAW_ONE, insert_raw};
pub use requests::INSERT_REQUESTS;
pub use retention::retention;

use allowlist::policy::Column;

/// SQL and its parameters. All are text, since D1 takes numbers as floating point; the columns make them integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// With the parameters `?1`, `?2` and so on.
    pub sql: &'static str,
    /// In their order.
    pub parameters: Vec<String>,
}

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

/// The statements that bring a database up to date. Each can be run again; the views are made anew, the
/// tables stay as they are.
pub fn migration(columns: &[Column]) -> Vec<String> {
    let mut views = vec![("raw_normalized", view::raw_normalized(columns))];
    views.extend(account_views::views());
    views.push(("changes_by_rule", changes_view::changes_by_rule()));
    views.push(("requests_by_event", requests::REQUESTS_BY_EVENT.to_owned()));
    let tables = TABLES.iter().chain(&account::TABLES).chain(&requests::TABLES).chain(&erase::TABLES);
    let tables = tables.map(|&table| table.to_owned());
    let drops = views.iter().rev().map(|(name, _)| format!("DROP VIEW IF EXISTS {name}"));
    let mut statements: Vec<String> = tables.chain(drops).collect();
    statements.extend(views.into_iter().map(|(_, view)| view));
    statements
}

#[cfg(test)]
mod tests;
