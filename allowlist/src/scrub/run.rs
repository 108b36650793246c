//! Stretches of what tokens are made of.

use std::ops::Range;

/// Shortest token that is looked for, in bytes: AWS's key ids have 20, bearer tokens may have less.
pub const MIN_TOKEN: usize = 16;

/// The stretches of letters, digits, `_`, `-` and `.` in `text` that are at least [`MIN_TOKEN`] long. What ends an
/// escaped character before one is not of it: of `%3DeyJ…` and `\neyJ…` it is `eyJ…`.
pub fn runs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let length = bytes[at..].iter().take_while(|&&byte| is_part(byte)).count();
            let mut start = at;
            let end = at + length;
            at = end + 1;
            if length < MIN_TOKEN {
                continue;
            }
            match start.checked_sub(1).map(|before| bytes[before]) {
                Some(b'%') => {
                    while bytes[start..end].starts_with(b"25") {
                        start += 2;
                    }
                    start += if bytes[start..end].iter().take(2).all(u8::is_ascii_hexdigit) { 2 } else { 0 };
                }
                Some(b'\\') if matches!(bytes[start], b'n' | b'r' | b't') => start += 1,
                _ => {}
            }
            return Some(start.min(end)..end);
        }
        None
    })
}

pub fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_an_escaped_character_is_not_of_the_stretch_behind_it() {
        let token = "abcdefghijklmnopqrst";
        for text in
            [format!("x={token}&y"), format!("%3D{token}"), format!("%253D{token}"), format!(r"\n{token}")]
        {
            let found: Vec<_> = runs(&text).map(|run| &text[run]).collect();
            assert_eq!(found, [token], "{text}");
        }
        assert_eq!(runs("too-short and so on").count(), 0);
    }
}
