//! Inserts into `raw`, the log of payloads as they came.

use super::Statement;
use event::Millis;

/// Adds the rows of a JSON array `[["id", receivedAtMillis, "data", "context"], …]`.
///
/// A row that is there already, by id and time, is not added again, nor is one that the array has twice: whoever
/// does not know whether a batch was stored stores it again. The grouping is needed because all rows are selected
/// before the first is inserted.
pub const INSERT_RAW_BATCH: &str = "INSERT INTO raw (eventId, timestamp, data, context)
SELECT payloadId, receivedAt, data, context
FROM (
  SELECT
    min(key),
    value ->> 0 AS payloadId,
    strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> 1) / 1000.0, 'unixepoch') AS receivedAt,
    value ->> 2 AS data,
    value ->> 3 AS context
  FROM json_each(?1)
  GROUP BY payloadId, receivedAt
)
WHERE NOT EXISTS (SELECT 1 FROM raw WHERE eventId = payloadId AND timestamp = receivedAt)";

/// The same for one row with a parameter for each column: JSON can make a text six times as long, too long for
/// one parameter where the text itself is not.
pub const INSERT_RAW_ONE: &str = "INSERT INTO raw (eventId, timestamp, data, context)
SELECT ?1, ?2, ?3, ?4
WHERE NOT EXISTS (SELECT 1 FROM raw WHERE eventId = ?1 AND timestamp = ?2)";

/// Most bytes of a parameter (<https://developers.cloudflare.com/d1/platform/limits/>).
const MAX_PARAMETER: usize = 2_000_000;

/// The statement that adds the rows of such an array, or nothing where it is no such array. One that is too long for
/// a parameter must have a single row.
pub fn insert_raw(rows: &str) -> Option<Statement> {
    if rows.len() <= MAX_PARAMETER {
        return Some(Statement { sql: INSERT_RAW_BATCH, parameters: vec![rows.to_owned()] });
    }
    let [(id, at, data, context)]: [(String, i64, String, String); 1] = serde_json::from_str(rows).ok()?;
    let parameters = vec![id, Millis(at).to_string(), data, context];
    Some(Statement { sql: INSERT_RAW_ONE, parameters })
}
