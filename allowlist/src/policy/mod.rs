//! The compiled policy: what the Workers carry, made from the file that people review.

mod column;
#[cfg(feature = "toml")]
mod compile;
#[cfg(feature = "toml")]
mod file;
#[cfg(feature = "toml")]
mod reserved;

pub use column::{BASE_COLUMNS, Column, MAX_COLUMNS, column_name};
#[cfg(feature = "toml")]
pub use compile::PolicyError;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What may leave, to whom and in which form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// `{number in the file}-{start of the SHA-256 of its meaning}`: two files never share one.
    pub version: String,
    /// Who may send.
    pub sources: Sources,
    /// Which events exist, by exact name.
    pub events: BTreeMap<String, EventRule>,
}

/// Who may send events that go to vendors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources {
    /// Sites.
    pub origins: Vec<OriginRule>,
    /// Servers and scripts.
    pub keys: Vec<KeyRule>,
}

/// A site whose pages may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginRule {
    /// As in the `Origin` header; `https://*.example.com` stands for every subdomain.
    pub origin: String,
    /// Where it counts; empty means everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
}

/// A write key that may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRule {
    /// Who holds it.
    pub name: String,
    /// SHA-256 of the key in lower-case hex.
    pub sha256: String,
    /// Where it counts; empty means everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRule {
    /// Who receives it; absent means every configured tracker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trackers: Option<Vec<String>>,
    /// Its properties, by exact name.
    pub properties: BTreeMap<String, PropertyRule>,
}

impl EventRule {
    /// Whether a tracker receives the event.
    pub fn goes_to(&self, tracker: &str) -> bool {
        self.trackers.as_ref().is_none_or(|trackers| trackers.iter().any(|one| one == tracker))
    }
}

/// One property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyRule {
    /// What values it takes.
    pub kind: Kind,
    /// What happens to a value before it leaves.
    pub treatment: Treatment,
    /// The column of `raw_normalized` that shows it, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// The values that a property takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text of at most so many characters.
    String {
        /// In Unicode scalar values.
        max_length: u32,
    },
    /// Any finite number.
    Number,
    /// A whole number between -2^53 and 2^53; `1.0` is one.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// One of these texts.
    Enum {
        /// In the order of the file.
        values: Vec<String>,
    },
}

/// What happens to a permitted value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// Leaves as it is.
    Keep,
    /// Leaves with personal data replaced by markers; a number that is personal data stays.
    Scrub,
    /// Stays in the warehouse and goes to no vendor.
    Drop,
}

/// The longest text that is let out where the file says nothing, in characters: Amplitude cuts at 1,024.
pub const DEFAULT_MAX_LENGTH: u32 = 1024;

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

    /// The columns of `raw_normalized` that show properties, by name, each once.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = BTreeMap::new();
        for rule in self.events.values() {
            for (property, rule) in &rule.properties {
                if let Some(name) = &rule.column {
                    columns.insert(name.clone(), property.clone());
                }
            }
        }
        columns.into_iter().map(|(name, property)| Column { name, property }).collect()
    }
}
