//! Phone numbers: international ones with `+` or `00`, national ones in groups, and bare digits under a key that
//! tells. No table of numbering plans: forms decide, and the country codes of ITU-T E.164
//! (<https://www.itu.int/pub/T-SP-E.164D>).
//!
//! The work is linear in the text's length: from each place where a number could start, a bounded number of digits
//! and groups is read; groups that are no number are passed over together.

use super::character::{characters, digit, is_dash, next, unescaped};
use super::key::{
    ends_with_phone, is_number_of_goods, is_one_of, name_before, tells_goods, tells_phone, word_before,
};
use super::number::{Group, Number, Part, skip};
use super::{Find, Kind};

/// Fewest digits under a key that tells: local numbers of small countries.
pub const MIN_DIGITS: usize = 7;

/// Most digits of an international number (E.164).
const MAX_INTERNATIONAL: usize = 15;

/// Most digits of a national number, with its trunk prefix.
const MAX_NATIONAL: usize = 12;

/// Longest ending of a word behind a number.
const MAX_ENDING: usize = 4;

/// `key` is the name of what holds the text.
pub fn find(text: &str, key: Option<&str>, finds: &mut Vec<Find>) {
    let telling = key.is_some_and(tells_phone);
    let (mut earlier, mut before) = (' ', ' ');
    let mut passed = 0;
    for (at, c, length) in characters(text) {
        // `_+49 30 …_` is one in another type.
        let previous =
            if matches!(before, '_' | '~' | '*') && !earlier.is_alphanumeric() { ' ' } else { before };
        (earlier, before) = (before, unescaped(before, c));
        if at < passed || !(c == '+' || c == '\u{ff0b}' || c == '(' || digit(c).is_some()) {
            continue;
        }
        let end = match c {
            '+' | '\u{ff0b}' if !is_inside(previous) => {
                let text = &text[at + length..];
                international(text, false).or_else(|| international(text, true)).map(|end| length + end)
            }
            '+' | '\u{ff0b}' => None,
            _ if telling || names_phone(text, at) => under_key(&text[at..], previous),
            _ => national(text, at, previous, key),
        };
        if let Some(end) = end {
            finds.push(Find { span: at..at + end, kind: Kind::Phone });
            passed = at + end;
        } else if digit(c).is_some() {
            passed = at
                + if telling || starts_item(&text[at..]) {
                    group_length(&text[at..])
                } else {
                    skip(&text[at..])
                };
        }
    }
}

/// Whether a `+` behind `c` is a part of something longer: `1.2.0+20240506`.
fn is_inside(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '~' | '-' | '_' | '.' | '^' | '%')
}

/// Whether a name before a sign tells: `phone: 5550142`, `"tel":"5550142"`; in scripts without blanks between words
/// also one without a sign: `电话13800138000`.
fn names_phone(text: &str, at: usize) -> bool {
    let name = text[..at].trim_end_matches(['"', '\'', ' ', '\\']);
    at - name.len() <= 3
        && (name.ends_with([':', '=']) && tells_phone(name_before(text, name.len() - 1))
            || !name.ends_with(|c: char| c.is_ascii()) && ends_with_phone(name))
}

/// `1. ` and `1) `, before what may be a number itself.
fn starts_item(text: &str) -> bool {
    let digits = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
    digits < 3
        && text[digits..].starts_with([')', '.'])
        && text[digits + 1..].starts_with([' ', '\t', '\u{a0}'])
}

fn group_length(text: &str) -> usize {
    characters(text).find(|&(_, c, _)| digit(c).is_none()).map_or(text.len(), |(at, ..)| at)
}

/// Length of the international number at the start of `text`, which follows a `+`.
fn international(text: &str, spaced: bool) -> Option<usize> {
    let number = Number::read(text, spaced);
    let groups = number.groups();
    if looks_decimal(groups) {
        return None;
    }
    let country = country_digits(number.digits(groups.len()))?;
    let optional = groups.iter().position(|group| is_trunk(&number, group));
    let longest = match number.digits(groups.len())[0] {
        // North America, Russia and Kazakhstan: always ten digits after the code.
        1 | 7 => 11,
        _ => MAX_INTERNATIONAL,
    };
    let count = (1..=groups.len()).rev().find(|&count| {
        let total = number.digits(count).len() - usize::from(optional.is_some_and(|place| place < count));
        let whole = count < groups.len() || !number.more;
        // Thousands in groups (`+34 500 000`) have no more than nine digits.
        let thousands = country < 3 && groups[1..count].iter().all(|group| group.length == 3);
        let shortest = if thousands && count > 1 { 10 } else { 9 };
        whole
            && total > country + 5
            && (shortest..=longest).contains(&total)
            && (longest == MAX_INTERNATIONAL || total == longest)
            && ends(&text[groups[count - 1].end..])
    })?;
    Some(groups[count - 1].end)
}

