//! One event against its rule: ids, time and page; its properties are built in [`crate::value`].

use crate::allowed::{Allowed, Checked, PropertyValue};
use crate::changes::{Changes, Place};
use crate::hash::HashKey;
use crate::page::page;
use crate::parse::{Raw, RawEvent};
use crate::policy::{EventRule, Policy, Treatment};
use crate::scrub::scrub;
use crate::value::{Builder, whole_number};
use event::{Change, Context, Millis, Rule};
use std::collections::BTreeMap;

/// Longest user or device id that is let out, in bytes: Heap takes 255 characters of `identity`.
const MAX_ID: usize = 255;

/// What is known of an event besides its own members.
pub struct Envelope<'a> {
    pub id: String,
    pub received_at: Millis,
    pub context: &'a Context,
}

/// Checks events.
pub struct Checker<'a> {
    pub policy: &'a Policy,
    pub key: Option<&'a HashKey>,
}

impl Checker<'_> {
    /// Builds the event from the members that the rule names.
    pub fn check(
        &self,
        name: &str,
        rule: &EventRule,
        event: RawEvent,
        envelope: Envelope<'_>,
    ) -> (Checked, Vec<Change>) {
        let mut changes = Changes::default();
        let sent_at = envelope.context.sent_at.map(Millis);
        let identity = &self.policy.identity;
        let timestamp = timestamp(&event.timestamp, &mut changes);
        let mut ids = Ids { key: self.key, changes: &mut changes };
        let user_id = ids.user("userId", event.user_id, identity.user_id);
        let device_id = ids.device("deviceId", event.device_id, identity.device_id);
        let session_id = ids.session("sessionId", event.session_id);
        let checked = Allowed {
            id: envelope.id,
            name: name.to_owned(),
            time: event::time::event_time(envelope.received_at, sent_at, timestamp),
            user_id,
            device_id,
            session_id,
            page: page(&event.context, envelope.context, &self.policy.context, &mut changes),
            properties: self.properties(rule, event.properties, &mut changes),
        };
        (Checked(checked), changes.into_told())
    }

    fn properties(
        &self,
        rule: &EventRule,
        value: Raw,
        changes: &mut Changes,
    ) -> BTreeMap<String, PropertyValue> {
        let (given, skipped) = match value {
            Raw::Absent => return BTreeMap::new(),
            Raw::Object(given, skipped) => (given, skipped),
            _ => {
                changes.tell("properties", Rule::WrongType);
                return BTreeMap::new();
            }
        };
        if skipped > 0 {
            changes.tell("properties", Rule::More { count: skipped });
        }
        let rule = |name: &str| self.policy.property(rule, name).map(|rule| &rule.value);
        Builder { key: self.key, changes }.members(rule, given, Place::Top("properties"))
    }
}

fn timestamp(value: &Raw, changes: &mut Changes) -> Option<Millis> {
    if *value == Raw::Absent {
        return None;
    }
    let millis = whole_number(value);
    if millis.is_none() {
        changes.tell("timestamp", Rule::Malformed);
    }
    millis.map(Millis)
}

/// Builds ids.
struct Ids<'a> {
    key: Option<&'a HashKey>,
    changes: &'a mut Changes,
}

