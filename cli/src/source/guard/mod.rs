//! SQL that people give may only read.
//!
//! [`is_one_select`] looks at the text alone, before anything is sent or opened. In D1 [`sqlite`] has SQLite's own parser judge
//! what is left; BigQuery has no such judge on this machine, so that there the text must be of a form that only reads.

mod lexer;
pub mod sqlite;

use super::Dialect;
use lexer::{Lexer, Token};

/// Why a statement is not run. It repeats words of SQL, never texts in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// There is no statement.
    #[error("there is no SQL; give one statement, such as SELECT count(*) FROM raw")]
    Empty,
    /// There is more than one.
    #[error("this is more than one statement; give one, without a semicolon in between")]
    Several,
    /// It begins otherwise, or goes on to change something.
    #[error("SQL given here may only read, and {0} does not; write one SELECT")]
    Changes(String),
    /// Where it ends cannot be told.
    #[error("{0} in the SQL has no end; close it")]
    Unclosed(&'static str),
    /// SQLite would read up to it and others further.
    #[error("the SQL holds a NUL character; take it out")]
    Nul,
    /// SQLite's parser says that it does more.
    #[error(
        "SQL given here may only read, and this statement does more than that; write one SELECT, without PRAGMA and ATTACH"
    )]
    Denied,
    /// SQLite does not take it.
    #[error("D1 would not take the SQL: {0}")]
    Invalid(String),
}

/// What GoogleSQL's pipes may lead to: everything that only reads
/// (<https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax>).
const PIPES: [&str; 26] = [
    "SELECT",
    "EXTEND",
    "SET",
    "DROP",
    "RENAME",
    "AS",
    "WHERE",
    "AGGREGATE",
    "DISTINCT",
    "ORDER",
    "LIMIT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "TABLESAMPLE",
    "PIVOT",
    "UNPIVOT",
    "WINDOW",
    "WITH",
    "MATCH_RECOGNIZE",
];

/// Words that SQLite has for what changes something, and for nothing else unless they are quoted.
const CHANGES: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "INTO"];

/// Whether the text is one statement that, by its words, only reads.
///
/// # Errors
/// [`GuardError`]
pub fn is_one_select(sql: &str, dialect: Dialect) -> Result<(), GuardError> {
    if sql.contains('\0') {
        return Err(GuardError::Nul);
    }
    let mut tokens = Lexer::new(sql, dialect);
    let first = tokens.next().transpose()?.ok_or(GuardError::Empty)?;
    begins(first, dialect)?;
    let mut before = first;
    while let Some(token) = tokens.next().transpose()? {
        match (before, token) {
            (Token::Semicolon, Token::Semicolon) => {}
            (Token::Semicolon, _) => return Err(GuardError::Several),
            (Token::Pipe, Token::Word(word)) if dialect == Dialect::BigQuery && !is_one_of(word, &PIPES) => {
                return Err(GuardError::Changes(format!("|> {}", word.to_ascii_uppercase())));
            }
            (_, Token::Word(word)) if dialect == Dialect::D1 && is_one_of(word, &CHANGES) => {
                return Err(GuardError::Changes(word.to_ascii_uppercase()));
            }
            _ => {}
        }
        before = token;
    }
    Ok(())
}

fn begins(first: Token<'_>, dialect: Dialect) -> Result<(), GuardError> {
    match (first, dialect) {
        (Token::Word(word), Dialect::D1) if is_one_of(word, &["SELECT", "WITH", "VALUES", "EXPLAIN"]) => {
            Ok(())
        }
        (Token::Word(word), Dialect::BigQuery) if is_one_of(word, &["SELECT", "WITH", "FROM"]) => Ok(()),
        (Token::Open, Dialect::BigQuery) => Ok(()),
        (Token::Word(word), _) => Err(GuardError::Changes(word.to_ascii_uppercase())),
        (Token::Semicolon, _) => Err(GuardError::Empty),
        _ => Err(GuardError::Changes("what it begins with".to_owned())),
    }
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|one| one.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
