//! What is asked to compare the account of a tracker with the vendor's own.
//!
//! A vendor counts by the event's own time, in a zone of its own; the account counts by receipt. So the events of a few days of
//! receipt are put into days of their own. Their time is in `raw_normalized`; where `raw` has no readable body any more, or never had
//! (a compressed one), the receipt stands for it.

/// How the events of tracker `?1`, received from day `?2` to day `?3`, ended, by name, day of their own, outcome and reason, for
/// their own days `?5` to `?6`. `?4` shifts a time into the vendor's zone, such as `+60 minutes`.
///
/// An event counts once, in whichever runs it was: as delivered where it once was, else by its latest outcome.
/// `again` is how often events were delivered beyond the first time, `retried` how many were delivered after an attempt that failed,
/// `later` how many came on a later day than they happened, `slow` how many were delivered a day or more after that, and
/// `untimed` of how many the own time is not known.
pub const OUTCOMES: &str = "WITH
numbered AS (
  SELECT
    substr(receivedAt, 1, 10) AS day,
    payloadId,
    idx,
    event,
    outcome,
    reason,
    attempts,
    receivedAt,
    timestamp,
    sum(outcome = 'delivered') OVER (PARTITION BY substr(receivedAt, 1, 10), payloadId, idx) AS deliveries,
    ROW_NUMBER() OVER (
      PARTITION BY substr(receivedAt, 1, 10), payloadId, idx
      ORDER BY outcome = 'delivered' DESC, timestamp DESC, shard DESC, seq DESC
    ) AS number
  FROM deliveries
  WHERE tracker = ?1 AND substr(receivedAt, 1, 10) BETWEEN ?2 AND ?3
),
timed AS (
  SELECT payloadId, idx, day, timestamp AS happened
  FROM raw_normalized
  WHERE day BETWEEN ?2 AND ?3 AND event IS NOT NULL AND event <> '(erased)'
),
placed AS (
  SELECT
    numbered.*,
    happened IS NULL AS isUntimed,
    coalesce(happened, receivedAt) AS happened,
    date(coalesce(happened, receivedAt), ?4) AS ownDay
  FROM numbered LEFT JOIN timed
    ON timed.payloadId = numbered.payloadId AND timed.idx = numbered.idx AND timed.day = numbered.day
  WHERE number = 1
)
SELECT
  event,
  ownDay AS day,
  outcome,
  reason,
  count(*) AS events,
  sum(max(deliveries - 1, 0)) AS again,
  sum(outcome = 'delivered' AND attempts > 1) AS retried,
  sum(date(receivedAt, ?4) > ownDay) AS later,
  sum(outcome = 'delivered' AND unixepoch(timestamp) - unixepoch(happened) >= 86400) AS slow,
  sum(isUntimed) AS untimed
FROM placed
WHERE ownDay BETWEEN ?5 AND ?6
GROUP BY event, ownDay, outcome, reason
ORDER BY event, ownDay, outcome, reason";

/// Events that tracker `?1` still owes, by name and day of receipt, from day `?2` to day `?3`.
pub const PENDING: &str = "SELECT event, day, CAST(total(pending) AS INTEGER) AS pending
FROM accounts
WHERE tracker IN (?1, '(all)') AND day BETWEEN ?2 AND ?3 AND pending > 0
GROUP BY event, day
ORDER BY event, day";
