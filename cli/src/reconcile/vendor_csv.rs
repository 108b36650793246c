//! A vendor's export: a CSV with columns for event, day and count.

use super::ours::Days;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

/// Headers in lower case without anything but letters, as vendors and people write them.
const EVENT: [&str; 4] = ["event", "eventname", "eventtype", "name"];
const DAY: [&str; 2] = ["day", "date"];
const COUNT: [&str; 6] = ["count", "eventcount", "events", "totalevents", "total", "eventtotals"];

/// Most names and days that are kept: an export of so many is none of events by name.
const MAX_KEYS: usize = 100_000;

/// Why an export cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    #[error("{0} cannot be read: {1}")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("{0} is no CSV: {1}")]
    Csv(PathBuf, #[source] csv::Error),
    #[error("{0} has no column `{1}`; its columns are {2}. One of {3} is needed")]
    NoColumn(PathBuf, &'static str, String, String),
    #[error("{0}, line {1}: {2}")]
    Line(PathBuf, u64, &'static str),
}

/// What the vendor has.
#[derive(Debug, Default, PartialEq)]
pub struct Theirs {
    /// By name and day.
    pub counts: BTreeMap<(String, String), u64>,
    /// Lines of other days than those that are asked for.
    pub other_days: u64,
}

/// Reads the lines of the days that are asked for. Lines of the same name and day, as where an export has more columns, are summed.
///
/// # Errors
/// [`CsvError`]
pub fn read(path: &Path, days: &Days) -> Result<Theirs, CsvError> {
    let unreadable = |error| CsvError::Unreadable(path.to_owned(), error);
    let mut file = File::open(path).map_err(unreadable)?;
    let delimiter = delimiter(&file).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    parse(path, file, delimiter, days)
}

fn parse(path: &Path, from: impl Read, delimiter: u8, days: &Days) -> Result<Theirs, CsvError> {
    let no_csv = |error| CsvError::Csv(path.to_owned(), error);
    // GA4 has a heading of comments.
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).comment(Some(b'#')).flexible(true).from_reader(from);
    let headers = reader.headers().map_err(no_csv)?.clone();
    let column = |what, names: &[&str]| {
        let plain = |header: &str| -> String {
            header.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
        };
        // The first name that a column has goes before the others.
        let mut found =
            names.iter().filter_map(|name| headers.iter().position(|header| plain(header) == *name));
        found.next().ok_or_else(|| {
            let has: Vec<_> = headers.iter().map(|header| format!("`{header}`")).collect();
            CsvError::NoColumn(path.to_owned(), what, has.join(", "), names.join(", "))
        })
    };
    let (event, day, count) = (column("event", &EVENT)?, column("day", &DAY)?, column("count", &COUNT)?);
    let mut theirs = Theirs::default();
    for record in reader.into_records() {
        let record = record.map_err(no_csv)?;
        let field = |place: usize| record.get(place).unwrap_or_default().trim();
        let at_line = |what| {
            let line = record.position().map(csv::Position::line).unwrap_or_default();
            CsvError::Line(path.to_owned(), line, what)
        };
        let (name, on) = (field(event), field(day));
        // A line of totals.
        if name.is_empty() && on.is_empty() {
            continue;
        }
        let on = self::day(on).ok_or_else(|| at_line("the day must be like 2026-11-01 or 20261101"))?;
        let events = self::count(field(count)).map_err(at_line)?;
        if !(days.first.as_str()..=days.last.as_str()).contains(&on.as_str()) {
            theirs.other_days += 1;
            continue;
        }
        *theirs.counts.entry((name.to_owned(), on)).or_default() += events;
        if theirs.counts.len() > MAX_KEYS {
            return Err(at_line(
                "there are more than 100,000 names and days; export events by name and day alone",
            ));
        }
    }
    Ok(theirs)
}

/// What stands between the columns: what the first line that is no comment has more of.
fn delimiter(file: &File) -> io::Result<u8> {
    for line in BufReader::new(file).split(b'\n') {
        let line = line?;
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
        if !text.is_empty() && !text.starts_with(b"#") {
            let of = |delimiter: u8| text.iter().filter(|byte| **byte == delimiter).count();
            return Ok(if of(b';') > of(b',') { b';' } else { b',' });
        }
    }
    Ok(b',')
}

/// A day such as `2026-11-01` or `20261101`.
fn day(text: &str) -> Option<String> {
    let day = match text.len() {
        8 if text.is_ascii() => format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]),
        _ => text.to_owned(),
    };
    crate::span::is_day(&day).then_some(day)
}

/// A thousands separator of one country is a decimal point in another: `1.234` can be either.
fn count(text: &str) -> Result<u64, &'static str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(count) if is_number => Ok(count),
        _ if text.contains(|c: char| c.is_ascii_digit())
            && text.contains([',', '.', ' ', '\'', '\u{a0}', '\u{202f}']) =>
        {
            Err("the count has separators, which can mean thousands or decimals; export it as digits alone")
        }
        _ => Err("the count must be a whole number of digits alone"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let days = Days {
            first: "2026-11-01".to_owned(),
            last: "2026-11-02".to_owned(),
            offset_minutes: 0,
            within: 3,
        };
        let theirs = super::read(file.path(), &days)
            .map_err(|error| error.to_string().replace(&file.path().display().to_string(), "FILE"))?;
        let counts = theirs.counts.into_iter().map(|((name, day), count)| format!("{name} {day} {count}"));
        Ok(counts.chain((theirs.other_days > 0).then(|| format!("+{}", theirs.other_days))).collect())
    }

    #[test]
    fn exports_are_read_as_vendors_and_people_write_them() {
        let ga4 = "\u{feff}# ----------------------------------------\n# Events, by day\n# 20261101-20261102\n\n\
            Event name,Date,Event count,Total users\n,,1500,80\nsign_up,20261101,7,7\npage_view,20261102,1493,80\n";
        assert_eq!(read(ga4).unwrap(), ["page_view 2026-11-02 1493", "sign_up 2026-11-01 7"]);
        let people =
            "DAY;Count;\"Event\"\r\n2026-11-01;2;\"a; b\"\r\n2026-11-01;3;a; b\r\n2026-10-31;9;x\r\n";
        assert_eq!(read(&people.replace("3;a; b", "3;\"a; b\"")).unwrap(), ["a; b 2026-11-01 5", "+1"]);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused_with_its_line() {
        let line = |count: &str| read(&format!("event,day,count\na,2026-11-01,1\na,2026-11-01,{count}\n"));
        for count in ["\"1,234\"", "1.234", "1 234", "1'234", "12.0"] {
            let fault = line(count).unwrap_err();
            assert!(fault.starts_with("FILE, line 3: the count has separators"), "{count}: {fault}");
        }
        for count in ["", "-1", "+1", "many"] {
            let fault = line(count).unwrap_err();
            assert_eq!(fault, "FILE, line 3: the count must be a whole number of digits alone", "{count}");
        }
        let fault = read("event,day,count\na,01.11.2026,1\n").unwrap_err();
        assert_eq!(fault, "FILE, line 2: the day must be like 2026-11-01 or 20261101");
    }

    #[test]
    fn a_column_that_is_missing_is_told_with_those_that_there_are() {
        let fault = read("Event name,Users\na,1\n").unwrap_err();
        assert_eq!(
            fault,
            "FILE has no column `day`; its columns are `Event name`, `Users`. One of day, date is needed"
        );
    }
}
