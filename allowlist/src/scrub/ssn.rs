//! Social security numbers of the United States, `123-45-6789`: parts that are never issued are none
//! (<https://www.ssa.gov/employer/randomization.html>). Without hyphens only under a key that tells.
//!
//! The work is linear in the text's length: from each place where a number could start, eleven characters are read.

use super::character::{characters, digit, is_dash, next_at, unescaped};
use super::key::{is_number_of_goods, is_one_of, name_of_value, tells_goods, tells_ssn, word_before};
use super::{Find, Kind};

/// How many digits it has.
pub const DIGITS: usize = 9;

/// `key` is the name of what holds the text.
pub fn find(text: &str, key: Option<&str>, finds: &mut Vec<Find>) {
    let telling = key.is_some_and(tells_ssn);
    let mut before = [' ', ' '];
    let mut passed = 0;
    for (at, c, _) in characters(text) {
        let [earlier, previous] = before;
        before = [previous, unescaped(previous, c)];
        if at < passed || digit(c).is_none() || is_inside(earlier, previous) {
            continue;
        }
        let named = || telling || names_ssn(text, at);
        if let Some(length) = ssn_length(&text[at..], named)
            && (!is_of_goods(text, at, key) || named())
        {
            finds.push(Find { span: at..at + length, kind: Kind::Ssn });
            passed = at + length;
        }
    }
}

/// Whether digits after these characters are part of something longer: `978-123-45-6789`.
fn is_inside(earlier: char, previous: char) -> bool {
    previous.is_ascii_alphanumeric()
        || digit(previous).is_some()
        || (is_dash(previous) || matches!(previous, '.' | '/' | '+')) && earlier.is_ascii_digit()
        || previous == '_' && earlier.is_alphanumeric()
}

/// Whether a name before the number tells: `ssn: 219099999`, `SSN#219099999`, `my ssn is 219099999`.
fn names_ssn(text: &str, at: usize) -> bool {
    let name = name_of_value(text, at);
    let is_verb = is_one_of(&text[name.clone()], &["is"]);
    tells_ssn(word_before(&text[..if is_verb { name.start } else { at }]))
}

/// Whether the number is that of an order or the like: `order 123-45-6789`.
fn is_of_goods(text: &str, at: usize, key: Option<&str>) -> bool {
    tells_goods(word_before(&text[..at])) || is_number_of_goods(text, key)
}

fn ssn_length(text: &str, bare: impl Fn() -> bool) -> Option<usize> {
    let mut digits = [0u8; DIGITS];
    let mut count = 0;
    let mut hyphens = 0;
    let mut blanks = 0;
    let mut at = 0;
    while count < DIGITS {
        let (c, length) = next_at(text, at)?;
        at += length;
        match digit(c) {
            Some(digit) => {
                digits[count] = digit;
                count += 1;
            }
            None if matches!(count, 3 | 5) && is_dash(c) => hyphens += 1,
            None if matches!(count, 3 | 5) && c.is_whitespace() => blanks += 1,
            None => return None,
        }
    }
    let mut after = characters(&text[at..]).map(|(_, c, _)| c);
    let ends = match after.next() {
        Some(c) if is_dash(c) || c == '.' => after.next().is_none_or(|c| !c.is_ascii_alphanumeric()),
        Some('_') => after.next().is_none_or(|c| !c.is_alphanumeric()),
        Some(c) => !c.is_ascii_alphanumeric() && digit(c).is_none(),
        None => true,
    };
    let [a, b, c, group @ .., s1, s2, s3, s4] = digits;
    let issued = [a, b, c] != [0, 0, 0]
        && [a, b, c] != [6, 6, 6]
        && a != 9
        && group != [0, 0]
        && [s1, s2, s3, s4] != [0; 4];
    (ends && issued && (hyphens == 2 && blanks == 0 || hyphens + blanks <= 2 && bare())).then_some(at)
}

#[cfg(test)]
mod tests {
    use crate::scrub::scrub;

    fn left(text: &str, key: Option<&str>) -> String {
        scrub(text, key).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text)
    }

    #[test]
    fn a_number_with_hyphens_is_found_and_one_without_where_it_is_named() {
        for text in ["219-09-9999", "219–09–9999", "２１９-０９-９９９９", "219%2D09%2D9999"] {
            assert_eq!(left(&format!("SSN {text}."), None), "SSN [ssn].", "{text}");
        }
        assert_eq!(left(r"x\n219-09-9999", None), r"x\n[ssn]");
        for key in ["ssn", "userSSN", "social_security_number"] {
            assert_eq!(left("219099999", Some(key)), "[ssn]", "{key}");
        }
        for text in [
            "ssn: {}",
            "ssn {}",
            "SSN#{}",
            "my SSN is {}",
            "{\"ssn\":\"{}\"}",
            "social security number {}",
            "social_security_number={}",
            "ssn%3D{}",
        ] {
            for number in ["219 09 9999", "219099999"] {
                let expected = text.replace("{}", "[ssn]");
                assert_eq!(left(&text.replace("{}", number), None), expected, "{text}");
            }
        }
        assert_eq!(left("SSN 219-09-9999", Some("order_id")), "SSN [ssn]");
        assert_eq!(left("customer wrote 219-09-9999", Some("ticket")), "customer wrote [ssn]");
    }

    #[test]
    fn numbers_that_are_never_issued_and_parts_of_longer_ones_stay() {
        let innocents = [
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "219-00-9999",
            "219-09-0000",
            "219099999",
            "21-909-9999",
            "978-219-09-9999",
            "219-09-9999-1",
            "a219-09-9999",
            "219-09-99991",
            "order no. 219-09-9999",
            "ticket #219-09-9999",
        ];
        for text in innocents {
            assert_eq!(left(text, None), text);
        }
        for key in ["orderId", "order_number", "mpn", "partNumber", "invoice", "barcode"] {
            assert_eq!(left("219-09-9999", Some(key)), "219-09-9999", "{key}");
        }
    }
}
