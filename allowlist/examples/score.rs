//! Scores the scrubber on one half of the labelled corpus: which secrets it removes, which innocent values it
//! changes. `make scrub-score HALF=working` runs it; `corpus/README.md` says what a line is.
#![allow(clippy::print_stdout, reason = "a command")]

use allowlist::scrub::scrub;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Labels of groups that are also counted apart.
const GROUPS: [&str; 2] = ["beyond the named vendors", "telling key inside the text"];

const HELP: &str = "score FILE [--recall PERCENT] [--kind PERCENT] [--false PERCENT]
  Exits with 1 below the least recall overall or of a kind, or above the most false positives.";

/// A line of the corpus.
#[derive(Deserialize)]
struct Line {
    kind: String,
    key: Option<String>,
    text: String,
    secret: Option<String>,
    about: String,
}

#[derive(Default)]
struct Tally {
    lines: usize,
    right: usize,
}

impl Tally {
    fn add(&mut self, right: bool) {
        self.lines += 1;
        self.right += usize::from(right);
    }

    fn percent(&self) -> f64 {
        100.0 * self.right as f64 / self.lines.max(1) as f64
    }
}

struct Limits {
    file: String,
    recall: f64,
    kind: f64,
    wrong: f64,
}

fn main() -> ExitCode {
    let limits = match limits(std::env::args().skip(1)) {
        Ok(limits) => limits,
        Err(error) => {
            println!("{error}\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match std::fs::read_to_string(&limits.file) {
        Ok(corpus) if score(&corpus, &limits) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("{}: {error}", limits.file);
            ExitCode::from(2)
        }
    }
}

fn limits(mut args: impl Iterator<Item = String>) -> Result<Limits, String> {
    let mut limits = Limits { file: String::new(), recall: 0.0, kind: 0.0, wrong: 100.0 };
    while let Some(arg) = args.next() {
        let limit = match arg.as_str() {
            "--recall" => &mut limits.recall,
            "--kind" => &mut limits.kind,
            "--false" => &mut limits.wrong,
            file if limits.file.is_empty() && !file.starts_with('-') => {
                limits.file = arg;
                continue;
            }
            other => return Err(format!("{other} is no option")),
        };
        let value = args.next().and_then(|value| value.parse().ok());
        *limit = value.ok_or_else(|| format!("{arg} needs a number"))?;
    }
    if limits.file.is_empty() { Err("no file".to_owned()) } else { Ok(limits) }
}

/// Prints the score and says whether it is within the limits.
fn score(corpus: &str, limits: &Limits) -> bool {
    let mut kinds = BTreeMap::<String, Tally>::new();
    let mut groups = BTreeMap::<&str, Tally>::new();
    let (mut secrets, mut innocents) = (Tally::default(), Tally::default());
    for (number, line) in corpus.lines().enumerate() {
        let line: Line = match serde_json::from_str(line) {
            Ok(line) => line,
            Err(error) => {
                println!("line {}: {error}", number + 1);
                return false;
            }
        };
        let scrubbed = scrub(&line.text, line.key.as_deref());
        let left = scrubbed.as_ref().map_or(line.text.as_str(), |scrubbed| &scrubbed.text);
        let right = match &line.secret {
            Some(secret) => is_gone(secret, &line.text, left),
            None => left == line.text,
        };
        if !right {
            let what = if line.secret.is_some() { "missed" } else { "false positive" };
            let Line { kind, key, about, text, .. } = &line;
            println!("{what}: line {}, {kind}, {about}, key {key:?}\n    {text:?}\n    {left:?}", number + 1);
        }
        if line.secret.is_some() {
            secrets.add(right);
            kinds.entry(line.kind).or_default().add(right);
            if let Some(group) = GROUPS.iter().find(|group| line.about.contains(**group)) {
                groups.entry(group).or_default().add(right);
            }
        } else {
            innocents.add(right);
        }
    }
    let row = |name: &str, tally: &Tally| {
        println!("{name:<30} {:>5} of {:>5}  {:>7.2} %", tally.right, tally.lines, tally.percent());
    };
    println!("\nrecall");
    kinds.iter().for_each(|(kind, tally)| row(kind, tally));
    groups.iter().for_each(|(group, tally)| row(&format!("  {group}"), tally));
    row("all kinds", &secrets);
    let wrong = Tally { lines: innocents.lines, right: innocents.lines - innocents.right };
    row("false positives", &wrong);
    secrets.percent() >= limits.recall
        && kinds.values().all(|kind| kind.percent() >= limits.kind)
        && wrong.percent() <= limits.wrong
}

/// Whether neither the secret nor a third of it is left. What stands in the text around it anyway does not count.
fn is_gone(secret: &str, text: &str, left: &str) -> bool {
    let Some((before, after)) = text.split_once(secret) else { return false };
    let characters: Vec<char> = secret.chars().collect();
    let length = characters.len().div_ceil(3).max(4).min(characters.len());
    characters.windows(length).all(|part| {
        let part: String = part.iter().collect();
        left.matches(&part).count() <= before.matches(&part).count() + after.matches(&part).count()
    })
}
