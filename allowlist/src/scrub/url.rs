//! Credentials in URLs: user and password before the host, parameters that are named like a token, and random
//! segments of a path behind one such as `reset-password`. The value alone goes; the rest of the URL stays.
//!
//! The work is linear in the text's length: words are read once, and of each value a bounded part is judged.

use super::character::{characters, split};
use super::key::{is_one_of, tells_secret, words};
use super::random::is_surely_random;
use super::{Find, Kind, webhook};
use memchr::memchr;
use std::ops::Range;

/// Fewest characters of a value whose name leaves no doubt, and of one of digits alone.
const MIN_VALUE: usize = 4;
const MIN_DIGITS: usize = 6;

/// Fewest characters of a random value whose name leaves doubt, and of a segment of a path.
const MIN_DOUBTFUL: usize = 16;

/// How much of a value is judged, in bytes.
const MAX_JUDGED: usize = 256;

/// Longest name of a parameter, in bytes.
const MAX_NAME: usize = 64;

/// Parameters whose value is a token where it is random, and something else where it is not.
const DOUBTFUL: &[&str] = &[
    "assertion",
    "auth",
    "code",
    "invite",
    "jsessionid",
    "key",
    "magic",
    "nonce",
    "oobcode",
    "phpsessid",
    "samlrequest",
    "samlresponse",
    "sess",
    "session-id",
    "session_id",
    "sessionid",
    "state",
];

/// The same, also at the end of a longer name: `X-Amz-Signature`.
const DOUBTFUL_LAST: &[&str] = &["hmac", "session", "sid", "sig", "signature", "ticket", "verifier"];

/// Words in a path behind which a random segment is a token.
const PATH_WORDS: &[&str] = &[
    "activate",
    "activation",
    "auth",
    "confirm",
    "confirmation",
    "forgot",
    "invitation",
    "invitations",
    "invite",
    "login",
    "magic",
    "oauth",
    "passwordless",
    "otp",
    "password",
    "passwords",
    "recover",
    "recovery",
    "reset",
    "secret",
    "session",
    "sessions",
    "signin",
    "sso",
    "token",
    "tokens",
    "unlock",
    "unsubscribe",
    "verification",
    "verify",
];

/// What no URL holds unencoded.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`')
}

/// Parameters.
pub fn find_parameters(text: &str, finds: &mut Vec<Find>) {
    for (start, word) in split(text, 0, ends_word).filter(|(_, word)| word.len() > MIN_VALUE) {
        parameters(word, &mut |span| finds.push(found(start, span)));
    }
}

/// Credentials, and segments of paths, of the words in `places`, which ends where a word does.
pub fn find_in_addresses(text: &str, places: Range<usize>, finds: &mut Vec<Find>) {
    for (start, word) in split(&text[places.clone()], places.start, ends_word) {
        credentials(word, &mut |span| finds.push(found(start, span)));
        segments(word, &mut |span| finds.push(found(start, span)));
        webhook::paths(word, &mut |span| finds.push(found(start, span)));
    }
}

fn found(start: usize, span: (usize, usize)) -> Find {
    Find { span: start + span.0..start + span.1, kind: Kind::Url }
}

/// `https://user:password@host`.
fn credentials(word: &str, push: &mut impl FnMut((usize, usize))) {
    if memchr(b'@', word.as_bytes()).is_none() {
        return;
    }
    for (at, scheme_end) in word.match_indices("://") {
        let start = at + scheme_end.len();
        let authority = word[start..].split(['/', '?', '#']).next().unwrap_or_default();
        if let Some((userinfo, host)) = authority.rsplit_once('@')
            // Not a marker, nor the user that repositories have for everyone.
            && !userinfo.is_empty() && !userinfo.starts_with('[') && userinfo != "git" && !host.is_empty()
        {
            push((start, start + userinfo.len()));
        }
    }
}

