//! What leaves of the page and the browser, for each tracker.

use super::is_default;
use event::IpPolicy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The rule for trackers, and the exceptions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContextRules {
    /// For every tracker without a rule of its own.
    #[serde(skip_serializing_if = "is_default")]
    pub rule: ContextRule,
    /// For these trackers, whole and not as additions.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub trackers: BTreeMap<String, ContextRule>,
}

impl ContextRules {
    /// The rule for a tracker.
    pub fn of(&self, tracker: &str) -> &ContextRule {
        self.trackers.get(tracker).unwrap_or(&self.rule)
    }

    /// All rules. What one of them lets out is kept until it is known which tracker it is for.
    pub fn all(&self) -> impl Iterator<Item = &ContextRule> {
        std::iter::once(&self.rule).chain(self.trackers.values())
    }

    /// Whether all rules let out the same query parameters.
    pub(crate) fn agree_on_parameters(&self) -> bool {
        self.trackers.values().all(|rule| rule.url_parameters == self.rule.url_parameters)
    }
}

/// What leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContextRule {
    /// The page's address, without user name and fragment.
    pub url: bool,
    /// The query parameters that it keeps; a `*` at the end stands for the rest of a name.
    pub url_parameters: Vec<String>,
    /// Scheme and host of the page before.
    pub referrer: bool,
    /// The page's title.
    pub title: bool,
    /// The language.
    pub locale: bool,
    /// The screen's size.
    pub screen: bool,
    /// The country of the sender.
    pub country: bool,
    /// The browser's description of itself.
    pub user_agent: bool,
    /// The sender's address. What Dispatcher did not keep is not there to leave.
    pub ip: IpPolicy,
}

impl Default for ContextRule {
    fn default() -> Self {
        Self {
            url: true,
            url_parameters: vec!["utm_*".to_owned()],
            referrer: true,
            title: true,
            locale: true,
            screen: true,
            country: true,
            user_agent: true,
            ip: IpPolicy::Truncated,
        }
    }
}

impl ContextRule {
    /// Whether a query parameter stays. What a `*` stands for is short and plain: a parameter's name could carry data as
    /// well as its value.
    pub fn allows_parameter(&self, name: &str) -> bool {
        self.url_parameters.iter().any(|allowed| match allowed.strip_suffix('*') {
            None => name == allowed,
            Some(start) => name.strip_prefix(start).is_some_and(|rest| {
                (1..=32).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_a_short_plain_rest() {
        let rule = ContextRule {
            url_parameters: vec!["utm_*".into(), "gclid".into(), "größe".into()],
            ..ContextRule::default()
        };
        for name in ["utm_source", "utm_source_platform", "gclid", "größe"] {
            assert!(rule.allows_parameter(name), "{name}");
        }
        let long = format!("utm_{}", "a".repeat(33));
        for name in
            ["utm_", "UTM_source", "utm_ada@example.com", "utm_1", "gclid2", "Gclid", "", "token", &long]
        {
            assert!(!rule.allows_parameter(name), "{name}");
        }
    }
}
