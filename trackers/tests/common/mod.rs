//! What the tests share.

use allowlist::Allowed;
use serde_json::Value;
use serde_json::value::to_raw_value;
use trackers::Plan;

/// Allowed events from the form in which they are handed over.
pub fn take_over(events: &Value) -> Vec<Allowed> {
    let json = to_raw_value(events).unwrap();
    let events = allowlist::take_over(&json).unwrap_or_else(|error| panic!("{error} in {events}"));
    events.into_iter().map(|(_, event)| event).collect()
}

/// Every event is in exactly one call, or rejected.
pub fn accounted_for(plan: &Plan, events: usize) -> Result<(), String> {
    let carried = plan.calls.iter().flat_map(|call| call.events.iter().copied());
    let rejected = plan.rejected.iter().map(|(index, _)| *index);
    let mut indices: Vec<_> = carried.chain(rejected).collect();
    indices.sort_unstable();
    if plan.calls.iter().any(|call| call.events.is_empty()) {
        return Err("a call without events".to_owned());
    }
    if indices.into_iter().eq(0..events) {
        Ok(())
    } else {
        Err(format!("not each of {events} events once: {plan:?}"))
    }
}
