//! What was sent of one event: of a batch this event alone.

use super::scrubbed::hidden;
use allowlist::scrub::scrub;
use event::Payload;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The event as it came.
pub struct Sent {
    /// Its text, with escapes of lone surrogates mended; where the payload is no event and no batch, all of the body.
    text: String,
    /// How many events the payload holds.
    pub of: usize,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    batch: Option<Vec<&'a RawValue>>,
}

impl Sent {
    /// The event at a place of a payload. An error is how many there are; nothing, that the body cannot be decompressed.
    pub fn read(payload: &Payload, idx: u32) -> Option<Result<Self, usize>> {
        let bytes = allowlist::readable(payload)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let batch = serde_json::from_str::<Body<'_>>(&text).ok().and_then(|body| body.batch);
        let items: Option<Vec<&str>> = batch.map(|items| items.iter().map(|item| item.get()).collect());
        let place = usize::try_from(idx).unwrap_or(usize::MAX);
        Some(match items.filter(|items| !items.is_empty()) {
            Some(items) => match items.get(place) {
                Some(item) => Ok(Self { text: (*item).to_owned(), of: items.len() }),
                None => Err(items.len()),
            },
            None if place == 0 => Ok(Self { text, of: 1 }),
            None => Err(1),
        })
    }

    /// When it happened by its sender's clock.
    pub fn claimed(&self) -> Option<i64> {
        let event: Value = serde_json::from_str(&self.text).ok()?;
        let time = event.get("timestamp")?;
        // A number without decimals, however it is written.
        time.as_i64().or_else(|| time.as_f64().filter(|time| time.fract() == 0.0).map(|time| time as i64))
    }

    /// As JSON, or as text where it is none; scrubbed, or as it came.
    pub fn shown(&self, is_raw: bool) -> Value {
        match serde_json::from_str(&self.text) {
            Ok(event) if is_raw => event,
            Ok(event) => hidden(event),
            Err(_) if is_raw => self.text.as_str().into(),
            Err(_) => scrub(&self.text, None).map_or(self.text.as_str().into(), |found| found.text.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::{Context, Millis};
    use serde_json::json;

    fn payload(body: &[u8]) -> Payload {
        Payload::new("p".to_owned(), Millis(0), body.to_vec(), Context::default())
    }

    fn shown(body: &[u8], idx: u32, is_raw: bool) -> Option<Result<(Value, usize), usize>> {
        Some(Sent::read(&payload(body), idx)?.map(|sent| (sent.shown(is_raw), sent.of)))
    }

    #[test]
    fn of_a_batch_the_event_alone_is_shown() {
        let body =
            br#"{"batch": [{"event": "a"}, {"event": "b", "userId": "ada@example.com"}], "writeKey": "k"}"#;
        let event = json!({"event": "b", "userId": "[email]"});
        assert_eq!(shown(body, 1, false), Some(Ok((event, 2))));
        let event = json!({"event": "b", "userId": "ada@example.com"});
        assert_eq!(shown(body, 1, true), Some(Ok((event, 2))));
        assert_eq!(shown(body, 2, false), Some(Err(2)));
        assert_eq!(shown(b"{}", 1, false), Some(Err(1)));
    }

    #[test]
    fn what_is_no_json_is_shown_as_text() {
        assert_eq!(shown(b"ada@example.com", 0, false), Some(Ok((json!("[email]"), 1))));
        assert_eq!(shown(br#"{"event": "\ud83d"}"#, 0, false), Some(Ok((json!({"event": "\u{fffd}"}), 1))));
        let gzip = Context { content_encoding: Some("gzip".to_owned()), ..Context::default() };
        let broken = Payload::new("p".to_owned(), Millis(0), b"no gzip".to_vec(), gzip);
        assert!(Sent::read(&broken, 0).is_none());
    }

    #[test]
    fn the_senders_clock_is_read_as_trace_reads_it() {
        let claimed = |time: &str| {
            let body = format!(r#"{{"event": "a", "timestamp": {time}}}"#);
            Sent::read(&payload(body.as_bytes()), 0).and_then(Result::ok).and_then(|sent| sent.claimed())
        };
        assert_eq!(
            (claimed("5"), claimed("5.0"), claimed("5.5"), claimed("\"5\"")),
            (Some(5), Some(5), None, None)
        );
    }
}
