//! The views of the account: does it add up, why not, and what became of one event.
//!
//! They show what D1's views of these names show. Rows can be stored twice here, which the views undo: of the rows
//! with a shard's `seq` one counts. `day` is the day of the column by which the tables are partitioned, and every
//! grouping is by day or by event, so that a filter on `day` reads those days and one on `eventId` those blocks alone.

use super::Dataset;
use super::quote::table;
use event::account::FINAL_OUTCOMES;

/// The views as name and query; later ones read earlier ones.
pub(super) fn views(dataset: &Dataset) -> [(&'static str, String); 5] {
    [
        ("accounts", accounts(dataset)),
        ("accounts_by_day", accounts_by_day(dataset)),
        ("reasons", reasons(dataset)),
        ("latest_outcomes", latest_outcomes(dataset)),
        ("stories", stories(dataset)),
    ]
}

/// Deliveries with their day, of which those with the same `columns` are numbered from 1: in `{order}`.
///
/// With the day and the event among the columns a filter on either goes down to the table.
fn numbered(dataset: &Dataset, columns: &str, order: &str) -> String {
    format!(
        "WITH
dated AS (
  SELECT *, DATE(receivedAt, 'UTC') AS day
  FROM {deliveries}
),
numbered AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY day, eventId, {columns} ORDER BY {order}) AS number
  FROM dated
)",
        deliveries = table(dataset, "deliveries")
    )
}

/// Every delivery with its day, once where `number` is 1.
fn deliveries(dataset: &Dataset) -> String {
    numbered(dataset, "shard, seq", "timestamp")
}

/// Per run, day, event and tracker: what came, and what became of it.
///
/// A shard's figures are taken as of its latest line for the counter: `received` and `pending` from the line, outcomes
/// counted among the deliveries before it. What came after the line counts with the next one. Lines and deliveries are
/// put together before a counter's latest line is looked for: a filter on the day goes down to both tables
/// through that, but not for certain through a join.
fn accounts(dataset: &Dataset) -> String {
    let counted: String = FINAL_OUTCOMES
        .iter()
        .map(|outcome| format!("\n    COUNTIF(outcome = '{outcome}' AND seq < latest) AS {outcome},"))
        .collect();
    format!(
        "WITH
entries AS (
  SELECT day, shard, run, event, tracker, seq, received, pending, timestamp, CAST(NULL AS STRING) AS outcome
  FROM {ledger}
  UNION DISTINCT
  SELECT DATE(receivedAt, 'UTC'), shard, run, event, tracker, seq, NULL, NULL, NULL, outcome
  FROM {deliveries}
),
marked AS (
  SELECT
    *,
    MAX(IF(outcome IS NULL, seq, NULL)) OVER (PARTITION BY day, shard, run, event, tracker) AS latest
  FROM entries
),
summed AS (
  SELECT
    run,
    day,
    event,
    tracker,
    SUM(IF(seq = latest, received, 0)) AS received,{counted}
    SUM(IF(seq = latest, pending, 0)) AS pending,
    MIN(IF(seq = latest, timestamp, NULL)) AS asOf
  FROM marked
  WHERE latest IS NOT NULL
  GROUP BY run, day, event, tracker
)
SELECT
  run,
  day,
  event,
  tracker,
  received,
  {outcomes},
  pending,
  received - {minus} - pending AS unaccounted,
  asOf
FROM summed",
        ledger = table(dataset, "ledger"),
        deliveries = table(dataset, "deliveries"),
        outcomes = FINAL_OUTCOMES.join(",\n  "),
        minus = FINAL_OUTCOMES.join(" - "),
    )
}

/// The same per day and tracker. `unaccounted` must be 0.
fn accounts_by_day(dataset: &Dataset) -> String {
    let summed: String =
        FINAL_OUTCOMES.iter().map(|outcome| format!("\n  SUM({outcome}) AS {outcome},")).collect();
    format!(
        "SELECT
  run,
  day,
  tracker,
  SUM(received) AS received,{summed}
  SUM(pending) AS pending,
  SUM(unaccounted) AS unaccounted,
  MIN(asOf) AS asOf
FROM {accounts}
GROUP BY run, day, tracker",
        accounts = table(dataset, "accounts")
    )
}

/// Why events were not delivered, and how many were not: also those that count in `accounts` only with the next line.
fn reasons(dataset: &Dataset) -> String {
    format!(
        "{deliveries}
SELECT run, day, event, tracker, outcome, reason, COUNT(*) AS events
FROM numbered
WHERE number = 1 AND outcome <> 'delivered'
GROUP BY run, day, event, tracker, outcome, reason",
        deliveries = deliveries(dataset)
    )
}

/// What finally became of each event at each tracker, whichever run it was in. A payload that comes again on another day
/// is another one, as it is in `raw_normalized`.
fn latest_outcomes(dataset: &Dataset) -> String {
    format!(
        "{latest}
SELECT
  payloadId,
  idx,
  eventId,
  event,
  tracker,
  outcome,
  reason,
  status,
  attempts,
  run,
  day,
  receivedAt,
  timestamp
FROM numbered
WHERE number = 1",
        latest = numbered(dataset, "tracker, payloadId, idx", "timestamp DESC, shard DESC, seq DESC")
    )
}

/// Everything about an event id: a row when it was received, and one for each final outcome. To be asked for one
/// `eventId`, and ordered by `at`, which is a reserved word here and needs backticks.
///
/// The receipt is told by deliveries, too: they carry its time, they stay when `raw` is deleted, and they are sorted by
/// event id, which `raw` cannot be, since ids are inside bodies. So an event is here from its first outcome on.
fn stories(dataset: &Dataset) -> String {
    format!(
        "{deliveries}
SELECT
  eventId,
  ANY_VALUE(receivedAt HAVING MAX seq) AS `at`,
  'received' AS step,
  payloadId,
  idx,
  ANY_VALUE(event HAVING MAX seq) AS event,
  CAST(NULL AS STRING) AS tracker,
  CAST(NULL AS STRING) AS outcome,
  CAST(NULL AS STRING) AS reason,
  CAST(NULL AS INT64) AS status,
  CAST(NULL AS INT64) AS attempts,
  CAST(NULL AS STRING) AS changes,
  CAST(NULL AS STRING) AS policy,
  CAST(NULL AS STRING) AS run
FROM numbered
WHERE number = 1
GROUP BY eventId, payloadId, idx
UNION ALL
SELECT eventId, timestamp, 'outcome', payloadId, idx, event, tracker, outcome, reason, status, attempts, changes, policy, run
FROM numbered
WHERE number = 1",
        deliveries = deliveries(dataset)
    )
}
