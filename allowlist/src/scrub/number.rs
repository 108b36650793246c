//! Digits in groups, as people write phone numbers: `+49 (0)30 123-45.67`.

use super::character::{digit, is_dash, is_unseen, next_at};

/// Longest phone number, in digits: 15 (ITU-T E.164), a `00` before it, an optional `(0)` in it.
pub const MAX_DIGITS: usize = 18;

const MAX_GROUPS: usize = 12;

/// What parts two groups. Parentheses count by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Nothing,
    Space,
    Dash,
    Dot,
    Slash,
}

/// Digits that stand together.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// Where its digits start among all.
    pub first: usize,
    /// How many they are.
    pub length: usize,
    /// What parts it from the group before.
    pub part: Part,
    pub in_parentheses: bool,
    /// Where it ends in the text, with its closing parenthesis.
    pub end: usize,
}

/// The groups at the start of a text, up to [`MAX_DIGITS`].
pub struct Number {
    digits: [u8; MAX_DIGITS],
    groups: [Group; MAX_GROUPS],
    count: usize,
    /// Whether there are more digits than were read.
    pub more: bool,
}

impl Number {
    /// Reads the groups at the start of `text`, which is a digit or an opening parenthesis. `spaced`: whether a sign
    /// between groups may have blanks around it, as in `+49 30 / 901820`.
    pub fn read(text: &str, spaced: bool) -> Self {
        let none = Group { first: 0, length: 0, part: Part::Nothing, in_parentheses: false, end: 0 };
        let mut number = Self { digits: [0; MAX_DIGITS], groups: [none; MAX_GROUPS], count: 0, more: false };
        let mut total = 0;
        let mut at = 0;
        while let Some((part, in_parentheses, start)) = lead(&text[at..], number.count == 0, spaced) {
            let mut group = Group { first: total, length: 0, part, in_parentheses, end: 0 };
            let mut end = at + start;
            let mut full = number.count == MAX_GROUPS;
            while let Some((c, length)) = next_at(text, end) {
                match digit(c) {
                    Some(_) if full || total == MAX_DIGITS => full = true,
                    Some(digit) => {
                        number.digits[total] = digit;
                        total += 1;
                        group.length += 1;
                    }
                    None if is_unseen(c) && group.length > 0 => {}
                    None => break,
                }
                if full {
                    break;
                }
                end += length;
            }
            if full {
                number.more = true;
                break;
            }
            if group.length == 0 {
                break;
            }
            if in_parentheses {
                let Some((')', length)) = next_at(text, end) else { break };
                end += length;
            }
            group.end = end;
            number.groups[number.count] = group;
            number.count += 1;
            at = end;
        }
        number
    }

    pub fn groups(&self) -> &[Group] {
        &self.groups[..self.count]
    }

    /// The digits of the first `groups` groups.
    pub fn digits(&self, groups: usize) -> &[u8] {
        let end = self.groups[..groups].last().map_or(0, |last| last.first + last.length);
        &self.digits[..end]
    }
}

/// What stands before a group: at most one sign, and a parenthesis. With where the group starts.
fn lead(text: &str, first: bool, spaced: bool) -> Option<(Part, bool, usize)> {
    let mut part = Part::Nothing;
    let mut at = 0;
    while let Some((c, length)) = next_at(text, at) {
        match c {
            c if digit(c).is_some() => return Some((part, false, at)),
            '(' => return Some((part, true, at + length)),
            c if is_unseen(c) => {}
            _ if first => return None,
            c => match (part, part_of(c)?) {
                (Part::Nothing, next) => part = next,
                (Part::Space, next @ (Part::Dash | Part::Slash)) if spaced => part = next,
                (Part::Dash | Part::Slash, Part::Space) if spaced => {}
                _ => return None,
            },
        }
        at += length;
    }
    None
}

fn part_of(c: char) -> Option<Part> {
    match c {
        '\n' | '\r' => None,
        '.' => Some(Part::Dot),
        '/' => Some(Part::Slash),
        c if c.is_whitespace() => Some(Part::Space),
        c if is_dash(c) => Some(Part::Dash),
        _ => None,
    }
}

/// Where the groups at the start of `text` end, however many there are.
pub fn skip(text: &str) -> usize {
    let mut at = 0;
    let mut end = 0;
    let mut signs = 0;
    while let Some((c, length)) = next_at(text, at) {
        at += length;
        if digit(c).is_some() {
            end = at;
            signs = 0;
        } else if signs < 3 && (matches!(c, '(' | ')') || is_unseen(c) || part_of(c).is_some()) {
            signs += 1;
        } else {
            break;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(text: &str, spaced: bool) -> Vec<usize> {
        Number::read(text, spaced).groups().iter().map(|group| group.length).collect()
    }

    #[test]
    fn groups_are_read_with_one_sign_between_them() {
        assert_eq!(lengths("49 (0)30 123-45.67 x", false), [2, 1, 2, 3, 2, 2]);
        assert_eq!(lengths("030 / 12", false), [3]);
        assert_eq!(lengths("030 / 12", true), [3, 2]);
        assert_eq!(lengths("12, 34", false), [2]);
        assert!(Number::read(&"1".repeat(MAX_DIGITS + 1), false).more);
        assert_eq!(skip("030 12-3 ab"), 8);
    }
}
