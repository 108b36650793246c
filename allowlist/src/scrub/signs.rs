//! A first look at a text's bytes: which detectors could find anything in it.
//!
//! Most texts have nothing that one begins with, and this look costs a fraction of what the detectors do. Each
//! answer here may be yes in vain; a no must be right, which a property test holds.

use super::random::{COMMON_SIGNS, MIN_LENGTH};
use super::run::MIN_TOKEN;

/// An `@`, or the first byte of the wide and the small one.
const AT: u16 = 1;
const PERCENT: u16 = 1 << 1;
const SLASH: u16 = 1 << 2;
/// `?`, `#`, `&` and `;`, behind which parameters stand.
const QUERY: u16 = 1 << 3;
const EQUALS: u16 = 1 << 4;
/// A part of a token.
const RUN: u16 = 1 << 5;
/// Ends a word.
const BLANK: u16 = 1 << 6;
/// Ends groups of digits.
const NO_GROUP: u16 = 1 << 7;
/// Of a random value, and rare elsewhere.
const ODD: u16 = 1 << 8;
/// A digit, or the first byte of one.
const DIGIT: u16 = 1 << 9;
/// Parts the text under a telling key, and may be a part of a password.
const QUOTE: u16 = 1 << 10;

/// What a byte is in a random value, in the two highest bits; zero for signs.
const SMALL: u16 = 0b01 << 14;
const CAPITAL: u16 = 0b10 << 14;
const NUMBER: u16 = 0b11 << 14;

const CLASSES: [u16; 256] = classes();

const fn classes() -> [u16; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let class = match byte as u8 {
            b'0'..=b'9' => DIGIT | RUN | NUMBER,
            b'a'..=b'z' => RUN | NO_GROUP | SMALL,
            b'A'..=b'Z' => RUN | NO_GROUP | CAPITAL,
            b'@' => AT | NO_GROUP,
            b'%' => PERCENT,
            b'/' => SLASH,
            b'?' | b'#' | b'&' | b';' => QUERY | NO_GROUP,
            b'=' => EQUALS | NO_GROUP,
            b'-' | b'_' | b'.' => RUN,
            b'+' | b'(' | b')' => 0,
            b' ' | b'\t'..=b'\r' => BLANK,
            b'"' | b'\'' | b'`' | b'<' | b'>' => BLANK | NO_GROUP | QUOTE,
            // The first bytes, in UTF-8, of Arabic, Persian and Hindi digits.
            0xd9 | 0xdb | 0xe0 => DIGIT | SMALL,
            // Of wide digits, and of the wide and the small `@`.
            0xef => DIGIT | AT | SMALL,
            0xc2 | 0xe2 => QUOTE | SMALL,
            0x80.. => SMALL,
            _ => NO_GROUP,
        };
        classes[byte] = class | if is_odd(byte as u8) { ODD } else { 0 };
        byte += 1;
    }
    classes
}

const fn is_odd(byte: u8) -> bool {
    let mut at = 0;
    while at < COMMON_SIGNS.len() {
        if COMMON_SIGNS[at] == byte {
            return false;
        }
        at += 1;
    }
    byte.is_ascii_punctuation()
}

/// Whether a byte behind another one makes a word mixed: a bit for `before * 4 + after`.
const MIXED: u16 = {
    const fn bit(before: u16, after: u16) -> u16 {
        1 << ((before >> 14) * 4 + (after >> 14))
    }
    bit(SMALL, CAPITAL)
        | bit(CAPITAL, CAPITAL)
        | bit(SMALL, NUMBER)
        | bit(CAPITAL, NUMBER)
        | bit(NUMBER, SMALL)
        | bit(NUMBER, CAPITAL)
};

