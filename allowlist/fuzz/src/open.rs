//! Any body, opened under a policy: nothing but what the policy permits leaves, and everything is accounted for.

use crate::judge;
use crate::subject::Subject;
use allowlist::{hand_over, take_over};

/// See `subject.rs` for how an input is read.
pub fn run(input: &[u8]) {
    let subject = Subject::read(input);
    let opening = subject.open();
    judge::opening(&subject, &opening);
    assert_eq!(subject.open(), opening, "opened twice");
    if input.len().is_multiple_of(8) {
        assert_eq!(subject.open_compressed(), opening, "compressed");
    }
    let json = hand_over(&opening.allowed).expect("what is allowed has a JSON form");
    let taken = take_over(&json).unwrap_or_else(|error| panic!("{error} in {json}"));
    assert_eq!(taken, opening.allowed, "handed over");
}
