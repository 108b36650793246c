//! Any text as a policy file: every fault is in the file, and what has none means the same wherever it is read.

use crate::body::{Vocabulary, body};
use crate::judge;
use crate::source::Source;
use crate::subject::Subject;
use allowlist::Policy;
use allowlist::policy::{Fault, PolicyError};

/// Events that are opened under a policy that is valid: choices of what they hold.
const BODIES: u8 = 4;

/// The input is the file.
pub fn run(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    match Policy::from_toml(text, &trackers::NAMES) {
        Ok(policy) => valid(text, policy),
        Err(error) => faulty(text, &error),
    }
}

fn faulty(text: &str, error: &PolicyError) {
    let PolicyError(faults) = error;
    assert!(!faults.is_empty());
    assert!(faults.is_sorted_by_key(|fault| (fault.line, fault.column)), "{error}");
    let lines: Vec<_> = text.split('\n').collect();
    for (place, fault) in faults.iter().enumerate() {
        let Fault { line, column, what, .. } = fault;
        let length = line.checked_sub(1).and_then(|line| lines.get(line)).map(|line| line.chars().count());
        assert!(length.is_some_and(|length| (1..=length + 1).contains(column)), "{fault} is not in the file");
        assert!(!what.is_empty() && !faults[..place].contains(fault), "{fault} is told twice");
        assert!(error.to_string().contains(&fault.to_string()));
    }
}

fn valid(text: &str, mut policy: Policy) {
    let json = serde_json::to_string(&policy).expect("a policy has a JSON form");
    let read: Policy = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error} in {json}"));
    assert_eq!(read, policy, "{json}");

    let again = Policy::from_toml(&format!("# A remark\r\n{text}\n# and another\n"), &trackers::NAMES);
    assert_eq!(again.as_ref(), Ok(&policy), "remarks mean nothing");
    let (number, hash) = policy.version.split_once('-').expect("a number and a hash");
    assert!(number.parse::<u32>().is_ok() && hash.len() == 8, "{}", policy.version);

    let columns = policy.columns();
    assert!(columns.windows(2).all(|pair| pair[0].name < pair[1].name), "{columns:?}");
    policy.needs_hash_key();

    // So that what is sent below is from a source.
    policy.sources.origins.retain(|rule| rule.origin.starts_with("https://"));
    let words = Vocabulary::of(&policy);
    for choice in 0..BODIES {
        let choices: Vec<_> = text.bytes().rev().map(|byte| byte.wrapping_mul(choice * 2 + 1)).collect();
        let body = body(&mut Source::new(&choices), &words);
        let subject = Subject::under(&policy, body.into_bytes());
        judge::opening(&subject, &subject.open());
    }
    policy.restrict_to("production");
}
