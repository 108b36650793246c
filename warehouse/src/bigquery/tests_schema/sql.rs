//! GoogleSQL taken apart after <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical>, strictly: what
//! is not written as we write it panics.

/// A part of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// What a string literal stands for.
    Text(String),
    /// What a quoted name stands for.
    Name(String),
    /// A word, a number or a sign.
    Plain(String),
}

impl Token {
    pub(super) fn is(&self, plain: &str) -> bool {
        matches!(self, Self::Plain(text) if text == plain)
    }
}

pub(super) fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '\'' => quoted(rest, '\'', Token::Text),
            '`' => quoted(rest, '`', Token::Name),
            'r' if rest.starts_with("r'") => {
                let length = 2 + rest[2..].find('\'').unwrap();
                (Token::Text(rest[2..length].to_owned()), length + 1)
            }
            first if first.is_ascii_alphanumeric() || first == '_' => {
                let length =
                    rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                (Token::Plain(rest[..length].to_owned()), length)
            }
            ' ' | '\n' => {
                rest = &rest[1..];
                continue;
            }
            sign => {
                let comment = ["--", "/*", "#"].iter().any(|start| rest.starts_with(start));
                assert!("()[],.*=<>-+".contains(sign) && !comment, "{rest}");
                (Token::Plain(sign.to_string()), 1)
            }
        };
        tokens.push(token);
        rest = &rest[length..];
    }
    tokens
}

fn quoted(rest: &str, quote: char, token: fn(String) -> Token) -> (Token, usize) {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return (token(text), at + 1),
            '\n' | '\r' => panic!("a line break in {rest}"),
            '\\' => match chars.next().unwrap().1 {
                c @ ('\\' | '\'' | '`') => text.push(c),
                'u' => {
                    let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    text.push(char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap());
                }
                c => panic!("no escape: \\{c}"),
            },
            c => text.push(c),
        }
    }
    panic!("not closed: {rest}");
}

/// The names of the columns that a query shows.
pub(super) fn shown(query: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = Vec::new();
    let mut last = None;
    let mut selects = false;
    for token in tokens(query) {
        match &token {
            Token::Plain(sign) if sign == "(" || sign == "[" => depth += 1,
            Token::Plain(sign) if sign == ")" || sign == "]" => depth -= 1,
            Token::Plain(word) if depth == 0 && word == "SELECT" => selects = true,
            Token::Plain(word) if depth == 0 && selects && (word == "," || word == "FROM") => {
                names.extend(last.take());
                if word == "FROM" {
                    return names;
                }
            }
            Token::Plain(name) | Token::Name(name) => last = Some(name.clone()),
            Token::Text(_) => last = None,
        }
    }
    panic!("selects nothing: {query}");
}
