//! What was found, and what of it is not as it should be.

use super::accounts::Accounts;
use super::deliveries::Outcomes;
use super::raw::Raw;
use super::run::Run;
use std::collections::BTreeMap;

/// Ids that a problem names.
const EXAMPLES: usize = 3;

/// What was found.
pub struct Findings {
    /// `raw` and `raw_normalized`.
    pub raw: Raw,
    /// The view `accounts`; absent where the warehouse has none.
    pub accounts: Option<Accounts>,
    /// By tracker, those in parentheses included.
    pub trackers: BTreeMap<String, Outcomes>,
    /// Everything that is not as it should be.
    pub problems: Vec<Problem>,
    /// Acknowledged payloads of which something is missing.
    pub lost: Vec<bool>,
    /// Payloads with a row in `raw`.
    pub in_raw: Vec<bool>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub text: String,
    /// Time may cure it.
    pub may_settle: bool,
}

impl Problem {
    /// One that time may cure.
    pub fn waiting(text: &str) -> Self {
        Self { text: text.to_owned(), may_settle: true }
    }

    /// One that stays.
    pub fn settled(text: &str) -> Self {
        Self { text: text.to_owned(), may_settle: false }
    }
}

impl Findings {
    /// Nothing yet.
    pub fn new(payloads: usize) -> Self {
        Self {
            raw: Raw::default(),
            accounts: None,
            trackers: BTreeMap::new(),
            problems: Vec::new(),
            lost: vec![false; payloads],
            in_raw: vec![false; payloads],
        }
    }

    /// Something of these payloads is missing.
    pub fn lose(&mut self, run: &Run<'_>, numbers: &[usize]) {
        for &number in numbers {
            self.lost[number] |= run.sent[number].acked;
        }
    }

    /// Adds a problem of these payloads, where there are any.
    pub fn payloads(&mut self, run: &Run<'_>, numbers: &[usize], problem: Problem) {
        if !numbers.is_empty() {
            let mut examples: Vec<_> = numbers.iter().map(|&number| run.sent[number].id.as_str()).collect();
            examples.dedup();
            let rest = if examples.len() > EXAMPLES { ", …" } else { "" };
            examples.truncate(EXAMPLES);
            let text = format!("{} {}: {}{rest}", numbers.len(), problem.text, examples.join(", "));
            self.problems.push(Problem { text, ..problem });
        }
    }
}
