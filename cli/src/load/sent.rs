//! What was sent and what was heard of it: the memory between the two phases of a run.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// One payload: a line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// SHA-256 of its body.
    pub sha256: String,
    /// The ids of its events, in their order.
    pub events: Vec<Uuid>,
    /// Whether an attempt was answered with success.
    pub acked: bool,
    /// Attempts made.
    pub attempts: u32,
    /// When the first attempt started, in ms since 1970.
    pub first_at: i64,
    /// When the last attempt started; where one was answered with success, it is that one.
    pub last_at: i64,
    /// From the start of the attempt that succeeded to its answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latency_us: Option<u64>,
    /// How often each status that is no success was answered; under `no answer` what was not answered.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub refused: BTreeMap<String, u64>,
}

/// Why the file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{0} cannot be written: {1}")]
    Write(PathBuf, io::Error),
    #[error("{0} cannot be read: {1}")]
    Read(PathBuf, io::Error),
    #[error("{0}, line {1}: {2}; give the file that --publish-only wrote")]
    Line(PathBuf, usize, serde_json::Error),
}

/// Writes a line for each payload.
///
/// # Errors
/// [`FileError::Write`]
pub fn write(path: &Path, sent: &[Sent]) -> Result<(), FileError> {
    let lines = || -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        for payload in sent {
            serde_json::to_writer(&mut file, payload)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    };
    lines().map_err(|error| FileError::Write(path.to_owned(), error))
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// [`FileError::Read`], [`FileError::Line`]
pub fn read(path: &Path) -> Result<Vec<Sent>, FileError> {
    let unreadable = |error| FileError::Read(path.to_owned(), error);
    let lines = BufReader::new(File::open(path).map_err(unreadable)?).lines();
    lines
        .enumerate()
        .map(|(number, line)| {
            let line = line.map_err(unreadable)?;
            serde_json::from_str(&line).map_err(|error| FileError::Line(path.to_owned(), number + 1, error))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_read_as_it_was_written() {
        let sent = [
            Sent {
                id: "load-1-0".into(),
                sha256: "ab".into(),
                events: vec![Uuid::from_u128(1), Uuid::from_u128(2)],
                acked: true,
                attempts: 3,
                first_at: 5,
                last_at: 9,
                latency_us: Some(700),
                refused: BTreeMap::from([("503".to_owned(), 2)]),
            },
            Sent {
                id: "load-1-1".into(),
                sha256: "cd".into(),
                events: vec![],
                acked: false,
                attempts: 1,
                first_at: 6,
                last_at: 6,
                latency_us: None,
                refused: BTreeMap::new(),
            },
        ];
        let path = std::env::temp_dir().join(format!("sparrow-load-{}.ndjson", std::process::id()));
        write(&path, &sent).unwrap();
        assert_eq!(read(&path).unwrap(), sent);
        std::fs::write(&path, "{\"id\": 1}\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("line 1"));
        std::fs::remove_file(&path).unwrap();
    }
}
