//! A body as the check needs it, and no more of it: whatever was sent, what is kept in memory is bounded by
//! a small multiple of the events that are opened.
//!
//! Nested values are skipped, since no property takes one; events past [`MAX_EVENTS`] and members past
//! [`MAX_MEMBERS`] are counted and skipped. Of a member that is there twice the first counts, as in SQLite.

use event::wire::MAX_EVENTS;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Most properties of an event that are looked at.
pub const MAX_MEMBERS: usize = 1000;

/// Reads a body that is a JSON object.
pub fn parse(body: &[u8]) -> Option<Body> {
    serde_json::from_slice(&mend_surrogates(body)).ok()
}

/// A body: one event, or a batch of them.
#[derive(Debug, Default)]
pub struct Body {
    pub write_key: Leaf,
    /// What a member `batch` holds.
    pub batch: Option<Batch>,
    /// The body as an event of its own.
    pub event: RawEvent,
}

/// The member `batch`.
#[derive(Debug)]
pub enum Batch {
    /// `None` for what is no object; and whether there were more than [`MAX_EVENTS`].
    Events(Vec<Option<RawEvent>>, bool),
    NoArray,
}

/// An event's members, unchecked.
#[derive(Debug, Default)]
pub struct RawEvent {
    pub name: Leaf,
    pub event_id: Leaf,
    pub device_id: Leaf,
    pub user_id: Leaf,
    pub session_id: Leaf,
    pub timestamp: Leaf,
    pub properties: Members,
    pub context: Members,
}

/// A value without structure.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Leaf {
    /// Not there, or `null`.
    #[default]
    Absent,
    Boolean(bool),
    Number(Number),
    Text(String),
    /// An array or an object, skipped.
    Nested,
}

impl Leaf {
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The members of an object.
#[derive(Debug, Default)]
pub enum Members {
    #[default]
    Absent,
    /// By name, and how many were skipped.
    Object(BTreeMap<String, Leaf>, usize),
    NoObject,
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Body;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Body, A::Error> {
                let mut body = Body::default();
                while let Some(name) = members.next_key::<Cow<'de, str>>()? {
                    match name.as_ref() {
                        "batch" if body.batch.is_none() => body.batch = Some(members.next_value()?),
                        "writeKey" if body.write_key == Leaf::Absent => {
                            body.write_key = members.next_value()?
                        }
                        name => body.event.take(name, &mut members)?,
                    }
                }
                Ok(body)
            }
        }
        from.deserialize_map(Object)
    }
}

impl RawEvent {
    /// Takes a member, or skips it where it is unknown or there already.
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, members: &mut A) -> Result<(), A::Error> {
        let leaf = match name {
            "event" => &mut self.name,
            "eventId" => &mut self.event_id,
            "deviceId" => &mut self.device_id,
            "userId" => &mut self.user_id,
            "sessionId" => &mut self.session_id,
            "timestamp" => &mut self.timestamp,
            "properties" | "context" => {
                let object = if name == "context" { &mut self.context } else { &mut self.properties };
                let value = members.next_value()?;
                if matches!(object, Members::Absent) {
                    *object = value;
                }
                return Ok(());
            }
            _ => return members.next_value::<IgnoredAny>().map(|_| ()),
        };
        let value = members.next_value()?;
        if *leaf == Leaf::Absent {
            *leaf = value;
        }
        Ok(())
    }
}

/// Makes `visit_*` of every value without structure return what `leaf` makes of it.
macro_rules! visit_leaves {
    ($leaf:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($leaf(Leaf::Absent))
        }

        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            Ok($leaf(Leaf::Boolean(value)))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok($leaf(Leaf::Number(value.into())))
        }

        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok($leaf(Leaf::Number(value.into())))
        }

        fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
            Ok($leaf(Number::from_f64(value).map_or(Leaf::Nested, Leaf::Number)))
        }

        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok($leaf(Leaf::Text(value.to_owned())))
        }
    };
}

