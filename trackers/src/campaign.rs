//! The campaign that an event's page was reached by.

use allowlist::Allowed;
use std::borrow::Cow;
use std::collections::BTreeMap;
use url::form_urlencoded;

/// The query parameters of the page's address, by name. The policy has left no others there than those of campaigns. Of
/// one that is there twice the first counts; an empty one is as good as none.
pub fn parameters(event: &Allowed) -> BTreeMap<Cow<'_, str>, Cow<'_, str>> {
    let url = event.page().url.as_deref().unwrap_or_default();
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        parameters.entry(name).or_insert(value);
    }
    parameters
}
