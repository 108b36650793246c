//! What is told of the request in which something failed.

use sentry::protocol::{Request, Url};

/// Never told, whoever allows it: credentials.
const SECRET: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// Stands for a value, as Sentry's own scrubber writes it.
const FILTERED: &str = "[Filtered]";

/// Most cookies whose names are told.
const MAX_COOKIES: usize = 50;

/// Longest name of a cookie, and longest value of a header, in bytes.
const MAX_NAME: usize = 100;
const MAX_VALUE: usize = 1000;

/// Adds to `told` what is told of a request: no query, no fragment, no user information, of the headers those that are
/// `allowed`, of cookies their names. What is there already stays.
pub(crate) fn describe(
    told: &mut Request,
    method: String,
    url: &str,
    allowed: &[&str],
    header: impl Fn(&str) -> Option<String>,
) {
    told.method.get_or_insert(method);
    if told.url.is_none() {
        told.url = place(url);
    }
    if told.cookies.is_none() {
        told.cookies = header("cookie").and_then(|cookies| names(&cookies));
    }
    for name in allowed.iter().filter(|name| !SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret))) {
        if let Some(value) = header(name) {
            told.headers.entry((*name).to_owned()).or_insert_with(|| shortened(value, MAX_VALUE));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str, allowed: &[&str], headers: &[(&str, &str)]) -> Request {
        let mut request = Request::default();
        let header = |name: &str| {
            headers
                .iter()
                .find(|(other, _)| other.eq_ignore_ascii_case(name))
                .map(|(_, value)| (*value).to_owned())
        };
        describe(&mut request, "GET".to_owned(), url, allowed, header);
        request
    }

    #[test]
    fn an_address_is_told_without_user_query_and_fragment() {
        let request = told("https://user:word@example.com:8443/a/b?token=1#part", &[], &[]);
        assert_eq!(request.url.map(String::from).as_deref(), Some("https://example.com:8443/a/b"));
        assert_eq!(request.query_string, None);
        assert_eq!(told("no address?token=1", &[], &[]).url, None);
    }

    #[test]
    fn only_allowed_headers_are_told_and_credentials_never() {
        let headers =
            [("user-agent", "x"), ("Authorization", "secret"), ("cookie", "a=secret"), ("other", "secret")];
        let request = told("https://e.x/", &["user-agent", "authorization", "Cookie", "absent"], &headers);
        assert_eq!(
            request.headers.into_iter().collect::<Vec<_>>(),
            [("user-agent".to_owned(), "x".to_owned())]
        );
    }

    #[test]
    fn of_cookies_names_are_told() {
        let cookies = |value: &str| told("https://e.x/", &[], &[("cookie", value)]).cookies;
        assert_eq!(cookies("a=1; b=x=y;c=").as_deref(), Some("a=[Filtered]; b=[Filtered]; c=[Filtered]"));
        assert_eq!(cookies("nameless; =nameless"), None);
        assert_eq!(cookies(&"n".repeat(101)), None);
        assert_eq!(cookies(&"n=1;".repeat(60)).map(|told| told.split("; ").count()), Some(MAX_COOKIES));
    }

    #[test]
    fn a_long_header_is_shortened_between_characters() {
        let value = format!("x{}", "é".repeat(600));
        let request = told("https://e.x/", &["long"], &[("long", &value)]);
        assert_eq!(request.headers["long"].len(), 999);
    }

    #[test]
    fn what_is_there_stays() {
        let mut request =
            Request { method: Some("PUT".to_owned()), cookies: Some("x".to_owned()), ..Request::default() };
        request.headers.insert("a".to_owned(), "own".to_owned());
        describe(&mut request, "GET".to_owned(), "https://e.x/", &["a"], |_| Some("b=1".to_owned()));
        assert_eq!((request.method.as_deref(), request.cookies.as_deref()), (Some("PUT"), Some("x")));
        assert_eq!(request.headers["a"], "own");
    }
}