impl Ids<'_> {
    /// Hashed where something is found in it and there is a key: it still tells users from each other.
    fn user(&mut self, field: &str, value: Raw, treatment: Treatment) -> Option<String> {
        let id = self.id_text(field, value)?;
        let Some(key) = self.key.filter(|_| treatment == Treatment::Scrub) else {
            return self.treated(field, id, treatment);
        };
        let Some(scrubbed) = scrub(&id, Some(field)) else { return Some(id) };
        self.changes.tell(field, Rule::Hashed { found: scrubbed.kinds() });
        Some(key.hash(&id))
    }

    fn device(&mut self, field: &str, value: Raw, treatment: Treatment) -> Option<String> {
        let id = self.id_text(field, value)?;
        self.treated(field, id, treatment)
    }

    fn session(&mut self, field: &str, value: Raw) -> Option<String> {
        let id = match value {
            Raw::Absent => return None,
            Raw::Number(number) if number.is_u64() => number.to_string(),
            Raw::Text(id) if event::id::is_id(&id) => id,
            _ => return self.drop(field, Rule::Malformed),
        };
        self.treated(field, id, Treatment::Scrub)
    }

    /// An id of a person or a device. Numbers count as their decimal text, since many user tables have them.
    fn id_text(&mut self, field: &str, value: Raw) -> Option<String> {
        let id = match value {
            Raw::Absent => return None,
            Raw::Text(id) if id.is_empty() => return None,
            Raw::Text(id) => id,
            Raw::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            _ => return self.drop(field, Rule::WrongType),
        };
        if id.len() > MAX_ID { self.drop(field, Rule::TooLong) } else { Some(id) }
    }

    fn treated(&mut self, field: &str, id: String, treatment: Treatment) -> Option<String> {
        match (treatment, self.key) {
            (Treatment::Keep, _) => Some(id),
            (Treatment::Drop, _) => self.drop(field, Rule::Drop),
            (Treatment::Hash, None) => self.drop(field, Rule::NoKey),
            (Treatment::Hash, Some(key)) => {
                self.changes.tell(field, Rule::Hashed { found: vec![] });
                Some(key.hash(&id))
            }
            (Treatment::Scrub, _) => match scrub(&id, Some(field)) {
                Some(scrubbed) => self.drop(field, Rule::Personal { found: scrubbed.kinds() }),
                None => Some(id),
            },
        }
    }

    fn drop(&mut self, field: &str, rule: Rule) -> Option<String> {
        self.changes.tell(field, rule);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const EMAIL: &str = "ada@example.com";

    fn key() -> HashKey {
        HashKey::new(&"k".repeat(32)).unwrap()
    }

    fn id(
        key: Option<&HashKey>,
        treatment: Treatment,
        of: &str,
        value: Raw,
    ) -> (Option<String>, Option<Rule>) {
        let mut changes = Changes::default();
        let mut ids = Ids { key, changes: &mut changes };
        let id = match of {
            "user" => ids.user("userId", value, treatment),
            "device" => ids.device("deviceId", value, treatment),
            _ => ids.session("sessionId", value),
        };
        (id, changes.into_told().pop().map(|change| change.rule))
    }

    fn text(text: &str) -> Raw {
        Raw::Text(text.to_owned())
    }

    fn number(value: serde_json::Value) -> Raw {
        serde_json::from_value(value).map(Raw::Number).unwrap()
    }

    #[test]
    fn ids_may_be_numbers_and_are_nobodys_address() {
        let id = |value| id(None, Treatment::Scrub, "user", value);
        assert_eq!(id(number(json!(42))), (Some("42".into()), None));
        assert_eq!(id(text("")), (None, None));
        assert_eq!(id(Raw::Absent), (None, None));
        assert_eq!(id(number(json!(1.5))), (None, Some(Rule::WrongType)));
        assert_eq!(id(Raw::Skipped), (None, Some(Rule::WrongType)));
        assert_eq!(id(text(&"x".repeat(255))).1, None);
        assert_eq!(id(text(&"x".repeat(256))), (None, Some(Rule::TooLong)));
        let found = vec!["email".to_owned()];
        assert_eq!(
            id(text(EMAIL)),
            (None, Some(Rule::Personal { found })),
            "there is no key to hash it with"
        );
    }

    #[test]
    fn a_user_id_that_is_personal_is_hashed_and_a_device_id_stays() {
        let key = key();
        let found = || vec!["email".to_owned()];
        let hash = Some(key.hash(EMAIL));
        let scrub = |of| id(Some(&key), Treatment::Scrub, of, text(EMAIL));
        assert_eq!(scrub("user"), (hash.clone(), Some(Rule::Hashed { found: found() })));
        assert_eq!(scrub("device"), (None, Some(Rule::Personal { found: found() })));
        assert_eq!(id(Some(&key), Treatment::Scrub, "user", text("u-1")), (Some("u-1".into()), None));
        for of in ["user", "device"] {
            let id = |treatment| id(Some(&key), treatment, of, text(EMAIL));
            assert_eq!(id(Treatment::Hash), (hash.clone(), Some(Rule::Hashed { found: vec![] })));
            assert_eq!(id(Treatment::Keep), (Some(EMAIL.into()), None));
            assert_eq!(id(Treatment::Drop), (None, Some(Rule::Drop)));
        }
        assert_eq!(id(None, Treatment::Hash, "user", text("u-1")), (None, Some(Rule::NoKey)));
    }

    #[test]
    fn a_session_id_that_is_a_card_stays() {
        let session = |id: &str| self::id(None, Treatment::Scrub, "session", text(id)).0;
        assert_eq!(session("4111111111111111"), None);
        assert_eq!(session("1793534400000").as_deref(), Some("1793534400000"));
        assert_eq!(session("not an id"), None);
    }
}
