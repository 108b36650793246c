//! Email addresses, also with their `@` URL-encoded once (`%40`) or twice (`%2540`).
//!
//! The form is that of the addresses people have, not all of RFC 5321: no quoted local parts, no address
//! literals, and a domain with at least one dot. Letters beyond ASCII count (RFC 6531).

use super::Find;
use memchr::{memchr_iter, memmem};

pub fn find(text: &str, finds: &mut Vec<Find>) {
    for at in memchr_iter(b'@', text.as_bytes()) {
        find_around(text, at, at + 1, finds);
    }
    for encoded in ["%40", "%2540"] {
        for at in memmem::find_iter(text.as_bytes(), encoded) {
            find_around(text, at, at + encoded.len(), finds);
        }
    }
}

fn find_around(text: &str, at: usize, after_at: usize, finds: &mut Vec<Find>) {
    let local = text[..at].chars().rev().take_while(|&c| is_local(c)).map(char::len_utf8).sum::<usize>();
    if local == 0 {
        return;
    }
    let Some(domain) = domain_length(&text[after_at..]) else { return };
    finds.push(Find { span: at - local..after_at + domain, kind: "email" });
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'' | '!' | '#' | '$' | '*' | '~' | '^' | '`')
}

/// Length of the domain at the start of `text`: labels of letters, digits and hyphens with dots between,
/// the last at least two letters long (or punycode).
fn domain_length(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '.')).unwrap_or(text.len());
    let domain = text[..end].trim_end_matches(['.', '-']);
    // "ada@example.com.Then" and "ada@example..com" are one address and more; the domain ends where it
    // must, and taking too much is the safe side.
    let (_, last) = domain.rsplit_once('.')?;
    let named = last.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    (named && !domain.starts_with('.')).then_some(domain.len())
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
        ];
        for (text, expected) in cases {
            assert_eq!(scrub(text).map(|s| s.text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for text in
            ["@ada", "a @ b.com", "ada@", "ada@localhost", "user@1.2", "10% @ 3.50", "npm i x@1.2.3", "%40"]
        {
            assert_eq!(scrub(text), None, "{text}");
        }
    }
}