/// What a text has of the detectors' beginnings.
#[derive(Default)]
pub struct Signs {
    classes: u16,
    /// The most digits with nothing between them but blanks and the signs that part groups.
    in_groups: usize,
    digits: usize,
    /// The longest stretch of letters, digits, `_`, `-` and `.`, in bytes.
    longest: usize,
    /// Whether a word long enough for a random value is mixed, as every random value is: it has an odd sign, two
    /// capitals together, or a change between digits, capitals and small letters.
    mixed: bool,
    iban: bool,
    /// Digits behind a point.
    points: usize,
    colons: usize,
    double_colon: bool,
}

impl Signs {
    pub fn of(text: &str) -> Self {
        const WORD: u16 = RUN | NO_GROUP | SMALL;
        let bytes = text.as_bytes();
        let mut signs = Self::default();
        let (mut in_group, mut run_start, mut word_start, mut mixed) = (0, 0, 0, false);
        let mut before = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            let class = CLASSES[usize::from(byte)];
            // Most of most texts: a small letter behind another one changes nothing.
            if class == WORD && before == WORD {
                continue;
            }
            signs.classes |= class;
            if class & DIGIT != 0 {
                signs.digits += 1;
                in_group += 1;
                signs.in_groups = signs.in_groups.max(in_group);
                signs.iban |= is_iban_head(&bytes[..=at]);
                signs.points += usize::from(at > 0 && bytes[at - 1] == b'.');
            }
            if class & NO_GROUP != 0 {
                in_group = 0;
            }
            if class & RUN == 0 {
                signs.longest = signs.longest.max(at - run_start);
                run_start = at + 1;
            }
            if class & BLANK != 0 {
                signs.mixed |= mixed && at - word_start >= MIN_LENGTH;
                (mixed, word_start) = (false, at + 1);
            } else {
                mixed |= class & ODD != 0 || MIXED >> ((before >> 14) * 4 + (class >> 14)) & 1 != 0;
            }
            if byte == b':' {
                signs.colons += 1;
                signs.double_colon |= at > 0 && bytes[at - 1] == b':';
            }
            before = class;
        }
        signs.longest = signs.longest.max(bytes.len() - run_start);
        signs.mixed |= mixed && bytes.len() - word_start >= MIN_LENGTH;
        signs
    }

    /// What is encoded may be any of them.
    fn has(&self, classes: u16) -> bool {
        self.classes & (classes | PERCENT) != 0
    }

    pub fn email(&self) -> bool {
        self.has(AT)
    }

    /// Whether there could be so many digits in groups. Every encoded digit is made of one at least.
    pub fn digits(&self, least: usize) -> bool {
        (if self.has(0) { self.digits } else { self.in_groups }) >= least
    }

    pub fn iban(&self) -> bool {
        self.iban || self.has(0)
    }

    pub fn ip_v4(&self) -> bool {
        self.points >= 3 || self.has(0)
    }

    pub fn ip_v6(&self) -> bool {
        self.double_colon || self.colons >= 7 || self.has(0)
    }

    pub fn token(&self) -> bool {
        self.mixed && self.longest >= MIN_TOKEN
    }

    /// Whether a random value could stand behind a name.
    pub fn random(&self) -> bool {
        self.mixed
    }

    /// Whether there could be one that a telling key alone gives away, which may have quotes in it.
    pub fn random_under_key(&self) -> bool {
        self.mixed || self.classes & QUOTE != 0
    }

    /// Whether there could be credentials, parameters or a path with a token.
    pub fn url(&self) -> bool {
        self.has(EQUALS) && self.has(QUERY) || self.has(SLASH) && (self.has(AT) || self.mixed)
    }
}

/// Whether `bytes` end with two letters that begin a word and two digits behind them. What stands behind a `\\` begins
/// a word, too.
fn is_iban_head(bytes: &[u8]) -> bool {
    let [before @ .., first, second, digit, last] = bytes else { return false };
    first.is_ascii_alphabetic()
        && second.is_ascii_alphabetic()
        && digit.is_ascii_digit()
        && last.is_ascii_digit()
        && match before {
            [.., b'\\', b'n' | b'r' | b't'] | [] => true,
            [.., byte] => !byte.is_ascii_alphanumeric(),
        }
}
