//! What is asked to tell the story of one event: its outcomes, its payload, and the calls that carried it.
//!
//! They answer what D1's statements of these names answer.

use super::Dataset;
use super::quote::table;

/// Every final outcome of the event id `@p1`, the latest first. `deliveries` is clustered by it.
pub fn outcomes(dataset: &Dataset) -> String {
    format!(
        "SELECT payloadId, idx, event, tracker, outcome, reason, status, attempts, changes, policy, release,
  run, shard, seq, receivedAt, timestamp
FROM {deliveries}
WHERE eventId = @p1
QUALIFY ROW_NUMBER() OVER (PARTITION BY shard, seq ORDER BY timestamp) = 1
ORDER BY timestamp DESC, shard DESC, seq DESC
LIMIT 2000",
        deliveries = table(dataset, "deliveries")
    )
}

/// Where the event `@p1` is among the bodies of the days `@p2` to `@p3`.
pub fn places(dataset: &Dataset) -> String {
    format!(
        "SELECT payloadId, idx, receivedAt
FROM {normalized}
WHERE eventId = @p1 AND day BETWEEN @p2 AND @p3
ORDER BY receivedAt DESC, payloadId, idx
LIMIT 100",
        normalized = table(dataset, "raw_normalized")
    )
}

/// When the payload `@p1` came, the latest first.
pub fn receipts(dataset: &Dataset) -> String {
    format!(
        "SELECT DISTINCT timestamp
FROM {raw}
WHERE eventId = @p1
ORDER BY timestamp DESC
LIMIT 100",
        raw = table(dataset, "raw")
    )
}

/// The payload `@p1` that came at `@p2`.
pub fn payload(dataset: &Dataset) -> String {
    format!(
        "SELECT data, context
FROM {raw}
WHERE eventId = @p1 AND timestamp = @p2
LIMIT 1",
        raw = table(dataset, "raw")
    )
}

/// The latest call of each tracker that carried the event at `@p4` of the payload `@p3`, among the calls of the days `@p1` to
/// `@p2`: where in it the event is, and how many it carried.
pub fn calls(dataset: &Dataset) -> String {
    format!(
        "WITH
parsed AS (
  SELECT *, SAFE.PARSE_JSON(events) AS parsedEvents
  FROM {requests}
  WHERE DATE(receivedAt, 'UTC') BETWEEN @p1 AND @p2
),
listed AS (
  SELECT *, IF(JSON_TYPE(parsedEvents) = 'array', JSON_QUERY_ARRAY(parsedEvents), NULL) AS list
  FROM parsed
),
numbered AS (
  SELECT
    tracker,
    SAFE_CAST(JSON_VALUE(event[2]) AS INT64) AS attempt,
    run,
    method,
    url,
    body,
    status,
    timestamp,
    place AS position,
    ARRAY_LENGTH(list) AS carried,
    ROW_NUMBER() OVER (PARTITION BY tracker ORDER BY timestamp DESC, shard DESC, seq DESC) AS number
  FROM listed CROSS JOIN UNNEST(list) AS event WITH OFFSET AS place
  WHERE JSON_VALUE(event[0]) = @p3 AND SAFE_CAST(JSON_VALUE(event[1]) AS INT64) = @p4
)
SELECT tracker, attempt, run, method, url, body, status, timestamp, position, carried
FROM numbered
WHERE number = 1
ORDER BY tracker",
        requests = table(dataset, "requests")
    )
}
