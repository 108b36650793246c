//! What is told of the calls to a vendor, for the table `requests`.

use allowlist::Allowed;
use event::Millis;
use event::wire::{CUT, CallMade, MAX_BODY_BYTES, MAX_CALLS_BYTES};
use trackers::{Call, Secrets};

/// One call of so many is told where `REQUESTS_LOG` is `sample`.
const SAMPLE: u128 = 100;

/// Most bytes of all bodies of a reply, encoded. The rest of [`MAX_CALLS_BYTES`] is for what else is told of the calls,
/// so that a call whose body has no room is told without it.
const MAX_BODIES: usize = MAX_CALLS_BYTES / 3 * 2;

/// Bytes of a call in the reply without address, body and events, the mark of a cut included.
const FRAME: usize = 128;

/// Bytes of an event at most: brackets, commas and two numbers.
const EVENT: usize = 24;

/// Which calls are told, by `REQUESTS_LOG`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Those that got no answer, another one than 2xx, or did not deliver every event.
    Failures,
    /// One in a hundred, chosen by the id of its first event: of a call that is repeated every attempt is told, or none.
    Sample,
    /// Each.
    All,
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// When it was sent.
    pub sent_at: Millis,
    /// The vendor's HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// Whether every event was delivered.
    pub delivered: bool,
}

/// The calls of one delivery.
pub struct CallLog<'a> {
    told: Told,
    secrets: &'a Secrets,
    /// Of each event of the delivery: its payload's place in the request, and its own in the payload.
    events: Vec<(usize, u32)>,
    calls: Vec<CallMade>,
    left_for_bodies: usize,
    left: usize,
    left_out: usize,
}

impl<'a> CallLog<'a> {
    /// Of a delivery of `events`.
    pub fn new(told: Told, secrets: &'a Secrets, events: Vec<(usize, u32)>) -> Self {
        Self {
            told,
            secrets,
            events,
            calls: Vec::new(),
            left_for_bodies: MAX_BODIES,
            left: MAX_CALLS_BYTES - MAX_BODIES,
            left_out: 0,
        }
    }

    /// Takes down a call that carried the events at these places of the delivery, of which `first` is the first.
    pub fn note(&mut self, call: &Call, places: &[usize], first: &Allowed, ended: Ended) {
        let is_told = match self.told {
            Told::All => true,
            Told::Sample => first.dedupe_key().as_u128().is_multiple_of(SAMPLE),
            Told::Failures => !ended.delivered || !matches!(ended.status, Some(200..=299)),
        };
        if !is_told {
            return;
        }
        let url = self.secrets.hide(&call.url).into_owned();
        let bytes = FRAME + url.chars().map(encoded).sum::<usize>() + EVENT * places.len();
        if bytes > self.left {
            self.left_out += 1;
            return;
        }
        self.left -= bytes;
        let mut body = self.secrets.hide(&call.body).into_owned();
        let (end, bytes) = beginning(&body, MAX_BODY_BYTES.min(self.left_for_bodies));
        self.left_for_bodies -= bytes;
        if end < body.len() {
            body.truncate(end);
            body.push_str(&format!(" [{}{CUT}", call.body.len()));
        }
        self.calls.push(CallMade {
            method: "POST".to_owned(),
            url,
            body,
            status: ended.status,
            at: ended.sent_at,
            events: places.iter().map(|&place| self.events[place]).collect(),
        });
    }

    /// The calls, and how many there was no room for.
    pub fn finish(self) -> (Vec<CallMade>, usize) {
        (self.calls, self.left_out)
    }
}

/// Where the longest beginning of a text ends that takes no more than `max` bytes in JSON, and how many it takes.
fn beginning(text: &str, max: usize) -> (usize, usize) {
    let mut taken = 0;
    for (at, c) in text.char_indices() {
        if taken + encoded(c) > max {
            return (at, taken);
        }
        taken += encoded(c);
    }
    (text.len(), taken)
}

