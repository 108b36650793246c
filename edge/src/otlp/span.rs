//! A span: something that was done, for how long, and in which trace.

use event::traceparent::SpanId;
use event::{Millis, Traceparent};

/// Most links of a span.
const MAX_LINKS: usize = 32;

/// Most ids that an attribute lists.
const MAX_IDS: usize = 20;

/// What a span stands for (<https://opentelemetry.io/docs/specs/otel/trace/api/#spankind>), by its number in OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request that was answered.
    Server = 2,
    /// A request that was made.
    Client = 3,
    /// Something that was taken in some time after it was sent.
    Consumer = 5,
}

/// An attribute's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// Texts.
    Texts(Vec<String>),
}

/// A span that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its trace, and itself as the parent of what it called.
    pub(super) own: Traceparent,
    pub(super) parent: Option<SpanId>,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) started: Millis,
    pub(super) ended: Millis,
    pub(super) attributes: Vec<(&'static str, Value)>,
    pub(super) links: Vec<Traceparent>,
    pub(super) error: Option<String>,
}

impl Span {
    /// A span of `own.trace` with the id `own.parent`.
    pub fn new(
        own: Traceparent,
        parent: Option<SpanId>,
        kind: Kind,
        name: impl Into<String>,
        (started, ended): (Millis, Millis),
    ) -> Self {
        let (attributes, links) = (Vec::new(), Vec::new());
        Self { own, parent, name: name.into(), kind, started, ended, attributes, links, error: None }
    }

    /// With an attribute.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// With an attribute, where there is a value.
    #[must_use]
    pub fn with_some(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With an attribute of ids, the first twenty of them.
    #[must_use]
    pub fn with_ids<'a>(self, name: &'static str, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.with(name, Value::Texts(ids.into_iter().take(MAX_IDS).map(str::to_owned).collect()))
    }

    /// With links to places of other traces, the first 32 of them.
    #[must_use]
    pub fn linked_to(mut self, places: impl IntoIterator<Item = Traceparent>) -> Self {
        self.links.extend(places.into_iter().take(MAX_LINKS));
        self
    }

    /// Marked as failed where there is a reason: a stable token such as `timeout`.
    #[must_use]
    pub fn failed(mut self, reason: Option<&str>) -> Self {
        self.error = reason.map(str::to_owned);
        self
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}
