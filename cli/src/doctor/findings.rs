//! What was found, and how it is said.

use serde_json::{Value, json};
use std::fmt::{self, Display};

/// How a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, and somebody should look.
    Warn,
    /// It does not work, or loses something.
    Fault,
    /// It cannot be found out.
    Unknown,
}

/// One finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub area: &'static str,
    pub what: String,
    pub state: State,
    pub says: String,
    /// What to do, where it is not as it should be.
    pub mend: Option<String>,
}

/// All findings, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    pub fn ok(&mut self, area: &'static str, what: impl Display, says: impl Display) {
        self.add(area, what, State::Ok, says, None);
    }

    pub fn warn(&mut self, area: &'static str, what: impl Display, says: impl Display, mend: impl Display) {
        self.add(area, what, State::Warn, says, Some(mend.to_string()));
    }

    pub fn fault(&mut self, area: &'static str, what: impl Display, says: impl Display, mend: impl Display) {
        self.add(area, what, State::Fault, says, Some(mend.to_string()));
    }

    pub fn unknown(&mut self, area: &'static str, what: impl Display, says: impl Display) {
        self.add(area, what, State::Unknown, says, None);
    }

    fn add(
        &mut self,
        area: &'static str,
        what: impl Display,
        state: State,
        says: impl Display,
        mend: Option<String>,
    ) {
        self.0.push(Finding { area, what: what.to_string(), state, says: says.to_string(), mend });
    }

    fn count(&self, state: State) -> usize {
        self.0.iter().filter(|finding| finding.state == state).count()
    }

    /// How many faults there are.
    pub fn faults(&self) -> usize {
        self.count(State::Fault)
    }

    pub fn to_json(&self) -> Value {
        let findings: Vec<_> = self
            .0
            .iter()
            .map(|finding| {
                let Finding { area, what, state, says, mend } = finding;
                json!({ "area": area, "what": what, "state": state.name(), "says": says, "mend": mend })
            })
            .collect();
        json!({ "faults": self.faults(), "warnings": self.count(State::Warn), "findings": findings })
    }
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fault => "fault",
            Self::Unknown => "unknown",
        }
    }

    /// As it stands at a line's begin.
    fn mark(self) -> &'static str {
        match self {
            Self::Ok => "ok   ",
            Self::Warn => "warn ",
            Self::Fault => "FAULT",
            Self::Unknown => "?    ",
        }
    }
}

impl Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { area, what, state, says, mend } in &self.0 {
            let says = says.replace('\n', "\n      ");
            writeln!(f, "{} {area}: {what}: {says}", state.mark())?;
            if let Some(mend) = mend {
                writeln!(f, "      -> {mend}")?;
            }
        }
        let (faults, warnings) = (self.faults(), self.count(State::Warn));
        writeln!(f, "{faults} fault(s), {warnings} warning(s), {} unknown", self.count(State::Unknown))
    }
}
