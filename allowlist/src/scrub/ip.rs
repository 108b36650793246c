//! IP addresses. Four numbers after a name and a slash (`Chrome/120.0.0.0`), after a `v`, or under a key that names
//! a version are a version; addresses that are nobody's (`0.0.0.0`, `127.0.0.1`, `255.255.255.0`, `::1`) stay.
//!
//! The work is linear in the text's length: from each place where an address could start, at most 8 groups are read.

use super::character::{characters, digit, next_at, plain, unescaped};
use super::key::{is_one_of, name_of_value, tells_address, tells_version};
use super::{Find, Kind};

/// Four numbers all below this are a version or a section, unless they begin with the 10 of private networks, or
/// what stands before them says that they are an address: one in 20,000 addresses looks so.
const VERSIONS_BELOW: u32 = 20;

/// Systems whose versions follow a blank: `iOS 17.4.1.100`. Machines of others are called by their name.
const SYSTEMS: &[&str] = &["android", "ios", "ipados", "macos", "tvos", "watchos"];

/// `．`, as East Asian keyboards give it.
const WIDE_DOT: char = '\u{ff0e}';

/// What stands before four numbers says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// They are a version, or a part of something longer.
    Other,
    /// Their size decides.
    Unclear,
    /// The same, and a version is as likely: `root@192.0.2.1`, `package@1.22.3.4`.
    Package,
    Address,
}

/// `key` is the name of what holds the text.
pub fn find_v4(text: &str, key: Option<&str>, finds: &mut Vec<Find>) {
    let mut passed = 0;
    let (mut earlier, mut previous) = (' ', ' ');
    for (at, c, _) in characters(text) {
        let starts = at >= passed && digit(c).is_some() && !is_word(previous);
        if starts && let Some((octets, length)) = v4(&text[at..]) {
            let large = octets.iter().filter(|octet| **octet >= VERSIONS_BELOW).count();
            let is_address = match lead(text, at, key, [earlier, previous]) {
                Lead::Other => false,
                Lead::Unclear => octets[0] == 10 || large > 0,
                Lead::Package => octets[0] == 10 || large > 1,
                Lead::Address => true,
            };
            if is_address {
                finds.push(Find { span: at..at + length, kind: Kind::Ip });
                passed = at + length;
            }
        }
        (earlier, previous) = (previous, unescaped(previous, c));
    }
}

pub fn find_v6(text: &str, finds: &mut Vec<Find>) {
    let mut passed = 0;
    let (mut earlier, mut previous) = (' ', ' ');
    // Whether the letters and digits before are no group of an address: `value:2001:db8::1`.
    let (mut letters, mut word) = (0, false);
    for (at, c, _) in characters(text) {
        let c = plain(c);
        if at >= passed
            && (c == ':' || c.is_ascii_hexdigit())
            && starts_v6(earlier, previous, word)
            && let Some(length) = v6_length(&text[at..])
        {
            finds.push(Find { span: at..at + length, kind: Kind::Ip });
            passed = at + length;
        }
        if c.is_alphanumeric() {
            letters += 1;
            word |= !c.is_ascii_hexdigit() || letters > 4;
        } else if c != ':' || previous == ':' {
            (letters, word) = (0, false);
        } else {
            letters = 0;
        }
        (earlier, previous) = (previous, unescaped(previous, c));
    }
}

fn lead(text: &str, at: usize, key: Option<&str>, [earlier, previous]: [char; 2]) -> Lead {
    match previous {
        // `_192.0.2.1_` is one in another type.
        '_' if !earlier.is_alphanumeric() => Lead::Unclear,
        '~' if earlier == '~' => Lead::Unclear,
        '.' | '-' | '_' | '^' | '~' => Lead::Other,
        // `http://192.0.2.1` is an address, `Chrome/120.0.0.0` is none.
        '/' if earlier == '/' => Lead::Address,
        '/' => Lead::Other,
        '@' => Lead::Package,
        _ => {
            let name = &text[name_of_value(text, at)];
            let is_system = || text[..at].ends_with(' ') && is_one_of(name, SYSTEMS);
            if tells_version(name) || is_system() || key.is_some_and(tells_version) {
                Lead::Other
            } else if tells_address(name) || key.is_some_and(tells_address) {
                Lead::Address
            } else {
                Lead::Unclear
            }
        }
    }
}

