//! What is asked to follow outcomes as they come: rows past the last one seen of each shard.

use super::Dataset;
use super::quote::table;

/// Outcomes of payloads received since `@p1` that were known at `@p2` or later, past those that `@p3`, texts such as `shard:seq`,
/// name: `limit` at most. Of a shard that it does not name all count.
///
/// `@p1` is what partitions are skipped by: an outcome may come days after its payload.
pub fn newer(dataset: &Dataset, limit: usize) -> String {
    format!(
        "WITH
seen AS (
  SELECT SAFE_CAST(SPLIT(cursor, ':')[OFFSET(0)] AS INT64) AS shard, SAFE_CAST(SPLIT(cursor, ':')[OFFSET(1)] AS INT64) AS last
  FROM UNNEST(@p3) AS cursor
)
SELECT payloadId, idx, eventId, event, tracker, outcome, reason, status, attempts, run, deliveries.shard, seq, receivedAt,
  timestamp
FROM {deliveries} AS deliveries LEFT JOIN seen ON seen.shard = deliveries.shard
WHERE receivedAt >= @p1 AND timestamp >= @p2 AND seq > COALESCE(last, -1)
QUALIFY ROW_NUMBER() OVER (PARTITION BY deliveries.shard, seq ORDER BY timestamp) = 1
ORDER BY deliveries.shard, seq
LIMIT {limit}",
        deliveries = table(dataset, "deliveries")
    )
}
