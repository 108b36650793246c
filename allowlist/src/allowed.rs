//! An event that may leave.

use crate::page::narrow;
use crate::policy::Policy;
pub use crate::property::PropertyValue;
use event::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// An event of which every value is permitted by the policy, scrubbed where the policy says so, and which is not meant
/// for any tracker yet: it holds what some tracker may have. [`Checked::for_tracker`] makes of it what one may.
///
/// It can be made by this crate alone: by [`crate::open`] from a payload, or by [`crate::take_over`]
/// from what `open` handed over.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked(pub(crate) Allowed);

impl Checked {
    /// The event's id; its own or `{payload id}.{index}`.
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// The event's name, as in the policy.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// What a tracker may have of it, under the names by which the tracker calls it; nothing where the event is not for
    /// that tracker.
    pub fn for_tracker(&self, policy: &Policy, tracker: &str) -> Option<Allowed> {
        let rule = policy.events.get(self.name()).filter(|rule| rule.goes_to(tracker))?;
        let renamed = |name: &String| {
            let rename = policy.property(rule, name).and_then(|rule| rule.rename.get(tracker));
            rename.unwrap_or(name).clone()
        };
        let properties = self.0.properties.iter().map(|(name, value)| (renamed(name), value.clone()));
        Some(Allowed {
            id: self.0.id.clone(),
            name: self.0.name.clone(),
            time: self.0.time,
            user_id: self.0.user_id.clone(),
            device_id: self.0.device_id.clone(),
            session_id: self.0.session_id.clone(),
            properties: properties.collect(),
            page: narrow(&self.0.page, &policy.context, tracker),
        })
    }
}

/// An event as one tracker may have it, made by [`Checked::for_tracker`] alone. Trackers take nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Allowed {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) time: Millis,
    pub(crate) user_id: Option<String>,
    pub(crate) device_id: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) properties: BTreeMap<String, PropertyValue>,
    pub(crate) page: Page,
}

impl Allowed {
    /// The event's id; its own or `{payload id}.{index}`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key under which every vendor gets it, the same on every attempt.
    pub fn dedupe_key(&self) -> Uuid {
        event::id::dedupe_key(&self.id)
    }

    /// The event's name, as in the policy.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it happened, by the server's clock.
    pub fn time(&self) -> Millis {
        self.time
    }

    /// The known user.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// The anonymous device.
    pub fn device_id(&self) -> Option<&str> {
        self.device_id.as_deref()
    }

    /// The client's session.
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// The properties that the policy names, by the tracker's name for each.
    pub fn properties(&self) -> &BTreeMap<String, PropertyValue> {
        &self.properties
    }

    /// Where and with what it happened.
    pub fn page(&self) -> &Page {
        &self.page
    }
}

/// The page and the browser, reduced to what the policy lets out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Page {
    /// Address without user name, fragment and all query parameters but the allowed ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Scheme and host of the page before, such as `https://search.example/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
    /// The page's title, scrubbed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Language tag such as `de-AT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// `WIDTHxHEIGHT` in CSS pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<String>,
    /// The sender's address, as far as Dispatcher keeps it and the policy lets it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The browser's own description of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{EventRule, Kind, PropertyRule, Treatment, ValueRule};

    fn property(rename: &[(&str, &str)]) -> PropertyRule {
        let rename = rename.iter().map(|(tracker, name)| ((*tracker).to_owned(), (*name).to_owned()));
        let value = ValueRule { kind: Kind::Boolean, treatment: Treatment::Keep };
        PropertyRule { value, column: None, rename: rename.collect() }
    }

    #[test]
    fn a_tracker_has_the_events_that_are_for_it_under_its_own_names() {
        let own =
            [("both".to_owned(), property(&[("ga4", "own_name")])), ("plain".to_owned(), property(&[]))];
        let event = EventRule { trackers: Some(vec!["ga4".into(), "heap".into()]), properties: own.into() };
        let common = [
            ("both".to_owned(), property(&[("ga4", "common_name"), ("heap", "common_name")])),
            ("common".to_owned(), property(&[("heap", "Common")])),
        ];
        let policy =
            Policy { common: common.into(), events: [("buy".to_owned(), event)].into(), ..Policy::default() };
        let names = ["both", "plain", "common"].map(|name| (name.to_owned(), PropertyValue::Boolean(true)));
        let checked = |name: &str| {
            Checked(Allowed {
                id: "e".into(),
                name: name.into(),
                time: Millis(0),
                user_id: None,
                device_id: None,
                session_id: None,
                properties: names.clone().into(),
                page: Page::default(),
            })
        };
        let names = |tracker| -> Option<Vec<String>> {
            checked("buy").for_tracker(&policy, tracker).map(|event| event.properties.into_keys().collect())
        };
        let expected = |names: [&str; 3]| Some(names.map(str::to_owned).to_vec());
        assert_eq!(names("ga4"), expected(["common", "own_name", "plain"]), "an event's own rule wins whole");
        assert_eq!(names("heap"), expected(["Common", "both", "plain"]));
        assert_eq!(names("webhook"), None);
        assert_eq!(checked("look").for_tracker(&policy, "ga4"), None, "the policy does not know it");
    }
}
