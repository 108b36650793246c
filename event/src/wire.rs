//! The Outbox's questions to Trace and Trace's answers, as JSON over the service binding.
//!
//! `POST /open` says which events a payload holds; `POST /deliver/{tracker}` delivers some of them to one
//! vendor.

use crate::outcome::{Change, Outcome};
use crate::payload::Payload;
use crate::time::Millis;
use crate::traceparent::{Traceparent, lenient};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Most bytes of one call, encoded.
pub const MAX_CALL_BYTES: usize = 8 * 1024 * 1024;

/// Most events that are opened of one payload; the rest is one `filtered(too_many)`.
pub const MAX_EVENTS: usize = 1000;

/// So many events of a call that are opened are enough: what follows is left for the next call. A call of 1 MB could hold
/// 300,000, each of which is accounted for at every tracker.
pub const ENOUGH_EVENTS: usize = 4000;

/// Most bytes of [`DeliverReply::calls`], encoded. A shard takes 16 MiB of a reply; the outcomes of 4,000 events, which
/// are the most it asks for at once, take about one.
pub const MAX_CALLS_BYTES: usize = 12 * 1024 * 1024;

/// Most bytes of [`CallMade::body`], encoded. D1 takes rows of 2 MB, in which the events need room, too: 1,000 take 80 kB
/// at most.
pub const MAX_BODY_BYTES: usize = 1_500_000;

/// The end of [`CallMade::body`] where it was cut, after ` [` and the length that the body had. Vendors get JSON, no text of
/// which ends so.
pub const CUT: &str = " bytes, cut]";

/// Stands for the name of an event that the allowlist does not have.
pub const NOT_ALLOWED: &str = "(not allowed)";

/// What comes before that name in the field of the event's change: the name is told there, scrubbed and cut.
pub const EVENT_PREFIX: &str = "event.";

/// Stands for the name of a payload that cannot be opened.
pub const MALFORMED: &str = "(malformed)";

/// Stands for the events of a payload past [`MAX_EVENTS`].
pub const TOO_MANY: &str = "(too many)";

/// The reason of the retry that asks for the payload as it was received: the policy is another one by now.
pub const POLICY_CHANGED: &str = "policy_changed";

/// `POST /open`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenRequest {
    /// What to open.
    pub payloads: Vec<Payload>,
}

/// The answer to [`OpenRequest`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenReply {
    /// Version of the policy that decided.
    pub policy: String,
    /// In the order of the request; one at least, and all where they hold no more than [`ENOUGH_EVENTS`].
    pub payloads: Vec<Opened>,
}

/// One payload, opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opened {
    /// The payload's id.
    pub id: String,
    /// Its events, by index. Never empty: a payload without a readable event is one event `(malformed)`.
    pub events: Vec<OpenedEvent>,
    /// Those that are owed to a tracker, for [`DeliverPayload::allowed`]. Only the allowlist reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Box<RawValue>>,
}

/// One event of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedEvent {
    /// Its place in the payload.
    pub idx: u32,
    /// Its own id, else `{payload id}.{idx}`.
    pub id: String,
    /// Its name where the allowlist has it, else [`NOT_ALLOWED`] or [`MALFORMED`].
    pub name: String,
    /// Every configured tracker, and whether the event is owed to it.
    pub trackers: BTreeMap<String, Owed>,
    /// What was dropped or altered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// Whether a tracker is to get an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owed {
    /// It is.
    Owed,
    /// It is not, and why: a stable token such as `source`.
    Filtered(String),
}

/// `POST /deliver/{tracker}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliverRequest {
    /// `live`, `replay:<id>` or `backfill:<id>`.
    pub run: String,
    /// Version of the policy that made `allowed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// What to deliver.
    pub payloads: Vec<DeliverPayload>,
}

/// The events of one payload that are owed to the tracker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliverPayload {
    /// The payload's id.
    pub id: String,
    /// As it was received. Absent where `allowed` is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// Indices of the events owed.
    pub events: Vec<u32>,
    /// [`Opened::allowed`], on the first attempt. Under another policy Trace answers [`POLICY_CHANGED`], and is
    /// then given the payload, from which it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Box<RawValue>>,
    /// What the vendor's calls are children of, where the payload's trace is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub traceparent: Option<Traceparent>,
}

