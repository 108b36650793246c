//! Personal data and secrets in text, replaced by markers that name what was there: `[email]`, `[card]`.
//!
//! A first look at the bytes says which detectors could find anything; a detector finds spans; nothing is allocated
//! until one does. Scrubbing its own result changes nothing. The work is linear in the text's length, whatever it
//! holds. What is found and what is not, case by case: `README.md` beside this file.

mod card;
mod character;
mod email;
mod excerpt;
mod iban;
mod ip;
mod jwt;
mod key;
mod kind;
mod number;
mod phone;
mod random;
mod run;
mod secret;
mod signs;
mod ssn;
mod token;
mod url;
mod vendor;
mod webhook;

pub(crate) use character::decoded;
pub use excerpt::excerpt;
pub(crate) use key::tells;
pub use kind::Kind;

use signs::Signs;
use std::collections::BTreeMap;
use std::ops::Range;

/// How often a text is looked at. What goes may have hidden something: `1.4111111111111111` may be left of a longer
/// text. One more look finds it; texts that are made for it need more.
const MAX_LOOKS: usize = 4;

/// A detector's find: the bytes of the text and the kind of data.
struct Find {
    span: Range<usize>,
    kind: Kind,
}

/// Text with its personal data and secrets replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrubbed {
    /// What is left.
    pub text: String,
    /// The kinds that were found, in alphabetical order, and how many markers each has.
    pub found: Vec<(Kind, usize)>,
}

impl Scrubbed {
    /// The names of the kinds that were found, in alphabetical order, as [`event::Rule`] tells them.
    pub fn kinds(&self) -> Vec<String> {
        self.found.iter().map(|(kind, _)| kind.name().to_owned()).collect()
    }
}

/// Replaces personal data and secrets in `text`, or says with `None` that there are none. `key` is the name of the
/// property that holds the text; under some, such as `phone` or `password`, more is found.
///
/// ```
/// use allowlist::scrub::{Kind, scrub};
///
/// let scrubbed = scrub("write to ada@example.com", None).unwrap();
/// assert_eq!(scrubbed.text, "write to [email]");
/// assert_eq!(scrubbed.found, [(Kind::Email, 1)]);
/// assert!(scrub("order 12345 at 10:30", None).is_none());
///
/// assert!(scrub("5550142", None).is_none());
/// assert_eq!(scrub("5550142", Some("phone")).unwrap().text, "[phone]");
/// ```
pub fn scrub(text: &str, key: Option<&str>) -> Option<Scrubbed> {
    let mut counts = [0; Kind::ALL.len()];
    let mut left = look(text, key, &mut counts)?;
    let mut looks = 1;
    while let Some(less) = look(&left, key, &mut counts) {
        left = less;
        looks += 1;
        if looks == MAX_LOOKS {
            // Made to deceive. Nothing is found in a marker.
            let kind = Kind::ALL.into_iter().zip(counts).find(|(_, count)| *count > 0);
            left = kind.map_or_else(String::new, |(kind, _)| kind.marker().to_owned());
            break;
        }
    }
    let found = Kind::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect();
    Some(Scrubbed { text: left, found })
}

/// As [`scrub`], and at most `length` characters long. What was cut is looked at again, since a part of a number may
/// pass for another one. `None` where `text` may stay as it is.
pub fn scrub_to(text: &str, key: Option<&str>, length: usize) -> Option<Scrubbed> {
    let mut scrubbed = scrub(text, key);
    for _ in 0..MAX_LOOKS {
        let left = scrubbed.as_ref().map_or(text, |scrubbed| &scrubbed.text);
        // Bytes are no fewer than characters.
        if left.len() <= length {
            return scrubbed;
        }
        let Some((end, _)) = left.char_indices().nth(length) else { return scrubbed };
        let cut = left[..end].to_owned();
        let found = scrubbed.map_or_else(Vec::new, |scrubbed| scrubbed.found);
        scrubbed = Some(match scrub(&cut, key) {
            None => return Some(Scrubbed { text: cut, found }),
            Some(again) => Scrubbed { text: again.text, found: added(found, &again.found) },
        });
    }
    // Made to deceive.
    scrubbed.map(|scrubbed| Scrubbed { text: String::new(), ..scrubbed })
}

fn added(found: Vec<(Kind, usize)>, more: &[(Kind, usize)]) -> Vec<(Kind, usize)> {
    let mut counts = BTreeMap::from_iter(found);
    for (kind, count) in more {
        *counts.entry(*kind).or_default() += count;
    }
    counts.into_iter().collect()
}

/// `text` with markers, and the markers added to `counts`; `None` where there is nothing to replace.
fn look(text: &str, key: Option<&str>, counts: &mut [usize; Kind::ALL.len()]) -> Option<String> {
    let mut finds = Vec::new();
    detect(text, key, &mut finds);
    if finds.is_empty() {
        return None;
    }
    finds.sort_by_key(|find| find.span.start);
    let mut left = String::with_capacity(text.len());
    let mut done = 0;
    let mut finds = finds.into_iter().peekable();
    while let Some(Find { mut span, mut kind }) = finds.next() {
        // What overlaps goes together.
        while let Some(other) = finds.next_if(|other| other.span.start < span.end) {
            span.end = span.end.max(other.span.end);
            kind = std::cmp::min_by_key(kind, other.kind, |kind| kind.rank());
        }
        left.push_str(&text[done..span.start]);
        left.push_str(kind.marker());
        counts[kind as usize] += 1;
        done = span.end;
    }
    left.push_str(&text[done..]);
    Some(left)
}

/// Fewest bytes of what is found: `a@b.cd`.
const MIN_TEXT: usize = 6;

fn detect(text: &str, key: Option<&str>, finds: &mut Vec<Find>) {
    if text.len() < MIN_TEXT {
        return;
    }
    let signs = Signs::of(text);
    if signs.email() {
        email::find(text, finds);
    }
    if signs.digits(phone::MIN_DIGITS) {
        phone::find(text, key, finds);
    }
    if signs.digits(ssn::DIGITS) {
        ssn::find(text, key, finds);
    }
    if signs.digits(card::MIN_DIGITS) {
        card::find(text, key, finds);
    }
    if signs.iban() {
        iban::find(text, finds);
    }
    if signs.ip_v4() {
        ip::find_v4(text, key, finds);
    }
    if signs.ip_v6() {
        ip::find_v6(text, finds);
    }
    if signs.jwt() {
        jwt::find(text, finds);
    }
    if signs.token() {
        token::find_vendors(text, finds);
    }
    if signs.random().is_some() {
        token::find_schemes(text, finds);
    }
    if signs.parameters() {
        url::find_parameters(text, finds);
    }
    if let Some(addresses) = signs.addresses(text) {
        url::find_in_addresses(text, addresses, finds);
    }
    let telling =
        text.len() >= random::MIN_LENGTH && signs.random_under_key() && key.is_some_and(key::tells_secret);
    if telling {
        secret::find_under_key(text, finds);
    } else if let Some(random) = signs.random() {
        secret::find_named(text, random, finds);
    }
}

#[cfg(test)]
mod tests;
