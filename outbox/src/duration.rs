//! Durations as settings write them: `100ms`, `10s`, `5m`, `72h`, `30d`.

const UNITS: [(&str, i64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 24 * 3_600_000)];

/// Milliseconds, or nothing where the text is no duration.
pub fn parse(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<i64>().ok()?.checked_mul(*millis)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_duration_is_a_number_with_its_unit() {
        assert_eq!(parse("250ms"), Some(250));
        assert_eq!(parse("10s"), Some(10_000));
        assert_eq!(parse("72h"), Some(259_200_000));
        assert_eq!(parse("30d"), Some(2_592_000_000));
        for wrong in ["", "10", "s", "-1s", "1.5s", "1 s", "9223372036854775807d"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
