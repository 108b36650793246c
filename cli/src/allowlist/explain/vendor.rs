//! What each tracker would be sent.

use super::reason;
use allowlist::{Allowed, Checked, Policy};
use event::Millis;
use event::wire::{OpenedEvent, Owed};
use serde::Serialize;
use serde_json::Value;
use trackers::Secrets;
use trackers::{Call, Tracker};

/// One tracker.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Vendor {
    /// Its name.
    pub tracker: String,
    /// Why it gets nothing at all, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off: Option<&'static str>,
    /// The events that it does not get.
    pub without: Vec<Without>,
    /// What it is sent, in order.
    pub requests: Vec<Request>,
}

/// An event that a tracker does not get.
#[derive(Debug, Serialize)]
pub struct Without {
    /// Its place in the payload.
    pub idx: u32,
    /// `filtered` or `rejected`.
    pub outcome: &'static str,
    /// The token that `deliveries.reason` has.
    pub reason: String,
    /// The same in words.
    pub why: String,
}

/// A request, without secrets.
#[derive(Debug, Serialize)]
pub struct Request {
    /// Places of the events that it carries.
    pub events: Vec<u32>,
    /// The HTTP method.
    pub method: &'static str,
    /// Where it goes.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// As JSON where it is that, else as text.
    pub body: Value,
}

impl Vendor {
    /// A tracker that is not on.
    pub fn off(tracker: &str, why: &'static str) -> Self {
        Self { tracker: tracker.to_owned(), off: Some(why), without: Vec::new(), requests: Vec::new() }
    }

    /// What Trace would send of a payload, were it the only one.
    pub fn plan(
        policy: &Policy,
        tracker: &dyn Tracker,
        secrets: &Secrets,
        events: &[OpenedEvent],
        checked: &[(u32, Checked)],
        now: Millis,
    ) -> Self {
        let name = tracker.name();
        let filtered = events.iter().filter_map(|event| match event.trackers.get(name) {
            Some(Owed::Filtered(reason)) => Some(Without {
                idx: event.idx,
                outcome: "filtered",
                reason: reason.clone(),
                why: reason::of_filter(reason).to_owned(),
            }),
            _ => None,
        });
        let mut without: Vec<_> = filtered.collect();
        let allowed: Vec<(u32, Allowed)> = checked
            .iter()
            .filter_map(|(idx, event)| Some((*idx, event.for_tracker(policy, name)?)))
            .collect();
        let plan = tracker.plan(&allowed.iter().map(|(_, event)| event).collect::<Vec<_>>(), now);
        without.extend(plan.rejected.iter().map(|&(place, reason)| Without {
            idx: allowed[place].0,
            outcome: "rejected",
            reason: reason.to_owned(),
            why: format!("{name} cannot take it; trackers/src/{name}.rs says when"),
        }));
        without.sort_by_key(|without| without.idx);
        let request = |call: Call| Request {
            events: call.events.iter().map(|&place| allowed[place].0).collect(),
            method: "POST",
            url: secrets.hide(&call.url).into_owned(),
            headers: call
                .headers
                .iter()
                .map(|(name, value)| (*name, secrets.hide(value).into_owned()))
                .collect(),
            body: body(&secrets.hide(&call.body)),
        };
        let requests = plan.calls.into_iter().map(request).collect();
        Self { tracker: name.to_owned(), off: None, without, requests }
    }
}

fn body(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}
