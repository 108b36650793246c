//! Tokens of APIs: those of well-known vendors by how they begin, and what follows `Bearer` and `Basic`
//! (RFC 6750, RFC 7617).
//!
//! The work is linear in the text's length: each stretch of token characters is compared with a fixed table.

use super::character::{characters, is_unseen};
use super::random::{MIN_LENGTH, is_mixed, is_random};
use super::run::{MIN_TOKEN, is_part, runs};
use super::vendor::{Rest, VENDORS, VENDORS_BY_FIRST};
use super::{Find, Kind};
use memchr::memchr2_iter;
use std::ops::Range;

/// Most blanks between a scheme and its token.
const MAX_BLANKS: usize = 4;

/// Tokens behind `Bearer` and `Basic`.
pub fn find_schemes(text: &str, finds: &mut Vec<Find>) {
    for at in memchr2_iter(b'B', b'b', text.as_bytes()) {
        if let Some(span) = scheme_token(text, at) {
            finds.push(Find { span, kind: Kind::Token });
        }
    }
}

/// Tokens of vendors.
pub fn find_vendors(text: &str, finds: &mut Vec<Find>) {
    for run in runs(text) {
        let start = run.start;
        // The point of a sentence is none of a token, and `_` on both sides sets it in another type.
        let token = text[run].trim_end_matches('.');
        let inner = token.trim_matches('_');
        let bot = bot_id_length(&text[..start], token);
        let in_type = || inner.len() < token.len() && is_vendors(inner);
        if bot > 0 || is_vendors(token) || in_type() || is_mailchimps(inner) || is_discords(inner) {
            finds.push(Find { span: start - bot..start + token.len(), kind: Kind::Token });
        }
    }
}

fn is_vendors(token: &str) -> bool {
    let Some(first) = token.bytes().next() else { return false };
    let (start, end) = VENDORS_BY_FIRST[usize::from(first)];
    VENDORS[usize::from(start)..usize::from(end)]
        .iter()
        .any(|(beginning, rest)| token.strip_prefix(beginning).is_some_and(|after| fits(*rest, after)))
        && is_mixed(token)
}

fn fits(rest: Rest, after: &str) -> bool {
    let all = |is: fn(&u8) -> bool| after.as_bytes().iter().all(is);
    match rest {
        Rest::Mixed(least) => {
            after.len() >= least && (is_random(after) || after.len() < MIN_LENGTH && is_mixed(after))
        }
        Rest::Capitals(count) => {
            after.len() == count && all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        }
        Rest::Hex(count) => after.len() == count && all(u8::is_ascii_hexdigit),
    }
}

/// Telegram's: `123456789:` and 35 characters. How long the number and its colon are.
fn bot_id_length(before: &str, token: &str) -> usize {
    let Some(id) = before.strip_suffix(':') else { return 0 };
    let digits = id.bytes().rev().take(11).take_while(u8::is_ascii_digit).count();
    if token.len() == 35 && (8..=10).contains(&digits) && is_random(token) { digits + 1 } else { 0 }
}

/// 32 hexadecimal digits and a data centre: `…-us12`.
fn is_mailchimps(token: &str) -> bool {
    let parts = token.split_at_checked(32);
    let parts = parts.and_then(|(key, after)| Some((key, after.strip_prefix("-us")?)));
    parts.is_some_and(|(key, centre)| {
        fits(Rest::Hex(32), key)
            && (1..=2).contains(&centre.len())
            && centre.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A user's id in Base64, a time and a signature, with points between.
fn is_discords(token: &str) -> bool {
    let mut parts = token.split('.').map(str::len);
    matches!(
        (parts.next(), parts.next(), parts.next(), parts.next()),
        (Some(23..=28), Some(6), Some(27..=38), None)
    ) && is_random(token)
}

/// The token behind `Bearer` or `Basic` at `at`.
fn scheme_token(text: &str, at: usize) -> Option<Range<usize>> {
    let word = |scheme: &str| {
        text.as_bytes()[at..]
            .get(..scheme.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    let scheme = ["bearer", "basic"].into_iter().find(|scheme| word(scheme))?;
    let after = at + scheme.len();
    let is_blank = |c: char| c.is_whitespace() || is_unseen(c) || matches!(c, '+' | ':' | '"' | '\'');
    let blanks = characters(&text[after..]).take(MAX_BLANKS).take_while(|&(_, c, _)| is_blank(c));
    let start = after + blanks.last().map_or(0, |(at, _, length)| at + length);
    let is_token = |byte: &u8| is_part(*byte) || matches!(byte, b'+' | b'/' | b'=' | b'~');
    let token = text[start..].bytes().take_while(is_token).count();
    let token = text[start..start + token].trim_end_matches('.');
    let fits = match scheme {
        "bearer" => is_random(token),
        // In Base64.
        _ => token.len().is_multiple_of(4) && !token.contains(['.', '-', '_', '~']) && is_random(token),
    };
    (start > after && token.len() >= MIN_TOKEN && fits).then_some(start..start + token.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scrub::scrub;

    const RANDOM: &str = "q7VxZ2LmP9rKd4Wt6YbNc8HsJf3GgQa1TzR5uXe0";

    fn left(text: &str) -> String {
        scrub(text, None).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text)
    }

    #[test]
    fn every_vendors_token_is_found_and_no_shorter_one() {
        for (beginning, rest) in VENDORS {
            let rest = match rest {
                Rest::Mixed(least) => RANDOM.repeat(3)[..*least].to_owned(),
                Rest::Capitals(count) => RANDOM.to_uppercase().repeat(2)[..*count].to_owned(),
                Rest::Hex(count) => "3f9a1c07be52d84e".repeat(4)[..*count].to_owned(),
            };
            let token = format!("{beginning}{rest}");
            if token.len() >= MIN_TOKEN {
                assert_eq!(left(&format!("key {token}.")), "key [token].", "{token}");
                assert_eq!(left(&format!("_{token}_")), "[token]", "{token}");
            }
            assert_eq!(left(beginning), *beginning);
        }
    }

    #[test]
    fn a_token_behind_a_scheme_is_found() {
        let cases = [
            "Bearer {}",
            "authorization: bearer {}",
            "\"Authorization\":\"Bearer {}\"",
            "Authorization=Bearer+{}",
        ];
        for case in cases {
            let left = left(&case.replace("{}", RANDOM));
            assert!(!left.contains(RANDOM) && left.contains("[token]"), "{case} {left}");
        }
        assert_eq!(left("Basic YWRhOmNvcnJlY3QtaDByc2U="), "Basic [token]");
    }

    #[test]
    fn names_and_slugs_that_begin_alike_stay() {
        let innocents = [
            "sk-learn",
            "aio_pump_2000_l_per_hour_v2_black_edition",
            "ntn_bearings_6204_zz_c3_deep_groove_ball",
            "re_engagement_campaign_2026_spring_sale",
            "Bearer token is missing",
            "basic instructions for beginners2",
            "pk_live_q7VxZ2LmP9rKd4Wt6YbNc8Hs",
            "AKIA-modern-lighting",
        ];
        for text in innocents {
            assert_eq!(left(text), text);
        }
    }
}
