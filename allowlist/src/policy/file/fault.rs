//! What is wrong in a policy file, and where.

use std::cell::RefCell;
use std::fmt;

/// Something in the file that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Where in the file's structure: `events."sign up".trackers[0]`. Empty where the text is no TOML.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

/// `12:5: events.buy.owner: is empty`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

/// The policy file cannot be used: every fault of it, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy file has {} fault(s):\n- {}", .0.len(), lines(.0))]
pub struct PolicyError(pub Vec<Fault>);

fn lines(faults: &[Fault]) -> String {
    let lines: Vec<_> = faults.iter().map(Fault::to_string).collect();
    lines.join("\n- ")
}

/// Collects faults while a file is read.
pub struct Faults<'t> {
    text: &'t str,
    found: RefCell<Vec<(usize, Fault)>>,
}

impl<'t> Faults<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, found: RefCell::default() }
    }

    /// Adds a fault at a byte of the text.
    pub fn add(&self, at: usize, path: &str, what: String, suggestion: Option<&str>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or(before);
        let fault = Fault {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            path: path.to_owned(),
            what,
            suggestion: suggestion.map(str::to_owned),
        };
        self.found.borrow_mut().push((at, fault));
    }

    /// All faults, each once, in the order of the file.
    pub fn into_sorted(self) -> Vec<Fault> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|(at, _)| *at);
        let mut faults: Vec<Fault> = Vec::with_capacity(found.len());
        for (_, fault) in found {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        faults
    }
}

/// The known name that somebody who wrote `given` probably meant.
pub fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    let given = given.to_lowercase();
    let length = given.chars().count();
    // A slip in every third letter, or a word that was cut short, as `bool` is.
    let is_near = |name: &str, distance: usize| {
        distance <= (length / 3).max(1) || (length >= 3 && name.to_lowercase().starts_with(&given))
    };
    known
        .iter()
        .map(|name| (strsim::osa_distance(&given, &name.to_lowercase()), *name))
        .filter(|(distance, name)| is_near(name, *distance))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_short_forms_have_a_suggestion_and_other_words_have_none() {
        let types = ["string", "number", "integer", "boolean", "enum", "array", "object"];
        let cases = [
            ("sting", Some("string")),
            ("String", Some("string")),
            ("bool", Some("boolean")),
            ("int", Some("integer")),
            ("nmuber", Some("number")),
            ("date", None),
            ("", None),
        ];
        for (given, expected) in cases {
            assert_eq!(nearest(given, &types), expected, "{given}");
        }
    }

    #[test]
    fn a_fault_says_line_and_column_in_characters() {
        let text = "a = 1\n\"ß\" = 2\n";
        let faults = Faults::new(text);
        faults.add(text.find('2').unwrap(), "a.\"ß\"", "is wrong".into(), Some("b"));
        assert_eq!(faults.into_sorted()[0].to_string(), "2:7: a.\"ß\": is wrong; did you mean `b`?");
    }
}
