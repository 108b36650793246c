//! `sparrow scrub`: lines in, the same lines without personal data and secrets out.

use allowlist::scrub::{Kind, scrub};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Longest line that is scrubbed, in bytes: twice what Trace inflates a body to. A longer one is not cut in pieces, since a
/// cut might go through an address.
const MAX_LINE: usize = 16 << 20;

/// What stands for a longer line.
const TOO_LONG: &str = "[line too long]";

/// Arguments of `sparrow scrub`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each line is looked at by itself, as Trace looks at a property's value, and written as soon as it is read. What is no UTF-8
is replaced by U+FFFD, and a line of more than 16 MiB by `[line too long]`. How much was found is said at the end, apart
from the lines.

Example:

    echo 'write to ada@example.com' | sparrow scrub")]
pub struct Scrub {
    /// The lines [default: the input].
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The name under which the lines would be in an event: under some, such as phone or password, more is found.
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
    /// Write an object a line: {"text": …, "found": {kind: count}}.
    #[arg(long)]
    json: bool,
}

/// Why not all was scrubbed.
#[derive(Debug, thiserror::Error)]
pub enum ScrubError {
    #[error("{0} cannot be read: {1}")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("a line cannot be read or written: {0}")]
    Line(#[from] io::Error),
}

/// What was found in all lines.
#[derive(Debug, Default)]
struct Counts {
    lines: u64,
    changed: u64,
    too_long: u64,
    not_text: u64,
    found: BTreeMap<Kind, u64>,
}

/// Scrubs all lines, and says at the end how much was found.
///
/// # Errors
/// [`ScrubError`]
pub fn run(scrub: &Scrub) -> Result<(), ScrubError> {
    let out = io::stdout().lock();
    let file = scrub.file.as_deref().filter(|path| *path != Path::new("-"));
    let counts = match file {
        None => lines(scrub, &mut BufReader::new(io::stdin().lock()), out)?,
        Some(path) => {
            let file = File::open(path).map_err(|error| ScrubError::Unreadable(path.to_owned(), error))?;
            lines(scrub, &mut BufReader::new(file), out)?
        }
    };
    writeln!(io::stderr(), "{}", summary(&counts))?;
    Ok(())
}

fn lines<R: Read>(scrub: &Scrub, from: &mut BufReader<R>, to: impl Write) -> io::Result<Counts> {
    let mut to = BufWriter::new(to);
    let mut counts = Counts::default();
    let mut line = Vec::new();
    while let Some(is_whole) = next_line(from, &mut line)? {
        counts.lines += 1;
        let end = line_end(&line);
        let (text, end) = line.split_at(line.len() - end);
        write_line(scrub, is_whole.then_some(text), end, &mut to, &mut counts)?;
        // What comes slowly is not held back, and what comes fast is written in large pieces.
        if from.buffer().is_empty() {
            to.flush()?;
        }
    }
    to.flush()?;
    Ok(counts)
}

/// Reads a line with its end into `line`; whether it is whole, or nothing where there is none.
fn next_line<R: Read>(from: &mut BufReader<R>, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let most = MAX_LINE as u64 + 1;
    if from.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.len() <= MAX_LINE || line.ends_with(b"\n") {
        return Ok(Some(true));
    }
    if from.skip_until(b'\n')? > 0 {
        line.push(b'\n');
    }
    Ok(Some(false))
}

/// Bytes of the line's end.
fn line_end(line: &[u8]) -> usize {
    match line {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    }
}

/// `text` is nothing where the line is too long.
fn write_line(
    arguments: &Scrub,
    text: Option<&[u8]>,
    end: &[u8],
    to: &mut impl Write,
    counts: &mut Counts,
) -> io::Result<()> {
    let text = text.map(String::from_utf8_lossy);
    counts.too_long += u64::from(text.is_none());
    counts.not_text += u64::from(matches!(&text, Some(std::borrow::Cow::Owned(_))));
    let text = text.as_deref().unwrap_or(TOO_LONG);
    let scrubbed = scrub(text, arguments.key.as_deref());
    counts.changed += u64::from(scrubbed.is_some());
    let (text, found) = scrubbed.as_ref().map_or((text, &[][..]), |found| (&*found.text, &*found.found));
    for (kind, count) in found {
        *counts.found.entry(*kind).or_default() += *count as u64;
    }
    if arguments.json {
        let found: Map<String, Value> =
            found.iter().map(|(kind, count)| (kind.name().to_owned(), (*count).into())).collect();
        serde_json::to_writer(&mut *to, &json!({"text": text, "found": found}))?;
        to.write_all(b"\n")
    } else {
        to.write_all(text.as_bytes())?;
        to.write_all(end)
    }
}

/// Such as `2 of 10 lines changed: card 1, email 2`.
fn summary(counts: &Counts) -> String {
    let found: Vec<_> = counts.found.iter().map(|(kind, count)| format!("{} {count}", kind.name())).collect();
    let mut said = match counts.changed {
        0 => format!("nothing found in {} lines", counts.lines),
        changed => format!("{changed} of {} lines changed: {}", counts.lines, found.join(", ")),
    };
    if counts.not_text > 0 {
        said.push_str(&format!("; {} were no UTF-8", counts.not_text));
    }
    if counts.too_long > 0 {
        said.push_str(&format!("; {} were too long and are left out", counts.too_long));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::cell::RefCell;
    use std::rc::Rc;

    fn arguments(more: &[&str]) -> Scrub {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            scrub: Scrub,
        }
        Cli::try_parse_from(["scrub"].iter().chain(more)).unwrap().scrub
    }

    fn scrubbed(more: &[&str], given: &[u8]) -> (String, String) {
        let mut out = Vec::new();
        let counts = lines(&arguments(more), &mut BufReader::new(given), &mut out).unwrap();
        (String::from_utf8(out).unwrap(), summary(&counts))
    }

    #[test]
    fn lines_stay_lines_and_what_is_found_is_counted() {
        let given = "to ada@example.com\r\n\nbob@example.org, 4111 1111 1111 1111\nnothing";
        let (out, said) = scrubbed(&[], given.as_bytes());
        assert_eq!(out, "to [email]\r\n\n[email], [card]\nnothing");
        assert_eq!(said, "2 of 4 lines changed: card 1, email 2");
        assert_eq!(scrubbed(&[], b""), (String::new(), "nothing found in 0 lines".to_owned()));
    }

    #[test]
    fn a_telling_key_finds_more() {
        assert_eq!(scrubbed(&[], b"5550142").0, "5550142");
        assert_eq!(scrubbed(&["--key", "phone"], b"5550142").0, "[phone]");
    }

    #[test]
    fn json_has_an_object_for_each_line() {
        let (out, _) = scrubbed(&["--json"], b"a@b.example c@d.example\n\"x\"\r\n");
        assert_eq!(
            out,
            "{\"found\":{\"email\":2},\"text\":\"[email] [email]\"}\n{\"found\":{},\"text\":\"\\\"x\\\"\"}\n"
        );
    }

    #[test]
    fn what_is_no_text_is_replaced_and_said() {
        let (out, said) = scrubbed(&[], b"\xff ada@example.com\nok\n");
        assert_eq!(out, "\u{fffd} [email]\nok\n");
        assert_eq!(said, "1 of 2 lines changed: email 1; 1 were no UTF-8");
    }

    #[test]
    fn a_line_that_is_too_long_is_left_out_and_the_next_one_is_not() {
        let long = "x".repeat(MAX_LINE);
        for (given, expected) in [
            (format!("{long}\nok\n"), format!("{long}\nok\n")),
            (format!("{long}x ada@example.com\nok\n"), format!("{TOO_LONG}\nok\n")),
            (format!("{long}x"), TOO_LONG.to_owned()),
        ] {
            let (out, said) = scrubbed(&[], given.as_bytes());
            assert!(out == expected, "{} bytes", out.len());
            assert_eq!(said.contains("too long"), expected.starts_with(TOO_LONG), "{said}");
        }
    }

    /// Gives a line at a time, and notes how much was written when the next one was asked for.
    struct Slow {
        left: Vec<&'static [u8]>,
        written: Rc<RefCell<Vec<u8>>>,
        seen: Rc<RefCell<Vec<usize>>>,
    }

    impl Read for Slow {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            self.seen.borrow_mut().push(self.written.borrow().len());
            let Some(line) = self.left.pop() else { return Ok(0) };
            to[..line.len()].copy_from_slice(line);
            Ok(line.len())
        }
    }

    struct Shared(Rc<RefCell<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_written_before_the_next_one_comes() {
        let (written, seen) = (Rc::default(), Rc::default());
        let slow = Slow { left: vec![b"bc\n", b"a\n"], written: Rc::clone(&written), seen: Rc::clone(&seen) };
        lines(&arguments(&[]), &mut BufReader::new(slow), Shared(written)).unwrap();
        assert_eq!(*seen.borrow(), [0, 2, 5]);
    }
}
