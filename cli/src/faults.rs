//! Faults of settings, which are told all at once.

use std::fmt::Display;

/// What was found so far.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    /// One more.
    pub fn add(&mut self, fault: impl Display) {
        self.0.push(fault.to_string());
    }

    /// What was read, or its fault.
    pub fn take<T>(&mut self, result: Result<T, impl Display>) -> Option<T> {
        result.map_err(|fault| self.add(fault)).ok()
    }
}
