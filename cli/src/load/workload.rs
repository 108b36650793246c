//! What is sent. Everything follows from a seed, so that a run can be repeated and checked later.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// One visitor of so many has no user id, as one who has not logged in.
const ANONYMOUS_EVERY: u64 = 8;

/// What the member `filler` adds to an event besides its text, in bytes.
const FILLER_FRAME: usize = r#","filler":"""#.len();

const PRODUCTS: [&str; 5] = ["workers", "Käsefondue für 2", "寿司の本", "\"quoted\" \\ mug", "🎈 balloon"];
const ENTRIES: [&str; 3] = ["billing", "landing page", "newsletter"];
const CURRENCIES: [&str; 3] = ["EUR", "GBP", "USD"];
const PLANS: [&str; 3] = ["free", "team", "enterprise"];
const WORDS: [&str; 8] = ["fits", "as", "described", "très", "bien", "arrived", "early", "thanks"];

/// The shape of a run's payloads.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// What everything follows from.
    pub seed: u64,
    /// Different devices.
    pub visitors: u64,
    /// Events of a payload, all of one visitor.
    pub events: u32,
    /// Length to which bodies are filled up; they may be longer by themselves.
    pub body_bytes: usize,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Its idempotency key.
    pub id: String,
    /// The short hash of the device id, which chooses the shard.
    pub k: String,
    /// The same on every attempt.
    pub body: String,
    /// The ids of its events, in their order.
    pub events: Vec<Uuid>,
}

impl Workload {
    /// The payload with this number.
    pub fn payload(&self, number: u64) -> Payload {
        let visitor = self.draw("payload", number).number(0) % self.visitors;
        let device = self.draw("visitor", visitor).uuid().to_string();
        let first = number * u64::from(self.events);
        let (ids, mut events): (Vec<_>, Vec<_>) = (first..first + u64::from(self.events))
            .map(|number| self.event(number, &device, visitor))
            .unzip();
        let missing = self.body_bytes.saturating_sub(body(&events).len()) / events.len();
        if missing > FILLER_FRAME {
            let filler: String = "sparrow ".chars().cycle().take(missing - FILLER_FRAME).collect();
            for event in &mut events {
                event["filler"] = filler.as_str().into();
            }
        }
        Payload {
            id: format!("load-{:016x}-{number}", self.seed),
            k: hex::encode(&Sha256::digest(&device)[..4]),
            body: body(&events),
            events: ids,
        }
    }

    /// A number from 0 to 1 by which a repeated attempt is put off.
    pub fn chance(&self, payload: u64, attempt: u32) -> f64 {
        let draw = self.draw("attempt", payload).number(attempt as usize % 2);
        f64::from(u32::try_from(draw >> 32).unwrap_or_default()) / f64::from(u32::MAX)
    }

    /// Of ten events one is a page view and one a sign-up. The id is in the page's address as well: GA4 has no
    /// other place for it.
    fn event(&self, number: u64, device: &str, visitor: u64) -> (Uuid, Value) {
        let draw = self.draw("event", number);
        let id = draw.uuid();
        let (name, properties) = match number % 10 {
            0 => ("pageview", json!({ "pathname": format!("/load/{number}") })),
            5 => (
                "sign up",
                json!({ "plan": draw.pick(0, &PLANS), "invited": draw.number(0).is_multiple_of(2) }),
            ),
            _ => (
                "purchase product",
                json!({
                    "entry": draw.pick(0, &ENTRIES),
                    "productName": draw.pick(1, &PRODUCTS),
                    "price": f64::from(u16::try_from(draw.number(0) % 10_000).unwrap_or_default()) / 100.0,
                    "quantity": 1 + draw.number(1) % 3,
                    "currency": draw.pick(2, &CURRENCIES),
                    "note": format!("{} {}", draw.pick(3, &WORDS), draw.pick(4, &WORDS)),
                }),
            ),
        };
        let mut event = json!({
            "event": name,
            "eventId": id.to_string(),
            "deviceId": device,
            "sessionId": (1_700_000_000_000 + visitor).to_string(),
            "context": {
                "url": format!("https://shop.example/load/{id}?utm_source=load"),
                "title": "Shop – load",
                "locale": "de-DE",
            },
            "properties": properties,
        });
        if !visitor.is_multiple_of(ANONYMOUS_EVERY) {
            event["userId"] = format!("user-{visitor}").into();
        }
        (id, event)
    }

