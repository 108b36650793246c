//! Payment card numbers: 13 to 19 digits, in groups or not, with a known prefix of the right length
//! (ISO/IEC 7812 ranges as the networks publish them) and a valid Luhn check digit.

use super::Find;

const MIN_DIGITS: usize = 13;
const MAX_DIGITS: usize = 19;

pub fn find(text: &str, finds: &mut Vec<Find>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let end =
            if bytes[at].is_ascii_digit() && starts_number(bytes, at) { card_end(bytes, at) } else { None };
        if let Some(end) = end {
            finds.push(Find { span: at..end, kind: "card" });
        }
        at = end.unwrap_or(at + 1);
    }
}

/// A number starts where no digit or letter stands before it, and it is no fraction: the digits of
/// `0.4111111111111111` or of a hash are no card.
fn starts_number(bytes: &[u8], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).map(|i| bytes[i]);
    match before(1) {
        Some(b) if b.is_ascii_alphanumeric() => false,
        Some(b'.' | b',') => !before(2).is_some_and(|b| b.is_ascii_digit()),
        _ => true,
    }
}

/// Where the longest card number that starts at `start` ends. Single spaces, dots and hyphens may part its groups.
fn card_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut digits = [0u8; MAX_DIGITS];
    let mut count = 0;
    let mut longest = None;
    let mut at = start;
    while count < MAX_DIGITS {
        match bytes.get(at) {
            Some(b) if b.is_ascii_digit() => {
                digits[count] = b - b'0';
                count += 1;
                let ends = !bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
                if count >= MIN_DIGITS && ends && is_card(&digits[..count]) {
                    longest = Some(at + 1);
                }
            }
            Some(b' ' | b'-' | b'.') if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {}
            _ => break,
        }
        at += 1;
    }
    longest
}

fn is_card(digits: &[u8]) -> bool {
    network_takes(digits) && luhn(digits)
}

fn network_takes(digits: &[u8]) -> bool {
    let prefix = |n: usize| digits[..n].iter().fold(0u32, |number, &d| number * 10 + u32::from(d));
    let length = digits.len();
    match prefix(1) {
        // Visa
        4 => matches!(length, 13 | 16 | 18 | 19),
        _ => match prefix(2) {
            // American Express
            34 | 37 => length == 15,
            // Mastercard
            51..=55 => length == 16,
            22..=27 => length == 16 && (2221..=2720).contains(&prefix(4)),
            // Diners Club
            30 => (300..=305).contains(&prefix(3)) && (14..=19).contains(&length),
            36 | 38 | 39 => (14..=19).contains(&length),
            // JCB
            35 => (3528..=3589).contains(&prefix(4)) && (16..=19).contains(&length),
            // UnionPay, Discover, Maestro
            62 | 64 | 65 | 60 | 81 => (16..=19).contains(&length),
            50 | 56..=59 | 61 | 63 | 66..=69 => (13..=19).contains(&length),
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

    #[test]
    fn the_networks_test_numbers_are_found_plain_and_in_groups() {
        for card in CARDS {
            assert_eq!(scrub(card).unwrap().text, "[card]", "{card}");
            for separator in [" ", "-", "."] {
                let groups: Vec<_> = card.as_bytes().chunks(4).map(|c| str::from_utf8(c).unwrap()).collect();
                let text = format!("pay 12 to {}, 12/27", groups.join(separator));
                assert_eq!(scrub(&text).unwrap().text, "pay 12 to [card], 12/27");
            }
        }
    }

    #[test]
    fn a_group_before_the_number_does_not_hide_it() {
        assert_eq!(scrub("12 4111 1111 1111 1111").unwrap().text, "12 [card]");
        assert_eq!(scrub("No.4111 1111 1111 1111").unwrap().text, "No.[card]");
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
        ];
        for text in innocents {
            assert_eq!(scrub(text), None, "{text}");
        }
    }
}
