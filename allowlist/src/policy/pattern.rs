//! Patterns that a whole text matches.
//!
//! The engine is `regex-lite`: its time is linear in the text for a given pattern, and it knows no Unicode classes, so
//! `\d` and `\w` are ASCII. That keeps Trace small.

use regex_lite::{Regex, RegexBuilder};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most memory of a compiled pattern, in bytes. What bounds it bounds the time of a match, too.
const MAX_SIZE: usize = 16 * 1024;

/// A pattern, compiled once: where the policy is read.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    whole: Regex,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is no pattern: {0}")]
pub struct BadPattern(String);

impl Pattern {
    /// Reads a pattern in the syntax of the crate `regex`, without its Unicode classes.
    ///
    /// # Errors
    /// [`BadPattern`], with what the engine says about it.
    pub fn new(source: &str) -> Result<Self, BadPattern> {
        let build = |text: &str| {
            let built = RegexBuilder::new(text).size_limit(MAX_SIZE).build();
            built.map_err(|error| BadPattern(error.to_string()))
        };
        // By itself first: `a)|(b` is a pattern only between our own brackets, and then not of the whole text.
        build(source)?;
        Ok(Self { source: source.to_owned(), whole: build(&format!(r"\A(?:{source})\z"))? })
    }

    /// As it is in the file.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.source.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_of_the_whole_text() {
        let matches = |source: &str, text: &str| Pattern::new(source).unwrap().matches(text);
        assert!(matches("[A-Z]{2}", "AB") && !matches("[A-Z]{2}", "ABC") && !matches("[A-Z]{2}", "AB\n"));
        assert!(matches("a|bc", "bc") && !matches("a|bc", "ac"), "alternatives are whole, too");
        assert!(!matches("(?m)^a$", "a\nsecret"), "and so are lines");
        assert!(matches("", "") && !matches("", "a"));
    }

    #[test]
    fn what_is_no_pattern_by_itself_is_none_between_brackets() {
        for source in ["a)|(b", "(", "[", "*", r"\p{Greek}", "(?=a)", "(?:a{1000}){1000}"] {
            assert!(Pattern::new(source).is_err(), "{source}");
        }
    }

    /// A backtracking engine would not end here in any useful time.
    #[test]
    fn matching_does_not_backtrack() {
        let pattern = Pattern::new("(a*)*b").unwrap();
        assert!(!pattern.matches(&"a".repeat(1024)));
    }
}
