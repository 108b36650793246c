//! `changes_by_rule`: what was dropped from events or altered in them, and what would be there if it were allowed.

use super::Dataset;
use super::quote::table;
use crate::names::{EVENT, MAX_NAMES, OTHERS};
use event::wire::{EVENT_PREFIX, NOT_ALLOWED};

/// The query of the view: a row per day, event, field, rule and policy.
///
/// It shows what D1's view shows. One delivery of an event counts, its latest, which also undoes that rows can be stored
/// twice here. Every grouping is by day, so that a filter on it goes down to the table.
pub(super) fn changes_by_rule(dataset: &Dataset) -> String {
    format!(
        "WITH
dated AS (
  SELECT
    *,
    IFNULL(outcome = 'filtered' AND reason = 'duplicate', FALSE) AS isAgain,
    DATE(receivedAt, 'UTC') AS day
  FROM {deliveries}
),
numbered AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY day, payloadId, idx ORDER BY isAgain DESC, timestamp DESC, shard DESC, seq DESC
    ) AS number
  FROM dated
),
latest AS (
  SELECT
    day,
    payloadId,
    idx,
    event,
    policy,
    outcome = 'filtered' AND reason = 'not_allowed' AS isNotAllowed,
    SAFE.PARSE_JSON(changes, wide_number_mode => 'round') AS parsed
  FROM numbered
  WHERE number = 1 AND NOT isAgain
),
named AS (
  SELECT
    day,
    payloadId,
    idx,
    IF(
      isNotAllowed AND event = '{NOT_ALLOWED}' AND STARTS_WITH(JSON_VALUE(parsed, '$[0].field'), '{EVENT_PREFIX}'),
      SUBSTR(JSON_VALUE(parsed, '$[0].field'), {after_prefix}),
      event
    ) AS name,
    policy,
    IF(isNotAllowed, [JSON '{{\"field\":\"{EVENT}\",\"rule\":\"not_allowed\"}}'],
      IF(JSON_TYPE(parsed) = 'array', JSON_QUERY_ARRAY(parsed), NULL)) AS list
  FROM latest
),
told AS (
  SELECT DISTINCT
    day,
    payloadId,
    idx,
    name,
    JSON_VALUE(change['field']) AS place,
    JSON_VALUE(change['rule']) AS rule,
    policy
  FROM named CROSS JOIN UNNEST(list) AS change
  WHERE STARTS_WITH(TO_JSON_STRING(change['field']), '\"') AND STARTS_WITH(TO_JSON_STRING(change['rule']), '\"')
),
counted AS (
  SELECT day, name, place, rule, policy, COUNT(*) AS number
  FROM told
  GROUP BY day, name, place, rule, policy
),
summed AS (
  SELECT *, SUM(number) OVER (PARTITION BY day, rule, name, place) AS total
  FROM counted
),
ranked AS (
  SELECT *, DENSE_RANK() OVER (PARTITION BY day, rule ORDER BY total DESC, name, place) AS rank
  FROM summed
),
bounded AS (
  SELECT
    day,
    IF(rank <= {MAX_NAMES}, name, '{OTHERS}') AS event,
    IF(rank <= {MAX_NAMES}, place, '{OTHERS}') AS field,
    rule,
    IF(rank <= {MAX_NAMES}, policy, NULL) AS policy,
    number,
    rank
  FROM ranked
)
SELECT day, event, field, rule, policy, SUM(number) AS events, COUNT(DISTINCT rank) AS names
FROM bounded
GROUP BY day, event, field, rule, policy",
        deliveries = table(dataset, "deliveries"),
        after_prefix = EVENT_PREFIX.len() + 1,
    )
}
