//! Payloads as they came, day by day.

/// How many payloads each UTC day of receipt has, from `?1` on: `(day, payloads)`. Read from the index alone.
pub const PAYLOADS_BY_DAY: &str = "SELECT substr(timestamp, 1, 10) AS day, count(*) AS payloads FROM raw
WHERE substr(timestamp, 1, 10) >= ?1 GROUP BY day ORDER BY day";

/// A page of a UTC day's payloads: at most `?3` of the day `?1` behind the row `?2` (0 to begin with), in the order in which
/// they were logged: `(id, receivedAt, data, context, row)`. The index has a day's rows in this order, so that nothing is
/// sorted and a page costs what it holds.
pub const PAYLOADS_OF_DAY: &str =
    "SELECT eventId AS id, timestamp AS receivedAt, data, context, rowid AS row FROM raw
WHERE substr(timestamp, 1, 10) = ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3";
