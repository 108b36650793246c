//! Text as its reader takes it: percent-encoded characters are the characters they stand for.

/// The character at the start of `text` and the bytes it takes there. It may be percent-encoded, and that more
/// than once: `@`, `%40` and `%2540` are the same. A `%` that encodes nothing is itself.
#[inline]
pub fn next(text: &str) -> Option<(char, usize)> {
    next_at(text, 0)
}

/// The same at `at`, which is where a character begins or the text ends.
#[inline]
pub fn next_at(text: &str, at: usize) -> Option<(char, usize)> {
    match text.as_bytes().get(at)? {
        b'%' => Some(encoded(&text.as_bytes()[at..]).unwrap_or(('%', 1))),
        // By far most of them.
        byte @ ..0x80 => Some((char::from(*byte), 1)),
        _ => text[at..].chars().next().map(|c| (c, c.len_utf8())),
    }
}

/// The characters of `text`, each with where it stands and the bytes it takes there.
pub fn characters(text: &str) -> impl Iterator<Item = (usize, char, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (c, length) = next_at(text, at)?;
        let start = at;
        at += length;
        Some((start, c, length))
    })
}

/// The pieces of `text` between characters that end them, each with where it stands where `text` is at `start`.
pub fn split<'a>(
    text: &'a str,
    mut start: usize,
    ends: impl Fn(char) -> bool + Copy + 'a,
) -> impl Iterator<Item = (usize, &'a str)> {
    text.split_inclusive(ends).map(move |piece| {
        let at = start;
        start += piece.len();
        (at, piece.trim_end_matches(ends))
    })
}

/// The character that ends before `at`, and the bytes it takes. Of one that was encoded more than once, or that has
/// more bytes than one, that is what its last byte is.
pub fn decoded_before(text: &str, at: usize) -> Option<(char, usize)> {
    let encoded = at.checked_sub(3).and_then(|start| encoded_byte(text.as_bytes().get(start..at)?));
    match encoded {
        Some((byte, 3)) => Some((char::from(byte), 3)),
        _ => text[..at].chars().next_back().map(|c| (c, c.len_utf8())),
    }
}

/// What stands for `c` where `previous` stands before it: of `\n`, `\r` and `\t` as JSON writes them the letter ends
/// the escaped blank.
pub fn unescaped(previous: char, c: char) -> char {
    if previous == '\\' && matches!(c, 'n' | 'r' | 't') { ' ' } else { c }
}

/// `text` with every percent-encoded character decoded. What is no UTF-8 stays encoded.
pub fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((c, length)) = next_at(text, at) {
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

/// The value of a digit of any script.
#[inline]
pub fn digit(c: char) -> Option<u8> {
    match c {
        '0'..='9' => u8::try_from(u32::from(c) - u32::from('0')).ok(),
        ..'\u{80}' => None,
        _ => other_digit(c),
    }
}

/// The zeros of the scripts other than ASCII, each with nine digits behind it: the general category Nd of the Unicode
/// Character Database, version 16 (<https://www.unicode.org/Public/16.0.0/ucd/UnicodeData.txt>).
const ZEROS: [u32; 75] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
    0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730,
    0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50,
    0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1,
    0x1e950, 0x1fbf0,
];

fn other_digit(c: char) -> Option<u8> {
    let c = u32::from(c);
    let after = ZEROS.partition_point(|zero| *zero <= c);
    let value = c - ZEROS.get(after.checked_sub(1)?)?;
    u8::try_from(value).ok().filter(|value| *value < 10)
}

/// The ASCII letter or digit that `c` shows in another form: a digit of any script, or a wide letter.
pub fn plain(c: char) -> char {
    match c {
        ..'\u{80}' => c,
        '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => {
            char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c)
        }
        _ => digit(c).map_or(c, |digit| char::from(b'0' + digit)),
    }
}

/// Hyphens, dashes, the minus sign, and the long vowel's sign of Japanese keyboards.
pub fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{ff0d}')
}

/// Characters that show nothing of their own: soft hyphens, zero-width characters, marks of direction,
/// variation selectors, tags, the fillers of Korean and of Braille, and the accents of decomposed letters.
pub fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e01ef}')
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

    /// The standard library knows what is a number of any kind.
    #[test]
    fn digits_of_all_scripts_have_their_value() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            let digits: Vec<_> = (0..10).filter_map(|value| char::from_u32(zero + value)).collect();
            assert!(digits.iter().all(|c| c.is_numeric()), "{zero:x}");
            assert!(digits.iter().filter_map(|&c| digit(c)).eq(0..10), "{zero:x}");
        }
        for c in
            ['a', '/', ':', '½', '²', '一', '\u{65f}', '\u{66a}', '\u{966}', '\u{1d7cd}', '\u{1d800}', '@']
        {
            assert_eq!(digit(c), (c == '\u{966}').then_some(0), "{c}");
        }
        assert_eq!(['Ｄ', 'ｅ', '８', '٣', 'é', '@'].map(plain), ['D', 'e', '8', '3', 'é', '@']);
    }

    #[test]
    fn what_is_no_utf_8_stays_encoded() {
        assert_eq!(decoded("/%C3%BC/%FF%20100%"), "/ü/%FF 100%");
    }
}
