//! Personal data in text, replaced by markers that name what was there: `[email]`, `[card]`.
//!
//! A detector finds spans; nothing is allocated until one does. Scrubbing its own result changes nothing.
//! The work is linear in the text's length, whatever it holds.

mod card;
mod character;
mod email;

pub(crate) use character::decoded;

use std::ops::Range;

/// A detector's find: the bytes of the text and the kind of data.
struct Find {
    span: Range<usize>,
    kind: &'static str,
}

/// Text with its personal data replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrubbed {
    /// What is left.
    pub text: String,
    /// The kinds that were found, sorted, each once.
    pub found: Vec<String>,
}

/// Replaces the personal data in `text`, or says with `None` that there is none.
///
/// ```
/// let scrubbed = allowlist::scrub::scrub("write to ada@example.com").unwrap();
/// assert_eq!(scrubbed.text, "write to [email]");
/// assert_eq!(scrubbed.found, ["email"]);
/// assert!(allowlist::scrub::scrub("order 12345 at 10:30").is_none());
/// ```
pub fn scrub(text: &str) -> Option<Scrubbed> {
    let mut scrubbed = look(text)?;
    // An address that went may have hidden a card number: `1.4111111111111111` may be left of a longer text.
    // A third look would find nothing: without a new `@` there is no new address, and next to a card's marker
    // the card detector looks as if it stood there already.
    if let Some(second) = look(&scrubbed.text) {
        scrubbed.text = second.text;
        scrubbed.found.extend(second.found);
        scrubbed.found.sort_unstable();
        scrubbed.found.dedup();
    }
    Some(scrubbed)
}

/// Whether a detector could find anything. Most texts have nothing that one begins with, and a look at their bytes
/// costs a fraction of what the detectors do.
fn may_hold(text: &str) -> bool {
    let mut digits = 0;
    for byte in text.bytes() {
        match byte {
            // Encoded, or of the many characters that stand for an `@` or a digit.
            b'@' | b'%' | 0x80.. => return true,
            b'0'..=b'9' => digits += 1,
            _ => {}
        }
    }
    digits >= card::MIN_DIGITS
}

fn look(text: &str) -> Option<Scrubbed> {
    if !may_hold(text) {
        return None;
    }
    let mut finds = Vec::new();
    email::find(text, &mut finds);
    card::find(text, &mut finds);
    if finds.is_empty() {
        return None;
    }
    finds.sort_by_key(|find| (find.span.start, std::cmp::Reverse(find.span.end)));
    let mut scrubbed = String::with_capacity(text.len());
    let mut found = Vec::new();
    let mut done = 0;
    for Find { span, kind } in finds {
        found.push(kind.to_owned());
        if span.start >= done {
            scrubbed.push_str(&text[done..span.start]);
            scrubbed.push('[');
            scrubbed.push_str(kind);
            scrubbed.push(']');
        }
        done = done.max(span.end);
    }
    scrubbed.push_str(&text[done..]);
    found.sort_unstable();
    found.dedup();
    Some(Scrubbed { text: scrubbed, found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_find_becomes_a_marker_of_its_kind() {
        let scrubbed = scrub("ada@example.com paid with 4111 1111 1111 1111, cc bob@example.org").unwrap();
        assert_eq!(scrubbed.text, "[email] paid with [card], cc [email]");
        assert_eq!(scrubbed.found, ["card", "email"]);
    }

    #[test]
    fn finds_that_overlap_leave_nothing_of_either() {
        let scrubbed = scrub("4111111111111111@example.com").unwrap();
        assert_eq!(scrubbed.text, "[email]");
    }

    /// Work that grows with the square of the length would not end here in any useful time.
    #[test]
    fn a_mebibyte_of_the_worst_is_scrubbed() {
        for unit in ["%40", "@", "a@", "4111 "] {
            scrub(&unit.repeat((1 << 20) / unit.len()));
        }
        let others = [
            "a%40",
            "%40a.",
            "4 ",
            "4",
            "4%20",
            "%25",
            "%C3",
            "25",
            "a\u{200b}",
            "4\u{200b}",
            "\u{ff20}",
            "a.",
            "ada@example.com",
            "4111111111111111.",
            "4111111111111111a",
            "0193a5a4-",
        ];
        for unit in others {
            let text = unit.repeat((1 << 16) / unit.len());
            let scrubbed = scrub(&text).map(|scrubbed| scrubbed.text).unwrap_or(text);
            assert_eq!(scrub(&scrubbed), None, "{unit}");
        }
    }

    /// Text dense in what the detectors look for; random Unicode alone hardly ever has an `@`.
    fn tricky() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a-z0-9@%40. -]{0,60}",
            "([a-zé.+]{1,8}(@|%40|%2540)[a-z]{1,8}\\.[a-z]{2,4}[ ,.]{0,2}){0,4}",
            "(4111111111111111|4222222222222|[a-gx]{1,3}|0x|[0-9]{1,4}|[.,@%_+-]|%20|%25|%C3%BC|\u{200b}|\u{ff20}|[a-z]\\.[a-z]{2} ?){0,12}",
            "(4111[ -]?1111[ -]?1111[ -]?1111|[0-9 -]{1,24}|[a-z\\[\\]]{0,4}){0,6}",
        ]
    }

    proptest! {
        #[test]
        fn a_text_that_is_not_looked_at_holds_nothing(text in tricky()) {
            let mut finds = Vec::new();
            email::find(&text, &mut finds);
            card::find(&text, &mut finds);
            prop_assert!(finds.is_empty() || may_hold(&text));
        }

        #[test]
        fn scrubbing_twice_is_scrubbing_once(text in tricky()) {
            if let Some(once) = scrub(&text) {
                prop_assert_eq!(scrub(&once.text), None);
            }
        }

        #[test]
        fn an_email_never_survives_whatever_stands_around_it(before in tricky(), after in tricky()) {
            let text = format!("{before} ada.lovelace@example.com {after}");
            let scrubbed = scrub(&text).map(|scrubbed| scrubbed.text).unwrap_or(text);
            prop_assert!(!scrubbed.contains("lovelace"), "{}", scrubbed);
        }

        #[test]
        fn a_card_never_survives_whatever_words_stand_around_it(before in "[ -~é]{0,20}[a-z:]", after in "[a-z,.][ -~é]{0,20}") {
            let text = format!("{before} 5500-0055-5555-5559 {after}");
            let scrubbed = scrub(&text).map(|scrubbed| scrubbed.text).unwrap_or(text);
            prop_assert!(!scrubbed.contains("5555-5559"), "{}", scrubbed);
        }
    }
}
