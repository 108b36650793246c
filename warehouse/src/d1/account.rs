//! The tables `deliveries` and `ledger`: what became of every event, and what every shard had counted.
//!
//! Rows come as [`event::account`] serialises them, many in one JSON array. A shard that does not know whether
//! they were stored sends them again, so that a row whose (shard, seq) is there is left alone. Anything else that is
//! wrong with a row fails the statement: `INSERT OR IGNORE` would drop such a row without a word.

use super::Statement;
use event::Millis;

/// `WITHOUT ROWID`: a row is written once into its table, not a second time into the key's index; D1 bills both.
pub(super) const TABLES: [&str; 5] = [
    "CREATE TABLE IF NOT EXISTS deliveries (
  payloadId TEXT NOT NULL,
  idx INTEGER NOT NULL,
  eventId TEXT NOT NULL,
  event TEXT NOT NULL,
  tracker TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT,
  status INTEGER,
  attempts INTEGER NOT NULL,
  changes TEXT,
  policy TEXT,
  release TEXT NOT NULL,
  run TEXT NOT NULL,
  shard INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  receivedAt TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  PRIMARY KEY (shard, seq)
) WITHOUT ROWID",
    // Outcomes of a counter side by side, so that views count them without sorting a day's rows in D1's memory.
    // Its first column is for questions about days, and for retention.
    "CREATE INDEX IF NOT EXISTS deliveries_by_day
ON deliveries (substr(receivedAt, 1, 10), shard, run, event, tracker, outcome, seq)",
    // For the story of an event, and for the latest of its outcomes at a tracker.
    "CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (eventId, tracker)",
    "CREATE TABLE IF NOT EXISTS ledger (
  shard INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  run TEXT NOT NULL,
  day TEXT NOT NULL,
  event TEXT NOT NULL,
  tracker TEXT NOT NULL,
  received INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  timestamp TEXT NOT NULL,
  PRIMARY KEY (shard, seq)
) WITHOUT ROWID",
    // The lines of a counter side by side, the latest last: found in the index alone. For retention, too.
    "CREATE INDEX IF NOT EXISTS ledger_by_day ON ledger (day, shard, run, event, tracker, seq)",
];

/// Adds the rows of a JSON array of [`event::Delivery`], but those that are there.
pub const INSERT_DELIVERIES: &str =
    "INSERT INTO deliveries (payloadId, idx, eventId, event, tracker, outcome, reason,
  status, attempts, changes, policy, release, run, shard, seq, receivedAt, timestamp)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
  value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14,
  strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 15) / 1000.0, 'unixepoch'),
  strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 16) / 1000.0, 'unixepoch')
FROM json_each(?1)
WHERE true
ON CONFLICT (shard, seq) DO NOTHING";

/// Adds the rows of a JSON array of [`event::LedgerLine`], but those that are there.
pub const INSERT_LEDGER: &str =
    "INSERT INTO ledger (shard, seq, run, day, event, tracker, received, pending, timestamp)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
  strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 8) / 1000.0, 'unixepoch')
FROM json_each(?1)
WHERE true
ON CONFLICT (shard, seq) DO NOTHING";

/// Deletes lines from before `?1` which a newer line of the same counter replaces.
const COMPACT_LEDGER: &str = "DELETE FROM ledger
WHERE (shard, seq) IN (
  SELECT shard, seq
  FROM ledger AS line
  WHERE timestamp < ?1 AND EXISTS (
    SELECT 1
    FROM ledger AS newer
    WHERE newer.day = line.day AND newer.shard = line.shard AND newer.run = line.run
      AND newer.event = line.event AND newer.tracker = line.tracker AND newer.seq > line.seq
  )
  LIMIT 5000
)";

/// How long every line is kept, in ms: two days in which one can see how a counter moved.
const EVERY_LINE_MS: i64 = 2 * 24 * 60 * 60 * 1000;

/// Deletes lines that count nowhere any more, 5,000 at a time: to be run again until it deletes nothing.
pub fn compact_ledger(now: Millis) -> Statement {
    Statement { sql: COMPACT_LEDGER, parameters: vec![Millis(now.0 - EVERY_LINE_MS).to_string()] }
}
