//! Email addresses, also percent-encoded, once (`%40`) or more often (`%2540`).
//!
//! The form is that of the addresses people have, not all of RFC 5321: no quoted local parts, no address
//! literals, and a domain with at least one dot. Letters beyond ASCII count (RFC 6531), and so do the forms of
//! `@` and `.` that East Asian keyboards give. Characters that show nothing do not hide an address.
//!
//! The work is linear in the text's length: what stands before an `@` is read once, even where an encoded `@`
//! is part of the next one's local part, and a domain ends at the next `@`.

use super::character::{is_unseen, next_at};
use super::url::is_userinfo;
use super::{Find, Kind};
use memchr::memchr3_iter;

/// The first byte, in UTF-8, of the wide `＠` and the small `﹫`.
const LEAD_OF_OTHER_AT: u8 = 0xef;

pub fn find(text: &str, finds: &mut Vec<Find>) {
    // Where the local characters start that reach up to `seen`.
    let mut start = 0;
    let mut seen = 0;
    for at in memchr3_iter(b'@', b'%', LEAD_OF_OTHER_AT, text.as_bytes()) {
        let Some((_, length)) = next_at(text, at).filter(|&(c, _)| is_at(c)) else { continue };
        let local =
            text[seen..at].chars().rev().take_while(|&c| is_local(c)).map(char::len_utf8).sum::<usize>();
        if local < at - seen {
            start = at - local;
        }
        seen = at;
        if start == at {
            continue;
        }
        let after_at = at + length;
        if let Some(domain) = domain_length(&text[after_at..])
            && !is_userinfo(text, start)
            && !is_resolution(&text[after_at..after_at + domain])
        {
            finds.push(Find { span: start..after_at + domain, kind: Kind::Email });
        }
    }
}

fn is_at(c: char) -> bool {
    matches!(c, '@' | '\u{ff20}' | '\u{fe6b}')
}

/// The dots that part a domain's labels (UTS 46, section 2.3).
fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

/// `%` and so whatever is encoded: taking too much is the safe side.
fn is_local(c: char) -> bool {
    c.is_alphanumeric()
        || is_dot(c)
        || is_unseen(c)
        || matches!(c, '_' | '%' | '+' | '-' | '\'' | '!' | '#' | '$' | '*' | '~' | '^' | '`')
}

/// Length of the domain at the start of `text`: labels of letters, digits and hyphens with dots between.
/// One after the first starts with two letters, as every top-level domain does (punycode, too).
fn domain_length(text: &str) -> Option<usize> {
    let mut at = 0;
    // "ada@example.com.Then" and "ada@example..com" are one address and more; the domain ends where it
    // must, and taking too much is the safe side. Dots and hyphens at its end are not part of it.
    let mut end = 0;
    // Letters since the last dot, if there was a dot and only letters since.
    let mut letters = None;
    let mut named = false;
    while let Some((c, length)) = next_at(text, at) {
        at += length;
        match c {
            c if is_unseen(c) => {}
            c if is_dot(c) && end > 0 => letters = Some(0),
            '-' | '_' => letters = None,
            c if c.is_alphanumeric() => {
                letters = letters.filter(|_| c.is_alphabetic()).map(|count: usize| count + 1);
                named |= letters == Some(2);
                end = at;
            }
            _ => break,
        }
    }
    named.then_some(end)
}

/// `2x.png`: an image for fine screens, as in `icon@2x.png`.
fn is_resolution(domain: &str) -> bool {
    domain.split_once("x.").is_some_and(|(factor, extension)| {
        factor.bytes().all(|byte| byte.is_ascii_digit())
            && ["avif", "gif", "jpeg", "jpg", "png", "svg", "webp"]
                .iter()
                .any(|one| extension.eq_ignore_ascii_case(one))
    })
}

#[cfg(test)]
mod tests {
    use crate::scrub::scrub;

    #[test]
    fn addresses_are_found_where_people_write_them() {
        let cases = [
            ("ada@example.com", "[email]"),
            ("Ada <ada.lovelace+news@mail.example.co.uk>.", "Ada <[email]>."),
            ("mailto:ada@example.com?subject=x", "mailto:[email]?subject=x"),
            ("?email=ada%40example.com&x=1", "?email=[email]&x=1"),
            ("?next=%2Flogin%3Fe%3Dada%2540example.com", "?next=[email]"),
            ("grüße@bücher.example", "[email]"),
            ("ada@example.com.", "[email]."),
            ("(ada@example.com,bob@example.com)", "([email],[email])"),
            ("ada@xn--bcher-kva.example", "[email]"),
            ("ada@example.com.1", "[email]"),
            ("ada@my_host.example.com", "[email]"),
            ("a%40b%40example.com", "[email]"),
        ];
        for (text, expected) in cases {
            assert_eq!(scrub(text, None).map(|s| s.text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_encoded_address_is_found() {
        let cases = [
            ("ada@b%C3%BCcher.example", "[email]"),
            ("ada%40b%C3%BCcher.example%20and", "[email]%20and"),
            ("ada%40example%2Ecom", "[email]"),
            ("ada%2540example%252Ecom%2526x", "[email]%2526x"),
            ("ada%252540example.com", "[email]"),
            ("ada%EF%BC%A0example.com", "[email]"),
            ("%61%64%61%40%65%78%2e%63%6f%6d", "[email]"),
            ("ada%40example.com%2Cbob%40example.com", "[email]"),
        ];
        for (text, expected) in cases {
            assert_eq!(scrub(text, None).map(|s| s.text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_forms_of_its_characters_do_not_hide_an_address() {
        for unseen in ["\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}", "%E2%80%8B"] {
            for text in [
                format!("a{unseen}da@example.com"),
                format!("ada{unseen}@{unseen}example.com"),
                format!("ada@exam{unseen}ple.c{unseen}om"),
                format!("ada@example{unseen}.{unseen}com"),
            ] {
                assert_eq!(scrub(&text, None).map(|s| s.text).as_deref(), Some("[email]"), "{text:?}");
            }
        }
        for at in ["\u{ff20}", "\u{fe6b}"] {
            for dot in ["\u{3002}", "\u{ff0e}", "\u{ff61}"] {
                let text = format!("ada{dot}l{at}example{dot}com{dot} Bye");
                assert_eq!(scrub(&text, None).map(|s| s.text), Some(format!("[email]{dot} Bye")), "{text}");
            }
        }
        assert_eq!(scrub("ada@bu\u{308}cher.example", None).unwrap().text, "[email]");
    }

    #[test]
    fn a_local_part_of_any_length_is_taken_whole() {
        for local in ["a".repeat(65), "ü".repeat(500), "%C3%BC".repeat(100), "%40".repeat(100)] {
            assert_eq!(scrub(&format!("<{local}@example.com>"), None).unwrap().text, "<[email]>");
        }
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        let innocents = [
            "@ada",
            "a @ b.com",
            "ada@",
            "ada@localhost",
            "ada@.com",
            "user@1.2",
            "10% @ 3.50",
            "npm i x@1.2.3",
            "npm i x@18.0.0-beta.1",
            "%40",
            "%40example.com",
            "ada%40",
            "\u{ff20}example.com",
        ];
        for text in innocents {
            assert_eq!(scrub(text, None), None, "{text}");
        }
    }
}
