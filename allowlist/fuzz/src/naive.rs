//! A second, naive finder: plain patterns of what nobody would doubt, alone between blanks or quotes.

use regex_lite::Regex;
use std::sync::OnceLock;

/// What stands before and after a find: so little doubt is left that it is no part of something longer.
const BEFORE: &str = r#"(?:^|[ "'<>])"#;
const AFTER: &str = r#"(?:$|[ "'<>])"#;

/// Emails, tokens that name their vendor, and JWTs; each with what there is in all of them.
const PLAIN: [(&str, &str); 4] = [
    ("@", r"[a-zA-Z0-9][a-zA-Z0-9._+]*@[a-z][a-z0-9]*(?:\.[a-z]{2,})+"),
    ("AKIA", "AKIA[A-Z2-7]{16}"),
    ("ghp_", "ghp_[A-Za-z]{10}[0-9][A-Za-z0-9]{25}"),
    ("eyJ", r"eyJ[A-Za-z0-9]{20,60}\.eyJ[A-Za-z0-9]{10,60}\.[A-Za-z0-9]{20,60}"),
];

/// The secrets of `text`.
pub fn secrets(text: &str) -> Vec<&str> {
    static PATTERNS: OnceLock<Vec<(&str, Regex)>> = OnceLock::new();
    let patterns = PATTERNS.get_or_init(|| {
        let pattern = |plain| Regex::new(&format!("{BEFORE}({plain}){AFTER}")).expect("a pattern");
        PLAIN.map(|(sign, plain)| (sign, pattern(plain))).into()
    });
    let present = patterns.iter().filter(|(sign, _)| text.contains(sign));
    let groups = present.flat_map(|(_, pattern)| pattern.captures_iter(text));
    groups.filter_map(|groups| groups.get(1)).map(|found| found.as_str()).collect()
}
