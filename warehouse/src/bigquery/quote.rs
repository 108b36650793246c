//! Names and texts as GoogleSQL writes them
//! (<https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical>).

use super::Dataset;
use std::fmt::Write;

/// A string literal.
pub(super) fn literal(text: &str) -> String {
    quoted(text, '\'')
}

/// The name of a column, which can be a reserved word.
pub(super) fn name(text: &str) -> String {
    quoted(text, '`')
}

/// A table or view with its project and dataset, without which a view cannot name it.
pub(super) fn table(dataset: &Dataset, table: &str) -> String {
    name(&format!("{}.{}.{table}", dataset.project(), dataset.name()))
}

/// Literals and quoted names have the same escapes, and neither may hold a line break as it is.
fn quoted(text: &str, quote: char) -> String {
    let mut quoted = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str("\\\\"),
            c if c == quote => quoted.extend(['\\', c]),
            c if c.is_control() => {
                // All of them are below U+0100, so that four digits hold them. Writing to a text does not fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_backslashes_and_line_breaks_are_escaped() {
        assert_eq!(literal("it's"), r"'it\'s'");
        assert_eq!(literal("a\\"), r"'a\\'");
        assert_eq!(literal("größe `$.x` \"y\""), "'größe `$.x` \"y\"'");
        assert_eq!(literal("a\n\u{0}\u{85}"), r"'a\u000a\u0000\u0085'");
        assert_eq!(name("a`b\\'"), r"`a\`b\\'`");
    }

    #[test]
    fn a_table_is_named_with_its_project() {
        let dataset = Dataset::new("example.com:shop-4711", "events").unwrap();
        assert_eq!(table(&dataset, "raw"), "`example.com:shop-4711.events.raw`");
    }
}
