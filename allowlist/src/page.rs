//! The page and the browser of an event, each field in the form in which it may leave.

use crate::allowed::Page;
use crate::parse::{Leaf, Members};
use crate::reduce;
use crate::scrub::{Scrubbed, scrub};
use event::{Change, Context, Rule};

/// Longest page title, in characters: GA4 takes 300.
const MAX_TITLE: usize = 300;

/// Longest user agent, in characters.
const MAX_USER_AGENT: usize = 512;

/// What may leave of what the client says of its page, and of what the request says of the browser.
///
/// A request without `Origin` comes from a server, whose address and user agent are nobody's: they would put
/// every user into a data centre.
pub fn page(client: &Members, server: &Context, changes: &mut Vec<Change>) -> Page {
    let browser = server.origin.as_ref().map(|_| server);
    Page {
        url: field("url", client, reduce::url, changes),
        referrer: field("referrer", client, reduce::referrer, changes),
        title: text("context.title", member("title", client), MAX_TITLE, changes),
        locale: field("locale", client, reduce::locale, changes),
        screen: field("screen", client, reduce::screen, changes),
        ip: browser.and_then(|browser| browser.ip.clone()),
        country: browser.and_then(|browser| browser.country.clone()),
        user_agent: browser.and_then(|browser| {
            let agent = browser.user_agent.clone().map_or(Leaf::Absent, Leaf::Text);
            text("userAgent", &agent, MAX_USER_AGENT, changes)
        }),
    }
}

fn member<'a>(name: &str, client: &'a Members) -> &'a Leaf {
    match client {
        Members::Object(members, _) => members.get(name).unwrap_or(&Leaf::Absent),
        Members::Absent | Members::NoObject => &Leaf::Absent,
    }
}

fn field(
    name: &str,
    client: &Members,
    reduce: fn(&str) -> Option<String>,
    changes: &mut Vec<Change>,
) -> Option<String> {
    let mut changed = |rule| changes.push(Change { field: format!("context.{name}"), rule });
    let given = match member(name, client) {
        Leaf::Absent => return None,
        Leaf::Text(text) if text.is_empty() => return None,
        Leaf::Text(text) => text,
        _ => {
            changed(Rule::WrongType);
            return None;
        }
    };
    let reduced = reduce(given);
    match &reduced {
        None => changed(Rule::Malformed),
        Some(reduced) if reduced != given => changed(Rule::Reduced),
        Some(_) => {}
    }
    reduced
}

fn text(field: &str, value: &Leaf, length: usize, changes: &mut Vec<Change>) -> Option<String> {
    let mut changed = |rule| changes.push(Change { field: field.to_owned(), rule });
    let given = match value {
        Leaf::Absent => return None,
        Leaf::Text(text) => text,
        _ => {
            changed(Rule::WrongType);
            return None;
        }
    };
    if let Some(Scrubbed { found, .. }) = scrub(given) {
        changed(Rule::Scrubbed { found });
    }
    Some(scrub_to(given, length)).filter(|text| !text.is_empty())
}

/// Scrubbed, then cut to so many characters: cut first, half an address might pass for none.
pub fn scrub_to(text: &str, length: usize) -> String {
    let scrubbed = scrub(text).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text);
    scrubbed.chars().take(length).collect()
}
