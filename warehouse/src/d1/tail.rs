//! What is asked to follow outcomes as they come: rows past the last one seen of each shard, by the primary key.

/// The shards there are, each found by one step in the key.
const SHARDS: &str = "WITH RECURSIVE
step(shard) AS (
  SELECT min(shard) FROM deliveries
  UNION ALL
  SELECT (SELECT min(shard) FROM deliveries WHERE shard > step.shard) FROM step WHERE shard IS NOT NULL
)";

/// Of each shard the last `seq` of before `?1`: from there a tail begins. A shard counts on as time goes on, so that the rows since
/// then are all that is read.
pub fn heads() -> String {
    format!(
        "{SHARDS}
SELECT
  shard,
  coalesce((
    SELECT seq FROM deliveries
    WHERE deliveries.shard = step.shard AND timestamp < ?1
    ORDER BY seq DESC
    LIMIT 1
  ), -1) AS seq
FROM step
WHERE shard IS NOT NULL"
    )
}

/// Outcomes past those that `?1`, a JSON array of `[shard, seq]`, names: `limit` at most. Of a shard that it does not name all count.
pub fn newer(limit: usize) -> String {
    format!(
        "{SHARDS}
SELECT payloadId, idx, eventId, event, tracker, outcome, reason, status, attempts, run, deliveries.shard, seq, receivedAt,
  timestamp
FROM step CROSS JOIN deliveries ON deliveries.shard = step.shard AND seq > coalesce(
  (SELECT value ->> 1 FROM json_each(?1) WHERE value ->> 0 = step.shard), -1)
ORDER BY deliveries.shard, seq
LIMIT {limit}"
    )
}
