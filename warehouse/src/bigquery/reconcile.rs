//! What is asked to compare the account of a tracker with the vendor's own.
//!
//! They answer what D1's statements of these names answer.

use super::Dataset;
use super::quote::table;

/// How the events of tracker `@p1`, received from day `@p2` to day `@p3`, ended, by name, day of their own, outcome and reason, for
/// their own days `@p5` to `@p6`. `@p4` are the minutes that shift a time into the vendor's zone.
pub fn outcomes(dataset: &Dataset) -> String {
    format!(
        "WITH
dated AS (
  SELECT DISTINCT payloadId, idx, event, outcome, reason, attempts, shard, seq, receivedAt, timestamp, DATE(receivedAt, 'UTC') AS day
  FROM {deliveries}
  WHERE tracker = @p1 AND DATE(receivedAt, 'UTC') BETWEEN @p2 AND @p3
),
numbered AS (
  SELECT
    *,
    SUM(IF(outcome = 'delivered', 1, 0)) OVER (PARTITION BY day, payloadId, idx) AS deliveries,
    ROW_NUMBER() OVER (
      PARTITION BY day, payloadId, idx
      ORDER BY IF(outcome = 'delivered', 0, 1), timestamp DESC, shard DESC, seq DESC
    ) AS number
  FROM dated
),
timed AS (
  SELECT payloadId, idx, day, timestamp AS ownTime
  FROM {normalized}
  WHERE day BETWEEN @p2 AND @p3 AND event IS NOT NULL AND event <> '(erased)'
),
placed AS (
  SELECT
    numbered.event,
    numbered.outcome,
    numbered.reason,
    numbered.attempts,
    numbered.deliveries,
    numbered.timestamp,
    ownTime IS NULL AS isUntimed,
    COALESCE(ownTime, receivedAt) AS happened,
    DATE(TIMESTAMP_ADD(receivedAt, INTERVAL @p4 MINUTE), 'UTC') AS receiptDay,
    DATE(TIMESTAMP_ADD(COALESCE(ownTime, receivedAt), INTERVAL @p4 MINUTE), 'UTC') AS ownDay
  FROM numbered LEFT JOIN timed
    ON timed.payloadId = numbered.payloadId AND timed.idx = numbered.idx AND timed.day = numbered.day
  WHERE number = 1
)
SELECT
  event,
  ownDay AS day,
  outcome,
  reason,
  COUNT(*) AS events,
  SUM(GREATEST(deliveries - 1, 0)) AS again,
  COUNTIF(outcome = 'delivered' AND attempts > 1) AS retried,
  COUNTIF(receiptDay > ownDay) AS later,
  COUNTIF(outcome = 'delivered' AND TIMESTAMP_DIFF(timestamp, happened, SECOND) >= 86400) AS slow,
  COUNTIF(isUntimed) AS untimed
FROM placed
WHERE ownDay BETWEEN @p5 AND @p6
GROUP BY event, ownDay, outcome, reason
ORDER BY event, ownDay, outcome, reason",
        deliveries = table(dataset, "deliveries"),
        normalized = table(dataset, "raw_normalized"),
    )
}

/// Events that tracker `@p1` still owes, by name and day of receipt, from day `@p2` to day `@p3`.
pub fn pending(dataset: &Dataset) -> String {
    format!(
        "SELECT event, day, SUM(pending) AS pending
FROM {accounts}
WHERE tracker IN (@p1, '(all)') AND day BETWEEN @p2 AND @p3 AND pending > 0
GROUP BY event, day
ORDER BY event, day",
        accounts = table(dataset, "accounts")
    )
}
