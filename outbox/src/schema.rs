//! The tables of a shard.

use crate::sql::{Database, SqlError};

/// Every statement can be run again. A change to a table that exists needs a step in `migrate`, which runs
/// before these.
const TABLES: [&str; 11] = [
    // What is kept until nothing is owed of it. Numbers count up in the order of receipt; those below 0 count down, and are
    // of backfills: every warehouse has them, and they are opened when they are delivered. `size` is that of the row as JSON in JSON, which is how the
    // warehouse and Trace get it; `print` is that of its bytes where the sender chose the id.
    "CREATE TABLE IF NOT EXISTS payload (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  size INTEGER NOT NULL,
  print TEXT,
  data TEXT NOT NULL,
  context TEXT NOT NULL
)",
    // One row. Everything up to `opened_to` is opened, but for what `owed` and `dead` say. `warehouses` is how far each
    // of them came, a JSON object: {name: [raw_to, packs_to]}. Counters that changed before `told_to` are told. `bytes`
    // are those of the payloads up to `counted_to`. `metrics` is what is counted for `GET /metrics`, as JSON.
    "CREATE TABLE IF NOT EXISTS state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  shard INTEGER NOT NULL DEFAULT 0,
  opened_to INTEGER NOT NULL DEFAULT 0,
  warehouses TEXT NOT NULL DEFAULT '{}',
  next_number INTEGER NOT NULL DEFAULT 1,
  told_to INTEGER NOT NULL DEFAULT 1,
  bytes INTEGER NOT NULL DEFAULT 0,
  counted_to INTEGER NOT NULL DEFAULT 0,
  registered INTEGER NOT NULL DEFAULT 0,
  upkeep_day INTEGER NOT NULL DEFAULT 0,
  metrics TEXT NOT NULL DEFAULT '{}'
)",
    "INSERT OR IGNORE INTO state (one) VALUES (1)",
    // What a lane still has to do: events of a payload for a tracker, or the payload as a whole for the lanes
    // in parentheses. `events` is a JSON array of [idx, id, name, changes]; the retry window begins at `since`.
    "CREATE TABLE IF NOT EXISTS owed (
  lane TEXT NOT NULL,
  seq INTEGER NOT NULL,
  run TEXT NOT NULL,
  first INTEGER NOT NULL,
  events TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  since INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  PRIMARY KEY (lane, seq, run, first)
) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS owed_by_time ON owed (lane, next_at)",
    "CREATE INDEX IF NOT EXISTS owed_by_seq ON owed (seq)",
    "CREATE TABLE IF NOT EXISTS dead (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  lane TEXT NOT NULL,
  seq INTEGER NOT NULL,
  run TEXT NOT NULL,
  events TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  payload TEXT NOT NULL DEFAULT ''
)",
    "CREATE INDEX IF NOT EXISTS dead_by_seq ON dead (seq)",
    "CREATE INDEX IF NOT EXISTS dead_by_lane ON dead (lane)",
    "CREATE INDEX IF NOT EXISTS dead_by_payload ON dead (payload)",
    // A day is days since the epoch. `changed` is the number that the next row for the warehouse had at the last change.
    "CREATE TABLE IF NOT EXISTS ledger (
  run TEXT NOT NULL,
  day INTEGER NOT NULL,
  event TEXT NOT NULL,
  tracker TEXT NOT NULL,
  received INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  filtered INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  dead INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  PRIMARY KEY (run, day, event, tracker)
) WITHOUT ROWID",
];

/// Rows on their way to the warehouses, as JSON arrays without the outer brackets, `kind` being that of
/// [`crate::pack::Table`]; and small lists.
const MORE_TABLES: [&str; 8] = [
    "CREATE TABLE IF NOT EXISTS pack (
  number INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  size INTEGER NOT NULL,
  rows TEXT NOT NULL
)",
    // Rows that a warehouse refused, which can be put back.
    "CREATE TABLE IF NOT EXISTS refused (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  warehouse TEXT NOT NULL,
  kind INTEGER NOT NULL,
  size INTEGER NOT NULL,
  rows TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
)",
    // What a backfill handed over, or a replay put back: `events` is a JSON array of their places in the payload that was
    // received at `at`.
    "CREATE TABLE IF NOT EXISTS handed (
  payload TEXT NOT NULL,
  at INTEGER NOT NULL,
  tracker TEXT NOT NULL,
  run TEXT NOT NULL,
  events TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (payload, at, tracker, run)
) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS handed_by_run ON handed (run)",
    "CREATE TABLE IF NOT EXISTS paused (lane TEXT PRIMARY KEY) WITHOUT ROWID",
    // Hashes of the ids of events that were erased, and their key; none until something is.
    "CREATE TABLE IF NOT EXISTS erased (hash TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS erased_key (key TEXT NOT NULL)",
    // Of shard 0: every shard that was ever used.
    "CREATE TABLE IF NOT EXISTS shard (number INTEGER PRIMARY KEY)",
];

/// Makes what is missing.
pub fn create(db: &impl Database) -> Result<(), SqlError> {
    for statement in TABLES.iter().chain(&MORE_TABLES) {
        db.query(statement, &[])?;
    }
    Ok(())
}
