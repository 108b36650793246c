//! Kept inputs: a file for each target with a line for each input. A text is a JSON string, anything else
//! `{"hex": "…"}`.

use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// Inputs that libFuzzer found worth keeping, few enough to be replayed by every test run.
pub const CORPUS: &str = "corpus";

/// Inputs that once broke a promise. They stay.
pub const REGRESSIONS: &str = "regressions";

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Text(String),
    Bytes { hex: String },
}

/// The file with a target's inputs of a kind.
pub fn file(kind: &str, target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(format!("{target}.jsonl"))
}

/// Reads a file.
///
/// # Errors
/// Where it cannot be read or a line has another form.
pub fn read(file: &Path) -> io::Result<Vec<Vec<u8>>> {
    let input = |line: &str| match serde_json::from_str(line)? {
        Line::Text(text) => Ok(text.into_bytes()),
        Line::Bytes { hex } => hex::decode(hex).map_err(io::Error::other),
    };
    std::fs::read_to_string(file)?.lines().map(input).collect()
}

/// Writes a file, the shortest input first.
///
/// # Errors
/// Where it cannot be written.
pub fn write(file: &Path, mut inputs: Vec<Vec<u8>>) -> io::Result<()> {
    inputs.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    inputs.dedup();
    let mut text = String::new();
    for input in inputs {
        text += &match String::from_utf8(input) {
            Ok(text) => quoted(&text),
            Err(error) => serde_json::to_string(&Line::Bytes { hex: hex::encode(error.into_bytes()) })?,
        };
        text.push('\n');
    }
    std::fs::write(file, text)
}

/// A JSON string that begins no token: scanners of code would take what is made up here for the real thing.
fn quoted(text: &str) -> String {
    /// Shorter ones are no tokens.
    const MIN_TOKEN: usize = 12;
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut json = String::from("\"");
    for stretch in text.split_inclusive(|c| !is_part(c)) {
        let plain = serde_json::Value::from(stretch).to_string();
        let plain = &plain[1..plain.len() - 1];
        match stretch.chars().next().filter(|first| is_part(*first) && stretch.len() >= MIN_TOKEN) {
            Some(first) => json += &format!("\\u{:04x}{}", u32::from(first), &plain[1..]),
            None => json += plain,
        }
    }
    json + "\""
}
