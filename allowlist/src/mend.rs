//! What JSON allows and our parser refuses is mended first, so that one value does not cost a batch all of its events.

use std::borrow::Cow;

/// Makes every escape of a lone surrogate the one of U+FFFD. JavaScript writes them where a text was cut
/// through an emoji, and one must not cost a batch all of its events.
pub fn surrogates(body: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = Cow::Borrowed(body);
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &body[at..]) {
        at += found;
        at += match escaped_unit(body, at) {
            Some(0xd800..=0xdbff) if matches!(escaped_unit(body, at + 6), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                mended.to_mut()[at + 2..at + 6].copy_from_slice(b"fffd");
                6
            }
            Some(_) => 6,
            None => 2,
        };
        if at >= body.len() {
            break;
        }
    }
    mended
}

/// The UTF-16 unit that the escape `\uXXXX` at this place stands for.
fn escaped_unit(body: &[u8], at: usize) -> Option<u16> {
    let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

/// Stands for a number that is too large: a value that no property takes.
const NO_NUMBER: &[u8] = b"[[]]";

/// The body with numbers past 64-bit floats, such as `1e400`, replaced; `None` where there are none.
pub fn numbers(body: &[u8]) -> Option<Vec<u8>> {
    let mut mended = Vec::new();
    let (mut at, mut kept) = (0, 0);
    while at < body.len() {
        match body[at] {
            b'"' => at = end_of_string(body, at),
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                let length = body[at..].iter().take_while(|byte| is_part(byte)).count();
                let number =
                    str::from_utf8(&body[at..at + length]).ok().and_then(|text| text.parse::<f64>().ok());
                if number.is_some_and(f64::is_infinite) {
                    mended.extend_from_slice(&body[kept..at]);
                    mended.extend_from_slice(NO_NUMBER);
                    kept = at + length;
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    if kept == 0 {
        return None;
    }
    mended.extend_from_slice(&body[kept..]);
    Some(mended)
}

/// The place after the string that begins here.
fn end_of_string(body: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &body[at.min(body.len())..]) {
        at += found;
        if body[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_too_large_is_no_value_and_all_else_stays() {
        let long = "9".repeat(400);
        let body = format!(r#"{{"a":-1e400,"b":[1e999,{long}],"c":"1e400 \"1e400","d":1e308,"e":1E-999}}"#);
        let expected = r#"{"a":[[]],"b":[[[]],[[]]],"c":"1e400 \"1e400","d":1e308,"e":1E-999}"#;
        assert_eq!(numbers(body.as_bytes()).unwrap(), expected.as_bytes());
        for body in [r#"{"a":1,"b":"1e400"}"#, "", "\"", "\"\\", "1-", "--", "\"1e400"] {
            assert_eq!(numbers(body.as_bytes()), None, "{body}");
        }
    }
}
