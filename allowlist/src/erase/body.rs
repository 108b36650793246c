//! Where a person's events stand in a body, and the body without them.
//!
//! It looks wherever something may stand: of a member that is there twice at both, and into bodies that Trace calls malformed
//! for what else they hold. More than an event's own members is not looked at: who is named in a property is another matter.

use super::Person;
use crate::mend;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::ops::Range;

/// What stands in the place of an event.
pub const ERASED: &str = r#"{"event":"(erased)"}"#;

/// What stands in the place of an id beside a batch.
const ERASED_ID: &str = r#""(erased)""#;

/// A body in which something was found.
#[derive(Debug, Default)]
pub struct Cut {
    /// The person's events: the place of each, and its own id where that is well formed.
    pub events: Vec<(u32, Option<String>)>,
    /// How many places for events it has, where it is a batch; they are what counts of a first member `batch`.
    pub batch: Option<usize>,
    /// Whether nobody else's event is in it.
    pub is_all: bool,
    /// What is to be replaced.
    cuts: Vec<(Range<usize>, &'static str)>,
}

impl Cut {
    /// The body without the person: every other byte as it was.
    pub fn rest(&self, body: &[u8]) -> Vec<u8> {
        let (mut rest, mut at) = (Vec::with_capacity(body.len()), 0);
        for (range, instead) in &self.cuts {
            rest.extend_from_slice(&body[at..range.start]);
            rest.extend_from_slice(instead.as_bytes());
            at = range.end;
        }
        rest.extend_from_slice(&body[at..]);
        rest
    }

    fn take(&mut self, json: &str, value: &str, instead: &'static str) {
        let start = value.as_ptr() as usize - json.as_ptr() as usize;
        self.cuts.push((start..start + value.len(), instead));
    }
}

/// Looks into a body; nothing where it is no JSON object.
pub fn cut(body: &[u8], person: &Person) -> Option<Cut> {
    let masked = masked(body);
    let json = str::from_utf8(&masked).ok()?;
    let members = members(json)?;
    let mut cut = Cut::default();
    let batches = || members.iter().filter(|(name, _)| name == "batch").map(|(_, value)| value.get());
    let Some(items) = batches().next().and_then(items) else {
        if let Some(own) = owned(&members, person) {
            cut.take(json, json.trim_matches([' ', '\t', '\r', '\n']), ERASED);
            cut.events.push((0, own));
            cut.is_all = true;
        }
        return Some(cut);
    };
    cut.batch = Some(items.len());
    let mut others = 0;
    for (place, batch) in batches().enumerate() {
        for (idx, item) in (0..).zip(self::items(batch).unwrap_or_default()) {
            match self::members(item).as_deref().and_then(|members| owned(members, person)) {
                Some(own) => {
                    cut.take(json, item, ERASED);
                    if place == 0 {
                        cut.events.push((idx, own));
                    }
                }
                None => others += usize::from(item != ERASED),
            }
        }
    }
    for (name, value) in &members {
        if person.is(name, value) {
            cut.take(json, value.get(), ERASED_ID);
        }
    }
    cut.cuts.sort_by_key(|(range, _)| range.start);
    cut.is_all = others == 0 && !cut.events.is_empty();
    Some(cut)
}

impl Cut {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.cuts.is_empty()
    }
}

/// The own id of an event that is the person's.
fn owned(members: &[(String, &RawValue)], person: &Person) -> Option<Option<String>> {
    members.iter().any(|(name, value)| person.is(name, value)).then(|| {
        // As Trace takes it: the first that is not null.
        let own = members.iter().find(|(name, value)| name == "eventId" && value.get() != "null")?;
        serde_json::from_str(own.1.get()).ok().filter(|id: &String| event::id::is_id(id))
    })
}

/// The same length in bytes, and text: what no parser takes is masked, so that a place in it is one in the body.
fn masked(body: &[u8]) -> Vec<u8> {
    let mut text = body.to_vec();
    let mut at = 0;
    while let Err(error) = str::from_utf8(&text[at..]) {
        let start = at + error.valid_up_to();
        at = error.error_len().map_or(text.len(), |length| start + length);
        text[start..at].fill(b'?');
    }
    text.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b'?');
    mend::surrogates(&text).into_owned()
}

/// The members of an object, each with its place.
fn members(json: &str) -> Option<Vec<(String, &RawValue)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut from = serde_json::Deserializer::from_str(json);
    let members = from.deserialize_map(Members).ok()?;
    from.end().ok().map(|()| members)
}

fn items(json: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}
