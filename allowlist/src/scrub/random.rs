//! Whether a value looks drawn by lot, as keys and generated passwords are, and unlike words, numbers and dates.
//!
//! Words keep to one case, and digits stand together at their end; what was drawn by lot changes between capitals,
//! small letters and digits all the time. Counting the changes needs no table of any language.

/// Fewest characters: shorter ones are as often a code or a name as a password.
pub const MIN_LENGTH: usize = 12;

/// The same, of hexadecimal and Base32.
pub const MIN_ENCODED: usize = 16;

/// Fewest different characters.
const MIN_DISTINCT: u32 = 8;

/// Fewest letters, and fewest changes, of one that is not encoded so.
pub const MIN_LETTERS: usize = 4;
pub const MIN_CHANGES: usize = 3;

/// Signs that part words, numbers, dates, code and parameters; others are rare outside of passwords.
const COMMON_SIGNS: &[u8] = b"-_./:,;()[]{}<>?=&#";

/// Whether `text` is random, or else an odd name: for where it stands says that it is secret.
pub fn is_random(text: &str) -> bool {
    judge(text) != Verdict::Plain
}

/// Whether `text` is random and no odd name, such as `DigestMD5Client`.
pub fn is_surely_random(text: &str) -> bool {
    judge(text) == Verdict::Random
}

#[derive(PartialEq)]
enum Verdict {
    Plain,
    OddName,
    Random,
}

fn judge(text: &str) -> Verdict {
    if text.len() < MIN_LENGTH {
        return Verdict::Plain;
    }
    // Small letters in stretches of at least four, as words have.
    let (mut stretch, mut in_words) = (0, 0);
    let (mut distinct, mut letters, mut digits, mut changes, mut capitals_in_a_row) = (0u128, 0, 0, 0, false);
    let mut odd_signs = false;
    let (mut earlier, mut before) = (Class::Sign, Class::Sign);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte == b'%' && bytes.get(at..at + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit)) {
            // An encoded character is one sign.
            at += 2;
            (earlier, before) = (before, Class::Sign);
            stretch = 0;
            continue;
        }
        distinct |= 1 << (byte & 0x7f);
        let (class, odd) = CLASSES[usize::from(byte)];
        letters += usize::from(matches!(class, Class::Capital | Class::Small));
        digits += usize::from(class == Class::Digit);
        // A capital that begins a word is no change.
        let begins = before == Class::Capital && class == Class::Small && earlier == Class::Sign;
        let changed = before != class && before != Class::Sign && class != Class::Sign && !begins;
        odd_signs |= odd;
        changes += usize::from(odd || changed);
        stretch = if class == Class::Small { stretch + 1 } else { 0 };
        in_words += match stretch {
            0..4 => 0,
            4 => 4,
            _ => 1,
        };
        capitals_in_a_row |= before == Class::Capital && class == Class::Capital;
        (earlier, before) = (before, class);
    }
    if is_encoded(text, letters, digits) {
        return Verdict::Random;
    }
    let random = if distinct.count_ones() < MIN_DISTINCT || letters < MIN_LETTERS {
        false
    } else if digits > 0 {
        changes >= MIN_CHANGES.max(text.len() / 6)
    } else {
        // A name such as `RefreshTokenKind` has as many changes, and no two capitals in a row.
        changes >= 4.max(text.len() / 4) && (capitals_in_a_row || odd_signs)
    };
    match random {
        false => Verdict::Plain,
        true if in_words * 2 >= letters && changes * 5 < text.len() * 2 => Verdict::OddName,
        true => Verdict::Random,
    }
}

/// Whether `text` is hexadecimal or Base32 (RFC 4648), whose letters and digits may by chance stand together.
fn is_encoded(text: &str, letters: usize, digits: usize) -> bool {
    let all = |is: fn(&u8) -> bool| text.as_bytes().iter().all(is);
    text.len() >= MIN_ENCODED
        && letters > 0
        && (digits >= 3 && all(u8::is_ascii_hexdigit)
            || digits > 0 && all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')))
}

/// Whether `text` has two capitals together, or a change between digits, capitals and small letters within a word.
pub fn is_mixed(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| {
        let [(before, _), (after, _)] = [CLASSES[usize::from(pair[0])], CLASSES[usize::from(pair[1])]];
        match (before, after) {
            (Class::Sign, _) | (_, Class::Sign) | (Class::Capital, Class::Small) => false,
            (Class::Capital, Class::Capital) => true,
            (before, after) => before != after,
        }
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Capital,
    Small,
    Digit,
    Sign,
}

/// The class of every byte, and whether it is an odd sign.
static CLASSES: [(Class, bool); 256] = {
    let mut classes = [(Class::Sign, false); 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = (Class::of(byte as u8), is_odd(byte as u8));
        byte += 1;
    }
    classes
};

/// Whether a byte is a sign of random values, and rare elsewhere.
pub const fn is_odd(byte: u8) -> bool {
    let mut at = 0;
    while at < COMMON_SIGNS.len() {
        if COMMON_SIGNS[at] == byte {
            return false;
        }
        at += 1;
    }
    byte.is_ascii_punctuation()
}

impl Class {
    const fn of(byte: u8) -> Self {
        match byte {
            b'A'..=b'Z' => Self::Capital,
            b'a'..=b'z' => Self::Small,
            b'0'..=b'9' => Self::Digit,
            // Other letters are as neutral as small ones.
            0x80.. => Self::Small,
            _ => Self::Sign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drawn_by_lot_is_told_from_words_numbers_and_dates() {
        let random =
            ["q7VxZ2LmP9rKd4Wt", "3f9a1c07be52d84e", "JBSWY3DPEHPK3PXP", "g$7!kQ'z#R2vX", "xK9-mQ2_vL7pW4"];
        for text in random {
            assert!(is_random(text) && is_mixed(text), "{text}");
        }
        let plain = [
            "correcthorsebatterystaple",
            "noise-cancelling-headphones-2026",
            "1793534400000",
            "2026-05-12T10:00:00Z",
            "PasswordResetController",
            "q7VxZ2LmP9",
            "zzzzzzzzzzzz1111",
        ];
        for text in plain {
            assert!(!is_surely_random(text), "{text}");
        }
    }
}
