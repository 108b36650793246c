//! Tracing: spans, exported as OTLP over HTTP with JSON (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! A span holds ids, names from the allowlist, codes and counts; never a value of an event, an address or a user's id.

mod budget;
mod encode;
mod export;
mod settings;
mod span;

pub use budget::Budget;
pub use export::{MAX_SPANS, left_out};
pub use settings::Tracing;
pub use span::{Kind, Span, Value};
