//! What is told of the request in which something failed.

use sentry::protocol::{Map, Request, Url};

/// Never told, whoever allows it: credentials.
const SECRET: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// Stands for a value, as Sentry's own scrubber writes it.
const FILTERED: &str = "[Filtered]";

/// Most cookies whose names are told.
const MAX_COOKIES: usize = 50;

/// Longest name of a cookie, and longest value of a header, in bytes.
const MAX_NAME: usize = 100;
const MAX_VALUE: usize = 1000;

/// What is told of a request: no query, no fragment, no user information, of the headers those that are `allowed`, of
/// cookies their names.
pub(crate) fn describe(
    method: String,
    url: &str,
    allowed: &[&str],
    header: impl Fn(&str) -> Option<String>,
) -> Request {
    let headers: Map<String, String> = allowed
        .iter()
        .filter(|name| !SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret)))
        .filter_map(|name| Some(((*name).to_owned(), shortened(header(name)?, MAX_VALUE))))
        .collect();
    Request {
        url: place(url),
        method: Some(method),
        cookies: header("cookie").and_then(|cookies| names(&cookies)),
        headers,
        ..Request::default()
    }
}

fn place(url: &str) -> Option<Url> {
    let mut url = Url::parse(url).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    // They fail for addresses that cannot have user information.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(url)
}

/// A cookie without `=` is all value.
fn names(cookies: &str) -> Option<String> {
    let told: Vec<String> = cookies
        .split(';')
        .filter_map(|cookie| cookie.split_once('='))
        .map(|(name, _)| name.trim())
        .filter(|name| !name.is_empty() && name.len() <= MAX_NAME)
        .take(MAX_COOKIES)
        .map(|name| format!("{name}={FILTERED}"))
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn shortened(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
    }
    text
}
