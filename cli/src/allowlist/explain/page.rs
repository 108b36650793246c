//! What of the page and the browser the trackers of an event get. They may be fewer than those of the policy, and what a
//! tracker that does not get the event could have leaves to nobody.

use super::explained::Kept;
use allowlist::Page;
use event::{Change, IpPolicy, Rule};
use serde_json::{Map, Value};

/// What leaves of `checked`, the page for whichever tracker, given those of the event's own trackers. What these have in a
/// narrower form or not at all is added to `changes`.
pub fn leaves(
    checked: &Value,
    pages: &[Page],
    given_ip: Option<&str>,
    changes: &mut Vec<Change>,
) -> Vec<Kept> {
    let pages: Vec<Value> = pages.iter().filter_map(|page| serde_json::to_value(page).ok()).collect();
    let mut leaves = Vec::new();
    for (name, widest) in checked.as_object().unwrap_or(&Map::new()) {
        let is_of_request = matches!(name.as_str(), "ip" | "country" | "userAgent");
        let field = if is_of_request { name.clone() } else { format!("context.{name}") };
        let values = pages.iter().filter_map(|page| page.get(name));
        // Of a field only parts are taken away, so that the longest has the most. Networks may be as long as addresses.
        let value = values.max_by_key(|&value| (value == widest, value.as_str().map_or(0, str::len)));
        let Some(value) = value else {
            changes.retain(|change| change.field != field);
            changes.push(Change { field, rule: Rule::Drop });
            continue;
        };
        let is_cut_address = name == "ip" && given_ip.and_then(|ip| IpPolicy::Full.apply(ip)) != text(value);
        if (value != widest || is_cut_address) && !changes.iter().any(|change| change.field == field) {
            changes.push(Change { field: field.clone(), rule: Rule::Reduced });
        }
        leaves.push(Kept { field, value: value.clone() });
    }
    leaves
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
