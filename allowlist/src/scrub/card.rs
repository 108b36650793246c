//! Payment card numbers: 13 to 19 digits, in groups or not, with a known prefix of the right length
//! (ISO/IEC 7812 ranges as the networks publish them) and a valid Luhn check digit.
//!
//! The work is linear in the text's length: from each place where a number could start, at most 19 digits and the
//! few characters between them are read.

use super::character::{digit, is_dash, is_unseen, next_at};
use super::key::{is_number_of_goods, tells_goods, word_before};
use super::{Find, Kind};

pub const MIN_DIGITS: usize = 13;
const MAX_DIGITS: usize = 19;

/// Most characters between two digits: enough for ` - `.
const MAX_SEPARATORS: usize = 3;

/// `key` is the name of what holds the text.
pub fn find(text: &str, key: Option<&str>, finds: &mut Vec<Find>) {
    let mut before = Before::Other;
    let mut previous = ' ';
    let mut found_to = 0;
    let mut at = 0;
    while let Some((c, length)) = next_at(text, at) {
        if at == found_to {
            // A marker will stand before what follows a find.
            before = Before::Other;
        }
        if before == Before::Other && at >= found_to && starts_with_uuid(&text.as_bytes()[at..]) {
            before = Before::Hex;
            at += UUID_LENGTH;
            continue;
        }
        // Also within a find, which may have started with another number's digits.
        if matches!(before, Before::Other | Before::Word)
            && digit(c).is_some()
            && let Some((card, digits)) = card_length(&text[at..])
            && !(digits == MIN_DIGITS && is_article(text, at, key))
        {
            finds.push(Find { span: at..at + card, kind: Kind::Card });
            found_to = found_to.max(at + card);
        }
        before = before.then(previous, c);
        previous = c;
        at += length;
    }
}

/// What stands directly before a character, as far as it tells whether a card number could start there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Digit,
    /// The point of a decimal number: the digits of `0.4111111111111111` are no card.
    Point,
    /// Letters that are all hexadecimal digits: what follows may be part of a hash.
    Hex,
    /// Letters that are not: a word.
    Word,
    Other,
}

impl Before {
    /// What stands before the character after `c`.
    fn then(self, previous: char, c: char) -> Self {
        match (self, c) {
            (_, c) if digit(c).is_some() => Self::Digit,
            // `%B`, with which a card's magnetic stripe begins (ISO/IEC 7813).
            (_, 'B') if previous == '%' => Self::Other,
            (Self::Digit, '.') => Self::Point,
            (Self::Digit, 'x' | 'X') if previous == '0' => Self::Hex,
            (Self::Word, c) if c.is_alphabetic() => Self::Word,
            (_, c) if c.is_ascii_hexdigit() => Self::Hex,
            (_, c) if c.is_alphabetic() => Self::Word,
            _ => Self::Other,
        }
    }
}

const UUID_LENGTH: usize = 36;

