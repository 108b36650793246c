//! What the query of an ingest request says: `?id=…&k=…&sentAt=…&key=…`.

use event::id::is_id;
use web_sys::UrlSearchParams;
use worker::Request;

/// Parameters that the SDK and other senders set. Malformed ones count as absent.
#[derive(Debug, Default)]
pub struct Query {
    /// The client's idempotency key, the same on every retry.
    pub id: Option<String>,
    /// The client's hash of its device id.
    pub k: Option<String>,
    /// The client's clock at sending, in ms since the epoch.
    pub sent_at: Option<i64>,
    /// A write key.
    pub key: Option<String>,
}

impl Query {
    /// Reads the query of a request. The runtime parses it: a parser of our own would add 27 kB (gzip).
    pub fn of(request: &Request) -> Self {
        let url = request.inner().url();
        let Some((_, query)) = url.split_once('?') else { return Self::default() };
        let Ok(query) = UrlSearchParams::new_with_str(query) else { return Self::default() };
        Self {
            id: query.get("id").filter(|id| is_id(id)),
            k: query.get("k").filter(|k| is_id(k)),
            sent_at: query.get("sentAt").and_then(|text| text.parse().ok()),
            key: query.get("key").filter(|key| !key.is_empty()),
        }
    }
}
