//! The compiled policy as text: what the Workers carry, and what is put beside them to replace it.

use super::Policy;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// A compiled policy that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCompiled {
    /// Cut, changed, or of a release that knows more than this one.
    #[error("is no compiled policy of this release ({0}); compile the file again with this release")]
    Unreadable(String),
    /// Changed after it was compiled.
    #[error("does not mean what its version says; compile the file again and change nothing in the result")]
    Altered,
    /// Rules for trackers that this release does not have.
    #[error("names trackers that this release does not have: {0}")]
    Trackers(String),
}

impl Policy {
    /// The compiled form, as [`Self::from_json`] takes it.
    ///
    /// # Errors
    /// None that can occur: a policy always has a JSON form.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a compiled policy, whole or not at all. `trackers` are the names that it may use.
    ///
    /// # Errors
    /// [`BadCompiled`]
    pub fn from_json(json: &str, trackers: &[&str]) -> Result<Self, BadCompiled> {
        let policy: Self =
            serde_json::from_str(json).map_err(|error| BadCompiled::Unreadable(error.to_string()))?;
        // The text itself is hashed: not even its form may have changed.
        let rest = json.strip_prefix(START).and_then(|rest| rest.strip_prefix(policy.version.as_str()));
        let number = policy.version.split_once('-').map_or("", |(number, _)| number);
        if rest.map(|rest| version(number, rest)).as_ref() != Some(&policy.version) {
            return Err(BadCompiled::Altered);
        }
        let unknown: Vec<&str> =
            policy.trackers().into_iter().filter(|name| !trackers.contains(name)).collect();
        if unknown.is_empty() { Ok(policy) } else { Err(BadCompiled::Trackers(unknown.join(", "))) }
    }

    /// The trackers that have rules of their own, each once.
    fn trackers(&self) -> BTreeSet<&str> {
        let of_events = self.events.values().filter_map(|event| event.trackers.as_ref()).flatten();
        let properties = self.events.values().flat_map(|event| event.properties.values());
        let renamed = properties.chain(self.common.values()).flat_map(|rule| rule.rename.keys());
        of_events.chain(renamed).chain(self.context.trackers.keys()).map(String::as_str).collect()
    }
}

/// What a compiled policy begins with: its version comes first.
const START: &str = r#"{"version":""#;

/// The version of a policy, of which `rest` is what follows the version in its compiled form.
fn version(number: &str, rest: &str) -> String {
    let meaning = Sha256::new().chain_update(START).chain_update(rest).finalize();
    format!("{number}-{}", hex::encode(&meaning[..4]))
}

/// The version of a policy that has none yet.
#[cfg(feature = "toml")]
pub(super) fn first_version(number: i64, policy: &Policy) -> String {
    let json = policy.to_json().unwrap_or_default();
    version(&number.to_string(), json.strip_prefix(START).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACKERS: [&str; 4] = ["ga4", "amplitude", "heap", "webhook"];

    fn policy() -> Policy {
        let toml = r#"
            version = 7
            [[sources.origins]]
            origin = "https://shop.example"
            [context.heap]
            ip = "full"
            [common.properties]
            price = { type = "number", min = 0.1, max = 30000000000000004e-17, rename = { ga4 = "value" } }
            [events.look]
            description = "d"
            owner = "o"
            trackers = ["ga4"]
            [events.look.properties]
            code = { type = "string", pattern = "[A-Z]{2}" }
        "#;
        Policy::from_toml(toml, &TRACKERS).unwrap()
    }

    #[test]
    fn what_was_compiled_is_read_as_it_was() {
        let policy = policy();
        assert!(policy.version.starts_with("7-"), "{}", policy.version);
        assert_eq!(Policy::from_json(&policy.to_json().unwrap(), &TRACKERS), Ok(policy));
    }

    /// One digit, one origin more: nobody reviewed that.
    #[test]
    fn what_was_changed_after_it_was_compiled_is_refused() {
        let json = policy().to_json().unwrap();
        for (from, to) in
            [("0.1", "0.2"), ("shop.example", "*.example"), ("\"7-", "\"7-0"), ("[A-Z]", "[a-z]")]
        {
            assert!(json.contains(from), "{from}");
            assert_eq!(
                Policy::from_json(&json.replace(from, to), &TRACKERS),
                Err(BadCompiled::Altered),
                "{to}"
            );
        }
    }

    /// A rule that this release does not know may be the one that keeps something back.
    #[test]
    fn what_this_release_does_not_know_is_refused_and_not_passed_over() {
        let json = policy().to_json().unwrap();
        let refused = |json: &str| Policy::from_json(json, &TRACKERS).unwrap_err();
        for (from, to) in [
            ("{\"version\"", "{\"consent\":[],\"version\""),
            ("{\"origin\"", "{\"until\":1,\"origin\""),
            ("{\"pattern\"", "{\"x\":1,\"pattern\""),
            ("{\"value\"", "{\"consent\":1,\"value\""),
            ("{\"kind\"", "{\"consent\":1,\"kind\""),
            ("{\"trackers\":[", "{\"consent\":1,\"trackers\":["),
            ("\"min\"", "\"least\""),
            ("\"ip\"", "\"ipv6\""),
        ] {
            let changed = json.replace(from, to);
            assert_ne!(changed, json, "{from}");
            assert!(matches!(refused(&changed), BadCompiled::Unreadable(_)), "{to}");
        }
        assert!(matches!(refused(&json[..json.len() - 1]), BadCompiled::Unreadable(_)));
        assert!(matches!(refused(""), BadCompiled::Unreadable(_)));
        let fewer = Policy::from_json(&json, &["amplitude"]).unwrap_err();
        assert_eq!(fewer, BadCompiled::Trackers("ga4, heap".to_owned()));
    }
}