/// The answer to [`DeliverRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverReply {
    /// Version of the policy under which it was done.
    pub policy: String,
    /// One for each event asked for.
    pub outcomes: Vec<EventOutcome>,
    /// The calls that were made, where and as far as Trace is set to tell of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallMade>,
}

/// One call to the vendor. Headers are not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallMade {
    /// HTTP method.
    pub method: String,
    /// The address, with `[secret]` for each secret of the tracker.
    pub url: String,
    /// The body, with `[secret]` likewise; at most [`MAX_BODY_BYTES`], and marked by [`CUT`] where that cut it.
    pub body: String,
    /// The vendor's HTTP status, where there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// When it was sent.
    pub at: Millis,
    /// The events that it carried: the payload's place in [`DeliverRequest::payloads`], and the event's in the payload.
    pub events: Vec<(usize, u32)>,
}

/// What came of one event at one tracker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "FlatOutcome")]
pub struct EventOutcome {
    /// The payload's id.
    pub payload: String,
    /// The event's place in it.
    pub idx: u32,
    /// The tracker.
    pub tracker: String,
    /// The outcome and its reason.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The vendor's HTTP status, where there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What was dropped or altered, where the event was opened again: another policy may have changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<Change>>,
    /// Its id and name, where it is not the first time: a backfill hands a shard places alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<Named>,
}

/// How an event is accounted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// [`OpenedEvent::id`]
    pub id: String,
    /// [`OpenedEvent::name`]
    pub name: String,
}

/// An [`EventOutcome`] as it is read: `flatten` would read each into a tree first.
#[derive(Deserialize)]
struct FlatOutcome {
    payload: String,
    idx: u32,
    tracker: String,
    outcome: OutcomeName,
    reason: Option<String>,
    after: Option<u32>,
    status: Option<u16>,
    changes: Option<Vec<Change>>,
    named: Option<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeName {
    Delivered,
    Filtered,
    Rejected,
    Retry,
}

impl TryFrom<FlatOutcome> for EventOutcome {
    type Error = &'static str;

    fn try_from(flat: FlatOutcome) -> Result<Self, Self::Error> {
        let FlatOutcome { payload, idx, tracker, outcome, reason, after, status, changes, named } = flat;
        let outcome = match (outcome, reason) {
            (OutcomeName::Delivered, _) => Outcome::Delivered,
            (OutcomeName::Filtered, Some(reason)) => Outcome::Filtered { reason },
            (OutcomeName::Rejected, Some(reason)) => Outcome::Rejected { reason },
            (OutcomeName::Retry, Some(reason)) => Outcome::Retry { after, reason },
            (_, None) => return Err("an outcome without its reason"),
        };
        Ok(Self { payload, idx, tracker, outcome, status, changes, named })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Millis};
    use serde_json::{Value, json};

    fn payload() -> Payload {
        let context = Context {
            ip: Some("203.0.113.0".into()),
            origin: Some("https://shop.example".into()),
            sent_at: Some(1_793_534_399_900),
            traceparent: Traceparent::parse(TRACEPARENT),
            ..Context::default()
        };
        Payload::new("p1".into(), Millis(1_793_534_400_000), b"{\"event\":\"sign up\"}".to_vec(), context)
    }

    fn raw(value: Value) -> Box<RawValue> {
        serde_json::value::to_raw_value(&value).unwrap()
    }

    const PAYLOAD: &str = r#"{"id":"p1","receivedAt":1793534400000,"data":"{\"event\":\"sign up\"}","context":{"ip":"203.0.113.0","origin":"https://shop.example","sentAt":1793534399900,"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}"#;

