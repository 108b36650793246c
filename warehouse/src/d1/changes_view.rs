//! `changes_by_rule`: what was dropped from events or altered in them, and what would be there if it were allowed.

use crate::names::{EVENT, MAX_NAMES, OTHERS};
use event::wire::{EVENT_PREFIX, NOT_ALLOWED};

/// The view: a row per day, event, field, rule and policy. To be asked with a `day`, by which it finds rows.
///
/// Changes are made before an event goes to its trackers, so that each of its deliveries has all of them: the latest
/// counts, whichever run or tracker it is of. It is looked for among keys alone and then fetched: changes can take 10 kB,
/// which D1's memory could not sort a day of. Nor is the index by event any help, since one id can come with any number of events.
///
/// An event that came again, as when a client did not hear that it was stored, is `filtered(duplicate)` wherever it would have
/// gone, and counts as the first one alone. At trackers that it is not for it has other reasons, and it may be replayed: so this one
/// goes before the latest.
///
/// What is counted is counted by windows and told once, since SQLite takes no filter on the day below a GROUP BY and down
/// into what that reads.
///
/// It never fails on what the table holds: a JSON function is reached only by text that is JSON.
pub(super) fn changes_by_rule() -> String {
    format!(
        "CREATE VIEW changes_by_rule AS
WITH
numbered AS (
  SELECT
    substr(receivedAt, 1, 10) AS day,
    shard,
    seq,
    outcome = 'filtered' AND reason IS 'duplicate' AS isAgain,
    ROW_NUMBER() OVER (
      PARTITION BY substr(receivedAt, 1, 10), payloadId, idx
      ORDER BY outcome = 'filtered' AND reason IS 'duplicate' DESC, timestamp DESC, shard DESC, seq DESC
    ) AS number
  FROM deliveries
),
latest AS (
  SELECT
    numbered.day,
    numbered.shard,
    numbered.seq,
    event,
    policy,
    outcome = 'filtered' AND reason = 'not_allowed' AS isNotAllowed,
    CASE WHEN json_valid(changes) THEN changes END AS changes
  FROM numbered CROSS JOIN deliveries ON deliveries.shard = numbered.shard AND deliveries.seq = numbered.seq
  WHERE number = 1 AND NOT isAgain
),
named AS (
  SELECT
    day,
    shard,
    seq,
    CASE
      WHEN isNotAllowed AND event = '{NOT_ALLOWED}' AND json_extract(changes, '$[0].field') GLOB '{EVENT_PREFIX}*'
      THEN CAST(substr(CAST(json_extract(changes, '$[0].field') AS BLOB), {after_prefix}) AS TEXT) -- as text it would end at a NUL
      ELSE event
    END AS event,
    policy,
    CASE WHEN isNotAllowed THEN '[{{\"field\":\"{EVENT}\",\"rule\":\"not_allowed\"}}]' ELSE changes END AS changes
  FROM latest
),
change AS (
  SELECT named.*, CASE WHEN each.type = 'object' THEN each.value END AS json
  FROM named JOIN json_each(named.changes) AS each
),
told AS (
  SELECT DISTINCT day, shard, seq, event, json ->> '$.field' AS field, json ->> '$.rule' AS rule, policy
  FROM change
  WHERE json_type(json, '$.field') = 'text' AND json_type(json, '$.rule') = 'text'
),
counted AS (
  SELECT DISTINCT
    day,
    event,
    field,
    rule,
    policy,
    count(*) OVER (PARTITION BY day, event, field, rule, policy) AS events
  FROM told
),
summed AS (
  SELECT *, sum(events) OVER (PARTITION BY day, rule, event, field) AS total
  FROM counted
),
placed AS (
  SELECT *, DENSE_RANK() OVER (PARTITION BY day, rule ORDER BY total DESC, event, field) AS place
  FROM summed
),
bounded AS (
  SELECT
    day,
    iif(place <= {MAX_NAMES}, event, '{OTHERS}') AS event,
    iif(place <= {MAX_NAMES}, field, '{OTHERS}') AS field,
    rule,
    iif(place <= {MAX_NAMES}, policy, NULL) AS policy,
    events,
    place
  FROM placed
)
SELECT DISTINCT
  day,
  event,
  field,
  rule,
  policy,
  sum(events) OVER shown AS events,
  max(place) OVER shown - min(place) OVER shown + 1 AS names
FROM bounded
WINDOW shown AS (PARTITION BY day, event, field, rule, policy)",
        after_prefix = EVENT_PREFIX.len() + 1,
    )
}
