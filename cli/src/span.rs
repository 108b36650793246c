//! Points in time, as people say them.

use event::Millis;
use jiff::Timestamp;
use jiff::civil::Date;

const MINUTE_MS: i64 = 60 * 1000;

/// A time ago such as 2d, 12h, 30m, or a UTC day or RFC 3339 time.
pub fn since(text: &str, now: Millis) -> Option<Millis> {
    if let Some(ago) = ago(text) {
        return Some(Millis(now.0 - ago));
    }
    let day = format!("{text}T00:00:00Z");
    let time: Timestamp = if is_day(text) { &day } else { text }.parse().ok()?;
    Some(Millis(time.as_millisecond()))
}

/// Whether it is a day such as `2026-11-01`. To the parser `2026-11-01T12:00` is one, too.
pub fn is_day(text: &str) -> bool {
    text.parse::<Date>().is_ok_and(|day| day.to_string() == text)
}

/// Reads an argument that is a day.
///
/// # Errors
/// What it must be.
pub fn day(text: &str) -> Result<String, &'static str> {
    if is_day(text) { Ok(text.to_owned()) } else { Err("a day is written 2026-11-01") }
}

/// At most five digits: 99999 days are more than there were since 1970, so that no time is before it by much.
fn ago(text: &str) -> Option<i64> {
    let unit_ms = match text.bytes().last()? {
        b'd' => 24 * 60 * MINUTE_MS,
        b'h' => 60 * MINUTE_MS,
        b'm' => MINUTE_MS,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let is_count = (1..=5).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_count.then(|| digits.parse::<i64>().ok())?.map(|count| count * unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-01T12:00:00Z
    const NOW: Millis = Millis(1_793_534_400_000);

    #[test]
    fn spans_days_and_times_are_read() {
        for (text, time) in [
            ("2d", "2026-10-30T12:00:00.000Z"),
            ("12h", "2026-11-01T00:00:00.000Z"),
            ("30m", "2026-11-01T11:30:00.000Z"),
            ("2026-10-31", "2026-10-31T00:00:00.000Z"),
            ("2026-10-31T01:02:03Z", "2026-10-31T01:02:03.000Z"),
            ("2026-10-31T01:02:03.5+01:00", "2026-10-31T00:02:03.500Z"),
        ] {
            assert_eq!(since(text, NOW).map(|time| time.to_string()).as_deref(), Some(time), "{text}");
        }
    }

    /// A time without a zone would be somebody's own.
    #[test]
    fn what_could_be_meant_otherwise_is_none() {
        for text in [
            "",
            "d",
            "2",
            "2w",
            "-2d",
            "+2d",
            "2 d",
            "1e3d",
            "100000d",
            "2026-11",
            "20261101",
            "2026-11-01T12:00",
            "ä",
        ] {
            assert_eq!(since(text, NOW), None, "{text}");
        }
    }
}