    const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    /// Dispatcher and Trace are deployed at different times: a change here must be readable by both the
    /// release before and the release after.
    #[test]
    fn open_is_pinned() {
        let request = OpenRequest { payloads: vec![payload()] };
        assert_eq!(serde_json::to_string(&request).unwrap(), format!(r#"{{"payloads":[{PAYLOAD}]}}"#));
        let reply = OpenReply {
            policy: "1-abc".into(),
            payloads: vec![Opened {
                id: "p1".into(),
                events: vec![OpenedEvent {
                    idx: 0,
                    id: "p1.0".into(),
                    name: "sign up".into(),
                    trackers: BTreeMap::from([
                        ("ga4".into(), Owed::Owed),
                        ("heap".into(), Owed::Filtered("not_for_tracker".into())),
                    ]),
                    changes: vec![],
                }],
                allowed: Some(raw(json!([1]))),
            }],
        };
        let pinned = json!({"policy": "1-abc", "payloads": [{"id": "p1", "events": [{"idx": 0,
            "id": "p1.0", "name": "sign up",
            "trackers": {"ga4": "owed", "heap": {"filtered": "not_for_tracker"}}}], "allowed": [1]}]});
        assert_eq!(serde_json::to_value(&reply).unwrap(), pinned);
    }

    /// See [`open_is_pinned`].
    #[test]
    fn deliver_is_pinned() {
        let request = DeliverRequest {
            run: "live".into(),
            policy: Some("1-abc".into()),
            payloads: vec![
                DeliverPayload {
                    id: "p0".into(),
                    payload: None,
                    events: vec![0],
                    allowed: Some(raw(json!([1]))),
                    traceparent: Traceparent::parse(TRACEPARENT),
                },
                DeliverPayload {
                    id: "p1".into(),
                    payload: Some(payload()),
                    events: vec![0, 2],
                    allowed: None,
                    traceparent: None,
                },
            ],
        };
        let payload_json: Value = serde_json::from_str(PAYLOAD).unwrap();
        let pinned = json!({"run": "live", "policy": "1-abc", "payloads": [
            {"id": "p0", "events": [0], "allowed": [1], "traceparent": TRACEPARENT},
            {"id": "p1", "payload": payload_json, "events": [0, 2]}]});
        assert_eq!(serde_json::to_value(&request).unwrap(), pinned);
        let text = pinned.to_string();
        let read: DeliverRequest = serde_json::from_str(&text).unwrap();
        assert_eq!(read.payloads[1].payload, Some(payload()));
        assert_eq!(read.payloads[0].traceparent, Traceparent::parse(TRACEPARENT));

        let mut reply = DeliverReply {
            policy: "1-abc".into(),
            outcomes: vec![EventOutcome {
                payload: "p1".into(),
                idx: 0,
                tracker: "ga4".into(),
                outcome: Outcome::Retry { after: Some(2), reason: "http_503".into() },
                status: Some(503),
                changes: None,
                named: None,
            }],
            calls: vec![],
        };
        let mut pinned = json!({"policy": "1-abc", "outcomes": [{"payload": "p1", "idx": 0, "tracker": "ga4",
            "outcome": "retry", "after": 2, "reason": "http_503", "status": 503}]});
        assert_eq!(serde_json::to_value(&reply).unwrap(), pinned);
        assert_eq!(serde_json::from_value::<DeliverReply>(pinned.clone()).unwrap(), reply);

        reply.outcomes[0].changes = Some(vec![Change { field: "userId".into(), rule: crate::Rule::Drop }]);
        pinned["outcomes"][0]["changes"] = json!([{"field": "userId", "rule": "drop"}]);
        reply.outcomes[0].named = Some(Named { id: "p1.0".into(), name: "sign up".into() });
        pinned["outcomes"][0]["named"] = json!({"id": "p1.0", "name": "sign up"});
        assert_eq!(serde_json::to_value(&reply).unwrap(), pinned);
        assert_eq!(serde_json::from_value::<DeliverReply>(pinned.clone()).unwrap(), reply);

        let call = |status, events| CallMade {
            method: "POST".into(),
            url: "https://vendor.example/?key=[secret]".into(),
            body: "{}".into(),
            status,
            at: Millis(1_793_534_400_250),
            events,
        };
        reply.calls = vec![call(Some(503), vec![(0, 0), (1, 2)]), call(None, vec![(1, 0)])];
        pinned["calls"] = json!([
            {"method": "POST", "url": "https://vendor.example/?key=[secret]", "body": "{}", "status": 503,
                "at": 1_793_534_400_250_i64, "events": [[0, 0], [1, 2]]},
            {"method": "POST", "url": "https://vendor.example/?key=[secret]", "body": "{}",
                "at": 1_793_534_400_250_i64, "events": [[1, 0]]}]);
        assert_eq!(serde_json::to_value(&reply).unwrap(), pinned);
        assert_eq!(serde_json::from_value::<DeliverReply>(pinned).unwrap(), reply);
    }
}
