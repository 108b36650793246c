//! Kept inputs to and from the folders of single files that libFuzzer wants.
//!
//! - `corpus unpack TARGET FOLDER`: a file for each kept input.
//! - `corpus pack TARGET FOLDER`: keeps what is in the folder instead of what was kept.
//! - `corpus keep TARGET FILE…`: adds inputs that broke a promise to those that stay.
#![allow(clippy::print_stdout, reason = "a command")]

use fuzz::corpus::{CORPUS, REGRESSIONS, file, read, write};
use std::error::Error;
use std::fs;
use std::path::Path;

/// Longest input that is kept of a folder, in bytes, and most of them all.
const MAX_INPUT: usize = 1024;
const MAX_BYTES: usize = 28 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["unpack", target, folder] => unpack(target, Path::new(folder)),
        ["pack", target, folder] => pack(target, Path::new(folder)),
        ["keep", target, ref files @ ..] => keep(target, files),
        _ => Err("corpus unpack TARGET FOLDER | corpus pack TARGET FOLDER | corpus keep TARGET FILE…".into()),
    }
}

fn unpack(target: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for kind in [CORPUS, REGRESSIONS] {
        for (place, input) in read(&file(kind, target))?.into_iter().enumerate() {
            fs::write(folder.join(format!("{kind}-{place}")), input)?;
        }
    }
    Ok(())
}

fn pack(target: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder)? {
        inputs.push(fs::read(entry?.path())?);
    }
    let found = inputs.len();
    inputs.retain(|input| input.len() <= MAX_INPUT);
    inputs.sort_by_key(Vec::len);
    let mut room = MAX_BYTES;
    inputs.retain(|input| {
        let fits = input.len() <= room;
        room = room.saturating_sub(input.len());
        fits
    });
    println!("{target}: {} of {found} inputs are kept", inputs.len());
    Ok(write(&file(CORPUS, target), inputs)?)
}

fn keep(target: &str, files: &[&str]) -> Result<(), Box<dyn Error>> {
    let kept = file(REGRESSIONS, target);
    let mut inputs = read(&kept)?;
    for file in files {
        inputs.push(fs::read(file)?);
    }
    Ok(write(&kept, inputs)?)
}
