//! Any events in every vendor's requests: all accounted for, within the vendor's limits, and any reply is read.

use crate::source::Source;
use crate::subject::{NOW, Subject};
use crate::vendors;
use allowlist::Allowed;
use event::Millis;
use std::collections::BTreeSet;
use trackers::settings::Settings;
use trackers::{Call, Plan, Reply, Tracker, Verdict};

const STATUSES: [u16; 16] = [200, 204, 301, 400, 401, 403, 404, 408, 410, 413, 422, 429, 500, 503, 0, 999];

/// Replies as vendors write them, and what else may come.
const REPLIES: [&str; 8] = [
    "",
    "{}",
    r#"{"code":400,"error":"x","events_with_invalid_fields":{"time":[0,7]},"silenced_events":[1]}"#,
    r#"{"code":429,"throttled_events":[0],"exceeded_daily_quota_users":{"u":1},"exceeded_daily_quota_devices":{"d":1}}"#,
    r#"{"error":"Invalid API key: x"}"#,
    "events[0].timestamp is wrong, app_id too",
    r#"{"validationMessages":[{"fieldPath":"events[0].params.x","validationCode":"NAME_INVALID","description":"ada@example.com"}]}"#,
    r#"{"validationMessages":[{"fieldPath":"ada@example.com","validationCode":7}]}"#,
];

fn all_trackers() -> Vec<Box<dyn Tracker>> {
    let settings = [
        ("GA4_MEASUREMENT_ID", "G-1"),
        ("GA4_API_SECRET", "s"),
        ("GA4_VALIDATE_SAMPLE", "1"),
        ("AMPLITUDE_API_KEY", "k"),
        ("HEAP_APP_ID", "1"),
        ("HEAP_ANONYMOUS", "device"),
        ("WEBHOOK_URL", "https://hooks.example/"),
        ("WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ];
    let settings: Settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    trackers::configure(&settings).expect("the settings are valid")
}

/// The first bytes choose the reply and how often the events are there; the rest is as for `open`.
pub fn run(input: &[u8]) {
    let mut source = Source::new(input);
    let status = *source.pick(&STATUSES);
    let canned = *source.pick(&REPLIES);
    let body = if canned.is_empty() { source.text(64) } else { canned.to_owned() };
    let times = if source.once_in(16) { usize::from(source.byte()) } else { 1 };
    let subject = Subject::read(source.rest());
    let opening = subject.open();
    let reply = Reply { status, retry_after: Some("7"), body: body.as_bytes() };
    for tracker in all_trackers() {
        let allowed: Vec<Allowed> = opening
            .allowed
            .iter()
            .filter_map(|(_, event)| event.for_tracker(subject.policy, tracker.name()))
            .collect();
        let events: Vec<&Allowed> = std::iter::repeat_n(&allowed, times).flatten().collect();
        let now = Millis(NOW + 1000);
        let plan = tracker.plan(&events, now);
        assert_eq!(tracker.plan(&events, now), plan, "planned twice");
        accounted(&plan, events.len());
        for call in &plan.calls {
            let sent: Vec<&Allowed> = call.events.iter().map(|index| events[*index]).collect();
            vendors::judge(tracker.name(), call, &sent);
            verdicts(call, &tracker.verdicts(call, &reply));
            if let Some(mirror) = tracker.mirror(call) {
                assert_eq!(mirror.events, call.events);
                serde_json::from_str::<serde_json::Value>(&mirror.body).expect("JSON");
            }
        }
        for complaint in tracker.complaints(&reply) {
            assert!(!complaint.contains('@') && complaint.len() <= 201, "{complaint}");
        }
    }
}

/// Every event is in exactly one call, or rejected.
fn accounted(plan: &Plan, events: usize) {
    let carried = plan.calls.iter().flat_map(|call| &call.events);
    let indices: Vec<_> = carried.chain(plan.rejected.iter().map(|(index, _)| index)).collect();
    let different: BTreeSet<_> = indices.iter().collect();
    assert!(indices.len() == events && different.len() == events, "{plan:?} of {events} events");
    assert!(plan.calls.iter().all(|call| !call.events.is_empty()), "{plan:?}");
    assert!(indices.iter().all(|index| **index < events), "{plan:?}");
}

/// What `Verdict` says of its variants.
fn verdicts(call: &Call, verdicts: &[Verdict]) {
    assert_eq!(verdicts.len(), call.events.len());
    let count = |verdict| verdicts.iter().filter(|one| **one == verdict).count();
    let splits = count(Verdict::Split);
    assert!(splits == 0 || splits == verdicts.len() && splits > 1, "{verdicts:?}");
    assert!(count(Verdict::Again) < verdicts.len(), "{verdicts:?}");
}