/// An ASCII letter, or a digit of any script.
fn is_word(c: char) -> bool {
    c.is_ascii_alphabetic() || digit(c).is_some()
}

/// The four numbers at the start of `text`, and their length.
fn v4(text: &str) -> Option<([u32; 4], usize)> {
    let mut octets = [0u32; 4];
    let mut at = 0;
    for (place, octet) in octets.iter_mut().enumerate() {
        if place > 0 {
            let (_, length) = next_at(text, at).filter(|&(c, _)| c == '.' || c == WIDE_DOT)?;
            at += length;
        }
        let mut count = 0;
        while let Some((c, length)) = next_at(text, at)
            && let Some(digit) = digit(c)
        {
            // `01` is none.
            if count == 3 || count > 0 && *octet == 0 {
                return None;
            }
            *octet = *octet * 10 + u32::from(digit);
            count += 1;
            at += length;
            if *octet > 255 {
                return None;
            }
        }
        if count == 0 {
            return None;
        }
    }
    let mut after = characters(&text[at..]).map(|(_, c, _)| c);
    let ends = match after.next() {
        // `1.2.3.4.5` and `1.2.3.4-beta` are versions.
        Some('.' | WIDE_DOT) => after.next().is_none_or(|c| !is_word(c)),
        Some('-' | '+') => after.next().is_none_or(|c| !c.is_ascii_alphabetic()),
        Some('_') => after.next().is_none_or(|c| !c.is_alphanumeric()),
        Some(c) => !is_word(c),
        None => true,
    };
    (ends && !matches!(octets[0], 0 | 127 | 255)).then_some((octets, at))
}

/// A group may follow a colon that is none of an address: `ip:2001:db8::1`.
fn starts_v6(earlier: char, previous: char, word: bool) -> bool {
    match previous {
        ':' => (word || !earlier.is_ascii_hexdigit()) && earlier != ':',
        '_' => !earlier.is_alphanumeric(),
        '.' => false,
        previous => !previous.is_ascii_alphanumeric(),
    }
}

fn v6_length(text: &str) -> Option<usize> {
    let mut groups = [0u16; 8];
    let mut count = 0;
    // How many groups stand before the `::`.
    let mut gap = None;
    let mut at = 0;
    loop {
        let (colons, start) = colons(&text[at..], at);
        if colons == 2 {
            if gap.replace(count).is_some() {
                return None;
            }
            at = start;
        } else if (colons == 0) != (count == 0) {
            break;
        }
        if (1..=6).contains(&count)
            && let Some((_, length)) = v4(&text[start..])
        {
            at = start + length;
            count += 2;
            break;
        }
        let Some((value, length)) = hex_group(&text[start..]) else { break };
        *groups.get_mut(count)? = value;
        count += 1;
        at = start + length;
    }
    let ends = next_at(text, at).is_none_or(|(c, _)| !plain(c).is_ascii_alphanumeric());
    let whole = match gap {
        // `::ffff:192.0.2.1`; of others that begin with zeros nobody has one.
        Some(0) => count == 3 && groups[0] == 0xffff,
        Some(_) => count < 8 && is_assigned(groups[0], groups[1]),
        None => count == 8 && is_assigned(groups[0], groups[1]),
    };
    (ends && whole).then_some(at)
}

/// How many colons, up to two, `text` begins with, and where they end; `text` stands at `at`.
fn colons(text: &str, at: usize) -> (usize, usize) {
    let mut ends =
        characters(text).take(2).take_while(|&(_, c, _)| c == ':').map(|(at, _, length)| at + length);
    match (ends.next(), ends.next()) {
        (_, Some(end)) => (2, at + end),
        (Some(end), None) => (1, at + end),
        (None, None) => (0, at),
    }
}

