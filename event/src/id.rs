//! Ids of payloads and events, and the dedupe key that vendors get.

use crate::time::Millis;
use uuid::{Builder, Uuid};

/// Longest id that is taken from a client, in characters.
pub const MAX_ID_LENGTH: usize = 64;

/// Namespace of the dedupe keys (RFC 9562, UUIDv5). Changing it makes every retry a new event for the vendors.
const DEDUPE_NAMESPACE: Uuid = Uuid::from_u128(0x5f1c_2a77_6d0e_4b6b_9a43_0d2c_64a1_73e1);

/// Whether a client's id can be used as it is: 1 to 64 characters of `[A-Za-z0-9_-]`.
pub fn is_id(id: &str) -> bool {
    (1..=MAX_ID_LENGTH).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A new payload id: a UUIDv7 (RFC 9562), which sorts by time.
pub fn new_payload_id(now: Millis, random: [u8; 10]) -> String {
    let millis = u64::try_from(now.0).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
}

/// What stands for the id of an event that was erased. It tells no more than the columns beside it, and is another one for each
/// event, so that what looks for the rows of one does not find those of all.
pub fn erased_id(payload_id: &str, idx: u32) -> String {
    format!("(erased) {payload_id}.{idx}")
}

/// The id of the event at `idx` of a payload: its own where that is well formed, else `{payload id}.{idx}`.
pub fn event_id(own: Option<&str>, payload_id: &str, idx: u32) -> String {
    match own {
        Some(own) if is_id(own) => own.to_owned(),
        _ => format!("{payload_id}.{idx}"),
    }
}

/// The UUID under which every vendor gets the event, the same on every attempt.
///
/// An id that is a UUID already stays as it is, so that it can be searched for at the vendor.
pub fn dedupe_key(event_id: &str) -> Uuid {
    match Uuid::try_parse(event_id) {
        Ok(uuid) if !uuid.is_nil() && !uuid.is_max() => uuid,
        _ => Uuid::new_v5(&DEDUPE_NAMESPACE, event_id.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_from_clients_are_bounded_and_plain() {
        assert!(is_id("a"));
        assert!(is_id(&"x".repeat(64)));
        assert!(is_id("A-b_9"));
        for bad in ["", &"x".repeat(65), "a b", "a.b", "é", "a\n"] {
            assert!(!is_id(bad), "{bad:?}");
        }
    }

    #[test]
    fn payload_ids_are_version_7_and_sort_by_time() {
        let early = new_payload_id(Millis(1_700_000_000_000), [0xff; 10]);
        let late = new_payload_id(Millis(1_700_000_000_001), [0; 10]);
        assert!(early < late);
        assert_eq!(Uuid::parse_str(&late).unwrap().get_version_num(), 7);
        assert!(is_id(&late));
    }

    #[test]
    fn an_event_without_a_usable_id_is_named_by_its_place() {
        assert_eq!(event_id(Some("mine"), "p", 3), "mine");
        assert_eq!(event_id(Some("not mine"), "p", 3), "p.3");
        assert_eq!(event_id(None, "p", 0), "p.0");
    }

    /// Vendors remember these keys for days: a change makes retries that are under way count twice.
    #[test]
    fn dedupe_keys_are_pinned() {
        let own = "0193a5a4-7c1e-7e57-8d3e-0d4f3a6b9c21";
        assert_eq!(dedupe_key(own).to_string(), own);
        assert_eq!(dedupe_key("order-1").to_string(), "49441af3-ec7e-505c-8283-624ffa8cc035");
        assert_ne!(dedupe_key(&Uuid::nil().to_string()), Uuid::nil());
    }
}
