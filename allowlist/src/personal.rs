//! The scrubber as the check uses it.

use crate::scrub::{Scrubbed, scrub};

/// Longest name of an unknown property in a change, in characters.
const MAX_UNKNOWN_NAME: usize = 64;

/// What is left of a text without its personal data, or `None` where there is none in it. `_key` is the name of what
/// holds the text, where it has one.
pub fn scrubbed(text: &str, _key: Option<&str>) -> Option<Scrubbed> {
    scrub(text)
}

/// Scrubbed, then cut to so many characters: cut first, half an address might pass for none.
pub fn scrub_to(text: &str, key: Option<&str>, length: usize) -> String {
    let scrubbed = scrubbed(text, key).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text);
    scrubbed.chars().take(length).collect()
}

/// A property's name that nobody reviewed may itself hold personal data.
pub fn unknown_name(name: &str) -> String {
    scrub_to(name, None, MAX_UNKNOWN_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_told_scrubbed_and_cut() {
        assert_eq!(unknown_name("of ada@example.com"), "of [email]");
        assert_eq!(unknown_name(&"ä".repeat(65)), "ä".repeat(64));
    }
}
