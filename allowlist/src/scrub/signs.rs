//! A first look at a text's bytes: which detectors could find anything in it.
//!
//! Most texts have nothing that one begins with, and this look costs a fraction of what the detectors do. Each
//! answer here may be yes in vain; a no must be right, which a property test holds.

use super::random::{MIN_CHANGES, MIN_ENCODED, MIN_LENGTH, MIN_LETTERS, is_odd};
use super::run::MIN_TOKEN;
use std::ops::Range;

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
/// The first byte of a digit or a letter that is none of ASCII's and may stand for one.
const OTHER: u16 = 1 << 12;
/// Of a random value, and rare elsewhere.
const ODD: u16 = 1 << 8;
/// A digit, or the first byte of one.
const DIGIT: u16 = 1 << 9;
/// Parts the text under a telling key, and may be a part of a password.
const QUOTE: u16 = 1 << 10;
/// An ASCII letter or digit.
const PLAIN: u16 = 1 << 11;

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
            b'0'..=b'9' => DIGIT | RUN | PLAIN | NUMBER,
            b'a'..=b'z' => RUN | NO_GROUP | PLAIN | SMALL,
            b'A'..=b'Z' => RUN | NO_GROUP | PLAIN | CAPITAL,
            b'@' => AT | NO_GROUP,
            b'%' => PERCENT,
            b'/' => SLASH,
            b'?' | b'#' | b'&' | b';' => QUERY | NO_GROUP,
            b'=' => EQUALS | NO_GROUP,
            b'-' | b'_' | b'.' => RUN,
            b'+' | b'(' | b')' => 0,
            b' ' | b'\t'..=b'\r' => BLANK,
            b'"' | b'\'' | b'`' | b'<' | b'>' => BLANK | NO_GROUP | QUOTE,
            // The first bytes, in UTF-8, of the digits of other scripts.
            0xd9 | 0xdb | 0xdf | 0xe0 | 0xe1 | 0xea | 0xf0 => DIGIT | OTHER | SMALL,
            // Of wide digits and letters, and of the wide and the small `@`.
            0xef => DIGIT | OTHER | AT | SMALL,
            0xc2 | 0xe2 => QUOTE | SMALL,
            0x80.. => SMALL,
            _ => NO_GROUP,
        };
        classes[byte] = class | if is_odd(byte as u8) { ODD } else { 0 };
        byte += 1;
    }
    classes
}

const fn bit(before: u16, after: u16) -> u16 {
    1 << ((before >> 14) * 4 + (after >> 14))
}

/// Whether a byte behind another one is a change as random values have: a bit for `before * 4 + after`.
const CHANGES: u16 = bit(SMALL, CAPITAL)
    | bit(SMALL, NUMBER)
    | bit(CAPITAL, NUMBER)
    | bit(NUMBER, SMALL)
    | bit(NUMBER, CAPITAL);

/// The same, where no sign stands before both: there a capital begins a word.
const CHANGES_WITHIN: u16 = CHANGES | bit(CAPITAL, SMALL);

/// Whether a byte behind another one makes a token mixed.
const MIXED: u16 = CHANGES | bit(CAPITAL, CAPITAL);

/// The last byte, in UTF-8, of the wide `．`.
const LAST_OF_WIDE_DOT: u8 = 0x8e;

/// What a text has of the detectors' beginnings.
#[derive(Default)]
pub struct Signs {
    classes: u16,
    /// The most digits with nothing between them but blanks and the signs that part groups.
    in_groups: usize,
    digits: usize,
    /// Whether letters, digits, `_`, `-` and `.` stand together that are enough for a token, and mixed, as every token
    /// is: with two capitals together, or a change between digits, capitals and small letters.
    token: bool,
    /// From the first to the last word in which a random value could be.
    random: Option<Range<usize>>,
    /// Whether there is the `eyJ` that a JSON Web Token begins with.
    jwt: bool,
    iban: bool,
    /// Digits behind a point.
    points: usize,
    colons: usize,
    double_colon: bool,
}

