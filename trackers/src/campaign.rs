//! The campaign that an event's page was reached by.

use allowlist::Allowed;
use std::borrow::Cow;
use std::collections::BTreeMap;
use url::form_urlencoded;

/// The `utm_` tags that there are, by Google's list:
/// <https://support.google.com/analytics/answer/10917952>. A policy lets all of `utm_*` stay in addresses, and whoever makes
/// a link can make up more; vendors keep a property for each name forever.
const UTM: [&str; 9] = [
    "utm_campaign",
    "utm_content",
    "utm_creative_format",
    "utm_id",
    "utm_marketing_tactic",
    "utm_medium",
    "utm_source",
    "utm_source_platform",
    "utm_term",
];

/// Most parameters of an event.
const MAX_PARAMETERS: usize = 20;

/// The campaign parameters of the page's address, by name: `utm_` tags, and what else the policy has left there, such as
/// click ids. Of one that is there twice the first counts; an empty one is as good as none.
pub fn parameters(event: &Allowed) -> BTreeMap<Cow<'_, str>, Cow<'_, str>> {
    let url = event.page().url.as_deref().unwrap_or_default();
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        let is_known = UTM.contains(&name.as_ref()) || !name.starts_with("utm_");
        if is_known && parameters.len() < MAX_PARAMETERS {
            parameters.entry(name).or_insert(value);
        }
    }
    parameters
}
