//! The values that a property takes, and what happens to them.

use super::is_default;
use super::pattern::Pattern;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest text that is let out where the file says nothing, in characters: Amplitude cuts at 1,024.
pub const DEFAULT_MAX_LENGTH: u32 = 1024;

/// The longest text that a file may let out, in characters: no vendor takes as much, a webhook may.
pub const MAX_LENGTH: u32 = 65_536;

/// The same of a text with a pattern, which takes far longer to match than a text takes to be scrubbed.
pub const MAX_PATTERNED_LENGTH: u32 = 1024;

/// Most items of an array where the file says nothing.
pub const DEFAULT_MAX_ITEMS: u32 = 100;

/// Most items that a file may let out: an event with more than so many values is not looked at any further.
pub const MAX_ITEMS: u32 = crate::parse::MAX_MEMBERS as u32;

/// How deep arrays and objects may lie in one another, the outermost included.
pub const MAX_DEPTH: usize = crate::parse::MAX_DEPTH;

/// One property.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertyRule {
    /// Which values leave, and in which form.
    pub value: ValueRule,
    /// The column of `raw_normalized` that shows it, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What trackers call it that do not call it by its own name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rename: BTreeMap<String, String>,
}

/// A property, an item of an array, or a member of an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueRule {
    /// What values it takes.
    pub kind: Kind,
    /// What happens to a value before it leaves.
    #[serde(default, skip_serializing_if = "is_default")]
    pub treatment: Treatment,
}

impl ValueRule {
    /// Whether this or anything inside has a treatment.
    pub fn treats_with(&self, treatment: Treatment) -> bool {
        let inside = match &self.kind {
            Kind::Array { items, .. } => items.treats_with(treatment),
            Kind::Object { properties } => properties.values().any(|rule| rule.treats_with(treatment)),
            _ => false,
        };
        inside || self.treatment == treatment
    }
}

/// The values that a property takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// Text.
    String {
        /// In Unicode scalar values.
        #[serde(default = "default_max_length", skip_serializing_if = "is_default_max_length")]
        max_length: u32,
        /// What the whole text matches, as it was sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<Pattern>,
    },
    /// Any finite number.
    Number {
        /// The least one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        /// The greatest one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
    },
    /// A whole number between -2^53 and 2^53; `1.0` is one.
    Integer {
        /// The least one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i64>,
        /// The greatest one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
    },
    /// `true` or `false`.
    Boolean,
    /// One of these texts.
    Enum {
        /// In the order of the file.
        values: Vec<String>,
    },
    /// Values of one kind. Those that are not permitted are left out.
    Array {
        /// Never arrays themselves.
        items: Box<ValueRule>,
        /// Those past so many are left out.
        max_items: u32,
    },
    /// Members by exact name. Those that are not named are left out.
    Object {
        /// May be objects and arrays, up to [`MAX_DEPTH`].
        properties: BTreeMap<String, ValueRule>,
    },
}

impl Kind {
    /// Text of at most so many characters.
    pub fn text(max_length: u32) -> Self {
        Self::String { max_length, pattern: None }
    }
}

fn default_max_length() -> u32 {
    DEFAULT_MAX_LENGTH
}

fn is_default_max_length(length: &u32) -> bool {
    *length == DEFAULT_MAX_LENGTH
}

/// What happens to a permitted value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// Leaves as it is.
    Keep,
    /// Leaves with personal data replaced by markers; a number that is personal data stays.
    #[default]
    Scrub,
    /// Leaves as a keyed hash: equal values stay equal, and nobody without the key learns more.
    Hash,
    /// Stays in the warehouse and goes to no vendor.
    Drop,
}
