//! What became of an event at a tracker, and what was taken out of it on the way.

use serde::{Deserialize, Serialize};

/// What one attempt to deliver one event to one tracker came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The vendor took it.
    Delivered,
    /// Our policy kept it back.
    Filtered {
        /// A stable token such as `source` or `not_allowed`.
        reason: String,
    },
    /// The vendor's permanent no to this event, or an event that it cannot express.
    Rejected {
        /// A stable token; never text of the vendor's, which may echo values.
        reason: String,
    },
    /// Not now: try the same event again.
    Retry {
        /// Seconds that the vendor asked to wait.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<u32>,
        /// A stable token such as `timeout` or `http_503`.
        reason: String,
    },
}

impl Outcome {
    /// The outcome's name, as in `deliveries.outcome`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Filtered { .. } => "filtered",
            Self::Rejected { .. } => "rejected",
            Self::Retry { .. } => "retry",
        }
    }

    /// Why, where there is something to explain.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Delivered => None,
            Self::Filtered { reason } | Self::Rejected { reason } | Self::Retry { reason, .. } => {
                Some(reason)
            }
        }
    }
}

/// Something that was dropped from or altered in an event, never its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where: `properties.note`, `properties.address.city`, `properties.tags[]`, `userId`, `context.url`, and `event.buy`
    /// for a whole event. A name that the allowlist does not know is scrubbed and cut.
    pub field: String,
    /// What was done.
    #[serde(flatten)]
    pub rule: Rule,
}

/// The rule under which a value was dropped or altered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Rule {
    /// Dropped: the allowlist does not name it.
    NotAllowed,
    /// Dropped: not of the type that the allowlist gives it.
    WrongType,
    /// Dropped: not one of the values that the allowlist gives it.
    NotInEnum,
    /// Dropped: longer than the allowlist allows.
    TooLong,
    /// Dropped: smaller or greater than the allowlist allows.
    OutOfRange,
    /// Dropped: not of the pattern that the allowlist gives it.
    NoMatch,
    /// Dropped: items of an array past those that the allowlist allows.
    TooMany,
    /// Dropped: arrays and objects in it lie deeper than any property takes.
    TooDeep,
    /// Dropped: the allowlist says that it goes to no vendor.
    Drop,
    /// Altered: replaced by its keyed hash.
    Hashed {
        /// What was found, where that is why.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        found: Vec<String>,
    },
    /// Dropped: to be hashed, and there is no key to hash with.
    NoKey,
    /// Altered: personal data was replaced by markers.
    Scrubbed {
        /// What was found, in alphabetical order, such as `["card", "email"]`.
        found: Vec<String>,
    },
    /// Dropped: an id or a number in which personal data was found; of these no part is worth keeping.
    Personal {
        /// What was found.
        found: Vec<String>,
    },
    /// Altered: an address of which only the allowed parts were kept.
    Reduced,
    /// Dropped: not of the form that the field has.
    Malformed,
    /// So many more that are not told one by one.
    More {
        /// How many.
        count: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The Outbox stores these and reads those of older releases: a change needs a migration.
    #[test]
    fn outcomes_and_changes_are_pinned() {
        let cases = [
            (Outcome::Delivered, json!({"outcome": "delivered"})),
            (
                Outcome::Filtered { reason: "source".into() },
                json!({"outcome": "filtered", "reason": "source"}),
            ),
            (
                Outcome::Rejected { reason: "no_identity".into() },
                json!({"outcome": "rejected", "reason": "no_identity"}),
            ),
            (
                Outcome::Retry { after: None, reason: "timeout".into() },
                json!({"outcome": "retry", "reason": "timeout"}),
            ),
            (
                Outcome::Retry { after: Some(30), reason: "http_429".into() },
                json!({"outcome": "retry", "after": 30, "reason": "http_429"}),
            ),
        ];
        for (outcome, pinned) in cases {
            assert_eq!(serde_json::to_value(&outcome).unwrap(), pinned);
            assert_eq!(serde_json::from_value::<Outcome>(pinned).unwrap(), outcome);
        }
        let found = || vec!["email".to_owned()];
        let changes = [
            (Rule::Scrubbed { found: found() }, json!({"rule": "scrubbed", "found": ["email"]})),
            (Rule::Hashed { found: found() }, json!({"rule": "hashed", "found": ["email"]})),
            (Rule::Hashed { found: vec![] }, json!({"rule": "hashed"})),
            (Rule::OutOfRange, json!({"rule": "out_of_range"})),
            (Rule::NoMatch, json!({"rule": "no_match"})),
            (Rule::TooMany, json!({"rule": "too_many"})),
            (Rule::TooDeep, json!({"rule": "too_deep"})),
            (Rule::NoKey, json!({"rule": "no_key"})),
        ];
        for (rule, mut pinned) in changes {
            let change = Change { field: "properties.note".into(), rule };
            pinned["field"] = json!("properties.note");
            assert_eq!(serde_json::to_value(&change).unwrap(), pinned);
            assert_eq!(serde_json::from_value::<Change>(pinned).unwrap(), change);
        }
    }
}
