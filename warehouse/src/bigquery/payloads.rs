//! Payloads as they came, day by day.

use super::Dataset;
use super::quote::table;

/// How many payloads each UTC day of receipt has, from `@p1`, a day, on: `(day, payloads)`. It reads the column `timestamp`
/// of these days' partitions.
pub fn payloads_by_day(dataset: &Dataset) -> String {
    format!(
        "SELECT CAST(DATE(timestamp, 'UTC') AS STRING) AS day, COUNT(*) AS payloads FROM {}
WHERE DATE(timestamp, 'UTC') >= @p1 GROUP BY day ORDER BY day",
        table(dataset, "raw")
    )
}

/// The payloads of the UTC day `@p1`: `(id, receivedAt, data, context)`, in no order. Sorting rows with their bodies is the
/// work of a single node there, and fails where a day has more of them than its memory takes
/// (<https://cloud.google.com/bigquery/docs/best-practices-performance-compute>).
pub fn payloads_of_day(dataset: &Dataset) -> String {
    format!(
        "SELECT eventId AS id, timestamp AS receivedAt, data, context FROM {} WHERE DATE(timestamp, 'UTC') = @p1",
        table(dataset, "raw")
    )
}
