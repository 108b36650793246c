//! What a backfill asks: which events are meant, what became of them, and their payloads as they were stored.

use std::fmt::Display;

/// Rows of a page: some 5 MB as JSON, and more than a payload has events.
pub const PAGE: usize = 20_000;

/// The days of which there are payloads, oldest first.
pub const DAYS: &str = "SELECT DISTINCT substr(timestamp, 1, 10) AS day FROM raw ORDER BY day";

/// The events of day `?1` on which a condition on `raw_normalized` holds, with the time of receipt, the event's own time, and its
/// name; a [`PAGE`] of them, from payload `?2` on. The condition stands on lines of its own, so that a comment in it ends there.
pub fn events_where(condition: &impl Display) -> String {
    format!(
        "SELECT payloadId, idx, receivedAt, event, timestamp FROM raw_normalized
WHERE day = ?1 AND payloadId >= ?2 AND (\n{condition}\n)
ORDER BY payloadId LIMIT {PAGE}"
    )
}

/// The events that a query names, by `payloadId`, `idx` and `receivedAt`; their own time is not asked for.
pub fn events_of(query: &impl Display) -> String {
    format!("SELECT payloadId, idx, receivedAt, event, NULL FROM (\n{query}\n)")
}

/// The outcomes at tracker `?2` of the events that were received on day `?1`, whichever run they were in, after row `?4` of shard `?3`.
/// What was erased has the reason `erased`.
pub const OUTCOMES: &str = "SELECT payloadId, idx, receivedAt, event,
  iif(eventId GLOB '(erased) *', 'filtered', outcome), iif(eventId GLOB '(erased) *', 'erased', reason), attempts, timestamp, shard, seq
FROM deliveries
WHERE substr(receivedAt, 1, 10) = ?1 AND tracker = ?2 AND (shard > ?3 OR shard = ?3 AND seq > ?4)
ORDER BY shard, seq LIMIT 20000";

/// The first day of which there is an account.
pub const FIRST_DAY: &str = "SELECT min(day) FROM ledger";

/// The payloads with the ids `?1`, a JSON array, that were received on day `?2`.
pub const PAYLOADS: &str = "SELECT eventId, timestamp, data, context
FROM json_each(?1) CROSS JOIN raw ON raw.eventId = value
WHERE +substr(raw.timestamp, 1, 10) = ?2";

/// Up to when each shard's account of the days from `?1` on is here.
pub const WATERMARKS: &str = "SELECT shard, max(timestamp) FROM ledger WHERE day >= ?1 GROUP BY shard";
