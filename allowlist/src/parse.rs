//! A body as the check needs it, and no more of it: whatever was sent, what is kept in memory is bounded by
//! a small multiple of the events that are opened.
//!
//! What lies deeper than [`MAX_DEPTH`] is skipped, since no property takes it; events past [`MAX_EVENTS`], and items and
//! members past [`MAX_MEMBERS`], are counted and skipped. Of a member that is there twice the first counts, as in SQLite.

use crate::mend;
use event::wire::MAX_EVENTS;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

/// Most properties of an event that are looked at, with all items and members that they hold.
pub const MAX_MEMBERS: usize = 1000;

/// How deep arrays and objects are looked at in a property, the outermost included.
pub const MAX_DEPTH: usize = 4;

/// Reads a body that is a JSON object.
pub fn parse(body: &[u8]) -> Option<Body> {
    let body = mend::surrogates(body);
    let parsed = serde_json::from_slice(&body).ok();
    // What no number can hold is rare: it is looked for only where something is wrong.
    parsed.or_else(|| serde_json::from_slice(&mend::numbers(&body)?).ok())
}

/// A body: one event, or a batch of them.
#[derive(Debug, Default)]
pub struct Body {
    pub write_key: Raw,
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
    pub name: Raw,
    pub event_id: Raw,
    pub device_id: Raw,
    pub user_id: Raw,
    pub session_id: Raw,
    pub timestamp: Raw,
    pub properties: Raw,
    pub context: Raw,
    pub traceparent: Raw,
}

/// A value, unchecked.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Raw {
    /// Not there, or `null`.
    #[default]
    Absent,
    Boolean(bool),
    Number(Number),
    Text(String),
    /// The items, and how many more were skipped.
    List(Vec<Raw>, usize),
    /// The members by name, and how many more were skipped.
    Object(BTreeMap<String, Raw>, usize),
    /// An array or an object where none is taken, or none so deep.
    Skipped,
}

impl Raw {
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
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
                while let Some(Name(name)) = members.next_key()? {
                    match name.as_ref() {
                        "batch" if body.batch.is_none() => body.batch = Some(members.next_value()?),
                        "writeKey" if body.write_key == Raw::Absent => {
                            body.write_key = next_value(&mut members, 0)?
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
        let (member, depth) = match name {
            "event" => (&mut self.name, 0),
            "eventId" => (&mut self.event_id, 0),
            "deviceId" => (&mut self.device_id, 0),
            "userId" => (&mut self.user_id, 0),
            "sessionId" => (&mut self.session_id, 0),
            "timestamp" => (&mut self.timestamp, 0),
            "properties" => (&mut self.properties, 1 + MAX_DEPTH),
            "context" => (&mut self.context, 1),
            "traceparent" => (&mut self.traceparent, 0),
            _ => return members.next_value::<IgnoredAny>().map(|_| ()),
        };
        let value = next_value(members, depth)?;
        if *member == Raw::Absent {
            *member = value;
        }
        Ok(())
    }
}

/// A member's name, which is a part of the body wherever it is written without escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        from.deserialize_str(Text)
    }
}

/// A member's value, with what it holds up to `depth` arrays and objects deep, itself included.
fn next_value<'de, A: MapAccess<'de>>(members: &mut A, depth: usize) -> Result<Raw, A::Error> {
    let mut room = MAX_MEMBERS;
    members.next_value_seed(Value { depth, room: &mut room })
}

/// Makes `visit_*` of every value without structure return what `raw` makes of it.
macro_rules! visit_leaves {
    ($raw:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($raw(Raw::Absent))
        }

        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            Ok($raw(Raw::Boolean(value)))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok($raw(Raw::Number(value.into())))
        }

        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok($raw(Raw::Number(value.into())))
        }

        fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
            Ok($raw(Number::from_f64(value).map_or(Raw::Skipped, Raw::Number)))
        }

        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok($raw(Raw::Text(value.to_owned())))
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

/// Reads a value. `room` is for how many items and members there is room, all of the value's together.
struct Value<'r> {
    depth: usize,
    room: &'r mut usize,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Raw;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Raw, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Raw;
    visit_leaves!(|raw| raw);

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let Some(depth) = self.depth.checked_sub(1) else {
            return skip_seq(items).map(|()| Raw::Skipped);
        };
        let mut kept = Vec::new();
        while *self.room > 0 {
            *self.room -= 1;
            match items.next_element_seed(Value { depth, room: self.room })? {
                Some(item) => kept.push(item),
                None => {
                    *self.room += 1;
                    return Ok(Raw::List(kept, 0));
                }
            }
        }
        let mut skipped = 0;
        while items.next_element::<IgnoredAny>()?.is_some() {
            skipped += 1;
        }
        Ok(Raw::List(kept, skipped))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Raw, A::Error> {
        let Some(depth) = self.depth.checked_sub(1) else {
            return skip_map(members).map(|()| Raw::Skipped);
        };
        let mut kept = BTreeMap::new();
        let mut skipped = 0;
        while let Some(Name(name)) = members.next_key()? {
            if *self.room == 0 {
                skipped += usize::from(!kept.contains_key(name.as_ref()));
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            match kept.entry(name.into_owned()) {
                Entry::Occupied(_) => {
                    members.next_value::<IgnoredAny>()?;
                }
                Entry::Vacant(place) => {
                    *self.room -= 1;
                    place.insert(members.next_value_seed(Value { depth, room: self.room })?);
                }
            }
        }
        Ok(Raw::Object(kept, skipped))
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
                while let Some(Name(name)) = members.next_key()? {
                    event.take(&name, &mut members)?;
                }
                Ok(Item(Some(event)))
            }
        }
        from.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(body: &str) -> Raw {
        parse(body.as_bytes()).map(|body| body.event.name).unwrap_or(Raw::Skipped)
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
            assert_eq!(name(body), Raw::Text(expected.into()), "{body}");
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
        assert_eq!(body.event.name, Raw::Text("first".into()));
        assert!(
            matches!(body.event.properties, Raw::Object(members, 0) if members["a"] == Raw::Number(1.into()))
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
        assert!(matches!(properties, Some(Raw::Object(kept, 7)) if kept.len() == MAX_MEMBERS));
    }
    #[test]
    fn nested_values_are_kept_up_to_a_depth_and_a_number_of_them_all() {
        let properties = |text: &str| match parse(format!(r#"{{"properties": {text}}}"#).as_bytes()) {
            Some(Body { event: RawEvent { properties: Raw::Object(members, _), .. }, .. }) => members,
            other => panic!("{other:?}"),
        };
        let depth = |value: &Raw| {
            let (mut value, mut depth) = (value.clone(), 0);
            while let Raw::List(mut items, 0) = value {
                value = items.remove(0);
                depth += 1;
            }
            (depth, value)
        };
        assert_eq!(depth(&properties(r#"{"a": [[[[1]]]]}"#)["a"]), (4, Raw::Number(1.into())));
        assert_eq!(depth(&properties(r#"{"a": [[[[[1]]]]]}"#)["a"]), (4, Raw::Skipped));

        let many = vec!["[1, 1]"; MAX_MEMBERS].join(",");
        let members = properties(&format!(r#"{{"a": [{many}], "b": [], "c": {{"d": 1, "d": 2}}}}"#));
        let Raw::List(kept, skipped) = &members["a"] else { panic!("a list") };
        // One for `a`, three for each item.
        assert_eq!((kept.len(), *skipped), ((MAX_MEMBERS - 1) / 3, MAX_MEMBERS - (MAX_MEMBERS - 1) / 3));
        assert!(!members.contains_key("c"), "no room is left");
    }
}
