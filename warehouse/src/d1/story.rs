//! What is asked to tell the story of one event: its outcomes, its payload, and the calls that carried it.

/// Every final outcome of the event id `?1`, the latest first, by the index by event.
pub const OUTCOMES: &str =
    "SELECT payloadId, idx, event, tracker, outcome, reason, status, attempts, changes, policy, release,
  run, shard, seq, receivedAt, timestamp
FROM deliveries
WHERE eventId = ?1
ORDER BY timestamp DESC, shard DESC, seq DESC
LIMIT 2000";

/// Where the event `?1` is among the bodies of the days `?2` to `?3`. It unpacks every body of these days.
pub const PLACES: &str = "SELECT payloadId, idx, receivedAt
FROM raw_normalized
WHERE eventId = ?1 AND day BETWEEN ?2 AND ?3
ORDER BY receivedAt DESC, payloadId, idx
LIMIT 100";

/// When the payload `?1` came, the latest first: its sender may have sent it again on another day.
pub const RECEIPTS: &str = "SELECT timestamp
FROM raw
WHERE eventId = ?1
ORDER BY timestamp DESC
LIMIT 100";

/// The payload `?1` that came at `?2`.
pub const PAYLOAD: &str = "SELECT data, context
FROM raw
WHERE eventId = ?1 AND timestamp = ?2
LIMIT 1";

/// The latest call of each tracker that carried the event at `?4` of the payload `?3`, among the calls of the days `?1` to `?2`:
/// where in it the event is, and how many it carried.
///
/// It never fails on what the table holds: a JSON function is reached only by text that is JSON.
pub const CALLS: &str =
    "SELECT tracker, attempt, run, method, url, body, status, timestamp, position, carried
FROM (
  SELECT
    requests.*,
    each.key AS position,
    each.value ->> 2 AS attempt,
    json_array_length(requests.events) AS carried,
    ROW_NUMBER() OVER (PARTITION BY tracker ORDER BY timestamp DESC, shard DESC, seq DESC) AS number
  FROM requests JOIN json_each(CASE WHEN json_valid(events) THEN events END) AS each
  WHERE substr(receivedAt, 1, 10) BETWEEN ?1 AND ?2
    AND CASE WHEN each.type = 'array' THEN each.value ->> 0 = ?3 AND each.value ->> 1 = ?4 END
)
WHERE number = 1
ORDER BY tracker";
