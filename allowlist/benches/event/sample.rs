//! Events to measure with, of any size, and the policy that lets them in. It knows of no clock and prints nothing, so
//! that a benchmark on WASM can have it as a module, too.

use allowlist::Policy;
use event::{Context, Millis, Payload};
use serde_json::{Map, Value, json};

pub const TRACKERS: [&str; 1] = ["ga4"];

/// From where the policy takes events.
pub const ORIGIN: &str = "https://shop.example";

const AGENT: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
                     Chrome/126.0.0.0 Safari/537.36";

const TITLE: &str = "Noise-cancelling headphones – Shop";

/// Properties as events have them. Nothing is found in them.
const PROPERTIES: [(&str, &str); 12] = [
    ("entry", "billing"),
    ("productName", "Noise-cancelling headphones, midnight blue"),
    ("sku", "WH-1000-BL/41"),
    ("orderId", "ORD-2026-004711"),
    ("pathname", "/shop/audio/headphones/noise-cancelling-midnight-blue"),
    ("href", "https://shop.example/audio?sort=price_asc&page=2&utm_source=newsletter"),
    ("variant", "0193a5a4-7c1e-7e57-8d3e-0d4f3a6b9c21"),
    ("total", "EUR 1.234,56"),
    ("at", "2026-11-01T12:00:00.250Z"),
    ("message", "Die Lieferung kommt am 12.11. zwischen 10:00 und 12:30 Uhr."),
    ("version", "web 4.12.0 (build 20261101)"),
    ("referrer", "https://search.example/"),
];

/// An event and what it is measured with.
pub struct Sample {
    /// The properties alone: their names and texts.
    pub properties: Map<String, Value>,
    /// The event as a client sends it.
    pub body: Vec<u8>,
}

impl Sample {
    /// An event of about `size` bytes: few properties, or more of the same, and one with an email address.
    pub fn realistic(size: usize) -> Self {
        let mut properties =
            Map::from_iter([("note".to_owned(), Value::from("please write to ada@example.com"))]);
        let more =
            (0..).flat_map(|i| PROPERTIES.map(|(name, value)| (format!("{name}{i}"), Value::from(value))));
        for (name, value) in more {
            if body(&properties).len() >= size {
                break;
            }
            properties.insert(name, value);
        }
        Self { body: body(&properties), properties }
    }

    /// An event of about `size` bytes with one text of which every byte gives several detectors work.
    pub fn hostile(size: usize) -> Self {
        const UNIT: &str = "4%40.1-a=Bk:4111 1111 ";
        let text = UNIT.repeat(size / UNIT.len());
        let properties = Map::from_iter([("note".to_owned(), Value::from(text))]);
        Self { body: body(&properties), properties }
    }

    /// A policy that has these properties, with one treatment of them and of ids. Where they are kept, nothing leaves of the
    /// page and the browser, which are always scrubbed.
    ///
    /// # Panics
    /// Where the policy is not valid.
    pub fn policy(&self, treatment: &str) -> Policy {
        let leaves = treatment != "keep";
        let rules = self.properties.keys().map(|name| {
            format!("{name} = {{ type = \"string\", max_length = 65536, treatment = \"{treatment}\" }}\n")
        });
        let text = format!(
            "version = 1\n[identity]\nuser_id = \"{treatment}\"\ndevice_id = \"{treatment}\"\n\
             [context]\nurl = {leaves}\ntitle = {leaves}\nlocale = {leaves}\nscreen = {leaves}\n\
             user_agent = {leaves}\n[[sources.origins]]\norigin = \"{ORIGIN}\"\n[events.buy]\ndescription = \"d\"\nowner = \"o\"\n\
             [events.buy.properties]\n{}",
            rules.collect::<String>()
        );
        Policy::from_toml(&text, &TRACKERS).expect("the policy is valid")
    }

    /// What the Outbox hands on of it, sent from `origin`.
    pub fn payload(&self, origin: &str) -> Payload {
        let context = Context {
            origin: Some(origin.to_owned()),
            user_agent: Some(AGENT.to_owned()),
            ..Context::default()
        };
        Payload::new("p".into(), Millis(1_793_534_400_000), self.body.clone(), context)
    }

    /// All that the scrubber is asked about such an event, each text with its key.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let properties =
            self.properties.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        properties.chain([("userId", "user-4711"), ("deviceId", "7f3b2c1e9d"), ("context.title", TITLE)])
    }
}

fn body(properties: &Map<String, Value>) -> Vec<u8> {
    let event = json!({
        "event": "buy", "deviceId": "7f3b2c1e9d", "userId": "user-4711", "timestamp": 1_793_534_399_000_i64,
        "context": { "url": "https://shop.example/cart?utm_source=x", "title": TITLE, "locale": "de-AT",
            "screen": "1920x1080" },
        "properties": properties,
    });
    event.to_string().into_bytes()
}