/// `(0)`, which is dialled at home and not from abroad.
fn is_trunk(number: &Number, group: &Group) -> bool {
    group.in_parentheses && group.length == 1 && number.digits(number.groups().len())[group.first] == 0
}

/// How many digits the country code has that `digits` begin with.
fn country_digits(digits: &[u8]) -> Option<usize> {
    let [first, second, third, ..] = digits else { return None };
    match (first, second) {
        (1 | 7, _) => Some(1),
        (2, 0 | 7)
        | (3, 0..=4 | 6 | 9)
        | (4, 0 | 1 | 3..=9)
        | (5, 1..=8)
        | (6, 0..=6)
        | (8, 1 | 2 | 4 | 6)
        | (9, 0..=5 | 8) => Some(2),
        (2, 1 | 2..=6 | 9) | (3, 5 | 7 | 8) | (4, 2) | (5, 0 | 9) | (6, 7..=9) | (9, 6 | 7) => Some(3),
        (8, 0 | 5 | 7 | 8) if *third < 9 => Some(3),
        (9, 9) if matches!(third, 2..=6 | 8) => Some(3),
        _ => None,
    }
}

/// Length of the number at the start of `text`, whose key tells that it is one.
fn under_key(text: &str, previous: char) -> Option<usize> {
    let number = Number::read(text, false);
    let groups = number.groups();
    if previous.is_ascii_alphanumeric() || matches!(previous, '.' | ',') || is_date(&number) {
        return None;
    }
    let count = (1..=groups.len()).rev().find(|&count| {
        let whole = count < groups.len() || !number.more;
        let end = groups[count - 1].end;
        whole && (MIN_DIGITS..=MAX_INTERNATIONAL).contains(&number.digits(count).len()) && ends(&text[end..])
    })?;
    Some(groups[count - 1].end)
}

/// Length of the national number at `at`, or of one with `00` and a country code.
fn national(whole: &str, at: usize, previous: char, key: Option<&str>) -> Option<usize> {
    let (before, text) = whole.split_at(at);
    if !may_follow(previous, before) {
        return None;
    }
    let number = Number::read(text, false);
    let groups = number.groups();
    // Without groups, only one that is told.
    let is_bare = groups.len() == 1 && groups[0].length >= 9 && number.digits(1)[0] == 0;
    if groups.len() < 2 && !is_bare || looks_decimal(groups) || is_date(&number) {
        return None;
    }
    let word = word_before(before);
    let told = tells_phone(word);
    if !told && (tells_goods(word) || is_number_of_goods(whole, key)) {
        return None;
    }
    let takes = |count: usize| {
        let number = Candidate { groups: &groups[..count], digits: number.digits(count) };
        number.is_north_american()
            || number.is_russian()
            || number.has_trunk_prefix()
            || number.has_lone_trunk_prefix()
            || number.has_exit_code()
            || number.has_area_in_parentheses()
            || number.is_indian()
            || told && number.is_told()
    };
    let count = groups.len();
    let end = if !number.more && takes(count) {
        count
    } else {
        // A blank may part the number from what is none: a short number, or the next phone number.
        (2..count).rev().find(|&fewer| {
            let next = &groups[fewer];
            let is_other = next.length <= 2 || number.digits(count)[next.first] == 0;
            // Groups that are all alike are those of a longer number, or a list.
            let alike = groups[..=fewer].iter().all(|group| group.length == groups[0].length);
            next.part == Part::Space && is_other && !alike && takes(fewer)
        })?
    };
    let end = groups[end - 1].end;
    (ends(&text[end..]) && !goes_on(&text[end..]) && !starts_with_unit(&text[end..])).then_some(end)
}

/// Nothing that makes the digits a part of something longer: `INV-030 …`, `v1.030 …`, `#030 …`.
fn may_follow(previous: char, before: &str) -> bool {
    match previous {
        '_' | '-' | '/' | '+' | '$' | '#' | '%' | '€' | '£' | '@' => false,
        '.' | ':' | ',' => !before[..before.len() - 1].ends_with(|c: char| c.is_ascii_digit()),
        c => !c.is_ascii_alphanumeric() && !is_dash(c),
    }
}

