//! The table `requests`: what vendors were sent, a row per call.

/// No `WITHOUT ROWID`, unlike the tables of the account: with bodies of up to a megabyte a page of the key's tree would
/// hold few rows.
pub(super) const TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS requests (
  shard INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  run TEXT NOT NULL,
  tracker TEXT NOT NULL,
  method TEXT NOT NULL,
  url TEXT NOT NULL,
  body TEXT NOT NULL,
  status INTEGER,
  events TEXT NOT NULL,
  receivedAt TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  PRIMARY KEY (shard, seq)
)",
    // For questions about the calls of a day to a vendor, what came of them included, and for retention.
    "CREATE INDEX IF NOT EXISTS requests_by_day ON requests (substr(receivedAt, 1, 10), tracker, status)",
];

/// Adds the rows of a JSON array of [`event::SentRequest`], but those that are there. Anything else that is wrong with a row
/// fails the statement.
pub const INSERT_REQUESTS: &str =
    "INSERT INTO requests (shard, seq, run, tracker, method, url, body, status, events, receivedAt, timestamp)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8,
  strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 9) / 1000.0, 'unixepoch'),
  strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 10) / 1000.0, 'unixepoch')
FROM json_each(?1)
WHERE true
ON CONFLICT (shard, seq) DO NOTHING";

/// The calls that carried an event, a row per event and call. To be asked with a `day`, by which it finds rows.
///
/// It never fails on what the table holds: a JSON function is reached only by text that is JSON.
pub(super) const REQUESTS_BY_EVENT: &str = "CREATE VIEW requests_by_event AS
SELECT
  CASE WHEN carried.type = 'array' THEN carried.value ->> 0 END AS payloadId,
  CASE WHEN carried.type = 'array' THEN carried.value ->> 1 END AS idx,
  tracker,
  CASE WHEN carried.type = 'array' THEN carried.value ->> 2 END AS attempt,
  run,
  method,
  url,
  body,
  status,
  substr(receivedAt, 1, 10) AS day,
  receivedAt,
  timestamp,
  shard,
  seq
FROM requests JOIN json_each(CASE WHEN json_valid(events) THEN events END) AS carried";
