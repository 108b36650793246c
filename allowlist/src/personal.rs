//! Names that nobody reviewed, as they are told.

use crate::scrub::scrub_to;

/// Longest name of an unknown property in a change, in characters.
const MAX_UNKNOWN_NAME: usize = 64;

/// A property's name that nobody reviewed may itself hold personal data.
pub fn unknown_name(name: &str) -> String {
    scrub_to(name, None, MAX_UNKNOWN_NAME).map_or_else(|| name.to_owned(), |scrubbed| scrubbed.text)
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
