//! Email addresses, also percent-encoded, once (`%40`) or more often (`%2540`).
//!
//! The form is that of the addresses people have, not all of RFC 5321: no quoted local parts, no address
//! literals, and a domain with at least one dot. Letters beyond ASCII count (RFC 6531), and so do the forms of
//! `@` and `.` that East Asian keyboards give. Characters that show nothing do not hide an address.
//!
//! The work is linear in the text's length: what stands before an `@` is read once, even where an encoded `@`
//! is part of the next one's local part, and a domain ends at the next `@`.

use super::character::{is_unseen, next, next_at};
use super::url::is_userinfo;
use super::{Find, Kind};

/// The first byte, in UTF-8, of the wide `＠` and the small `﹫`.
const LEAD_OF_OTHER_AT: u8 = 0xef;

/// How HTML, JSON and programs write an `@`, in any case.
const WRITTEN: [&str; 8] =
    ["&#64;", "&#064;", "&#x40;", "&#x0040;", "&commat;", r"\u0040", r"\x40", "%u0040"];

pub fn find(text: &str, finds: &mut Vec<Find>) {
    // Where the local characters start that reach up to `seen`.
    let mut start = 0;
    let mut seen = 0;
    for (at, byte) in text.bytes().enumerate() {
        if !matches!(byte, b'@' | b'%' | b'&' | b'\\' | LEAD_OF_OTHER_AT) {
            continue;
        }
        let Some(length) = at_length(&text[at..]) else { continue };
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
            && !is_userinfo(text, at)
            && !is_image(&text[after_at..after_at + domain])
            && !is_repository(&text[start..at], &text[after_at + domain..])
        {
            finds.push(Find { span: start..after_at + domain, kind: Kind::Email });
        }
    }
}

/// How long the `@` at the start of `text` is.
fn at_length(text: &str) -> Option<usize> {
    match next(text)? {
        ('@' | '\u{ff20}' | '\u{fe6b}', length) => Some(length),
        _ => WRITTEN
            .iter()
            .map(|written| written.len())
            .zip(WRITTEN)
            .find(|(length, written)| text.get(..*length).is_some_and(|at| at.eq_ignore_ascii_case(written)))
            .map(|(length, _)| length),
    }
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

/// An image, as in `icon@2x.png` and `photo@1024.jpg`: no top-level domain is called so
/// (<https://data.iana.org/TLD/tlds-alpha-by-domain.txt>).
fn is_image(domain: &str) -> bool {
    domain.split_once('.').is_some_and(|(size, extension)| {
        size.trim_end_matches('x').bytes().all(|byte| byte.is_ascii_digit())
            && ["avif", "gif", "jpeg", "jpg", "png", "svg", "webp"]
                .iter()
                .any(|one| extension.eq_ignore_ascii_case(one))
    })
}

/// `git@host:path`: the user that repositories have for everyone.
fn is_repository(local: &str, after: &str) -> bool {
    let path = after.strip_prefix(':').and_then(|path| path.chars().next());
    local == "git" && path.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '~'))
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
            ("ada&#64;example.com", "[email]"),
            ("<ada&#X40;example.com>", "<[email]>"),
            ("ada&commat;example.com", "[email]"),
            (r"ada\u0040example.com", "[email]"),
            ("ada%u0040example.com", "[email]"),
            ("git@github.com", "[email]"),
            ("mail legit@example.com: hello", "mail [email]: hello"),
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
            "git@github.com:org/repo.git",
            "icon@2x.png photo@1024.jpg",
            r"ada\u0041example.com &#65; &common; C:\cat\users",
            "&#64;example.com",
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