    fn draw(&self, of: &str, number: u64) -> Draw {
        let hash = Sha256::new().chain_update(self.seed.to_le_bytes());
        Draw(hash.chain_update(number.to_le_bytes()).chain_update(of).finalize().into())
    }
}

fn body(events: &[Value]) -> String {
    match events {
        [event] => event.to_string(),
        events => json!({ "batch": events }).to_string(),
    }
}

/// Bytes without a pattern, which a hash makes of the seed and a place.
struct Draw([u8; 32]);

impl Draw {
    fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.0[..16]);
        Builder::from_random_bytes(bytes).into_uuid()
    }

    /// One of two numbers; they have no byte in common with the id.
    fn number(&self, place: usize) -> u64 {
        let bytes = self.0[16..].chunks_exact(8).nth(place).unwrap_or_default();
        bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// One of several choices; `place` is below 16.
    fn pick<'a>(&self, place: usize, choices: &[&'a str]) -> &'a str {
        choices[usize::from(self.0[16 + place]) % choices.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const ONE: Workload = Workload { seed: 7, visitors: 100, events: 1, body_bytes: 0 };

    /// The second phase of a run may be done by a later release, from the seed's ids in a file or a log.
    #[test]
    fn a_seed_makes_the_same_payload_for_ever() {
        let payload = ONE.payload(3);
        assert_eq!(payload.id, "load-0000000000000007-3");
        assert_eq!(
            hex::encode(Sha256::digest(&payload.body)),
            "f0201d38c8ae595adc8312328d9cf06d766a72a8d3517098b9dc2e9e649a1e3b"
        );
        assert_eq!(ONE.payload(3), payload);
        assert_ne!(Workload { seed: 8, ..ONE }.payload(3).events, payload.events);
    }

    #[test]
    fn bodies_say_what_the_payload_says_of_them() {
        let payload = Workload { events: 20, ..ONE }.payload(1);
        let body: Value = serde_json::from_str(&payload.body).unwrap();
        let batch = body["batch"].as_array().unwrap();
        assert_eq!(batch.len(), 20);
        for (event, id) in batch.iter().zip(&payload.events) {
            assert_eq!(event["eventId"], id.to_string());
            assert_eq!(event["deviceId"], batch[0]["deviceId"]);
        }
        assert_eq!(batch.iter().filter(|event| event["event"] == "pageview").count(), 2);
        let single: Value = serde_json::from_str(&ONE.payload(1).body).unwrap();
        assert_eq!(single["eventId"], ONE.payload(1).events[0].to_string());
    }

    #[test]
    fn no_two_events_share_an_id_and_visitors_are_as_many_as_asked() {
        let workload = Workload { events: 3, visitors: 5, ..ONE };
        let payloads: Vec<_> = (0..500).map(|number| workload.payload(number)).collect();
        let ids: HashSet<_> = payloads.iter().flat_map(|payload| &payload.events).collect();
        assert_eq!(ids.len(), 1500);
        let shards: HashSet<_> = payloads.iter().map(|payload| &payload.k).collect();
        assert_eq!(shards.len(), 5);
    }

    #[test]
    fn bodies_are_filled_up_to_about_the_length_asked_for() {
        for events in [1, 5, 20] {
            let workload = Workload { events, body_bytes: 30_000, ..ONE };
            let length = workload.payload(0).body.len();
            assert!((29_900..=30_000).contains(&length), "{length}");
        }
        assert!(ONE.payload(0).body.len() < 1000);
    }
}
