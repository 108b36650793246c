#![doc = include_str!("../README.md")]

mod capture;
mod clock;
mod event;
mod flight;
mod grouping;
mod image;
mod isolate;
mod lifetime;
mod limits;
mod options;
mod panics;
mod request;
mod stack;
mod task;
mod transport;

pub use capture::capture;
pub use event::{breadcrumb, event, event_from_error};
pub use isolate::{Counts, counts, init, is_on};
pub use lifetime::Lifetime;
pub use options::{BeforeSend, Options};
pub use panics::{Panicked, caught};
pub use sentry::protocol;
pub use sentry::types::{Dsn, ParseDsnError};
pub use sentry::{Hub, Level, Scope, add_breadcrumb, configure_scope, with_scope};
pub use task::{bind, in_request, in_task};