/// `/reset-password/dQw4w9WgXcQ…`: of the two segments before, one tells.
fn segments(word: &str, push: &mut impl FnMut((usize, usize))) {
    if word.len() < MIN_DOUBTFUL {
        return;
    }
    let path = word.split(['?', '#']).next().unwrap_or(word);
    let mut before = ["", ""];
    let mut start = 0;
    for segment in path.split('/') {
        let value =
            segment.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '='));
        if value.len() >= MIN_DOUBTFUL
            && !is_file(value)
            && is_surely_random(judged(value))
            && before.iter().any(|segment| tells(segment))
        {
            push((start, start + value.len()));
        }
        before = [before[1], segment];
        start += segment.len() + 1;
    }
}

/// `app.3f2a9c.js`, by its short extension.
fn is_file(segment: &str) -> bool {
    segment.rsplit_once('.').is_some_and(|(_, extension)| {
        (1..=5).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Whether a segment of a path says that a token follows. A host says nothing.
fn tells(segment: &str) -> bool {
    segment.len() <= MAX_NAME
        && !segment.contains('.')
        && words(segment).any(|word| is_one_of(word, PATH_WORDS))
}

fn judged(value: &str) -> &str {
    value.get(..MAX_JUDGED).unwrap_or(value)
}

/// `?token=…`, `&token=…`, `#token=…`, also where they are encoded as a part of another value.
fn parameters(word: &str, push: &mut impl FnMut((usize, usize))) {
    let mut name_start = None;
    let mut in_url = false;
    let mut passed = 0;
    for (at, c, length) in characters(word) {
        match c {
            _ if at < passed => {}
            // A path has parameters behind `;`, too (RFC 3986, section 3.3).
            '?' | '#' => (name_start, in_url) = (Some(at + length), true),
            // `a=1&sid=…` may stand alone, as the body of a form.
            '&' => name_start = Some(at + length),
            ';' if in_url => name_start = Some(at + length),
            '/' => in_url = true,
            '=' => {
                let Some(name) = name_start.map(|start| &word[start..at]) else { continue };
                let start = at + length;
                let encoded = length > 1;
                let value = &word[start..value_end(word, start, encoded, MAX_JUDGED)];
                if is_token(name, value) {
                    let end = value_end(word, start, encoded, usize::MAX);
                    push((start, end));
                    passed = end;
                } else {
                    // Another one may be inside the value.
                    passed = start;
                }
                name_start = None;
            }
            _ => {}
        }
    }
}

/// Where the value at `start` ends. What is encoded ends one that belongs to an encoded name alone.
fn value_end(word: &str, start: usize, encoded: bool, most: usize) -> usize {
    let mut end = start;
    for (at, c, length) in characters(&word[start..]) {
        let is_part = c.is_ascii_graphic()
            && !matches!(
                c,
                '&' | '#' | ';' | '"' | '\'' | '<' | '>' | '`' | '\\' | '{' | '}' | '|' | '^' | '[' | ']'
            );
        if at + length > most || !is_part && (encoded || length == c.len_utf8()) {
            break;
        }
        end = start + at + length;
    }
    start + word[start..end].trim_end_matches([')', '.', ',', '!', '?', ':', '*']).len()
}

fn is_token(name: &str, value: &str) -> bool {
    if name.len() > MAX_NAME || value.len() < MIN_VALUE {
        return false;
    }
    if tells_secret(name) {
        return value.len() >= MIN_DIGITS || !value.bytes().all(|byte| byte.is_ascii_digit());
    }
    let is_doubtful =
        || is_one_of(name, DOUBTFUL) || words(name).last().is_some_and(|word| is_one_of(word, DOUBTFUL_LAST));
    value.len() >= MIN_DOUBTFUL && is_doubtful() && is_surely_random(value)
}

/// Whether the value at `at` is a URL's user or password, which are not the beginning of an email address.
pub fn is_userinfo(text: &str, at: usize) -> bool {
    /// Longest user and password before an `@`, in characters.
    const MAX_USERINFO: usize = 128;
    let userinfo = text[..at].chars().rev().take(MAX_USERINFO);
    let before = userinfo.take_while(|&c| !matches!(c, '/' | '?' | '#' | '@') && !ends_word(c));
    text[..at - before.map(char::len_utf8).sum::<usize>()].ends_with("://")
}

#[cfg(test)]
mod tests {
    use crate::scrub::scrub;

    const TOKEN: &str = "q7VxZ2LmP9rKd4Wt6Yb";

    fn left(text: &str) -> String {
        scrub(text, None).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text)
    }

    #[test]
    fn credentials_go_and_the_address_stays() {
        let cases = [
            ("https://ada:pw@example.com/x", "https://[url]@example.com/x"),
            ("redis://:s3cr3t!@cache.example:6379/0", "redis://[url]@cache.example:6379/0"),
            ("see postgres://app:p%40ss@db.example/x.", "see postgres://[url]@db.example/x."),
        ];
        for (text, expected) in cases {
            assert_eq!(left(text), expected);
        }
    }

    /// What stands before its `@` is no user of the link's.
    #[test]
    fn an_email_behind_a_link_goes() {
        assert_eq!(
            left("<a href=\"https://shop.example\">ada@example.com</a>"),
            "<a href=\"https://shop.example\">[email]</a>"
        );
        assert_eq!(left("<https://shop.example>ada@example.com"), "<https://shop.example>[email]");
    }

    #[test]
    fn what_ends_a_word_is_no_host() {
        assert_eq!([left("https://cdn@"), left("https://cdn@ ")], ["https://cdn@", "https://cdn@ "]);
    }

    #[test]
    fn a_parameter_that_names_a_token_loses_its_value_alone() {
        let cases = [
            ("https://a.example/cb?a=1&token={}&b=2", "https://a.example/cb?a=1&token=[url]&b=2"),
            ("https://a.example/#access_token={}", "https://a.example/#access_token=[url]"),
            ("/cb?sid={}#top", "/cb?sid=[url]#top"),
            ("a=1&sid={}&b=2", "a=1&sid=[url]&b=2"),
            ("https://a.example/x;jsessionid={}#y", "https://a.example/x;jsessionid=[url]#y"),
            ("https://a.example/?X-Amz-Signature={}", "https://a.example/?X-Amz-Signature=[url]"),
            (
                "https://a.example/?next=%2F%3Fcode%3D{}%26x%3D1",
                "https://a.example/?next=%2F%3Fcode%3D[url]%26x%3D1",
            ),
            ("https://a.example/reset-password/{}?lang=en", "https://a.example/reset-password/[url]?lang=en"),
            ("(https://a.example/?csrf={})", "(https://a.example/?csrf=[url])"),
        ];
        for (case, expected) in cases {
            assert_eq!(left(&case.replace("{}", TOKEN)), expected);
        }
        assert_eq!(left("https://a.example/?password=hunter2x"), "https://a.example/?password=[url]");
    }

    #[test]
    fn other_addresses_stay() {
        let innocents = [
            "https://a.example/?utm_source=x&gclid=q7VxZ2LmP9rKd4Wt6YbNc8Hs",
            "https://a.example/?code=SUMMER26&state=open",
            "https://a.example/docs/tokens/introduction-to-oauth2",
            "https://a.example/reset-password?lang=en",
            "https://a.example/auth/app.3f2a9c1b4d5e6f7a.js",
            "https://a.example/?tokens=65",
            "ssh://git@github.com/org/repo.git",
            "R&D=q7VxZ2LmP9rKd4Wt6Yb",
            "https://a.example/p/q7VxZ2LmP9rKd4Wt6Yb",
        ];
        for text in innocents {
            assert_eq!(left(text), text);
        }
    }
}
