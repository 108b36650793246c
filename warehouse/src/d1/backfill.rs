//! What a backfill asks: which events are meant, what became of them, and their payloads as they were stored.

use std::fmt::Display;

/// The days of which there are payloads, oldest first.
pub const DAYS: &str = "SELECT DISTINCT substr(timestamp, 1, 10) AS day FROM raw ORDER BY day";

/// The events of day `?1` on which a condition on `raw_normalized` holds, with the time of receipt, the event's own time, and its
/// name. The condition stands on lines of its own, so that a comment in it ends there.
pub fn events_where(condition: &impl Display) -> String {
    format!(
        "SELECT payloadId, idx, receivedAt, event, timestamp FROM raw_normalized WHERE day = ?1 AND (\n{condition}\n)"
    )
}

/// The events that a query names, by `payloadId`, `idx` and `receivedAt`; their own time is not asked for.
pub fn events_of(query: &impl Display) -> String {
    format!("SELECT payloadId, idx, receivedAt, event, NULL FROM (\n{query}\n)")
}

/// Every outcome at tracker `?2` of the events that were received on day `?1`, whichever run it was in.
pub const OUTCOMES: &str =
    "SELECT payloadId, idx, receivedAt, event, outcome, reason, attempts, timestamp, shard, seq
FROM deliveries WHERE substr(receivedAt, 1, 10) = ?1 AND tracker = ?2";

/// The payloads with the ids `?1`, a JSON array, that were received on day `?2`.
pub const PAYLOADS: &str = "SELECT eventId, timestamp, data, context
FROM json_each(?1) CROSS JOIN raw ON raw.eventId = value
WHERE +substr(raw.timestamp, 1, 10) = ?2";

/// Up to when each shard's account of the days from `?1` on is here.
pub const WATERMARKS: &str = "SELECT shard, max(timestamp) FROM ledger WHERE day >= ?1 GROUP BY shard";