fn skip_map<'de, A: MapAccess<'de>>(mut members: A) -> Result<(), A::Error> {
    while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_seq<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de> Deserialize<'de> for Leaf {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Leaf;
            visit_leaves!(|leaf| leaf);

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Leaf, A::Error> {
                skip_seq(items).map(|()| Leaf::Nested)
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Leaf, A::Error> {
                skip_map(members).map(|()| Leaf::Nested)
            }
        }
        from.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Members;
            visit_leaves!(|leaf| if leaf == Leaf::Absent { Members::Absent } else { Members::NoObject });

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Members, A::Error> {
                skip_seq(items).map(|()| Members::NoObject)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members, A::Error> {
                let mut kept = BTreeMap::new();
                let mut skipped = 0;
                while let Some(name) = members.next_key::<Cow<'de, str>>()? {
                    if kept.contains_key(name.as_ref()) {
                        members.next_value::<IgnoredAny>()?;
                    } else if kept.len() == MAX_MEMBERS {
                        members.next_value::<IgnoredAny>()?;
                        skipped += 1;
                    } else {
                        kept.insert(name.into_owned(), members.next_value()?);
                    }
                }
                Ok(Members::Object(kept, skipped))
            }
        }
        from.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Batch;
            visit_leaves!(|_| Batch::NoArray);

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Batch, A::Error> {
                let mut events = Vec::new();
                while events.len() < MAX_EVENTS {
                    match items.next_element::<Item>()? {
                        Some(Item(event)) => events.push(event),
                        None => return Ok(Batch::Events(events, false)),
                    }
                }
                let more = items.next_element::<IgnoredAny>()?.is_some();
                skip_seq(items).map(|()| Batch::Events(events, more))
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Batch, A::Error> {
                skip_map(members).map(|()| Batch::NoArray)
            }
        }
        from.deserialize_any(Any)
    }
}

/// An item of a batch; `None` where it is no object.
struct Item(Option<RawEvent>);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Item;
            visit_leaves!(|_| Item(None));

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Item, A::Error> {
                skip_seq(items).map(|()| Item(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Item, A::Error> {
                let mut event = RawEvent::default();
                while let Some(name) = members.next_key::<Cow<'de, str>>()? {
                    event.take(&name, &mut members)?;
                }
                Ok(Item(Some(event)))
            }
        }
        from.deserialize_any(Any)
    }
}

/// Makes every escape of a lone surrogate the one of U+FFFD. JavaScript writes them where a text was cut
/// through an emoji, and one must not cost a batch all of its events.
fn mend_surrogates(body: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = Cow::Borrowed(body);
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &body[at..]) {
        at += found;
        at += match escaped_unit(body, at) {
            Some(0xd800..=0xdbff) if matches!(escaped_unit(body, at + 6), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                mended.to_mut()[at + 2..at + 6].copy_from_slice(b"fffd");
                6
            }
            Some(_) => 6,
            None => 2,
        };
        if at >= body.len() {
            break;
        }
    }
    mended
}

/// The UTF-16 unit that the escape `\uXXXX` at this place stands for.
fn escaped_unit(body: &[u8], at: usize) -> Option<u16> {
    let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(body: &str) -> Leaf {
        parse(body.as_bytes()).map(|body| body.event.name).unwrap_or(Leaf::Nested)
    }

    #[test]
    fn a_lone_surrogate_becomes_the_replacement_character_and_a_pair_stays() {
        let cases = [
            (r#"{"event": "a\ud83d"}"#, "a\u{fffd}"),
            (r#"{"event": "\udc00\ud83dx"}"#, "\u{fffd}\u{fffd}x"),
            (r#"{"event": "\uD83D\uDE00"}"#, "😀"),
            (r#"{"event": "\ud83d\ud83d\ude00"}"#, "\u{fffd}😀"),
            (r#"{"event": "\\ud83d"}"#, "\\ud83d"),
            (r#"{"x\ud83d": "\udfff", "event": "e"}"#, "e"),
        ];
        for (body, expected) in cases {
            assert_eq!(name(body), Leaf::Text(expected.into()), "{body}");
        }
        for body in ["\\", "{\"event\": \"\\u", "{\"event\": \"\\ud8"] {
            assert!(parse(body.as_bytes()).is_none(), "{body}");
        }
    }

    #[test]
    fn of_a_repeated_member_the_first_counts() {
        let body =
            r#"{"event": "first", "event": "second", "properties": {"a": 1, "a": 2}, "properties": {}}"#;
        let body = parse(body.as_bytes()).expect("an object");
        assert_eq!(body.event.name, Leaf::Text("first".into()));
        assert!(
            matches!(body.event.properties, Members::Object(members, 0) if members["a"] == Leaf::Number(1.into()))
        );
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let events = r#"{"a": [[], [], {}], "properties": {"deep": {"x": [1]}}},"#.repeat(MAX_EVENTS + 5);
        let body = format!(r#"{{"batch": [{}1]}}"#, events);
        let Some(Batch::Events(events, more)) = parse(body.as_bytes()).and_then(|body| body.batch) else {
            panic!("a batch");
        };
        assert_eq!((events.len(), more), (MAX_EVENTS, true));

        let members: String = (0..MAX_MEMBERS + 7).map(|i| format!(r#""p{i}": 1,"#)).collect();
        let body = format!(r#"{{"properties": {{{members} "p0": 2}}}}"#);
        let properties = parse(body.as_bytes()).map(|body| body.event.properties);
        assert!(matches!(properties, Some(Members::Object(kept, 7)) if kept.len() == MAX_MEMBERS));
    }
}
