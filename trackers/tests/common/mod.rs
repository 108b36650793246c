//! What the tests share.

use allowlist::policy::{ContextRule, ContextRules, EventRule, Kind, PropertyRule, Treatment, ValueRule};
use allowlist::{Allowed, Policy};
use serde_json::Value;
use serde_json::value::to_raw_value;
use std::collections::BTreeMap;
use trackers::Plan;

/// Allowed events from the form in which they are handed over, with properties that the policy calls otherwise.
pub fn take_over(events: &Value, tracker: &str, rename: &BTreeMap<String, String>) -> Vec<Allowed> {
    let json = to_raw_value(events).unwrap();
    let events = allowlist::take_over(&json).unwrap_or_else(|error| panic!("{error} in {events}"));
    let allowed = |event: allowlist::Checked| {
        let policy = everything(event.name(), tracker, rename);
        event.for_tracker(&policy, tracker).expect("the policy lets everything out")
    };
    events.into_iter().map(|(_, event)| allowed(event)).collect()
}

/// A policy that lets out the event as it is: that is checked in `allowlist`.
fn everything(name: &str, tracker: &str, rename: &BTreeMap<String, String>) -> Policy {
    let rule = ContextRule { ip: event::IpPolicy::Full, ..ContextRule::default() };
    let context = ContextRules { rule, ..ContextRules::default() };
    let value = ValueRule { kind: Kind::Boolean, treatment: Treatment::Keep };
    let renamed = |(property, name): (&String, &String)| {
        let rename = [(tracker.to_owned(), name.clone())].into();
        (property.clone(), PropertyRule { value: value.clone(), column: None, rename })
    };
    let common = rename.iter().map(renamed).collect();
    let events = [(name.to_owned(), EventRule::default())].into();
    Policy { context, common, events, ..Policy::default() }
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
