//! The policy file as people write it: `allowlist.toml`.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    pub version: u32,
    pub sources: SourcesFile,
    pub events: BTreeMap<String, EventFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourcesFile {
    #[serde(default)]
    pub origins: Vec<OriginFile>,
    #[serde(default)]
    pub keys: Vec<KeyFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginFile {
    pub origin: String,
    #[serde(default)]
    pub environments: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    pub name: String,
    pub sha256: String,
    #[serde(default)]
    pub environments: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventFile {
    /// For the people who review; it has no effect, but it may not be empty.
    pub description: String,
    /// The team that answers for the event.
    pub owner: String,
    pub trackers: Option<Vec<String>>,
    #[serde(default)]
    pub properties: BTreeMap<String, PropertyFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertyFile {
    #[serde(rename = "type")]
    pub kind: KindFile,
    pub max_length: Option<u32>,
    pub values: Option<Vec<String>>,
    pub treatment: Option<crate::policy::Treatment>,
    #[serde(default)]
    pub column: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindFile {
    String,
    Number,
    Integer,
    Boolean,
    Enum,
}