/// A group's value, and its bytes.
fn hex_group(text: &str) -> Option<(u16, usize)> {
    let mut value = 0u16;
    let mut digits = 0;
    let mut at = 0;
    while let Some((c, length)) = next_at(text, at)
        && let Some(digit) = plain(c).to_digit(16)
    {
        if digits == 4 {
            return None;
        }
        value = value << 4 | u16::try_from(digit).ok()?;
        digits += 1;
        at += length;
    }
    (digits > 0).then_some((value, at))
}

/// Global, unique local, link-local, and translated addresses
/// (<https://www.iana.org/assignments/ipv6-address-space>).
fn is_assigned(first: u16, second: u16) -> bool {
    matches!(first, 0x2000..=0x3fff | 0xfc00..=0xfdff | 0xfe80..=0xfebf) || first == 0x64 && second == 0xff9b
}

#[cfg(test)]
mod tests {
    use crate::scrub::scrub;

    fn left(text: &str, key: Option<&str>) -> String {
        scrub(text, key).map_or_else(|| text.to_owned(), |scrubbed| scrubbed.text)
    }

    #[test]
    fn addresses_of_both_versions_are_found_where_logs_have_them() {
        let cases = [
            ("203.0.113.77", "[ip]"),
            ("from 203.0.113.77 port 22", "from [ip] port 22"),
            ("http://203.0.113.77:8080/x", "http://[ip]:8080/x"),
            ("ssh root@203.0.113.77", "ssh root@[ip]"),
            ("192.168.1.1, 10.0.0.1.", "[ip], [ip]."),
            ("_203.0.113.77_", "_[ip]_"),
            (r"a\n203.0.113.77", r"a\n[ip]"),
            ("203%2E0%2E113%2E77", "[ip]"),
            ("服务器203.0.113.77故障", "服务器[ip]故障"),
            ("２０３．０．１１３．７７", "[ip]"),
            ("٢٠٣.٠.١١٣.٧٧", "[ip]"),
            ("๒๐๓.๐.๑๑๓.๗๗", "[ip]"),
            ("from 8.8.8.8 port 22", "from [ip] port 22"),
            ("2001:db8::1", "[ip]"),
            ("２００１:ｄｂ８::１", "[ip]"),
            ("[2001:db8:0:0:0:0:2:1]:443", "[[ip]]:443"),
            ("value:2001:db8::1", "value:[ip]"),
            ("fe80::1ff:fe23:4567:890a%eth0", "[ip]%eth0"),
            ("::ffff:203.0.113.7", "[ip]"),
        ];
        for (text, expected) in cases {
            assert_eq!(left(text, None), expected, "{text}");
        }
        assert_eq!(left("1.1.1.1", Some("client_ip")), "[ip]");
    }

    #[test]
    fn versions_times_and_addresses_of_nobody_stay() {
        let innocents = [
            "Chrome/120.0.60.99",
            "Chrome 120.0.60.99",
            "version 120.0.60.99",
            "v120.0.60.99",
            "§ 1.2.3.4",
            "２０３．０．１１３．７７．１",
            "iOS 17.4.1.100",
            "Android 13.0.25.100",
            "on macOS 14.2.25.1",
            "1.2.3.4.5",
            "203.0.113.77-beta",
            "203.0.113.256",
            "203.0.113.077",
            "x@1.22.3.4",
            "0.0.0.0 127.0.0.1 255.255.255.0",
            "::1",
            "std::dec",
            "12::30",
            "aa:bb:cc:dd:ee:ff:00:11",
            "2001:db8:1",
            "1:2:3:4:5:6:7:8",
        ];
        for text in innocents {
            assert_eq!(left(text, None), text);
        }
        assert_eq!(left("120.0.60.99", Some("app_version")), "120.0.60.99");
    }
}