/// Whether the number ends here: no time, no decimal point, no percentage follows.
fn ends(rest: &str) -> bool {
    let mut after = characters(rest).map(|(_, c, _)| c);
    match after.next() {
        Some(':' | ',' | '.') => after.next().is_none_or(|c| digit(c).is_none()),
        Some('%') => false,
        Some('+') => after.next().is_none_or(|c| !c.is_ascii_alphanumeric()),
        Some(c) => digit(c).is_none(),
        None => true,
    }
}

/// Whether what follows makes the digits a part of something longer.
fn goes_on(rest: &str) -> bool {
    let Some((c, length)) = next(rest) else { return false };
    let word = rest[length..].bytes().take(MAX_ENDING + 1).take_while(u8::is_ascii_alphanumeric);
    match c {
        // `06-1-397-5533-at`: endings that some languages put behind a number.
        '-' => word.clone().count() > MAX_ENDING || word.clone().any(|byte| !byte.is_ascii_lowercase()),
        '/' => word.count() > 0,
        '_' => word.count() > 0,
        c => c.is_ascii_alphanumeric(),
    }
}

/// Whether a unit follows, after a blank or not: `200 300 4000 mm`.
fn starts_with_unit(rest: &str) -> bool {
    let rest = rest.strip_prefix([' ', '\u{a0}', '\u{202f}']).unwrap_or(rest);
    let letters = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    is_one_of(&rest[..letters], &["mm", "cm", "km", "mg", "kg", "ml", "px", "pt", "lb", "lbs", "oz"])
}

/// Points next to other signs stand in decimal numbers: `+34.8612-022.1123`, `0.25 0.75 0.5`.
fn looks_decimal(groups: &[Group]) -> bool {
    let points = groups.iter().filter(|group| group.part == Part::Dot).count();
    let others = groups.iter().filter(|group| matches!(group.part, Part::Space | Part::Dash)).count();
    points > 0 && others > 0 && !groups.iter().any(|group| group.in_parentheses)
}

/// `06.05.2024`, `2024-05-06`, also with something after it.
fn is_date(number: &Number) -> bool {
    let [a, b, c, ..] = number.groups() else { return false };
    let value = |group: &Group| {
        let digits = &number.digits(number.groups().len())[group.first..group.first + group.length];
        digits.iter().fold(0u64, |value, &digit| value * 10 + u64::from(digit))
    };
    let is_year = |group: &Group| group.length == 4 && (1800..2200).contains(&value(group));
    let is_day = |group: &Group| group.length <= 2 && (1..=31).contains(&value(group));
    is_day(b) && (is_day(a) && is_year(c) || is_year(a) && is_day(c))
}

struct Candidate<'a> {
    groups: &'a [Group],
    digits: &'a [u8],
}

