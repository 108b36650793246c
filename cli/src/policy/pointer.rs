//! `policy/current`, as Trace reads it (`trace/src/policy/pointer.rs`).

use serde::{Deserialize, Serialize};

/// Which policy is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The version.
    pub version: String,
    /// Served where that cannot be; absent where it was the deployed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// The deployed version that it stands in for.
    pub base: String,
}

impl Pointer {
    /// `None` where the text is no pointer.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// To a version that was just pushed. The same version again keeps the way back.
    pub fn push(before: Option<Self>, version: &str, base: &str) -> Self {
        let before = before.filter(|before| before.base == base);
        let previous = match before {
            Some(before) if before.version == version => before.previous,
            before => before.map(|before| before.version),
        };
        Self { version: version.to_owned(), previous, base: base.to_owned() }
    }

    /// To the version before.
    pub fn roll_back(self) -> Self {
        let version = self.previous.unwrap_or_else(|| self.base.clone());
        Self { version, previous: Some(self.version), base: self.base }
    }

    /// As it is in KV.
    ///
    /// # Errors
    /// None that can occur: a pointer always has a JSON form.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(version: &str, previous: Option<&str>, base: &str) -> Pointer {
        Pointer { version: version.into(), previous: previous.map(str::to_owned), base: base.into() }
    }

    #[test]
    fn a_push_keeps_the_way_back() {
        let first = Pointer::push(None, "2-b", "1-a");
        assert_eq!(first, pointer("2-b", None, "1-a"));
        let second = Pointer::push(Some(first), "3-c", "1-a");
        assert_eq!(second, pointer("3-c", Some("2-b"), "1-a"));
        let again = Pointer::push(Some(second.clone()), "3-c", "1-a");
        assert_eq!(again, second, "the same push twice");
        let deployed = Pointer::push(Some(second), "3-c", "3-c");
        assert_eq!(deployed, pointer("3-c", None, "3-c"), "after a deploy the past is of no use");
    }

    #[test]
    fn a_rollback_goes_to_the_version_before_and_back_again() {
        let back = pointer("3-c", Some("2-b"), "1-a").roll_back();
        assert_eq!(back, pointer("2-b", Some("3-c"), "1-a"));
        assert_eq!(back.roll_back().version, "3-c");
        assert_eq!(pointer("2-b", None, "1-a").roll_back(), pointer("1-a", Some("2-b"), "1-a"));
    }

    #[test]
    fn a_pointer_is_read_as_it_was_written() {
        for pointer in [pointer("3-c", Some("2-b"), "1-a"), pointer("3-c", None, "1-a")] {
            assert_eq!(Pointer::read(&pointer.to_json().unwrap()), Some(pointer));
        }
        assert_eq!(Pointer::read("Value not found"), None);
    }
}
