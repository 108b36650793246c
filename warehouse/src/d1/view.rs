//! `raw_normalized`: one row per event, from the raw bodies.

use allowlist::policy::Column;

/// The view, with a column for each of `columns`.
///
/// It never fails on what somebody sent: a JSON function is reached only by text that is JSON, since one
/// malformed row would otherwise break every query. A body that is not JSON is a row of NULLs. Ids and times
/// are read as Trace reads them. Trace is stricter about the rest: what it calls malformed because it is nested more
/// than 128 deep, has a number beyond a double, or is compressed only by its own account, has a row here all the same.
pub fn raw_normalized(columns: &[Column]) -> String {
    let properties: String = columns
        .iter()
        .map(|column| format!(",\n  json_extract(json, {}) AS \"{}\"", path(&column.property), column.name))
        .collect();
    format!(
        "CREATE VIEW raw_normalized AS
WITH
payload AS (
  SELECT
    eventId AS payloadId,
    timestamp AS receivedAt,
    substr(timestamp, 1, 10) AS day,
    unixepoch(timestamp) * 1000 + substr(timestamp, 21, 3) AS received,
    json_extract(context, '$.sentAt') AS sentAt,
    substr(json_extract(context, '$.traceparent'), 4, 32) AS requestTrace,
    CASE WHEN json_extract(context, '$.encoding') IS NULL AND json_valid(data) THEN data END AS body
  FROM raw
),
item AS (
  SELECT
    payload.*,
    coalesce(each.key, 0) AS idx,
    CASE
      WHEN each.type = 'object' THEN each.value
      WHEN json_type(body) = 'object' AND json_type(body, '$.batch') IS NULL THEN body
    END AS json
  FROM payload LEFT JOIN json_each(
    CASE WHEN json_type(body, '$.batch') = 'array' THEN json_extract(body, '$.batch') END
  ) AS each
),
event AS (
  SELECT
    item.*,
    CASE
      WHEN json_type(json, '$.eventId') = 'text'
        AND length(json ->> '$.eventId') BETWEEN 1 AND 64
        AND octet_length(json ->> '$.eventId') = length(json ->> '$.eventId') -- no NUL, at which SQLite stops
        AND json ->> '$.eventId' NOT GLOB '*[^A-Za-z0-9_-]*'
      THEN json ->> '$.eventId'
      ELSE payloadId || '.' || idx
    END AS eventId,
    CASE WHEN json_type(json, '$.traceparent') = 'text' THEN json ->> '$.traceparent' END AS place,
    CASE
      WHEN json_type(json, '$.timestamp') IN ('integer', 'real')
        AND json ->> '$.timestamp' = CAST(json ->> '$.timestamp' AS INTEGER)
        AND json ->> '$.timestamp' BETWEEN -9007199254740991 AND 9007199254740991
      THEN CAST(json ->> '$.timestamp' AS INTEGER)
    END AS claimed
  FROM item
),
timed AS (
  SELECT
    event.*,
    CASE
      WHEN claimed IS NULL THEN received
      ELSE max(received - {max_age}, min(received,
        claimed + CASE WHEN received - sentAt BETWEEN -{skew} AND {skew} THEN 0 ELSE coalesce(received - sentAt, 0) END))
    END AS time,
    ROW_NUMBER() OVER (PARTITION BY day, eventId ORDER BY received, payloadId, idx) AS copy
  FROM event
)
SELECT
  payloadId,
  idx,
  day,
  receivedAt,
  strftime('%Y-%m-%dT%H:%M:%fZ', time / 1000.0, 'unixepoch') AS timestamp,
  eventId,
  CASE WHEN json_type(json, '$.event') = 'text' THEN json ->> '$.event' END AS event,
  {device} AS deviceId,
  {user} AS userId,
  {session} AS sessionId,
  CASE WHEN {traced} THEN substr(place, 4, 32) ELSE requestTrace END AS traceId,
  CASE WHEN json_type(json, '$.properties') = 'object' THEN json_extract(json, '$.properties') END AS properties{properties}
FROM timed
WHERE copy = 1",
        max_age = event::time::MAX_AGE_MS,
        skew = event::time::TOLERATED_SKEW_MS,
        device = id("deviceId"),
        user = id("userId"),
        session = id("sessionId"),
        traced = traced(),
    )
}

/// An id: text, or a whole number as its decimal text.
fn id(member: &str) -> String {
    format!(
        "CASE WHEN json_type(json, '$.{member}') IN ('text', 'integer') THEN CAST(json ->> '$.{member}' AS TEXT) END"
    )
}

/// Whether `place` is a traceparent as [`event::Traceparent`] reads it.
fn traced() -> String {
    let hex = |from, length| format!("substr(place, {from}, {length}) NOT GLOB '*[^0-9a-f]*'");
    let other = |from, length, than| format!("substr(place, {from}, {length}) <> '{than}'");
    [
        // To a NUL, at which SQLite stops, and whole.
        "length(place) >= 55",
        "(octet_length(place) = 55 OR substr(place, 1, 2) <> '00' AND substr(place, 56, 1) = '-')",
        "substr(place, 3, 1) || substr(place, 36, 1) || substr(place, 53, 1) = '---'",
        &[hex(1, 2), hex(4, 32), hex(37, 16), hex(54, 2)].join(" AND "),
        &other(1, 2, "ff".to_owned()),
        &other(4, 32, "0".repeat(32)),
        &other(37, 16, "0".repeat(16)),
    ]
    .join(" AND ")
}

/// The JSON path of a property, as an SQL literal. Policies have no column whose name holds a quote or a backslash.
fn path(property: &str) -> String {
    format!("'$.properties.\"{}\"'", property.replace('\'', "''"))
}