impl Candidate<'_> {
    fn digits_of(&self, group: usize) -> &[u8] {
        let group = &self.groups[group];
        &self.digits[group.first..group.first + group.length]
    }

    fn value(&self, group: usize) -> u64 {
        self.digits_of(group).iter().fold(0, |value, &digit| value * 10 + u64::from(digit))
    }

    fn lengths_are(&self, lengths: &[usize]) -> bool {
        self.groups.iter().map(|group| group.length).eq(lengths.iter().copied())
    }

    /// `(212) 555-0114`, `212 555 0114`, `1-212-555-0114`. Neither area nor exchange starts with 0 or 1.
    fn is_north_american(&self) -> bool {
        let area = usize::from(self.digits[0] == 1 && self.groups[0].length == 1);
        let fits = |group: usize| matches!(self.digits_of(group), [2..=9, second, third] if (*second, *third) != (1, 1));
        match &self.groups[area..] {
            [first, rest @ ..] if rest.len() == 2 || rest.len() == 1 && first.in_parentheses => {
                let lengths: &[usize] = if rest.len() == 2 { &[3, 3, 4] } else { &[3, 7] };
                let whole = Candidate { groups: &self.groups[area..], digits: self.digits };
                whole.lengths_are(lengths)
                    && fits(area)
                    && (rest.len() == 1 || fits(area + 1))
                    && rest.iter().all(|group| group.part != Part::Slash && !group.in_parentheses)
            }
            _ => false,
        }
    }

    /// `8 (916) 726-55-55`: the trunk prefix of Russia and Kazakhstan.
    fn is_russian(&self) -> bool {
        self.digits.len() == 11
            && self.groups.len() >= 4
            && self.digits_of(0) == [8]
            && matches!(self.digits_of(1), [3 | 4 | 7 | 8 | 9, _, _])
    }

    /// `030 123 45 67`, `(030) 1234567`, `030/123 45 67`, `030 1234567`.
    fn has_trunk_prefix(&self) -> bool {
        let [first, rest @ ..] = self.groups else { return false };
        let Some(last) = rest.last() else { return false };
        let in_parentheses = first.in_parentheses;
        let pairs = self.groups.iter().all(|group| group.length == 2);
        self.digits[0] == 0
            && self.digits[1] != 0
            && (9..=MAX_NATIONAL).contains(&self.digits.len())
            && (2..=5).contains(&first.length)
            && last.length >= 2
            && match rest {
                _ if in_parentheses => true,
                [only] => first.length >= 3 && self.digits.len() >= 10 && only.length >= 5,
                _ => last.length <= 4 && rest.iter().all(|group| group.length <= 5),
            }
            && (!pairs || self.groups.len() == 5 && !self.counts_up())
            && rest[1..].iter().all(|group| group.part != Part::Slash)
            && rest.iter().all(|group| !group.in_parentheses)
    }

    /// `01 02 03 04 05`.
    fn counts_up(&self) -> bool {
        (1..self.groups.len()).all(|group| self.value(group) == self.value(group - 1) + 1)
    }

    /// `098765 43210`: a trunk `0` and a mobile number in halves, which begins with 6 to 9
    /// (National Numbering Plan 2003, Department of Telecommunications).
    fn is_indian(&self) -> bool {
        self.lengths_are(&[6, 5])
            && matches!(self.digits, [0, 6..=9, ..])
            && matches!(self.groups[1].part, Part::Space | Part::Dash)
    }

    /// `(11) 91234-5678`, `(55) 1234 5678`; two years may follow the number of a note.
    fn has_area_in_parentheses(&self) -> bool {
        let are_years = || (1..=2).all(|group| (1800..2200).contains(&self.value(group)));
        self.groups[0].in_parentheses
            && self.digits[0] != 0
            && (self.lengths_are(&[2, 4, 4]) && !are_years() || self.lengths_are(&[2, 5, 4]))
            && matches!(self.groups[2].part, Part::Space | Part::Dash)
    }

    /// `030 901820`, which may be anything where nothing says what it is.
    fn is_told(&self) -> bool {
        self.digits[0] == 0 && (8..=MAX_NATIONAL).contains(&self.digits.len())
    }

    /// `0 532 123 45 67`, `0 (532) 123 4567`.
    fn has_lone_trunk_prefix(&self) -> bool {
        self.digits_of(0) == [0]
            && (self.lengths_are(&[1, 3, 3, 2, 2]) || self.lengths_are(&[1, 3, 3, 4]))
            && self.groups[1..]
                .iter()
                .all(|group| group.in_parentheses || matches!(group.part, Part::Space | Part::Dash))
    }

    /// `0049 30 123 45 67`, `00 49 30 123 45 67`.
    fn has_exit_code(&self) -> bool {
        let first = self.groups[0].length;
        let fours = self.groups.iter().filter(|group| group.length == 4).count();
        self.digits.starts_with(&[0, 0])
            && (2..=5).contains(&first)
            && country_digits(&self.digits[2..]).is_some()
            && (11..=17).contains(&self.digits.len())
            && self.groups.len() >= 3
            && fours < 4
            && self.groups.iter().all(|group| group.part != Part::Slash)
    }
}

#[cfg(test)]
mod tests {
    use crate::scrub::scrub;

