//! Events and breadcrumbs. Those of `sentry` read a clock that WASM does not have, where nothing else is said.

use crate::clock;
use sentry::protocol::{Breadcrumb, Event, Exception, Level};
use std::borrow::Cow;
use std::error::Error;

/// Deepest chain of errors that is told.
const MAX_CHAIN: usize = 20;

/// An event that happens now and says nothing yet. [`capture`](crate::capture) completes it.
#[must_use]
pub fn event(level: Level) -> Event<'static> {
    Event {
        event_id: sentry::types::Uuid::nil(),
        level,
        fingerprint: Cow::Borrowed(&[Cow::Borrowed("{{ default }}")]),
        culprit: None,
        transaction: None,
        message: None,
        logentry: None,
        logger: None,
        modules: Default::default(),
        // What `capture` completes.
        platform: "other".into(),
        timestamp: clock::now(),
        server_name: None,
        release: None,
        dist: None,
        environment: None,
        user: None,
        request: None,
        contexts: Default::default(),
        breadcrumbs: Default::default(),
        exception: Default::default(),
        stacktrace: None,
        template: None,
        threads: Default::default(),
        tags: Default::default(),
        extra: Default::default(),
        debug_meta: Default::default(),
        sdk: None,
    }
}

/// An event about an error and its sources. Each tells what its `Display` says, so that errors which quote values tell them.
#[must_use]
pub fn event_from_error(error: &dyn Error) -> Event<'static> {
    let mut event = event(Level::Error);
    event.exception = chain(error).into();
    event
}

/// Sentry's order: what caused all comes first.
fn chain(error: &dyn Error) -> Vec<Exception> {
    let errors = std::iter::successors(Some(error), |&error| error.source());
    let mut chain: Vec<_> = errors.take(MAX_CHAIN).map(exception).collect();
    chain.reverse();
    chain
}

fn exception(error: &dyn Error) -> Exception {
    Exception { ty: type_of(error), value: Some(error.to_string()), ..Exception::default() }
}

/// The name of an error's type or variant, which `Debug` starts with. An error that is a text has none.
fn type_of(error: &dyn Error) -> String {
    let debug = format!("{error:?}");
    let name = debug.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).next();
    match name {
        Some(name) if name.starts_with(char::is_uppercase) => name.to_owned(),
        _ => "Error".to_owned(),
    }
}

/// A breadcrumb of now. Its `data` may be set like any member.
#[must_use]
pub fn breadcrumb(category: &str, message: impl Into<String>) -> Breadcrumb {
    Breadcrumb {
        timestamp: clock::now(),
        ty: "default".to_owned(),
        category: Some(category.to_owned()),
        level: Level::Info,
        message: Some(message.into()),
        data: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error("outer")]
        Read {
            #[source]
            cause: std::num::ParseIntError,
            #[allow(dead_code)]
            secret: &'static str,
        },
    }

    #[test]
    fn the_cause_of_all_comes_first() {
        let cause = "x".parse::<u8>().expect_err("no number");
        let chain = chain(&Outer::Read { cause, secret: "planted" });
        let told: Vec<_> = chain.iter().map(|one| (one.ty.as_str(), one.value.as_deref())).collect();
        assert_eq!(told, [("ParseIntError", Some("invalid digit found in string")), ("Read", Some("outer"))]);
    }

    #[test]
    fn an_error_that_is_a_text_has_no_name() {
        let error: Box<dyn Error> = "Planted text".into();
        assert_eq!(type_of(error.as_ref()), "Error");
        let error: Box<dyn Error> = "planted".into();
        assert_eq!(type_of(error.as_ref()), "Error");
    }

    #[test]
    fn a_chain_that_does_not_end_is_cut() {
        #[derive(Debug, thiserror::Error)]
        #[error("again")]
        struct Again;
        struct Ring;
        impl std::fmt::Debug for Ring {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("Ring")
            }
        }
        impl std::fmt::Display for Ring {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("ring")
            }
        }
        impl Error for Ring {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&RING)
            }
        }
        static RING: Ring = Ring;
        assert_eq!(chain(&RING).len(), MAX_CHAIN);
        assert_eq!(chain(&Again).len(), 1);
    }
}
