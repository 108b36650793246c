//! Every input that was kept, without libFuzzer. One that breaks a promise is told by its place in the file.

use fuzz::TARGETS;
use fuzz::corpus::{CORPUS, REGRESSIONS, file, read};
use std::panic::catch_unwind;

fn replay(target: &str) {
    let (_, run) = TARGETS.into_iter().find(|(name, _)| *name == target).expect("a target of this name");
    for kind in [CORPUS, REGRESSIONS] {
        let file = file(kind, target);
        let inputs = read(&file).expect("the kept inputs can be read");
        assert!(kind == REGRESSIONS || inputs.len() > 50, "{} inputs in {}", inputs.len(), file.display());
        let broken: Vec<_> = (1..)
            .zip(inputs)
            .filter(|(_, input)| catch_unwind(|| run(input)).is_err())
            .map(|(line, _)| line)
            .collect();
        assert!(broken.is_empty(), "{}: lines {broken:?}", file.display());
    }
}

#[test]
fn what_leaves_of_a_body_is_what_the_policy_permits() {
    replay("open");
}

#[test]
fn a_policy_file_is_valid_or_its_faults_are_told() {
    replay("policy");
}

#[test]
fn what_is_scrubbed_holds_nothing_any_more() {
    replay("scrub");
}

#[test]
fn what_vendors_are_sent_is_within_their_limits() {
    replay("trackers");
}
