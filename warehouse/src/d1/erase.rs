//! Erasing events, and the table `erasures`: the receipts of it.

/// A row per command. `subjects` are hashes of who was meant, `counts` says what was erased and `waiting` what could not be
/// yet, all three as JSON.
pub(super) const TABLES: [&str; 1] = ["CREATE TABLE IF NOT EXISTS erasures (
  id TEXT PRIMARY KEY,
  timestamp TEXT NOT NULL,
  subjects TEXT NOT NULL,
  counts TEXT NOT NULL,
  waiting TEXT NOT NULL,
  finished TEXT
) WITHOUT ROWID"];

/// The days from `?1` on of which there are payloads.
pub const RAW_DAYS: &str =
    "SELECT DISTINCT substr(timestamp, 1, 10) FROM raw WHERE substr(timestamp, 1, 10) >= ?1 ORDER BY 1";

/// The payloads of the day `?1` in which one of the ids in the JSON array `?2` may stand: those that have it as it is, and those
/// that have escapes or are encoded.
pub const RAW_CANDIDATES: &str = r#"SELECT eventId, timestamp, data, context FROM raw
WHERE substr(timestamp, 1, 10) = ?1
  AND (instr(data, '\') > 0 OR instr(context, '"encoding":') > 0
    OR EXISTS (SELECT 1 FROM json_each(?2) AS id WHERE instr(data, id.value) > 0))"#;

/// Deletes payloads: `?1` has their ids, `?2` each id with its time after a space.
pub const DELETE_RAW: &str = "DELETE FROM raw
WHERE eventId IN (SELECT value FROM json_each(?1))
  AND eventId || ' ' || timestamp IN (SELECT value FROM json_each(?2))";

/// Keeps the payload `?1` of the time `?2` as `?3`, with the context `?4`.
pub const REWRITE_RAW: &str = "UPDATE raw SET data = ?3, context = ?4 WHERE eventId = ?1 AND timestamp = ?2";

/// What stands in the place of an event's id: [`event::id::erased_id`].
macro_rules! erased_deliveries {
    () => {
        "eventId IN (SELECT value FROM json_each(?1))
  AND payloadId || '.' || idx IN (SELECT value FROM json_each(?2))"
    };
}

/// Takes ids of events out of their outcomes: `?1` has the ids, `?2` each event's payload and place with a dot between.
pub const ERASE_DELIVERIES: &str = concat!(
    "UPDATE deliveries SET eventId = '(erased) ' || payloadId || '.' || idx\nWHERE ",
    erased_deliveries!()
);

/// How many those are.
pub const COUNT_DELIVERIES: &str = concat!("SELECT count(*) FROM deliveries\nWHERE ", erased_deliveries!());

/// The calls, up to those of the day `?2`, that carried one of the events `?1`, each a payload and a place with a dot between.
macro_rules! calls {
    () => {
        "FROM requests
WHERE substr(receivedAt, 1, 10) <= ?2 AND EXISTS (
  SELECT 1 FROM json_each(CASE WHEN json_valid(events) THEN events END) AS carried
  WHERE carried.type = 'array'
    AND (carried.value ->> 0) || '.' || (carried.value ->> 1) IN (SELECT value FROM json_each(?1))
)"
    };
}

/// Deletes the calls, up to those of the day `?2`, that carried one of the events `?1`.
pub const ERASE_REQUESTS: &str = concat!("DELETE ", calls!());

/// How many those are.
pub const COUNT_REQUESTS: &str = concat!("SELECT count(*) ", calls!());

/// A receipt is begun: id, time, subjects.
pub const BEGIN_ERASURE: &str =
    "INSERT INTO erasures (id, timestamp, subjects, counts, waiting) VALUES (?1, ?2, ?3, '{}', '[]')";

/// How far it came: id, counts, what waits.
pub const NOTE_ERASURE: &str = "UPDATE erasures SET counts = ?2, waiting = ?3 WHERE id = ?1";

/// It is finished: id, time.
pub const FINISH_ERASURE: &str = "UPDATE erasures SET finished = ?2 WHERE id = ?1";

/// The last receipt of the subjects `?1` that is not finished.
pub const UNFINISHED_ERASURE: &str = "SELECT id, counts, waiting FROM erasures
WHERE subjects = ?1 AND finished IS NULL ORDER BY timestamp DESC LIMIT 1";

/// All receipts, the latest first.
pub const ERASURES: &str =
    "SELECT id, timestamp, subjects, counts, waiting, finished FROM erasures ORDER BY timestamp DESC, id";
