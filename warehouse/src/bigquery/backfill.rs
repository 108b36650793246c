//! What a backfill asks: which events are meant, what became of them, and their payloads as they were stored. The columns
//! are those of D1's statements of these names.

use super::Dataset;
use super::quote::table;
use std::fmt::Display;

/// The events on which a condition on `raw_normalized` holds. All days at once: each question about a day would be billed for
/// that day, also where the condition rules it out.
pub fn events_where(dataset: &Dataset, condition: &impl Display) -> String {
    format!(
        "SELECT payloadId, idx, receivedAt, event, timestamp FROM {view} WHERE (\n{condition}\n)",
        view = table(dataset, "raw_normalized")
    )
}

/// The events that a query names.
pub fn events_of(query: &impl Display) -> String {
    format!("SELECT payloadId, idx, receivedAt, event, CAST(NULL AS TIMESTAMP) FROM (\n{query}\n)")
}

/// Every outcome at tracker `@p2` of the events that were received on day `@p1`. What was erased has the reason `erased`.
pub fn outcomes(dataset: &Dataset) -> String {
    format!(
        "SELECT payloadId, idx, receivedAt, event,
  IF(STARTS_WITH(eventId, '(erased) '), 'filtered', outcome), IF(STARTS_WITH(eventId, '(erased) '), 'erased', reason),
  attempts, timestamp, shard, seq
FROM {deliveries} WHERE DATE(receivedAt, 'UTC') = @p1 AND tracker = @p2",
        deliveries = table(dataset, "deliveries")
    )
}

/// The payloads with the ids `@p1` that were received on day `@p2`.
pub fn payloads(dataset: &Dataset) -> String {
    format!(
        "SELECT eventId, timestamp, data, context FROM {raw}
WHERE DATE(timestamp, 'UTC') = @p2 AND eventId IN UNNEST(@p1)",
        raw = table(dataset, "raw")
    )
}

/// Up to when each shard's account of the days from `@p1` on is here.
pub fn watermarks(dataset: &Dataset) -> String {
    format!(
        "SELECT shard, MAX(timestamp) FROM {ledger} WHERE day >= @p1 GROUP BY shard",
        ledger = table(dataset, "ledger")
    )
}

/// The first day of which there is an account.
pub fn first_day(dataset: &Dataset) -> String {
    format!("SELECT MIN(day) FROM {ledger}", ledger = table(dataset, "ledger"))
}