impl Signs {
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut signs = Self::default();
        let (mut in_group, mut run_start, mut mixed) = (0, 0, false);
        let mut word = Word::default();
        let mut random = (usize::MAX, 0);
        let (mut earlier, mut before) = (0, 0);
        let mut next = 0;
        while let Some(&byte) = bytes.get(next) {
            let at = next;
            let class = CLASSES[usize::from(byte)];
            next += 1;
            if byte.is_ascii_lowercase() {
                // Most of most texts: small letters behind another one change nothing.
                while bytes.get(next).is_some_and(u8::is_ascii_lowercase) {
                    next += 1;
                }
            }
            if class & PLAIN != 0 {
                // Behind a sign there is no change.
                if before >> 14 != 0 {
                    let pair = bit(before, class);
                    let changes = if earlier >> 14 == 0 { CHANGES } else { CHANGES_WITHIN };
                    mixed |= MIXED & pair != 0;
                    word.changes += usize::from(changes & pair != 0);
                }
                if class & DIGIT != 0 {
                    signs.digits += 1;
                    in_group += 1;
                    word.digits += 1;
                    signs.in_groups = signs.in_groups.max(in_group);
                    signs.points += usize::from(at > 0 && matches!(bytes[at - 1], b'.' | LAST_OF_WIDE_DOT));
                    signs.iban |= before >> 14 == NUMBER >> 14 && is_iban_head(&bytes[..=at]);
                } else {
                    in_group = 0;
                    signs.jwt |= byte == b'J' && bytes[..at].ends_with(b"ey");
                }
                (earlier, before) = (before, class);
                continue;
            }
            signs.classes |= class;
            // `&#64;`, `&commat;`, `\u0040`, `\x40`.
            if matches!(byte, b'&' | b'\\')
                && matches!(bytes.get(at + 1), Some(b'#' | b'c' | b'C' | b'u' | b'U' | b'x' | b'X'))
            {
                signs.classes |= AT;
            }
            if class & NO_GROUP != 0 {
                in_group = 0;
            }
            if class & RUN == 0 {
                signs.token |= mixed && at - run_start >= MIN_TOKEN;
                (mixed, run_start) = (false, at + 1);
            }
            if class & BLANK != 0 {
                if word.may_be_random(at) {
                    random = (random.0.min(word.start), at);
                }
                word = Word { start: at + 1, stretch: at + 1, ..Word::default() };
            } else {
                let changes = if earlier >> 14 == 0 { CHANGES } else { CHANGES_WITHIN };
                word.changes += usize::from(class & ODD != 0 || changes & bit(before, class) != 0);
                word.signs += usize::from(class >> 14 == 0);
                word.encoded |= at - word.stretch >= MIN_ENCODED;
                word.stretch = at + 1;
                if class & DIGIT != 0 {
                    signs.digits += 1;
                    in_group += 1;
                    signs.in_groups = signs.in_groups.max(in_group);
                    signs.points += usize::from(at > 0 && matches!(bytes[at - 1], b'.' | LAST_OF_WIDE_DOT));
                }
                if byte == b':' {
                    signs.colons += 1;
                    signs.double_colon |= at > 0 && bytes[at - 1] == b':';
                }
            }
            (earlier, before) = (before, class);
        }
        signs.token |= mixed && bytes.len() - run_start >= MIN_TOKEN;
        if word.may_be_random(bytes.len()) {
            random = (random.0.min(word.start), bytes.len());
        }
        signs.random = (random.1 > 0).then_some(random.0..random.1);
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
        self.iban || self.has(OTHER)
    }

    pub fn ip_v4(&self) -> bool {
        self.points >= 3 || self.has(0)
    }

    pub fn ip_v6(&self) -> bool {
        self.double_colon || self.colons >= 7 || self.has(0)
    }

    pub fn token(&self) -> bool {
        self.token
    }

    pub fn jwt(&self) -> bool {
        self.jwt && self.token
    }

    /// Where random values could be. Blanks and quotes part it from the rest.
    pub fn random(&self) -> Option<Range<usize>> {
        self.random.clone()
    }

    /// Whether there could be one that a telling key alone gives away, which may have quotes in it.
    pub fn random_under_key(&self) -> bool {
        self.random.is_some() || self.classes & QUOTE != 0
    }

    /// Whether there could be parameters.
    pub fn parameters(&self) -> bool {
        self.has(EQUALS) && self.has(QUERY)
    }

    /// Where credentials or a path with a token could be.
    pub fn addresses(&self, text: &str) -> Option<Range<usize>> {
        let places = if self.has(AT) { Some(0..text.len()) } else { self.random() };
        places.filter(|_| self.has(SLASH))
    }
}

/// What is between two blanks or quotes.
#[derive(Default)]
struct Word {
    start: usize,
    /// Odd signs, and changes between digits, capitals and small letters.
    changes: usize,
    digits: usize,
    signs: usize,
    /// Where the letters and digits began that now stand together.
    stretch: usize,
    /// Whether earlier ones were enough for hexadecimal and Base32.
    encoded: bool,
}

impl Word {
    /// Whether a part of the word, which ends at `end`, could be random: no part has more changes and letters.
    #[inline]
    fn may_be_random(&self, end: usize) -> bool {
        let length = end - self.start;
        length >= MIN_LENGTH
            && self.changes > 0
            && (self.changes >= MIN_CHANGES && length - self.digits - self.signs >= MIN_LETTERS
                || self.encoded
                || end - self.stretch >= MIN_ENCODED)
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
