//! Which policy is to be served, as `policy/current` says it.

use serde::Deserialize;

/// What `policy/current` holds. Unknown members are for people and later releases.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Pointer {
    /// The version to serve.
    version: String,
    /// Served where that cannot be; absent where it was the deployed one.
    #[serde(default)]
    previous: Option<String>,
    /// The deployed policy that it stands in for. Once another one is deployed, that one counts.
    base: String,
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
