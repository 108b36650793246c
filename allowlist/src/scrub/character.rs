//! Text as its reader takes it: percent-encoded characters are the characters they stand for.

/// The character at the start of `text` and the bytes it takes there. It may be percent-encoded, and that more
/// than once: `@`, `%40` and `%2540` are the same. A `%` that encodes nothing is itself.
pub fn next(text: &str) -> Option<(char, usize)> {
    let first = text.chars().next()?;
    let encoded = if first == '%' { encoded(text.as_bytes()) } else { None };
    Some(encoded.unwrap_or((first, first.len_utf8())))
}

/// `text` with every percent-encoded character decoded. What is no UTF-8 stays encoded.
pub fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((c, length)) = next(&text[at..]) {
        decoded.push(c);
        at += length;
    }
    decoded
}

fn encoded(bytes: &[u8]) -> Option<(char, usize)> {
    let mut utf8 = [0; 4];
    let mut at = 0;
    for count in 1..=utf8.len() {
        let (byte, length) = encoded_byte(&bytes[at..])?;
        utf8[count - 1] = byte;
        at += length;
        match str::from_utf8(&utf8[..count]) {
            Ok(text) => return text.chars().next().map(|c| (c, at)),
            Err(error) if error.error_len().is_some() => return None,
            // The character has more bytes.
            Err(_) => {}
        }
    }
    None
}

/// `%25` is a `%` that may encode again.
fn encoded_byte(bytes: &[u8]) -> Option<(u8, usize)> {
    let pair = |at: usize| Some(nibble(*bytes.get(at)?)? << 4 | nibble(*bytes.get(at + 1)?)?);
    if bytes.first() != Some(&b'%') {
        return None;
    }
    let mut end = 3;
    let mut byte = pair(1)?;
    while byte == b'%'
        && let Some(inner) = pair(end)
    {
        byte = inner;
        end += 2;
    }
    Some((byte, end))
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Characters that show nothing of their own: soft hyphens, zero-width characters, marks of direction,
/// variation selectors, and the accents of decomposed letters.
pub fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_read_however_often_it_was_encoded() {
        let cases = [
            ("@x", Some(('@', 1))),
            ("%40x", Some(('@', 3))),
            ("%2540", Some(('@', 5))),
            ("%252540", Some(('@', 7))),
            ("%c3%BCx", Some(('ü', 6))),
            ("%25C3%25BC", Some(('ü', 10))),
            ("%EF%BC%A0", Some(('\u{ff20}', 9))),
            ("%25%40", Some(('%', 3))),
            ("%", Some(('%', 1))),
            ("%4", Some(('%', 1))),
            ("%zz", Some(('%', 1))),
            ("%C3x", Some(('%', 1))),
            ("%C3%40", Some(('%', 1))),
            ("%ü", Some(('%', 1))),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(next(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_utf_8_stays_encoded() {
        assert_eq!(decoded("/%C3%BC/%FF%20100%"), "/ü/%FF 100%");
    }
}
