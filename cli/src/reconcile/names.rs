//! What a vendor calls an event: what its tracker makes of the name, asked of the tracker itself.

use crate::allowlist::explain::settings::placeholders;
use allowlist::Policy;
use allowlist::policy::{EventRule, OriginRule, Sources};
use event::{Context, Millis, Payload};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use trackers::Tracker;

/// Where each vendor's request has the name of an event.
const PLACES: [(&str, &str); trackers::NAMES.len()] = [
    ("ga4", "/events/0/name"),
    ("amplitude", "/events/0/event_type"),
    ("heap", "/events/0/event"),
    ("webhook", "/type"),
];

/// The site that the event is taken to come from.
const SITE: &str = "https://reconcile.invalid";

/// When it is taken to happen; any time is good.
const NOW: Millis = Millis(1_793_534_400_000);

/// The names at a vendor.
pub struct Names {
    tracker: Option<Box<dyn Tracker>>,
    renames: HashMap<String, String>,
}

impl Names {
    /// Of a tracker; `renames` are pairs of what is sent and what is shown.
    pub fn new(tracker: &str, renames: HashMap<String, String>) -> Self {
        let configured = trackers::configure(&placeholders()).unwrap_or_default();
        Self { tracker: configured.into_iter().find(|one| one.name() == tracker), renames }
    }

    /// What the vendor shows an event of ours as. One that it cannot be sent keeps our name.
    pub fn shown(&self, event: &str) -> String {
        let sent = self.sent(event).unwrap_or_else(|_| event.to_owned());
        self.renames.get(&sent).cloned().unwrap_or(sent)
    }

    /// Whether a name is the vendor's own: its tracker sends none of these.
    pub fn is_vendors_own(&self, name: &str) -> bool {
        self.sent(name) == Err("reserved_name")
    }

    /// The name in the request that the tracker plans, or why it plans none.
    fn sent(&self, event: &str) -> Result<String, &'static str> {
        let Some(tracker) = &self.tracker else { return Err("no tracker") };
        let policy = Policy {
            sources: Sources {
                origins: vec![OriginRule { origin: SITE.to_owned(), environments: Vec::new() }],
                keys: Vec::new(),
            },
            events: BTreeMap::from([(event.to_owned(), EventRule::default())]),
            ..Policy::default()
        };
        let body = json!({ "event": event, "userId": "u", "deviceId": "d" }).to_string();
        let context = Context { origin: Some(SITE.to_owned()), ..Context::default() };
        let payload = Payload::new("p".to_owned(), NOW, body.into_bytes(), context);
        let opening = allowlist::open(&policy, None, &payload, &[tracker.name()]);
        let allowed =
            opening.allowed.first().and_then(|(_, event)| event.for_tracker(&policy, tracker.name()));
        let Some(allowed) = allowed else { return Err("not allowed") };
        let plan = tracker.plan(&[&allowed], NOW);
        if let Some((_, reason)) = plan.rejected.first() {
            return Err(reason);
        }
        let place = PLACES.into_iter().find(|(name, _)| *name == tracker.name());
        let call = plan.calls.first().and_then(|call| serde_json::from_str::<Value>(&call.body).ok());
        let name = place.and_then(|(_, place)| call?.pointer(place)?.as_str().map(str::to_owned));
        name.ok_or("no name")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vendor that is added needs its place.
    #[test]
    fn every_tracker_tells_what_it_calls_an_event() {
        let shown = |tracker: &str| {
            let names = Names::new(tracker, HashMap::new());
            assert!(names.sent("sign up").is_ok(), "{tracker}");
            ["pageview", "sign up"].map(|event| names.shown(event))
        };
        let all = trackers::NAMES.map(shown);
        let expected = [
            ["page_view", "sign_up"],
            ["[Amplitude] Page Viewed", "sign up"],
            ["pageview", "sign up"],
            ["pageview", "sign up"],
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn what_the_vendor_makes_itself_is_known_and_a_rename_counts() {
        let names = Names::new("ga4", [("sign_up".to_owned(), "registration".to_owned())].into());
        assert_eq!(
            (names.shown("sign up"), names.shown("buy")),
            ("registration".to_owned(), "buy".to_owned())
        );
        assert!(names.is_vendors_own("session_start") && !names.is_vendors_own("sign_up"));
        assert_eq!(names.shown("1st"), "1st", "GA4 takes no such name");
    }
}
