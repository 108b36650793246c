//! A tracker's secrets, kept out of whatever is told of its calls.

use std::borrow::Cow;

/// What stands in a secret's place.
const MARK: &str = "[secret]";

/// The secrets of one tracker.
#[derive(Debug, Default)]
pub struct Secrets(Vec<String>);

/// The byte that a text begins with, however it is written there, and the length of that.
type Read = fn(&[u8]) -> Option<(u8, usize)>;

impl Secrets {
    /// Empty texts are none.
    pub fn new(mut secrets: Vec<String>) -> Self {
        secrets.retain(|secret| !secret.is_empty());
        Self(secrets)
    }

    /// The text without any secret, be it as it is, percent-encoded or escaped for JSON, wholly or in part.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let bytes = text.as_bytes();
        let mut begins = [false; 256];
        for first in self.0.iter().map(|secret| secret.as_bytes()[0]).chain(*b"%+\\") {
            begins[usize::from(first)] = true;
        }
        let mut hidden = String::new();
        let (mut at, mut kept) = (0, 0);
        while let Some(place) = bytes[at..].iter().position(|byte| begins[usize::from(*byte)]) {
            at += place;
            let found = self.0.iter().filter_map(|secret| occurrence(&bytes[at..], secret.as_bytes()));
            // Of two that begin alike the longer one, so that nothing of it is left.
            match found.max() {
                Some(length) => {
                    hidden.push_str(&text[kept..at]);
                    hidden.push_str(MARK);
                    at += length;
                    kept = at;
                }
                None => at += 1,
            }
        }
        if kept == 0 {
            return Cow::Borrowed(text);
        }
        hidden.push_str(&text[kept..]);
        Cow::Owned(hidden)
    }
}

/// How long `secret` is where the text begins with it. Both are whole characters, and so is what is found.
fn occurrence(text: &[u8], secret: &[u8]) -> Option<usize> {
    let ways: [Read; 4] = [plain, percent_decoded, form_decoded, unescaped];
    ways.into_iter().find_map(|read| {
        let mut length = 0;
        for byte in secret {
            let (found, more) = read(&text[length..])?;
            if found != *byte {
                return None;
            }
            length += more;
        }
        Some(length)
    })
}

fn plain(text: &[u8]) -> Option<(u8, usize)> {
    text.first().map(|byte| (*byte, 1))
}

fn percent_decoded(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'%', high, low, ..] => hex(*high, *low).map(|byte| (byte, 3)).or_else(|| plain(text)),
        _ => plain(text),
    }
}

/// As in `application/x-www-form-urlencoded`.
fn form_decoded(text: &[u8]) -> Option<(u8, usize)> {
    if text.first() == Some(&b'+') { Some((b' ', 1)) } else { percent_decoded(text) }
}

/// As in a JSON text. What is not ASCII is not escaped in ours.
fn unescaped(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'\\', escaped @ (b'"' | b'\\' | b'/'), ..] => Some((*escaped, 2)),
        [b'\\', b'u', b'0', b'0', high, low, ..] => {
            hex(*high, *low).filter(u8::is_ascii).map(|byte| (byte, 6)).or_else(|| plain(text))
        }
        _ => plain(text),
    }
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let value = |digit| char::from(digit).to_digit(16);
    u8::try_from(value(high)? * 16 + value(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(secrets: &[&str], text: &str) -> String {
        Secrets::new(secrets.iter().map(|secret| (*secret).to_owned()).collect()).hide(text).into_owned()
    }

    #[test]
    fn a_secret_is_hidden_however_it_is_written() {
        let secret = r#"s"\/ %+é"#;
        let forms = [
            secret,
            "s%22%5C%2F+%25%2B%C3%A9",
            "s%22%5c%2f%20%25%2b%c3%a9",
            "s%22%5C/%20%+%C3%A9",
            "%73%22%5C%2F%20%25%2B%C3%A9",
            r#"s\"\\/ %+é"#,
            r#"s\"\\\/ %+é"#,
            r#"\u0073\u0022\u005c\u002F\u0020%+é"#,
        ];
        for form in forms {
            assert_eq!(hidden(&[secret], form), "[secret]", "{form}");
            let text = format!("%é{form}{form}s{form}+%");
            assert_eq!(hidden(&[secret], &text), "%é[secret][secret]s[secret]+%", "{form}");
        }
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is() {
        let secrets = Secrets::new(vec!["new%41".to_owned(), String::new()]);
        for text in ["", "new%4", "newA", "NEW%41", "n%", "n\\", "%", "%6", "\\u00", "\\new%41", "漢%E6%BC"]
        {
            let expected = text.replace("new%41", "[secret]");
            assert_eq!(secrets.hide(text), expected);
        }
        assert_eq!(hidden(&[], r#"{"a":"%41\u0041+"}"#), r#"{"a":"%41\u0041+"}"#);
    }

    #[test]
    fn of_secrets_that_begin_alike_nothing_is_left() {
        assert_eq!(hidden(&["abc", "abcdef", "c"], "abcdef abc c"), "[secret] [secret] [secret]");
    }
}
