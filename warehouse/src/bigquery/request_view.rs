//! `requests_by_event`: the calls that carried an event.

use super::Dataset;
use super::quote::table;

/// The query of the view: a row per event and call.
///
/// It shows what D1's view shows, and undoes that rows can be stored twice here. Filters on `day`, `tracker` and `run` go
/// down to the table: they are among the columns by which rows are numbered. One on `payloadId` alone reads everything.
pub(super) fn requests_by_event(dataset: &Dataset) -> String {
    format!(
        "WITH
dated AS (
  SELECT *, DATE(receivedAt, 'UTC') AS day
  FROM {requests}
),
numbered AS (
  SELECT
    *,
    SAFE.PARSE_JSON(events) AS carried,
    ROW_NUMBER() OVER (PARTITION BY day, tracker, run, shard, seq ORDER BY timestamp) AS number
  FROM dated
)
SELECT
  JSON_VALUE(event[0]) AS payloadId,
  SAFE_CAST(JSON_VALUE(event[1]) AS INT64) AS idx,
  tracker,
  SAFE_CAST(JSON_VALUE(event[2]) AS INT64) AS attempt,
  run,
  method,
  url,
  body,
  status,
  day,
  receivedAt,
  timestamp,
  shard,
  seq
FROM numbered CROSS JOIN UNNEST(IF(JSON_TYPE(carried) = 'array', JSON_QUERY_ARRAY(carried), NULL)) AS event
WHERE number = 1",
        requests = table(dataset, "requests")
    )
}
