//! A payload, and the policy it is opened under, out of an input's bytes.

use crate::body::{Vocabulary, body};
use crate::source::Source;
use allowlist::policy::{Identity, Treatment};
use allowlist::{HashKey, Opening, Policy, open};
use event::{Context, Millis, Payload};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::OnceLock;

/// When payloads arrive.
pub const NOW: i64 = 1_793_534_400_000;

/// The sender's address.
pub const IP: &str = "203.0.113.77";

/// What is opened.
pub struct Subject<'p> {
    pub policy: &'p Policy,
    pub has_key: bool,
    pub payload: Payload,
    /// Whether the sender may send, where the body is of the form that clients send and so names no write key.
    pub from_source: Option<bool>,
}

struct Fixed {
    policy: Policy,
    words: Vocabulary,
}

/// The repository's own policy and one that has everything, with each treatment of ids.
fn policies() -> &'static [Fixed] {
    static POLICIES: OnceLock<Vec<Fixed>> = OnceLock::new();
    POLICIES.get_or_init(|| {
        let files = [include_str!("../../allowlist.toml"), include_str!("../rich.toml")];
        let treatments = [Treatment::Scrub, Treatment::Keep, Treatment::Hash, Treatment::Drop];
        let with = |(text, treatment)| {
            let policy = Policy::from_toml(text, &trackers::NAMES).expect("the policy is valid");
            let identity = Identity { user_id: treatment, device_id: treatment };
            let policy = Policy { identity, ..policy };
            Fixed { words: Vocabulary::of(&policy), policy }
        };
        files.into_iter().flat_map(|text| treatments.map(|one| (text, one))).map(with).collect()
    })
}

impl<'p> Subject<'p> {
    /// A body of the form that clients send, from a site that `policy` allows if it allows any.
    pub fn under(policy: &'p Policy, body: Vec<u8>) -> Self {
        let origin = policy.sources.origins.first().map(|rule| rule.origin.replace('*', "a"));
        let from_source = Some(origin.is_some());
        let context =
            Context { origin, ip: Some(IP.to_owned()), country: Some("AT".to_owned()), ..Context::default() };
        let payload = Payload::new("p".to_owned(), Millis(NOW), body, context);
        Self { policy, has_key: true, payload, from_source }
    }

    /// The first bytes choose the policy, the key, the sender and the form of the body: the rest as it is, or one made of
    /// it.
    pub fn read(input: &[u8]) -> Self {
        let mut source = Source::new(input);
        let Fixed { policy, words } = source.pick(policies());
        let has_key = !source.once_in(3);
        let origin = policy.sources.origins.first().map(|rule| rule.origin.replace('*', "a"));
        let (origin, known) = match source.byte() % 8 {
            0 => (None, false),
            1 => (Some("https://other.example".to_owned()), false),
            _ => (origin, true),
        };
        let formed = source.once_in(2);
        let context = Context {
            origin,
            ip: (!source.once_in(4)).then(|| IP.to_owned()),
            user_agent: Some(source.text(24)),
            country: Some("AT".to_owned()),
            sent_at: source.once_in(4).then_some(NOW - 3_600_000),
            ..Context::default()
        };
        let body = if formed { body(&mut source, words).into_bytes() } else { source.rest().to_vec() };
        let payload = Payload::new("p".to_owned(), Millis(NOW), body, context);
        Self { policy, has_key, payload, from_source: formed.then_some(known) }
    }

    pub fn open(&self) -> Opening {
        open(self.policy, self.key().as_ref(), &self.payload, &trackers::NAMES)
    }

    /// The same body, compressed.
    pub fn open_compressed(&self) -> Opening {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let body = self.payload.body().expect("it was made here");
        encoder.write_all(&body).expect("memory takes it");
        let body = encoder.finish().expect("memory takes it");
        let context = Context { content_encoding: Some("gzip".to_owned()), ..self.payload.context.clone() };
        let payload = Payload::new(self.payload.id.clone(), self.payload.received_at, body, context);
        open(self.policy, self.key().as_ref(), &payload, &trackers::NAMES)
    }

    fn key(&self) -> Option<HashKey> {
        let key = || HashKey::new("0123456789abcdef0123456789abcdef").expect("the secret is long enough");
        self.has_key.then(key)
    }
}
