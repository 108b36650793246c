//! Policies in KV: their keys, and the pointer that says which one is in force. The command writes them, Trace reads them.

use serde::{Deserialize, Serialize};

/// The key of the [`Pointer`].
pub const CURRENT: &str = "policy/current";

/// The key of the version that Trace was deployed with, noted by Trace for whoever makes the next pointer.
pub const DEPLOYED: &str = "policy/deployed";

/// The key of a compiled policy, which never changes.
pub fn key(version: &str) -> String {
    format!("policy/{version}")
}

/// What [`CURRENT`] holds. Unknown members are for people and later releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The version to serve.
    pub version: String,
    /// Served where that cannot be; absent where it was the deployed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// The deployed policy that it stands in for. Once another one is deployed, that one counts.
    pub base: String,
}

impl Pointer {
    /// `None` where the text is no pointer.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether a deploy of another policy has ended what this points to.
    pub fn is_superseded(&self, deployed: &str) -> bool {
        self.base != deployed
    }

    /// The versions to serve, the best first.
    pub fn versions(self) -> impl Iterator<Item = String> {
        [self.version, self.previous.unwrap_or(self.base)].into_iter()
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

    #[test]
    fn the_current_version_comes_before_the_previous_one() {
        let pointer = Pointer::read(r#"{"version": "3-c", "previous": "2-b", "base": "1-a", "by": "ada"}"#);
        let pointer = pointer.unwrap();
        assert!(!pointer.is_superseded("1-a") && pointer.is_superseded("1-b"));
        assert_eq!(pointer.versions().collect::<Vec<_>>(), ["3-c", "2-b"]);
        let first = Pointer::read(r#"{"version": "2-b", "previous": null, "base": "1-a"}"#).unwrap();
        assert_eq!(first.versions().collect::<Vec<_>>(), ["2-b", "1-a"]);
    }

    #[test]
    fn what_is_no_pointer_is_none() {
        for text in ["", "2-b", r#"{"version": "2-b"}"#, r#"{"version": 2, "base": "1-a"}"#] {
            assert_eq!(Pointer::read(text), None, "{text}");
        }
    }
}
