//! What several tests need.

use allowlist::policy::EventRule;
use allowlist::{Allowed, Policy};
use serde_json::json;
use serde_json::value::to_raw_value;

/// Events with these ids, as a tracker gets them.
pub fn events(ids: impl IntoIterator<Item = String>) -> Vec<Allowed> {
    let events = ids.into_iter().enumerate().map(
        |(place, id)| json!([place, {"id": id, "name": "look", "time": 0, "properties": {}, "page": {}}]),
    );
    let events = allowlist::take_over(&to_raw_value(&events.collect::<Vec<_>>()).unwrap()).unwrap();
    let rules = [("look".to_owned(), EventRule::default())].into();
    let policy = Policy { events: rules, ..Policy::default() };
    events.into_iter().filter_map(|(_, event)| event.for_tracker(&policy, "any")).collect()
}
