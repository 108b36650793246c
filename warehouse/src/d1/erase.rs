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

/// A page of the payloads of the day `?1`, behind the row `?3` (0 to begin with), in which one of the ids in the JSON array `?2` may
/// stand: those that have it as it is, and those that have escapes or are encoded. A page has 500 at most, and 4,000,000 characters of
/// bodies or one body: what D1 answers through Cloudflare's API comes in one piece. The last page has none.
pub const RAW_CANDIDATES: &str = r#"SELECT raw.eventId, raw.timestamp, raw.data, raw.context, page.row
FROM (
  SELECT row, size, sum(size) OVER (ORDER BY row) AS sizes
  FROM (
    SELECT rowid AS row, length(data) AS size FROM raw
    WHERE substr(timestamp, 1, 10) = ?1 AND rowid > ?3
      AND (instr(data, '\') > 0 OR instr(context, '"encoding":') > 0
        OR EXISTS (SELECT 1 FROM json_each(?2) AS id WHERE instr(data, id.value) > 0))
    ORDER BY rowid LIMIT 500
  )
) AS page CROSS JOIN raw ON raw.rowid = page.row
WHERE page.sizes <= 4000000 OR page.sizes = page.size
ORDER BY page.row"#;

/// Deletes payloads: `?1` has their ids, `?2` each id with its time after a space.
pub const DELETE_RAW: &str = "DELETE FROM raw
WHERE eventId IN (SELECT value FROM json_each(?1))
  AND eventId || ' ' || timestamp IN (SELECT value FROM json_each(?2))";

/// Keeps the payload `?1` of the time `?2` as `?3`, with the context `?4`, where it still is what was read, `?5`.
pub const REWRITE_RAW: &str =
    "UPDATE raw SET data = ?3, context = ?4 WHERE eventId = ?1 AND timestamp = ?2 AND data = ?5";

/// What stands in the place of an event's id: [`event::id::erased_id`].
macro_rules! erased_deliveries {
    () => {
        "eventId IN (SELECT value FROM json_each(?1))
  AND payloadId || '.' || idx || '@' || receivedAt IN (SELECT value FROM json_each(?2))"
    };
}

/// Takes ids of events out of their outcomes: `?1` has the ids, `?2` each event's payload and place with a dot between, and the time of
/// receipt after an `@`.
pub const ERASE_DELIVERIES: &str = concat!(
    "UPDATE deliveries SET eventId = '(erased) ' || payloadId || '.' || idx\nWHERE ",
    erased_deliveries!()
);

/// The same of the day `?2` where the events' own ids are not known any more: `?1` has what `?2` has above.
pub const ERASE_DELIVERIES_OF_DAY: &str =
    "UPDATE deliveries SET eventId = '(erased) ' || payloadId || '.' || idx
WHERE substr(receivedAt, 1, 10) = ?2 AND eventId NOT LIKE '(erased) %'
  AND payloadId || '.' || idx || '@' || receivedAt IN (SELECT value FROM json_each(?1))";

/// How many those are that [`ERASE_DELIVERIES`] changes.
pub const COUNT_DELIVERIES: &str = concat!("SELECT count(*) FROM deliveries\nWHERE ", erased_deliveries!());

/// The calls that carried one of the events `?1` of the day `?2`, each a payload and a place with a dot between. A call tells of the times
/// of receipt the first: what it carried came then or later, and before it was made, by a clock that may be some hours off. Calls
/// that carried another payload under the same id are older or younger.
macro_rules! calls {
    () => {
        "FROM requests
WHERE substr(receivedAt, 1, 10) <= ?2 AND substr(timestamp, 1, 10) >= date(?2, '-1 day') AND EXISTS (
  SELECT 1 FROM json_each(CASE WHEN json_valid(events) THEN events END) AS carried
  WHERE carried.type = 'array'
    AND (carried.value ->> 0) || '.' || (carried.value ->> 1) IN (SELECT value FROM json_each(?1))
)"
    };
}

/// Deletes the calls that carried one of the events `?1` of the day `?2`.
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
