//! An event that may leave.

use event::Millis;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use uuid::Uuid;

/// An event of which every value is permitted by the policy, scrubbed where the policy says so.
///
/// It can be made by this crate alone: by [`crate::open`] from a payload, or by [`crate::take_over`]
/// from what `open` handed over.
#[derive(Debug, Clone, PartialEq)]
pub struct Allowed {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) time: Millis,
    pub(crate) user_id: Option<String>,
    pub(crate) device_id: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) properties: BTreeMap<String, Scalar>,
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

    /// The properties that the policy names, by name.
    pub fn properties(&self) -> &BTreeMap<String, Scalar> {
        &self.properties
    }

    /// Where and with what it happened.
    pub fn page(&self) -> &Page {
        &self.page
    }
}

/// A property's value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// Text.
    Text(String),
}

/// What serde derives for an enum without tags reads every value into a tree first, which took longer than all the rest of
/// an event.
impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a boolean")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(i64::try_from(value).map_or(Scalar::Number(value as f64), Scalar::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(value))
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
    /// The sender's address as far as Dispatcher's IP policy keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The browser's own description of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}