    fn left(text: &str, key: Option<&str>) -> String {
        scrub(text, key).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text)
    }

    #[test]
    fn international_numbers_are_found_in_all_their_forms() {
        let numbers = [
            "+1 (212) 555-0142",
            "+12125550142",
            "+44 (0)20 7946 0958",
            "+49 (0) 30 / 901820-12",
            "+49-30-901820",
            "+33.6.12.34.56.78",
            "+7 (495) 123-45-67",
            "+86 138 0013 8000",
            "+972-50-123-4567",
            "0049 30 901820",
            "00 33 6 12 34 56 78",
            "＋81-3-1234-5678",
            "+49\u{a0}30\u{a0}901820",
            "+49\u{2011}30\u{2011}901820",
            "%2B49%2030%20901820",
            "+49\u{200b}30901820",
            "+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧",
            "+৮৮০ ১৭১১-১২৩৪৫৬",
        ];
        for number in numbers {
            for (before, after) in
                [("", ""), ("call ", " today"), ("Tel:", ", ok"), ("1. ", "."), ("_", "_"), (r"a\n", r"\n")]
            {
                assert_eq!(
                    left(&format!("{before}{number}{after}"), None),
                    format!("{before}[phone]{after}"),
                    "{number}"
                );
            }
        }
    }

    #[test]
    fn national_numbers_are_found_by_their_form() {
        let numbers = [
            "(212) 555-0142",
            "212-555-0142",
            "1-212-555-0142",
            "020 7946 0958",
            "(030) 901820",
            "06 12 34 56 78",
            "01.70.18.99.12",
            "8 (495) 123-45-67",
            "0 532 123 45 67",
            "0(532) 123 45 67",
            "03-1234-5678",
            "090ー1234ー5678",
            "(11) 91234-5678",
        ];
        for number in numbers {
            assert_eq!(left(&format!("call {number}, ok"), None), "call [phone], ok", "{number}");
        }
        assert_eq!(left("Tel. 030 901820", None), "Tel. [phone]");
        assert_eq!(left("030 901820", None), "030 901820");
        for text in [
            "手机 {}",
            "电话{}",
            "请拨打电话{}。",
            "手机号码是{}",
            "電話番号 {}",
            "WhatsApp {}",
            "call 098765 43210 or {}",
        ] {
            let number = if text.is_ascii() { "06641234567" } else { "138 0013 8000" };
            let text = text.replace("or {}", "or 0664 1234567");
            let left = left(&text.replace("{}", number), None);
            assert!(left.contains("[phone]") && !left.contains(|c: char| c.is_ascii_digit()), "{left}");
        }
        assert_eq!(left("06641234567", None), "06641234567");
        assert_eq!(left("ticket phone 212-555-0142", Some("ticket")), "ticket phone [phone]");
        assert_eq!(left("please call 212-555-0142", Some("ticket")), "please call [phone]");
    }

    #[test]
    fn bare_digits_are_a_number_under_a_key_that_tells() {
        for key in ["phone", "customerPhone", "MOBILE_NO", "contact-phone", "Téléphone", "电话号码"] {
            for number in ["5550142", "2125550142", "600 123 456", "０９０１２３４５６７８"] {
                assert_eq!(left(number, Some(key)), "[phone]", "{key} {number}");
            }
        }
        for key in ["phone_count", "microphone", "hotel_id", "mobile_sessions"] {
            assert_eq!(left("2125550142", Some(key)), "2125550142", "{key}");
        }
        for text in ["06.05.2024", "2024-05-06 12:00", "12345678901234567890"] {
            assert_eq!(left(text, Some("phone")), text);
        }
        assert_eq!(left("tel=5550142&x=1", None), "tel=[phone]&x=1");
    }

    #[test]
    fn prices_dates_orders_and_coordinates_stay() {
        let innocents = [
            "2125550142",
            "+34 500 000",
            "+12.345678",
            "+48.8577-002.3522",
            "1.2.0+20240506",
            "06.05.2024 12:00",
            "2024-05-06 2024-05-07",
            "1 234 567,89",
            "0.25 0.75 0.5",
            "INV-030-1234-5678",
            "#030 1234 5678",
            "SKU 0143-836-96",
            "978-3-16-148410-0",
            "112-7543210-1234567",
            "1234 5678 9012",
            "375 x 812",
            "10:30 11:45 12:00",
            "(12) 1999-2000",
            "dims 200 300 4000 mm",
            "200 300 4000 mm",
            "450-300-2000cm",
            "dimensions 450-300-2000",
            "lotto 05 12 18 27 33",
            "01 02 03 04 05",
            "012345 43210",
            "手机 1299",
            "手机销量 13800138000",
        ];
        for text in innocents {
            assert_eq!(left(text, None), text);
        }
        assert_eq!(left("0103-3031-5027", Some("order_no")), "0103-3031-5027");
        for key in [
            "productId",
            "model",
            "variant",
            "reference",
            "ref",
            "transactionId",
            "coupon",
            "campaignId",
            "dimensions",
            "size",
            "style",
            "ticket",
            "batch",
        ] {
            for text in ["212-555-0142", "0143-836-96", "212-555-0142 XL"] {
                assert_eq!(left(text, Some(key)), text, "{key}");
            }
        }
    }
}
