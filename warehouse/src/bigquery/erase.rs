//! Erasing events by DML, and the receipts of it. Statements and order of their parameters are those of D1, but where a day
//! stands for what D1 finds by an index.
//!
//! BigQuery refuses a statement that would change rows which were streamed a short while ago, up to 90 minutes
//! (<https://cloud.google.com/bigquery/docs/data-manipulation-language#limitations>):
//! [`Failure::is_streaming_buffer`](super::Failure::is_streaming_buffer).

use super::Dataset;
use super::quote::table;

/// The days from `@p1` on of which there are payloads.
pub fn raw_days(dataset: &Dataset) -> String {
    let raw = table(dataset, "raw");
    format!(
        "SELECT DISTINCT CAST(DATE(timestamp, 'UTC') AS STRING) AS day FROM {raw} WHERE DATE(timestamp, 'UTC') >= @p1 ORDER BY 1"
    )
}

/// The payloads of the day `@p1` in which one of the ids `@p2` may stand.
pub fn raw_candidates(dataset: &Dataset) -> String {
    format!(
        r#"SELECT eventId, timestamp, data, context FROM {raw}
WHERE DATE(timestamp, 'UTC') = @p1
  AND (STRPOS(data, '\\') > 0 OR STRPOS(context, '"encoding":') > 0
    OR EXISTS (SELECT 1 FROM UNNEST(@p2) AS id WHERE STRPOS(data, id) > 0))"#,
        raw = table(dataset, "raw")
    )
}

/// Deletes payloads of the day `@p2`: `@p1` has each id with its time in ms after a space.
pub fn delete_raw(dataset: &Dataset) -> String {
    format!(
        "DELETE FROM {raw}
WHERE DATE(timestamp, 'UTC') = @p2 AND CONCAT(eventId, ' ', CAST(UNIX_MILLIS(timestamp) AS STRING)) IN UNNEST(@p1)",
        raw = table(dataset, "raw")
    )
}

/// Keeps the payload `@p1` of the time `@p2` as `@p3`, with the context `@p4`, where it still is what was read: `@p5` is the SHA-256 of
/// that, in lower-case hex.
pub fn rewrite_raw(dataset: &Dataset) -> String {
    let raw = table(dataset, "raw");
    format!(
        "UPDATE {raw} SET data = @p3, context = @p4
WHERE eventId = @p1 AND timestamp = @p2 AND TO_HEX(SHA256(data)) = @p5"
    )
}

/// The outcomes of the events `@p1`, each a payload and a place with a dot between and the time of receipt in ms
/// after an `@`, of the day `@p2`.
const DELIVERIES: &str = "DATE(receivedAt, 'UTC') = @p2
  AND CONCAT(payloadId, '.', CAST(idx AS STRING), '@', CAST(UNIX_MILLIS(receivedAt) AS STRING)) IN UNNEST(@p1)
  AND NOT STARTS_WITH(eventId, '(erased) ')";

/// Takes ids of events out of their outcomes.
pub fn erase_deliveries(dataset: &Dataset) -> String {
    format!(
        "UPDATE {deliveries} SET eventId = CONCAT('(erased) ', payloadId, '.', CAST(idx AS STRING))
WHERE {DELIVERIES}",
        deliveries = table(dataset, "deliveries")
    )
}

/// How many those are.
pub fn count_deliveries(dataset: &Dataset) -> String {
    format!("SELECT COUNT(*) AS events FROM {} WHERE {DELIVERIES}", table(dataset, "deliveries"))
}

/// The calls that carried one of the events `@p1` of the day `@p2`, between times as in D1.
const REQUESTS: &str = "DATE(receivedAt, 'UTC') <= @p2
AND DATE(timestamp, 'UTC') >= DATE_SUB(@p2, INTERVAL 1 DAY) AND EXISTS (
  SELECT 1 FROM UNNEST(JSON_QUERY_ARRAY(events)) AS carried
  WHERE CONCAT(JSON_VALUE(carried, '$[0]'), '.', JSON_VALUE(carried, '$[1]')) IN UNNEST(@p1)
)";

/// Deletes them.
pub fn erase_requests(dataset: &Dataset) -> String {
    format!("DELETE FROM {} WHERE {REQUESTS}", table(dataset, "requests"))
}

/// How many those are.
pub fn count_requests(dataset: &Dataset) -> String {
    format!("SELECT COUNT(*) AS calls FROM {} WHERE {REQUESTS}", table(dataset, "requests"))
}

/// A receipt is begun: id, time, subjects. Not streamed, so that it can be changed at once.
pub fn begin_erasure(dataset: &Dataset) -> String {
    let erasures = table(dataset, "erasures");
    format!(
        "INSERT INTO {erasures} (id, timestamp, subjects, counts, waiting) VALUES (@p1, @p2, @p3, '{{}}', '[]')"
    )
}

/// How far it came: id, counts, what waits.
pub fn note_erasure(dataset: &Dataset) -> String {
    format!("UPDATE {} SET counts = @p2, waiting = @p3 WHERE id = @p1", table(dataset, "erasures"))
}

/// It is finished: id, time.
pub fn finish_erasure(dataset: &Dataset) -> String {
    format!("UPDATE {} SET finished = @p2 WHERE id = @p1", table(dataset, "erasures"))
}

/// The last receipt of the subjects `@p1` that is not finished.
pub fn unfinished_erasure(dataset: &Dataset) -> String {
    format!(
        "SELECT id, counts, waiting FROM {} WHERE subjects = @p1 AND finished IS NULL ORDER BY timestamp DESC LIMIT 1",
        table(dataset, "erasures")
    )
}

/// All receipts, the latest first.
pub fn erasures(dataset: &Dataset) -> String {
    format!(
        "SELECT id, timestamp, subjects, counts, waiting, finished FROM {} ORDER BY timestamp DESC, id",
        table(dataset, "erasures")
    )
}
