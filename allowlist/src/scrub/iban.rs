//! International bank account numbers: a country, its length, and a valid checksum (ISO 13616), compact or in
//! groups of four.
//!
//! The work is linear in the text's length: from each place where a number could start, at most 33 characters and
//! the blanks between them are read.

use super::character::{characters, is_dash, is_unseen, next_at, plain, unescaped};
use super::{Find, Kind};

/// Countries and how long their numbers are: the SWIFT registry, and behind the line break those that use the form
/// without being in it.
/// <https://www.swift.com/standards/data-standards/iban-international-bank-account-number>
const LENGTHS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29\
    ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21\
    LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27\
    SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30\
    AO25BF28BJ28CF27CG27CI28CM27CV25DZ26GA27GQ27GW25IR26KM27MA28MG27ML28MZ25NE28SN28TD27TG28";

pub fn find(text: &str, finds: &mut Vec<Find>) {
    let mut previous = ' ';
    let mut passed = 0;
    for (at, c, _) in characters(text) {
        let c = plain(c);
        let starts = at >= passed && c.is_ascii_alphabetic() && !previous.is_ascii_alphanumeric();
        previous = unescaped(previous, c);
        if starts && let Some(length) = iban_length(&text[at..]) {
            finds.push(Find { span: at..at + length, kind: Kind::Iban });
            passed = at + length;
        }
    }
}

fn iban_length(text: &str) -> Option<usize> {
    let mut letters = characters(text).map(|(_, c, _)| plain(c));
    let country = [letters.next()?, letters.next()?].map(|c| c.to_ascii_uppercase());
    if !letters.next()?.is_ascii_digit() || !letters.next()?.is_ascii_digit() {
        return None;
    }
    let length = length_in(country)?;
    let mut read = 0;
    // The first four characters count last.
    let (mut head, mut rest) = (Checksum::default(), Checksum::default());
    let mut at = 0;
    // Whether it is in groups, which the first four characters decide, and whether a sign was read behind one.
    let (mut grouped, mut parted) = (false, false);
    while read < length {
        let (c, width) = next_at(text, at)?;
        let c = plain(c);
        at += width;
        if c.is_ascii_alphanumeric() {
            if grouped && read % 4 == 0 && !parted {
                return None;
            }
            if read < 4 {
                head.push(c)
            } else {
                rest.push(c)
            }
            read += 1;
            parted = false;
        } else if !is_unseen(c) {
            let parts = is_dash(c) || c == '+' || c.is_whitespace();
            if !parts || parted || read % 4 != 0 || read > 4 && !grouped {
                return None;
            }
            (grouped, parted) = (true, true);
        }
    }
    let ends = next_at(text, at).is_none_or(|(c, _)| !plain(c).is_ascii_alphanumeric());
    (ends && rest.then(&head) == 1).then_some(at)
}

fn length_in(country: [char; 2]) -> Option<usize> {
    let entry = LENGTHS
        .as_bytes()
        .chunks_exact(4)
        .find(|entry| [char::from(entry[0]), char::from(entry[1])] == country)?;
    Some(usize::from(entry[2] - b'0') * 10 + usize::from(entry[3] - b'0'))
}

/// ISO/IEC 7064, MOD 97-10.
struct Checksum {
    remainder: u32,
    /// 10 to the power of how many digits were read, modulo 97.
    scale: u32,
}

impl Default for Checksum {
    fn default() -> Self {
        Self { remainder: 0, scale: 1 }
    }
}

impl Checksum {
    /// A letter is two digits: `A` is 10, `Z` is 35.
    fn push(&mut self, c: char) {
        let value = c.to_digit(36).unwrap_or_default();
        let scale = if value < 10 { 10 } else { 100 };
        self.remainder = (self.remainder * scale + value) % 97;
        self.scale = self.scale * scale % 97;
    }

    /// Of these characters with `other`'s after them.
    fn then(&self, other: &Self) -> u32 {
        (self.remainder * other.scale + other.remainder) % 97
    }
}

#[cfg(test)]
mod tests {
    use crate::scrub::scrub;

    /// Examples of the SWIFT registry.
    const IBANS: [&str; 8] = [
        "DE89370400440532013000",
        "GB29NWBK60161331926819",
        "FR1420041010050500013M02606",
        "NL91ABNA0417164300",
        "NO9386011117947",
        "MT84MALT011000012345MTLCAST001S",
        "BR1800360305000010009795493C1",
        "CH9300762011623852957",
    ];

    fn left(text: &str) -> String {
        scrub(text, None).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text)
    }

    fn in_groups(iban: &str, sign: &str) -> String {
        let groups: Vec<_> = iban.as_bytes().chunks(4).map(|group| str::from_utf8(group).unwrap()).collect();
        groups.join(sign)
    }

    #[test]
    fn a_number_is_found_compact_in_groups_and_in_either_case() {
        for iban in IBANS {
            assert_eq!(left(iban), "[iban]", "{iban}");
            assert_eq!(left(&iban.to_lowercase()), "[iban]", "{iban}");
            for sign in [" ", "\u{a0}", "\u{202f}", "-", "+", "%20"] {
                assert_eq!(
                    left(&format!("IBAN: {}.", in_groups(iban, sign))),
                    "IBAN: [iban].",
                    "{iban} {sign:?}"
                );
            }
        }
        assert_eq!(left("ＤＥ８９３７０４００４４０５３２０１３０００"), "[iban]");
        assert_eq!(left("DE٨٩٣٧٠٤٠٠٤٤٠٥٣٢٠١٣٠٠٠"), "[iban]");
        assert_eq!(left(r"to\nNL91ABNA0417164300"), r"to\n[iban]");
        assert_eq!(left("振込先はNO9386011117947です"), "振込先は[iban]です");
        assert_eq!(left("NO9386011117947 100 EUR"), "[iban] 100 EUR");
    }

    #[test]
    fn a_wrong_checksum_length_or_country_is_none() {
        let innocents = [
            "DE88370400440532013000",
            "DE8937040044053201300",
            "DE893704004405320130000",
            "ZZ22370400440532013000",
            "XDE89370400440532013000",
            "DE89 3704 00440532 0130 00",
        ];
        for text in innocents {
            assert_eq!(left(text), text);
        }
    }
}
