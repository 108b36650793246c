//! What somebody may have to look at: one JSON line in the log, and one report where reports are on.
//!
//! ```ignore
//! Problem::new("call_failed").by("lane", lane).by("reason", reason).with("shard", 3).tell();
//! ```
//!
//! It holds ids, names from the allowlist, codes and counts; never a value of an event, a credential or an address
//! that may hold one. `docs/problems.md` says of every code what it means and what to do.

use crate::report;
use serde::Serialize;
use serde_json::{Map, Value};
use std::error::Error;
use std::fmt::Display;
use worker::{console_error, console_warn};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It passes by itself, or is put right by itself.
    Warning,
    /// Somebody has to look at it.
    Error,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A problem, told by [`Problem::tell`].
#[derive(Debug)]
#[must_use = "a problem has to be told"]
pub struct Problem {
    pub(crate) code: &'static str,
    pub(crate) severity: Severity,
    /// What tells this problem from others of its code.
    pub(crate) by: Vec<(&'static str, String)>,
    pub(crate) details: Map<String, Value>,
    /// An error and its causes.
    pub(crate) causes: Vec<String>,
    /// Scrubbed texts for the report alone.
    pub(crate) attached: Vec<(&'static str, String)>,
}

impl Problem {
    /// An error. The code never changes: alerts and searches name it.
    pub fn new(code: &'static str) -> Self {
        Self {
            code,
            severity: Severity::Error,
            by: Vec::new(),
            details: Map::new(),
            causes: Vec::new(),
            attached: Vec::new(),
        }
    }

    /// A warning.
    pub fn warning(code: &'static str) -> Self {
        Self { severity: Severity::Warning, ..Self::new(code) }
    }

    /// What tells it from other problems of its code, such as a lane or a status: of a few values only.
    pub fn by(mut self, name: &'static str, value: impl Display) -> Self {
        self.by.push((name, value.to_string()));
        self
    }

    /// What else is known, such as an id.
    pub fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.details.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        self
    }

    /// The error behind it and that one's causes. Their texts must hold no value.
    pub fn caused_by(mut self, error: &dyn Error) -> Self {
        let chain = std::iter::successors(Some(error), |&error| error.source());
        self.causes = chain.map(ToString::to_string).collect();
        self
    }

    /// A scrubbed text for the report alone, and only where payloads are to be attached
    /// ([`report::wants_payloads`]).
    pub fn attach(mut self, name: &'static str, text: String) -> Self {
        self.attached.push((name, text));
        self
    }

    /// Writes the line, and sends the report.
    pub fn tell(self) {
        let line = self.line();
        match self.severity {
            Severity::Warning => console_warn!("{line}"),
            Severity::Error => console_error!("{line}"),
        }
        report::send(self);
    }

    fn line(&self) -> Value {
        let mut line = Map::new();
        line.insert("level".to_owned(), self.severity.name().into());
        line.insert("code".to_owned(), self.code.into());
        line.extend(self.by.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())));
        line.extend(self.details.clone());
        if !self.causes.is_empty() {
            line.insert("problem".to_owned(), self.causes.join(": ").into());
        }
        Value::Object(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, thiserror::Error)]
    #[error("the row was not written")]
    struct Outer(#[source] std::fmt::Error);

    #[test]
    fn a_line_is_one_flat_object_and_tells_the_causes_and_no_attachment() {
        let problem = Problem::warning("not_stored")
            .by("lane", "raw")
            .with("payload", "p1")
            .caused_by(&Outer(std::fmt::Error))
            .attach("body", "a scrubbed text".to_owned());
        let cause = std::fmt::Error.to_string();
        let expected = json!({
            "level": "warning", "code": "not_stored", "lane": "raw", "payload": "p1",
            "problem": format!("the row was not written: {cause}"),
        });
        assert_eq!(problem.line(), expected);
    }
}
