//! A person's events taken out of a payload: what `sparrow forget` keeps of it.
//!
//! Each of the events leaves `{"event":"(erased)"}` in its place, since an event is known by its place. Every other byte stays as
//! it came; an encoded body is plain afterwards.

mod body;
#[cfg(test)]
mod tests;

use crate::inflate::gunzip;
use body::{Cut, ERASED};
use event::wire::MAX_EVENTS;
use event::{Context, Payload};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Write;

/// A body of more bytes stays compressed: inflated it can be 8 MiB, and D1 takes rows of 2 MB.
const MAX_PLAIN_BYTES: usize = 1_500_000;

/// The content encoding that can be opened.
const GZIP: &str = "gzip";

/// The ids of a person.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Values of `userId`.
    pub users: BTreeSet<String>,
    /// Values of `deviceId`.
    pub devices: BTreeSet<String>,
}

impl Person {
    /// All ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.users.iter().chain(&self.devices).map(String::as_str)
    }

    /// Whether this member of an event says that it is the person's: a text, or a whole number as its decimal text.
    fn is(&self, name: &str, value: &RawValue) -> bool {
        let ids = match name {
            "userId" => &self.users,
            "deviceId" => &self.devices,
            _ => return false,
        };
        let value = value.get();
        match serde_json::from_str::<String>(value) {
            Ok(text) => ids.contains(&text),
            Err(_) => ids.contains(value),
        }
    }
}

/// What a payload holds of a person.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// The body cannot be opened, so that nobody can say.
    Unreadable,
    /// This.
    Some(Box<Erased>),
}

/// A payload without a person's events.
#[derive(Debug)]
pub struct Erased {
    /// The events: the place of each, and its own id where that is well formed.
    pub events: Vec<(u32, Option<String>)>,
    /// What is kept. Where [`is_all`](Self::is_all), it has places alone, and of the context no more than the shard.
    pub rest: Payload,
    /// Whether every event was the person's, so that the payload need not be kept.
    pub is_all: bool,
}

/// Takes a person's events out of a payload.
pub fn erase(payload: &Payload, person: &Person) -> Found {
    let Some(body) = opened(payload) else { return Found::Unreadable };
    match body::cut(&body, person) {
        None => Found::Unreadable,
        Some(cut) if cut.is_empty() => Found::Nothing,
        Some(cut) => Found::Some(Box::new(erased(payload, &body, cut))),
    }
}

/// Whether a payload has an id of the person anywhere as it is, and be it in what somebody else sent.
pub fn mentions(payload: &Payload, person: &Person) -> bool {
    let Some(body) = opened(payload) else { return false };
    let context = serde_json::to_string(&payload.context).unwrap_or_default();
    person.ids().any(|id| memchr::memmem::find(&body, id.as_bytes()).is_some() || context.contains(id))
}

fn opened(payload: &Payload) -> Option<Cow<'_, [u8]>> {
    let body = payload.body().ok()?;
    match payload.context.content_encoding.as_deref() {
        Some(GZIP) => gunzip(&body).map(Cow::Owned),
        _ => Some(body),
    }
}

fn erased(payload: &Payload, body: &[u8], cut: Cut) -> Erased {
    let before = payload.context.erased.unwrap_or_default();
    let erased = Some(before + u32::try_from(cut.events.len()).unwrap_or(u32::MAX));
    let (rest, context) = if cut.is_all {
        // Nobody is left whose browser, address or page it could be.
        (
            places(cut.batch).into_bytes(),
            Context { erased, shard: payload.context.shard, ..Context::default() },
        )
    } else {
        // A hash of the device's id, which has done its work when the payload is in its shard.
        (cut.rest(body), Context { erased, k: None, ..payload.context.clone() })
    };
    let rest = stored(payload, rest, context);
    Erased { events: cut.events, rest, is_all: cut.is_all }
}

/// A body of places alone: no more than are opened, and one for all others. A megabyte of gzip can have 400,000, which as text
/// are too many for a row.
fn places(batch: Option<usize>) -> String {
    match batch {
        None => ERASED.to_owned(),
        Some(places) => format!(r#"{{"batch":[{}]}}"#, vec![ERASED; places.min(MAX_EVENTS + 1)].join(",")),
    }
}

fn stored(payload: &Payload, body: Vec<u8>, mut context: Context) -> Payload {
    let is_gzip = context.content_encoding.as_deref() == Some(GZIP);
    let body = match compressed(&body).filter(|_| is_gzip && body.len() > MAX_PLAIN_BYTES) {
        Some(compressed) => compressed,
        None => {
            context.content_encoding = context.content_encoding.filter(|_| !is_gzip);
            body
        }
    };
    Payload::new(payload.id.clone(), payload.received_at, body, context)
}

fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(body).ok()?;
    gzip.finish().ok()
}