/// Some groups of a UUID may by chance be all digits and pass for a card; all of them may not.
fn starts_with_uuid(bytes: &[u8]) -> bool {
    let Some(uuid) = bytes.get(..UUID_LENGTH) else { return false };
    let has_form = uuid.iter().enumerate().all(|(i, byte)| match i {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    has_form
        && uuid.iter().any(u8::is_ascii_alphabetic)
        && !bytes.get(UUID_LENGTH).is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether the 13 digits at `at` are an article's number (EAN) by what names them. One in ten that begin with a 4
/// passes for a Visa number of the old length.
fn is_article(text: &str, at: usize, key: Option<&str>) -> bool {
    tells_goods(word_before(&text[..at])) || is_number_of_goods(text, key)
}

/// Length of the longest card number at the start of `text`, and how many digits it has.
fn card_length(text: &str) -> Option<(usize, usize)> {
    let mut digits = [0u8; MAX_DIGITS];
    let mut count = 0;
    let mut groups = Groups::default();
    let mut longest = None;
    let mut at = 0;
    while count < MAX_DIGITS
        && let Some((c, length)) = next_at(text, at)
    {
        at += length;
        if let Some(digit) = digit(c) {
            digits[count] = digit;
            count += 1;
            groups.separators = 0;
            let grouped = groups.first != 8 || count == 16;
            if count >= MIN_DIGITS && grouped && is_card(&digits[..count]) && ends_number(&text[at..]) {
                longest = Some((at, count));
            }
        } else if !(is_unseen(c) || is_separator(c) && groups.go_on(count, c)) {
            break;
        }
    }
    longest
}

/// The groups that were read.
#[derive(Default)]
struct Groups {
    /// Signs since the last digit.
    separators: usize,
    /// Digits before the last group.
    before: usize,
    /// How many digits the first group has, once it has ended.
    first: usize,
    points: bool,
    others: bool,
}

impl Groups {
    /// Whether the number goes on behind the sign `c`, `count` digits of it being read. Cards show groups of four to
    /// six digits, the first of four; or two of eight. Other groups are those of lists, tables, decimal numbers and ids.
    fn go_on(&mut self, count: usize, c: char) -> bool {
        if self.separators == 0 {
            let group = count - self.before;
            let fits = if self.first == 0 { matches!(group, 4 | 8) } else { (4..=6).contains(&group) };
            // American Express has groups of 4, 6 and 5.
            let second_of_three = group == 6 && self.before == 4 && self.first == 4;
            if !fits || c == '.' && !(group == 4 || second_of_three) {
                return false;
            }
            self.first = self.first.max(group * usize::from(self.before == 0));
            self.before = count;
        }
        self.points |= c == '.';
        self.others |= c != '.';
        self.separators += 1;
        self.separators <= MAX_SEPARATORS && !(self.points && self.others)
    }
}

/// A number ends where no digit follows, and no letters that are all hexadecimal digits.
fn ends_number(rest: &str) -> bool {
    let mut at = 0;
    while let Some((c, length)) = next_at(rest, at) {
        if digit(c).is_some() || !c.is_alphabetic() {
            return at == 0 && digit(c).is_none();
        }
        if !c.is_ascii_hexdigit() {
            return true;
        }
        at += length;
    }
    at == 0
}

/// Spaces and line ends, hyphens and dashes, `.`, `_`, and `+`, which is a space in a form's encoding.
/// No comma: it parts values.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || is_dash(c) || matches!(c, '.' | '_' | '+' | '·')
}

fn is_card(digits: &[u8]) -> bool {
    network_takes(digits) && luhn(digits)
}

fn network_takes(digits: &[u8]) -> bool {
    let prefix = |n: usize| digits[..n].iter().fold(0u32, |number, &d| number * 10 + u32::from(d));
    let length = digits.len();
    match prefix(1) {
        // Visa
        4 => matches!(length, 13 | 16 | 19),
        _ => match prefix(2) {
            // American Express
            34 | 37 => length == 15,
            // Mastercard
            51..=55 => length == 16,
            22..=27 => length == 16 && (2221..=2720).contains(&prefix(4)),
            // Diners Club
            30 | 36 | 38 | 39 => (14..=19).contains(&length),
            // JCB
            35 => (3528..=3589).contains(&prefix(4)) && (16..=19).contains(&length),
            // Discover, RuPay
            60 | 64 | 65 | 82 => (16..=19).contains(&length),
            // UnionPay
            62 | 81 => (16..=19).contains(&length),
            // Maestro
            50 | 58 | 63 | 67 => {
                matches!(prefix(4), 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763)
                    && (13..=19).contains(&length)
            }
            _ => false,
        },
    }
}

/// ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &digit)| match (i % 2, u32::from(digit)) {
            (0, digit) => digit,
            (_, digit) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use crate::scrub::scrub;

    /// Numbers that the networks publish for tests.
    const CARDS: [&str; 9] = [
        "4111111111111111",
        "4222222222222",
        "378282246310005",
        "5555555555554444",
        "2223003122003222",
        "30569309025904",
        "3530111333300000",
        "6011111111111117",
        "6200000000000005",
    ];

    const SEPARATORS: [&str; 19] = [
        " ", "-", ".", "_", "+", "\n", "\r\n", "\t", "\u{a0}", "\u{202f}", "\u{2013}", "\u{2011}", "  ",
        "--", " - ", "\u{200b}", "%20", "%2520", "%C2%A0",
    ];

    #[test]
    fn the_networks_test_numbers_are_found_plain_and_in_groups() {
        for card in CARDS {
            assert_eq!(scrub(card, None).unwrap().text, "[card]", "{card}");
            for separator in SEPARATORS {
                let groups: Vec<_> = card.as_bytes().chunks(4).map(|c| str::from_utf8(c).unwrap()).collect();
                let text = format!("pay 12 to {}, 12/27", groups.join(separator));
                assert_eq!(scrub(&text, None).unwrap().text, "pay 12 to [card], 12/27");
            }
        }
    }

    #[test]
    fn a_group_before_the_number_does_not_hide_it() {
        assert_eq!(scrub("12 4111 1111 1111 1111", None).unwrap().text, "12 [card]");
        assert_eq!(scrub("3782.822463.10005", None).unwrap().text, "[card]");
        assert_eq!(scrub("No.4111 1111 1111 1111", None).unwrap().text, "No.[card]");
    }

    #[test]
    fn a_number_is_found_whatever_stands_next_to_it() {
        let cases = [
            ("12,4111111111111111,99", "12,[card],99"),
            ("card4111111111111111", "card[card]"),
            ("4111111111111111EUR", "[card]EUR"),
            ("Nr\u{b0}4111111111111111", "Nr\u{b0}[card]"),
            ("karte%3D4111111111111111%26x", "karte%3D[card]%26x"),
            ("4111%201111%201111%201111", "[card]"),
            ("card=4111+1111+1111+1111&x=1", "card=[card]&x=1"),
            ("4222222222222.4111111111111111", "[card].[card]"),
            ("4111111111111111and5500005555555559", "[card]and[card]"),
            ("%B4111111111111111^LOVELACE/ADA^", "%B[card]^LOVELACE/ADA^"),
        ];
        for (text, expected) in cases {
            assert_eq!(scrub(text, None).map(|s| s.text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn digits_of_other_scripts_count() {
        for zero in
            ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}', '\u{1040}', '\u{ff10}', '\u{1d7ce}']
        {
            let digit = |c: char| char::from_u32(u32::from(zero) + c.to_digit(10).unwrap()).unwrap();
            let card: String = "4111111111111111".chars().map(digit).collect();
            assert_eq!(scrub(&card, None).unwrap().text, "[card]", "{card}");
        }
        assert_eq!(scrub("४१११ १११১ ১১১১ ১১১১", None).unwrap().text, "[card]");
        for unseen in ['\u{115f}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{ffa0}', '\u{e0041}'] {
            let card = format!("4111{unseen}1111{unseen}11111111");
            assert_eq!(scrub(&card, None).unwrap().text, "[card]", "{unseen:?}");
        }
    }

    #[test]
    fn a_number_that_starts_within_another_goes_with_it() {
        // `4008 5500 0055 5555` is one by chance.
        assert_eq!(scrub("4008 5500 0055 5555 5559", None).unwrap().text, "[card]");
    }

    #[test]
    fn other_long_numbers_stay() {
        let innocents = [
            "4111111111111112",
            "9999999999999995",
            "1793534400000",
            "1793534400000000",
            "0.4111111111111111",
            "41111111111111111111111",
            "a4111111111111111",
            "4111111111111111f",
            "0193a5a4-7c1e-7e57-8d3e-0d4f3a6b9c21",
            "978-3-16-148410-0",
            "41111111-1111-1111-8abc-0d4f3a6b9c21",
            "id_41111111-1111-1111-8abc-0d4f3a6b9c21/x",
            "0193a5a4-7c1e-7e57-4111-111111111111",
            "e4111111111111111",
            "9f4111111111111111c0ffee",
            "0x4111111111111111",
            "1793534400000\n1793534400000\n1793534400",
            "2026-10-31 12:00:00.123456",
            "order 1000-2000-3000-4000",
            "v1.22.333.4444 Chrome/120.0.6099.109 Safari/537.36",
            "4111,1111,1111,1111",
            "EAN 4222222222222",
            "41111111_111111",
        ];
        for text in innocents {
            assert_eq!(scrub(text, None), None, "{text}");
        }
    }
}
