//! What the query of an ingest request says: `?id=…&k=…&sentAt=…&key=…&traceparent=…`.

use event::Traceparent;
use event::id::is_id;

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
    /// The trace of the page: browsers ask before they send a header.
    pub traceparent: Option<Traceparent>,
}

impl Query {
    /// Reads the query of an address.
    pub fn of(url: &str) -> Self {
        let Some((_, query)) = url.split_once('?') else { return Self::default() };
        let get = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        Self {
            id: get("id").filter(|id| is_id(id)),
            k: get("k").filter(|k| is_id(k)),
            sent_at: get("sentAt").and_then(|text| text.parse().ok()),
            key: get("key").filter(|key| !key.is_empty()),
            traceparent: get("traceparent").and_then(|text| Traceparent::parse(&text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_counts_and_a_malformed_one_is_none() {
        let query = Query::of("https://a.example/e?id=p-1&id=p-2&k=%20&sentAt=17&key=a%2Bb+c");
        assert_eq!((query.id.as_deref(), query.k, query.sent_at), (Some("p-1"), None, Some(17)));
        assert_eq!(query.key.as_deref(), Some("a+b c"));
        assert_eq!(Query::of("https://a.example/e").id, None);
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let traceparent = |text| Query::of(&format!("https://a.example/e?traceparent={text}")).traceparent;
        assert_eq!(traceparent(text), Traceparent::parse(text));
        assert_eq!(traceparent(&text.to_uppercase()), None);
    }
}