/// Bytes of a character in a JSON text.
fn encoded(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::events;

    fn event() -> Allowed {
        events(["e".to_owned()]).remove(0)
    }

    fn call(body: &str) -> Call {
        Call {
            url: "https://vendor.example/in?key=s3cret".to_owned(),
            headers: vec![("authorization", "s3cret".to_owned())],
            body: body.to_owned(),
            events: vec![0],
        }
    }

    fn ended(status: impl Into<Option<u16>>, delivered: bool) -> Ended {
        Ended { sent_at: Millis(7), status: status.into(), delivered }
    }

    fn secrets() -> Secrets {
        Secrets::new(vec!["s3cret".to_owned()])
    }

    /// The bodies of so many calls with this body.
    fn bodies(body: &str, calls: usize) -> Vec<String> {
        let secrets = secrets();
        let mut log = CallLog::new(Told::All, &secrets, vec![(0, 0)]);
        (0..calls).for_each(|_| log.note(&call(body), &[0], &event(), ended(200, true)));
        let (calls, left_out) = log.finish();
        assert_eq!(left_out, 0);
        calls.into_iter().map(|call| call.body).collect()
    }

    #[test]
    fn a_call_is_told_with_its_events_and_without_secrets() {
        let secrets = secrets();
        let mut log = CallLog::new(Told::All, &secrets, vec![(0, 0), (0, 1), (3, 7)]);
        log.note(&call(r#"{"key":"s3cret"}"#), &[2, 0], &event(), ended(None, false));
        let expected = CallMade {
            method: "POST".to_owned(),
            url: "https://vendor.example/in?key=[secret]".to_owned(),
            body: r#"{"key":"[secret]"}"#.to_owned(),
            status: None,
            at: Millis(7),
            events: vec![(3, 7), (0, 0)],
        };
        assert_eq!(log.finish(), (vec![expected], 0));
    }

    #[test]
    fn failures_are_what_got_no_answer_another_than_2xx_or_left_an_event_behind() {
        let secrets = secrets();
        let is_told = |status: Option<u16>, delivered| {
            let mut log = CallLog::new(Told::Failures, &secrets, vec![(0, 0)]);
            log.note(&call("{}"), &[0], &event(), ended(status, delivered));
            !log.finish().0.is_empty()
        };
        for status in [200, 204, 299] {
            assert!(!is_told(Some(status), true), "{status}");
            assert!(is_told(Some(status), false), "{status}");
        }
        for status in [None, Some(199), Some(300), Some(400), Some(503)] {
            assert!(is_told(status, true) && is_told(status, false), "{status:?}");
        }
    }

    #[test]
    fn a_sample_is_one_in_a_hundred_and_the_same_one_every_time() {
        let secrets = secrets();
        let events = events((0..20_000).map(|n| format!("p.{n}")));
        let places: Vec<_> = (0..20_000).map(|idx| (0, idx)).collect();
        let sample = || {
            let mut log = CallLog::new(Told::Sample, &secrets, places.clone());
            for (place, event) in events.iter().enumerate() {
                log.note(&call("{}"), &[place], event, ended(200, true));
            }
            log.finish().0
        };
        let first = sample();
        assert!((150..250).contains(&first.len()), "{}", first.len());
        assert_eq!(sample(), first);
    }

    /// A row that is too long for a warehouse would be refused for ever.
    #[test]
    fn a_long_body_is_cut_and_says_so() {
        let whole = "x".repeat(MAX_BODY_BYTES);
        assert_eq!(bodies(&whole, 1), [whole.as_str()]);
        let [cut] = &bodies(&format!("{whole}y"), 1)[..] else { panic!("one call") };
        assert_eq!(*cut, format!("{whole} [1500001 bytes, cut]"));
        // Two bytes each in JSON.
        let [cut] = &bodies(&"\"".repeat(1_000_000), 1)[..] else { panic!("one call") };
        assert_eq!(*cut, format!("{} [1000000 bytes, cut]", "\"".repeat(750_000)));
        let [cut] = &bodies(&"漢".repeat(500_001), 1)[..] else { panic!("one call") };
        assert_eq!(*cut, format!("{} [1500003 bytes, cut]", "漢".repeat(500_000)));
    }

    /// A reply that the Outbox does not take is events that are sent again.
    #[test]
    fn however_many_calls_there_are_the_reply_keeps_within_its_bound() {
        let secrets = secrets();
        let mut log = CallLog::new(Told::All, &secrets, vec![(3_999, 999); 1_000]);
        let places: Vec<_> = (0..1_000).collect();
        let body = "\"".repeat(1_000_000);
        (0..200).for_each(|_| log.note(&call(&body), &places, &event(), ended(503, false)));
        let (calls, left_out) = log.finish();
        assert!(serde_json::to_vec(&calls).unwrap().len() <= MAX_CALLS_BYTES);
        assert_eq!(calls.len() + left_out, 200);
        assert!(left_out > 0);
        let bare = |call: &&CallMade| call.body == " [1000000 bytes, cut]";
        assert!(calls.iter().filter(bare).count() > 100, "without a body rather than not at all");
    }

    #[test]
    fn bytes_are_counted_as_they_are_encoded() {
        let text: String = ('\0'..='\u{ff}').chain("漢🦀\u{2028}".chars()).collect();
        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(beginning(&text, json.len()), (text.len(), json.len() - 2));
        for max in 0..json.len() - 2 {
            let (end, taken) = beginning(&text, max);
            let next = text[end..].chars().next().unwrap();
            assert!(taken <= max && taken + encoded(next) > max);
            assert_eq!(serde_json::to_string(&text[..end]).unwrap().len(), taken + 2);
        }
    }
}
