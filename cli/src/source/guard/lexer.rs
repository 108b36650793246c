//! Words and signs of SQL, without what is in texts, quoted names and comments.
//!
//! SQLite: <https://www.sqlite.org/lang_keywords.html>, <https://www.sqlite.org/lang_comment.html>. GoogleSQL:
//! <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical>.

use super::GuardError;
use crate::source::Dialect;

/// What a statement is made of, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// A name or a keyword that is not quoted.
    Word(&'a str),
    /// `(`
    Open,
    /// `;`
    Semicolon,
    /// `|>`
    Pipe,
    /// A text, a quoted name, a number, or another sign.
    Other,
}

/// The tokens of a text.
pub struct Lexer<'a> {
    rest: &'a str,
    dialect: Dialect,
}

impl<'a> Lexer<'a> {
    /// From the beginning.
    pub fn new(sql: &'a str, dialect: Dialect) -> Self {
        Self { rest: sql, dialect }
    }

    /// Goes past white space and comments.
    fn skip(&mut self) -> Result<(), GuardError> {
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            let is_line = self.rest.starts_with("--")
                || self.dialect == Dialect::BigQuery && self.rest.starts_with('#');
            if is_line {
                // A carriage return ends a comment for Google and not for SQLite: what is then a statement is looked at.
                let ends: &[char] = if self.dialect == Dialect::BigQuery { &['\n', '\r'] } else { &['\n'] };
                self.rest = self.rest.find(ends).map_or("", |end| &self.rest[end..]);
            } else if self.rest.starts_with("/*") {
                self.rest = match (self.rest[2..].find("*/"), self.dialect) {
                    (Some(end), _) => &self.rest[end + 4..],
                    (None, Dialect::D1) => "",
                    (None, Dialect::BigQuery) => return Err(GuardError::Unclosed("a comment")),
                };
            } else {
                return Ok(());
            }
        }
    }

    /// The length of a text or quoted name that begins here, with its quotes.
    fn quoted(&self) -> Result<Option<usize>, GuardError> {
        match self.dialect {
            Dialect::D1 => sqlite(self.rest),
            Dialect::BigQuery => google(self.rest),
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Result<Token<'a>, GuardError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.skip() {
            return Some(Err(error));
        }
        let first = self.rest.chars().next()?;
        let quoted = match self.quoted() {
            Ok(quoted) => quoted,
            Err(error) => return Some(Err(error)),
        };
        let (token, length) = match (quoted, first) {
            (Some(length), _) => (Token::Other, length),
            (None, c) if is_word(c) => {
                let length = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
                (Token::Word(&self.rest[..length]), length)
            }
            (None, '(') => (Token::Open, 1),
            (None, ';') => (Token::Semicolon, 1),
            (None, '|') if self.rest.starts_with("|>") => (Token::Pipe, 2),
            (None, c) => (Token::Other, c.len_utf8()),
        };
        self.rest = &self.rest[length..];
        Some(Ok(token))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '@') || (!c.is_ascii() && !c.is_whitespace())
}

/// A quote within is written twice, but in brackets.
fn sqlite(text: &str) -> Result<Option<usize>, GuardError> {
    let Some(first) = text.chars().next().filter(|c| matches!(c, '\'' | '"' | '`' | '[')) else {
        return Ok(None);
    };
    let end = if first == '[' { ']' } else { first };
    let mut at = 1;
    loop {
        at += text[at..].find(end).ok_or(GuardError::Unclosed("a text or a quoted name"))? + 1;
        if first == '[' || !text[at..].starts_with(end) {
            return Ok(Some(at));
        }
        at += 1;
    }
}

/// A backslash takes the character behind it along, also in raw texts. Triple quotes go over lines and others do not.
fn google(text: &str) -> Result<Option<usize>, GuardError> {
    let prefix = text.find(|c: char| !matches!(c, 'r' | 'R' | 'b' | 'B')).unwrap_or(text.len());
    let prefix = if prefix <= 2 && text[prefix..].starts_with(['\'', '"']) { prefix } else { 0 };
    let body = &text[prefix..];
    let quote = match body.chars().next() {
        Some('\'') if body.starts_with("'''") => "'''",
        Some('"') if body.starts_with("\"\"\"") => "\"\"\"",
        Some('\'') => "'",
        Some('"') => "\"",
        Some('`') => "`",
        _ => return Ok(None),
    };
    let mut at = quote.len();
    loop {
        let rest = &body[at..];
        let c = rest.chars().next().ok_or(GuardError::Unclosed("a text or a quoted name"))?;
        if rest.starts_with(quote) {
            return Ok(Some(prefix + at + quote.len()));
        }
        if quote.len() == 1 && matches!(c, '\n' | '\r') {
            return Err(GuardError::Unclosed("a text or a quoted name"));
        }
        let taken =
            if c == '\\' { rest[1..].chars().next().map_or(1, |c| 1 + c.len_utf8()) } else { c.len_utf8() };
        at += taken;
    }
}
