//! Values that look drawn by lot and whose name says that they are secret: the text's own key, or a name in the
//! text (`password=…`, `"token": "…"`, `the api key is …`).
//!
//! The work is linear in the text's length: of each value a bounded part is judged.

use super::character::{characters, next, next_at, split};
use super::key::{is_one_of, name_before, name_of_value, names_secret, tells_secret};
use super::random::{MIN_LENGTH, is_random, is_surely_random};
use super::{Find, Kind};
use std::ops::Range;

/// How much of a value is judged, in characters.
const MAX_JUDGED: usize = 128;

/// Most blanks, signs and quotes between a name's sign and its value.
const MAX_LEAD: usize = 6;

/// Signs around a value that are none of it.
const AROUND: [char; 10] = ['(', ')', '[', ']', '{', '}', ',', ';', ':', '.'];

/// Words between a name and its value: `password was reset to …`.
const FILLERS: &[&str] = &[
    "as", "changed", "for", "is", "it", "its", "now", "reset", "set", "still", "to", "was", "est", "ist",
    "lautet", "war", "es", "era", "é", "è", "jest", "je", "är", "er", "on", "este",
];

/// Most of them.
const MAX_FILLERS: usize = 3;

/// The first byte, in UTF-8, of the wide `：` and `＝`.
const LEAD_OF_WIDE: u8 = 0xef;

/// In a text whose key names a secret.
pub fn find_under_key(text: &str, finds: &mut Vec<Find>) {
    let mut push = |span: Range<usize>| finds.push(Find { span, kind: Kind::Secret });
    for (start, word) in split(text, 0, char::is_whitespace) {
        let mut random = split(word, start, is_quote)
            .map(|(start, piece)| value_of(piece, start))
            .filter(|span| is_random(&text[span.clone()]))
            .peekable();
        // A quote may be a part of a password.
        if random.peek().is_none() && is_random(word) {
            push(start..start + word.len());
        }
        random.for_each(&mut push);
    }
}

/// Behind names in the text. Its random values are all within `random`, which ends where a word does.
pub fn find_named(text: &str, random: Range<usize>, finds: &mut Vec<Find>) {
    let mut push = |span: Range<usize>| finds.push(Find { span, kind: Kind::Secret });
    behind_signs(text, random.end, &mut push);
    behind_words(text, random, &mut push);
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '<' | '>' | '«' | '»' | '“' | '”' | '„')
}

/// A word without the signs around it, and without a name before an `=`; it stands at `start`.
fn value_of(word: &str, start: usize) -> Range<usize> {
    let inner = word.trim_start_matches(AROUND);
    let named = inner.split_once('=').filter(|(name, value)| {
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && is_random(value)
    });
    let value = named.map_or(inner, |(_, value)| value);
    let start = start + word.len() - value.len();
    start..start + value.trim_end_matches(AROUND).len()
}

fn behind_signs(text: &str, last: usize, push: &mut impl FnMut(Range<usize>)) {
    let mut passed = 0;
    for (at, byte) in text.bytes().enumerate().take(last) {
        if at < passed
            || !matches!(byte, b'=' | b':' | b'>' | b'(' | b'|' | b',' | b';' | b'%' | LEAD_OF_WIDE)
        {
            continue;
        }
        let Some((sign, length)) = sign_at(text, at) else { continue };
        let encoded = byte == b'%';
        let is_lead = |c: char| c.is_whitespace() || is_quote(c) || matches!(c, '=' | ':' | '\\' | '-');
        let lead = characters(&text[at + length..]).take(MAX_LEAD).take_while(|&(_, c, _)| is_lead(c));
        let start = at + length + lead.map(|(.., length)| length).sum::<usize>();
        // Most signs show here, at little cost, that they are none of a secret.
        if !is_long(text, start) || !names_value(text, at, sign) {
            continue;
        }
        let value = &text[start..value_end(text, start, encoded, MAX_JUDGED)];
        if is_surely_random(value) || !is_weak(sign) && is_random(value) {
            passed = value_end(text, start, encoded, usize::MAX);
            push(start..passed);
        }
    }
}

/// The sign at `at` that may stand before a value, and the bytes it takes. Of a wide one it is the common one.
fn sign_at(text: &str, at: usize) -> Option<(char, usize)> {
    let (sign, length) = next(text.get(at..)?)?;
    let sign = match sign {
        '：' => ':',
        '＝' => '=',
        sign => sign,
    };
    (matches!(sign, '>' | ':' | '=') || is_weak(sign)).then_some((sign, length))
}

/// Whether a value that stands at `start` could be long enough for a random one.
fn is_long(text: &str, start: usize) -> bool {
    let value = text.as_bytes().get(start..start + MIN_LENGTH);
    value.is_some_and(|value| {
        !value
            .iter()
            .any(|&byte| byte.is_ascii() && (byte.is_ascii_whitespace() || is_quote(char::from(byte))))
    })
}

/// Signs that stand between a name and its value, and between much else.
fn is_weak(sign: char) -> bool {
    matches!(sign, '(' | '|' | ',' | ';')
}

