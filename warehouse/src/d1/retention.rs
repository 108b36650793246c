//! Deleting what is older than it should be kept.

use super::Statement;
use event::Millis;

/// Days of receipt before `?1`. A payload can be 2 MB, so that a thousand are work enough for D1's 30 seconds.
const DELETE_RAW: &str = "DELETE FROM raw
WHERE rowid IN (SELECT rowid FROM raw WHERE substr(timestamp, 1, 10) < ?1 ORDER BY substr(timestamp, 1, 10) LIMIT 1000)";

/// A body can be 1.5 MB: as for `raw`.
const DELETE_REQUESTS: &str = "DELETE FROM requests
WHERE rowid IN (
  SELECT rowid FROM requests WHERE substr(receivedAt, 1, 10) < ?1 ORDER BY substr(receivedAt, 1, 10) LIMIT 1000
)";

/// In the index's order a counter's latest line goes last: what is left of the day still adds up.
const DELETE_LEDGER: &str = "DELETE FROM ledger
WHERE (shard, seq) IN (
  SELECT shard, seq FROM ledger WHERE day < ?1 ORDER BY day, shard, run, event, tracker, seq LIMIT 5000
)";

/// Only after the ledger's lines: a counter whose deliveries are half deleted would not add up. While there are lines, no
/// day is before the empty text, so that the index is not read in vain.
const DELETE_DELIVERIES: &str = "DELETE FROM deliveries
WHERE (shard, seq) IN (
  SELECT shard, seq FROM deliveries
  WHERE substr(receivedAt, 1, 10) < iif(EXISTS (SELECT 1 FROM ledger WHERE day < ?1), '', ?1)
  ORDER BY substr(receivedAt, 1, 10) LIMIT 5000
)";

/// The statements that delete whole UTC days of receipt which ended `raw_days` (`raw`), `deliveries_days`
/// (`deliveries`, `ledger`) or `requests_days` (`requests`) days ago or earlier; 0 keeps for ever. Each deletes a bounded
/// number of rows: run all of them again until none deletes any.
///
/// Deliveries must stay longer than an event can be pending: a counter that changes after its day was
/// deleted does not add up until the next deletion.
pub fn retention(raw_days: u32, deliveries_days: u32, requests_days: u32, now: Millis) -> Vec<Statement> {
    let tables = [
        (raw_days, DELETE_RAW),
        (deliveries_days, DELETE_LEDGER),
        (deliveries_days, DELETE_DELIVERIES),
        (requests_days, DELETE_REQUESTS),
    ];
    tables
        .into_iter()
        .filter(|&(days, _)| days > 0)
        .map(|(days, sql)| {
            // Not before 1970: `Millis` prints what is out of its range as a far future, and that would delete all.
            let first_kept = Millis((now.0 - i64::from(days) * 86_400_000).max(0)).day();
            Statement { sql, parameters: vec![first_kept] }
        })
        .collect()
}
