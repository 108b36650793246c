//! The compiled policy: what the Workers carry, made from the file that people review.

mod column;
mod compiled;
mod context;
#[cfg(feature = "toml")]
mod file;
mod pattern;
pub mod pointer;
mod property;

pub use column::{BASE_COLUMNS, Column, MAX_COLUMNS, column_name};
pub use compiled::BadCompiled;
pub use context::{ContextRule, ContextRules};
#[cfg(feature = "toml")]
pub use file::{Fault, PolicyError, nearest};
pub use pattern::{BadPattern, Pattern};
pub use property::{
    DEFAULT_MAX_ITEMS, DEFAULT_MAX_LENGTH, Kind, MAX_DEPTH, MAX_ITEMS, MAX_LENGTH, MAX_PATTERNED_LENGTH,
    PropertyRule, Treatment, ValueRule,
};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What may leave, to whom and in which form.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// `{number in the file}-{start of the SHA-256 of its meaning}`: two files never share one.
    pub version: String,
    /// Who may send.
    pub sources: Sources,
    /// What happens to the ids of people and devices.
    #[serde(default, skip_serializing_if = "is_default")]
    pub identity: Identity,
    /// What leaves of the page and the browser.
    #[serde(default, skip_serializing_if = "is_default")]
    pub context: ContextRules,
    /// Properties that every event may have, by exact name. An event's own rule of the same name wins.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub common: BTreeMap<String, PropertyRule>,
    /// Which events exist, by exact name.
    pub events: BTreeMap<String, EventRule>,
}

/// Who may send events that go to vendors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// Sites.
    pub origins: Vec<OriginRule>,
    /// Servers and scripts.
    pub keys: Vec<KeyRule>,
}

/// A site whose pages may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginRule {
    /// As in the `Origin` header; `https://*.example.com` stands for every subdomain.
    pub origin: String,
    /// Where it counts; empty means everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
}

/// A write key that may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRule {
    /// Who holds it.
    pub name: String,
    /// SHA-256 of the key in lower-case hex.
    pub sha256: String,
    /// Where it counts; empty means everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
}

/// What happens to ids. [`Treatment::Scrub`] lets out an id in which the scrubber finds nothing. Otherwise a user id
/// leaves hashed, where there is a key to hash with, and a device id stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// The known user.
    pub user_id: Treatment,
    /// The anonymous device.
    pub device_id: Treatment,
}

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRule {
    /// Who receives it; absent means every configured tracker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trackers: Option<Vec<String>>,
    /// Its properties, by exact name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, PropertyRule>,
}

impl EventRule {
    /// Whether a tracker receives the event.
    pub fn goes_to(&self, tracker: &str) -> bool {
        self.trackers.as_ref().is_none_or(|trackers| trackers.iter().any(|one| one == tracker))
    }
}

impl Policy {
    /// Leaves only the sources that count in `environment`.
    ///
    /// In `production` plain-HTTP origins never count, whatever the file says.
    pub fn restrict_to(&mut self, environment: &str) {
        let counts = |environments: &[String]| {
            environments.is_empty() || environments.iter().any(|one| one == environment)
        };
        let plain = |origin: &str| environment == "production" && origin.starts_with("http://");
        self.sources.origins.retain(|rule| counts(&rule.environments) && !plain(&rule.origin));
        self.sources.keys.retain(|rule| counts(&rule.environments));
    }

    /// The rule of an event's property: the event's own, or else the common one.
    pub fn property<'a>(&'a self, event: &'a EventRule, name: &str) -> Option<&'a PropertyRule> {
        event.properties.get(name).or_else(|| self.common.get(name))
    }

    /// Whether something is to be hashed whatever it is, so that there must be a key for it.
    pub fn needs_hash_key(&self) -> bool {
        let hashes = |properties: &BTreeMap<String, PropertyRule>| {
            properties.values().any(|rule| rule.value.treats_with(Treatment::Hash))
        };
        [self.identity.user_id, self.identity.device_id].contains(&Treatment::Hash)
            || hashes(&self.common)
            || self.events.values().any(|event| hashes(&event.properties))
    }

    /// The columns of `raw_normalized` that show properties, by name, each once.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = BTreeMap::new();
        let of_events = self.events.values().flat_map(|rule| &rule.properties);
        for (property, rule) in self.common.iter().chain(of_events) {
            if let Some(name) = &rule.column {
                columns.insert(name.clone(), property.clone());
            }
        }
        columns.into_iter().map(|(name, property)| Column { name, property }).collect()
    }
}

/// What is as it is by itself is left out of the compiled policy, which every isolate reads at its start.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