/// Whether the sign at `at` stands between a secret's name and its value.
fn names_value(text: &str, at: usize, sign: char) -> bool {
    let (before, after) = (&text[..at], &text[at..]);
    let name = name_before(text, at);
    let parts = match sign {
        '>' => {
            before.ends_with(['=', '-']) || before.strip_suffix(name).is_some_and(|tag| tag.ends_with('<'))
        }
        // `::` parts the names of code.
        ':' => !after.starts_with("::") && !before.ends_with(':'),
        _ => true,
    };
    // `pass: 12` is the outcome of a test.
    let is_key = sign == '=' || before.trim_end_matches(' ').ends_with(is_quote);
    parts && (names_secret(name) || is_key && tells_secret(name))
}

/// Where the value at `start` ends: at a blank or a quote, or where the next name begins. What is encoded ends one
/// that stands behind an encoded sign alone.
fn value_end(text: &str, start: usize, encoded: bool, most: usize) -> usize {
    let mut end = start;
    for (at, c, length) in characters(&text[start..]).take(most) {
        let after = start + at + length;
        let ends = c.is_whitespace()
            || is_quote(c)
            || matches!(c, '&' | ';' | ',') && starts_with_name(&text[after..]);
        if ends && (encoded || length == c.len_utf8()) {
            break;
        }
        end = after;
    }
    start + text[start..end].trim_end_matches(AROUND).len()
}

fn starts_with_name(text: &str) -> bool {
    const MAX_NAME: usize = 32;
    let end =
        text.bytes().take(MAX_NAME).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    end > 0 && matches!(next_at(text, end), Some(('=' | ':', _)))
}

fn behind_words(text: &str, random: Range<usize>, push: &mut impl FnMut(Range<usize>)) {
    // Some scripts put no blanks between words.
    let ends_word =
        |c: char| c.is_whitespace() || is_quote(c) || matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3000}'..);
    for (start, word) in split(&text[random.clone()], random.start, ends_word) {
        // What begins the text has no name before it.
        if start == 0 || word.len() < MIN_LENGTH {
            continue;
        }
        let value = value_of(word, start);
        let value_text = &text[value.clone()];
        // A call, a link, the path of a name in code.
        let is_more = || value_text.contains(['(', ')', '[', ']', '{', '}']) || value_text.contains("::");
        if !is_surely_random(value_text) || is_more() {
            continue;
        }
        let mut name = name_of_value(text, start);
        for _ in 0..MAX_FILLERS {
            if !is_one_of(&text[name.clone()], FILLERS) {
                break;
            }
            name = name_of_value(text, name.start);
        }
        if names_secret(&text[name]) {
            push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scrub::scrub;

    const VALUE: &str = "qT7vXz2LmP9rKd4W";

    fn left(text: &str, key: Option<&str>) -> String {
        scrub(text, key).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text)
    }

    #[test]
    fn a_random_value_goes_under_a_key_that_tells() {
        for key in [
            "password",
            "userPassword",
            "DB_PASS",
            "x-api-key",
            "client.secret",
            "heslo",
            "ПАРОЛЬ",
            "Şifre",
            "密码",
        ] {
            for value in [
                VALUE,
                "3f9a1c07be52d84e",
                "(is qT7vXz2LmP9rKd4W)",
                "\"qT7vXz2LmP9rKd4W\"",
                "g$7!kQ'z\"R2vX9w",
            ] {
                assert!(
                    !left(value, Some(key)).contains("z2L") && left(value, Some(key)).contains("[secret]"),
                    "{key} {value}"
                );
            }
        }
        for key in ["monkey", "tokenizer", "token_count", "hotel_id", "cache_key", "note"] {
            assert_eq!(left(VALUE, Some(key)), VALUE, "{key}");
        }
    }

    #[test]
    fn a_random_value_goes_behind_a_name_in_the_text() {
        let cases = [
            "password={}",
            "{\"password\": \"{}\"}",
            "{\\\"token\\\":\\\"{}\\\"}",
            "API_KEY='{}' make",
            "--token {} --force",
            "x-api-key: {}",
            "the api key is {}",
            "my password was reset to {} today",
            "name=\"password\" value=\"{}\"",
            "Uid=sa;Pwd={};Database=x",
            "<secret>{}</secret>",
            "**password:** {}",
            "%22password%22%3A%22{}%22",
            "密码：{}",
            "パスワードは{}です",
            "minha senha é {}",
        ];
        for case in cases {
            let text = case.replace("{}", VALUE);
            let left = left(&text, None);
            assert!(!left.contains(VALUE) && left.contains("[secret]"), "{text} {left}");
        }
    }

    #[test]
    fn words_numbers_and_talk_of_secrets_stay() {
        let innocents = [
            "password: (hidden)",
            "password must have at least 12 characters",
            "token: null",
            "token count: 1234567890123",
            "secret: keep-it-between-us-please",
            "auth_method: two-factor-authentication",
            "TokenType.REFRESH_TOKEN_V2",
            "import { createAccessToken } from '@scope/auth2'",
            "password reset requested at 2026-05-12T10:00:00Z",
        ];
        for text in innocents {
            assert_eq!(left(text, None), text);
        }
        for value in
            ["correct horse battery staple", "not-set", "12345678901234", "two-factor-authentication"]
        {
            assert_eq!(left(value, Some("password")), value);
        }
    }
}
