//! `raw_normalized`: one row per event, from the raw bodies.

use super::Dataset;
use super::quote::{literal, name, table};
use allowlist::policy::Column;

/// The body where an escape of a lone surrogate keeps it from being JSON: with the escape of U+FFFD in its place, as
/// Trace mends it. Escaped backslashes and pairs are broken up meanwhile by a character that no JSON holds as it is.
const MENDED: &str = r"REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(data,
        r'\\\\', CONCAT(r'\\\\', CHR(1))),
        r'\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})', CONCAT(r'\\u', CHR(1), r'\1\\u', CHR(1), r'\2')),
        r'\\u[dD][89a-fA-F][0-9a-fA-F]{2}', r'\\ufffd'),
        CHR(1), '')";

/// A traceparent as [`event::Traceparent`] reads it, but for what [`NO_PLACE`] says.
const PLACE: &str = r"^(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|([1-9a-f][0-9a-f]|0[1-9a-f])-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-(?s:.*))?)$";

/// A version that there will never be, and ids of zeros.
const NO_PLACE: &str = r"^(ff|..-0{32}|.{36}0{16})";

/// The query of the view, with a column for each of `columns`.
///
/// It shows what D1's view shows. It never fails on what somebody sent: what `SAFE.PARSE_JSON` cannot read is a row of
/// NULLs. That is also a body with a number beyond a double or nested more than 500 deep, which Trace calls malformed, too.
/// A byte order mark is no JSON for Trace and D1, whatever the parser here thinks of it.
///
/// Members are read by subscript, which takes any name as it is; a JSON path would need an escaping of its own. Whether a
/// value is a text or a number is read off its JSON.
///
/// `day` is the day of the column by which `raw` is partitioned, in a form that BigQuery skips partitions by
/// (<https://cloud.google.com/bigquery/docs/querying-partitioned-tables#isolate_the_partitioning_column_or_use_supported_functions>),
/// and the copies of an event are told apart within a day, so that a filter on it goes down to the table. Its zone is
/// said since a project can have a default other than UTC, which partitions are made by.
///
/// No name in it is at once that of a column and of what the column is selected from: BigQuery would take it
/// for the whole row.
pub(super) fn raw_normalized(dataset: &Dataset, columns: &[Column]) -> String {
    let shown: String = columns
        .iter()
        .map(|column| {
            let value = format!("properties[{}]", literal(&column.property));
            format!(
                ",\n  IF(JSON_TYPE({value}) IN ('object', 'array'), TO_JSON_STRING({value}), JSON_VALUE({value})) AS {}",
                name(&column.name)
            )
        })
        .collect();
    format!(
        "WITH
payloads AS (
  SELECT
    eventId AS payloadId,
    timestamp AS receivedAt,
    DATE(timestamp, 'UTC') AS day,
    UNIX_MILLIS(timestamp) AS received,
    SAFE_CAST(JSON_VALUE(context, '$.sentAt') AS INT64) AS sentAt,
    SUBSTR(JSON_VALUE(context, '$.traceparent'), 4, 32) AS requestTrace,
    IF(JSON_VALUE(context, '$.encoding') IS NULL AND NOT REGEXP_CONTAINS(data, r'^\\x{{FEFF}}|\\x01'), COALESCE(
      SAFE.PARSE_JSON(data, wide_number_mode => 'round'),
      SAFE.PARSE_JSON({MENDED}, wide_number_mode => 'round')
    ), NULL) AS body
  FROM {raw}
),
bodies AS (
  SELECT
    *,
    IF(JSON_TYPE(body['batch']) = 'array', JSON_QUERY_ARRAY(body['batch']), NULL) AS batch,
    IF(JSON_TYPE(body) = 'object' AND body['batch'] IS NULL, body, NULL) AS single
  FROM payloads
),
items AS (
  SELECT
    payloadId,
    receivedAt,
    day,
    received,
    sentAt,
    requestTrace,
    COALESCE(place, 0) AS idx,
    IF(JSON_TYPE(element) = 'object', element, single) AS item
  FROM bodies LEFT JOIN UNNEST(batch) AS element WITH OFFSET AS place
),
events AS (
  SELECT
    *,
    COALESCE(
      REGEXP_EXTRACT({own_id}, r'^[A-Za-z0-9_-]{{1,64}}$'),
      CONCAT(payloadId, '.', CAST(idx AS STRING))
    ) AS eventId,
    IF(STARTS_WITH(TO_JSON_STRING(item['timestamp']), '\"'), NULL, LAX_FLOAT64(item['timestamp'])) AS claimed,
    IF(sentAt IS NULL, 0, received - GREATEST(-{far}, LEAST({far}, sentAt))) AS skew,
    {own_place} AS ownPlace,
    IF(JSON_TYPE(item['properties']) = 'object', item['properties'], NULL) AS properties
  FROM items
),
timed AS (
  SELECT
    *,
    IF(
      ABS(claimed) <= {max_integer} AND TRUNC(claimed) = claimed,
      GREATEST(received - {max_age}, LEAST(received,
        SAFE_CAST(claimed AS INT64) + IF(ABS(skew) <= {tolerated}, 0, skew))),
      received
    ) AS time,
    ROW_NUMBER() OVER (PARTITION BY day, eventId ORDER BY received, payloadId, idx) AS copy
  FROM events
)
SELECT
  payloadId,
  idx,
  day,
  receivedAt,
  TIMESTAMP_MILLIS(time) AS timestamp,
  eventId,
  {event} AS event,
  {device} AS deviceId,
  {user} AS userId,
  {session} AS sessionId,
  IF(
    REGEXP_CONTAINS(ownPlace, r'{place}') AND NOT REGEXP_CONTAINS(ownPlace, r'{no_place}'),
    SUBSTR(ownPlace, 4, 32),
    requestTrace
  ) AS traceId,
  properties{shown}
FROM timed
WHERE copy = 1",
        raw = table(dataset, "raw"),
        own_id = text("eventId"),
        own_place = text("traceparent"),
        place = PLACE,
        no_place = NO_PLACE,
        // A clock so far off is as far off as any, and nothing that is added to it can leave an INT64.
        far = 1_000_000_000_000_000_000_i64,
        // Beyond it a double is no exact integer any more.
        max_integer = 9_007_199_254_740_991_i64,
        max_age = event::time::MAX_AGE_MS,
        tolerated = event::time::TOLERATED_SKEW_MS,
        event = text("event"),
        device = id("deviceId"),
        user = id("userId"),
        session = id("sessionId"),
    )
}

/// A member where it is a text.
fn text(member: &str) -> String {
    format!("IF(STARTS_WITH(TO_JSON_STRING(item['{member}']), '\"'), JSON_VALUE(item['{member}']), NULL)")
}

/// An id: text, or a whole number as its decimal text.
fn id(member: &str) -> String {
    format!("COALESCE({}, REGEXP_EXTRACT(TO_JSON_STRING(item['{member}']), r'^-?[0-9]+$'))", text(member))
}
