//! The views of the account: does it add up, why not, and what became of one event.
//!
//! None fails on what the tables hold: no function in them has an argument that it refuses, and `total`, unlike
//! `sum`, has no overflow.

use event::account::FINAL_OUTCOMES;

/// The views as name and statement; later ones read earlier ones.
pub(super) fn views() -> [(&'static str, String); 5] {
    [
        ("accounts", accounts()),
        ("accounts_by_day", ACCOUNTS_BY_DAY.to_owned()),
        ("reasons", REASONS.to_owned()),
        ("latest_outcomes", LATEST_OUTCOMES.to_owned()),
        ("stories", STORIES.to_owned()),
    ]
}

/// Per run, day, event and tracker: what came, and what became of it.
///
/// A shard's figures are taken as of its latest line for the counter: `received` and `pending` from the line, outcomes
/// counted among the deliveries before it. What came after the line counts with the next one. The pluses before
/// `day` and `seq` make SQLite use the index by day: a column's type keeps it from comparing with the index's
/// expression, and the primary key, which it would rather use, has all deliveries of the shard.
fn accounts() -> String {
    let counted: String = FINAL_OUTCOMES
        .iter()
        .map(|outcome| {
            format!(
                ",
    (
      SELECT count(*) FROM deliveries
      WHERE substr(receivedAt, 1, 10) = +latest.day AND deliveries.shard = latest.shard
        AND deliveries.run = latest.run AND deliveries.event = latest.event
        AND deliveries.tracker = latest.tracker AND outcome = '{outcome}' AND +deliveries.seq < latest.seq
    ) AS {outcome}"
            )
        })
        .collect();
    let summed: String = FINAL_OUTCOMES
        .iter()
        .map(|outcome| format!("\n    sum({outcome}) OVER counter AS {outcome},"))
        .collect();
    format!(
        "CREATE VIEW accounts AS
WITH
latest AS (
  SELECT day, shard, run, event, tracker, max(seq) AS seq
  FROM ledger
  GROUP BY day, shard, run, event, tracker
),
counted AS (
  SELECT latest.*, ledger.received, ledger.pending, ledger.timestamp{counted}
  FROM latest JOIN ledger ON ledger.shard = latest.shard AND ledger.seq = latest.seq
),
summed AS (
  SELECT DISTINCT
    run,
    day,
    event,
    tracker,
    CAST(total(received) OVER counter AS INTEGER) AS received,{summed}
    CAST(total(pending) OVER counter AS INTEGER) AS pending,
    min(timestamp) OVER counter AS asOf
  FROM counted
  WINDOW counter AS (PARTITION BY run, day, event, tracker)
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
        outcomes = FINAL_OUTCOMES.join(",\n  "),
        minus = FINAL_OUTCOMES.join(" - "),
    )
}

/// The same per day and tracker. `unaccounted` must be 0.
const ACCOUNTS_BY_DAY: &str = "CREATE VIEW accounts_by_day AS
SELECT DISTINCT
  run,
  day,
  tracker,
  CAST(total(received) OVER tracker_day AS INTEGER) AS received,
  CAST(total(delivered) OVER tracker_day AS INTEGER) AS delivered,
  CAST(total(filtered) OVER tracker_day AS INTEGER) AS filtered,
  CAST(total(rejected) OVER tracker_day AS INTEGER) AS rejected,
  CAST(total(dead) OVER tracker_day AS INTEGER) AS dead,
  CAST(total(pending) OVER tracker_day AS INTEGER) AS pending,
  CAST(total(unaccounted) OVER tracker_day AS INTEGER) AS unaccounted,
  min(asOf) OVER tracker_day AS asOf
FROM accounts
WINDOW tracker_day AS (PARTITION BY run, day, tracker)";

/// Why events were not delivered, and how many were not: also those that count in `accounts` only with the next line.
const REASONS: &str = "CREATE VIEW reasons AS
SELECT run, substr(receivedAt, 1, 10) AS day, event, tracker, outcome, reason, count(*) AS events
FROM deliveries
WHERE outcome <> 'delivered'
GROUP BY run, substr(receivedAt, 1, 10), event, tracker, outcome, reason";

/// What finally became of each event at each tracker, whichever run it was in. A payload that comes again on another day
/// is another one, as it is in `raw_normalized`. An event has one id, so that the index by event finds its other
/// outcomes; the plus keeps SQLite from the index by day.
const LATEST_OUTCOMES: &str = "CREATE VIEW latest_outcomes AS
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
  substr(receivedAt, 1, 10) AS day,
  receivedAt,
  timestamp
FROM deliveries
WHERE NOT EXISTS (
  SELECT 1
  FROM deliveries AS newer
  WHERE newer.eventId = deliveries.eventId AND newer.tracker = deliveries.tracker
    AND newer.payloadId = deliveries.payloadId AND newer.idx = deliveries.idx
    AND +substr(newer.receivedAt, 1, 10) = substr(deliveries.receivedAt, 1, 10)
    AND (newer.timestamp, newer.shard, newer.seq) > (deliveries.timestamp, deliveries.shard, deliveries.seq)
)";

/// Everything about an event id: a row when it was received, and one for each final outcome. To be asked for one
/// `eventId`, and ordered by `at`.
///
/// The receipt is told by deliveries, too: they carry its time, they stay when `raw` is deleted, and they have an index by
/// event id. `raw` has none, since ids are inside bodies: looking there would unpack every body. So an event is here
/// from its first outcome on.
const STORIES: &str = "CREATE VIEW stories AS
SELECT
  eventId,
  receivedAt AS at,
  'received' AS step,
  payloadId,
  idx,
  event,
  NULL AS tracker,
  NULL AS outcome,
  NULL AS reason,
  NULL AS status,
  NULL AS attempts,
  NULL AS changes,
  NULL AS policy,
  NULL AS run
FROM (SELECT eventId, payloadId, idx, event, receivedAt, max(seq) FROM deliveries GROUP BY eventId, payloadId, idx)
UNION ALL
SELECT eventId, timestamp, 'outcome', payloadId, idx, event, tracker, outcome, reason, status, attempts, changes, policy, run
FROM deliveries";
