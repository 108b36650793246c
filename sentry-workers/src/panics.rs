//! Panics: reported by a hook, and caught so that the isolate goes on.

use crate::capture::capture;
use crate::event::event;
use sentry::protocol::{Exception, Level, Mechanism};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// What came instead of an answer: the work panicked. The panic was reported already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work panicked; see the report of it, or the log")]
pub struct Panicked;

/// Awaits `work` and catches its panic, in builds whose panics unwind.
///
/// # Errors
/// [`Panicked`]. What the work shares with others must bear that it was interrupted.
pub async fn caught<F: Future>(work: F) -> Result<F::Output, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(_) => Poll::Ready(Err(Panicked)),
    })
    .await
}

pub(crate) fn install() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        previous(info);
        report(info);
    }));
}

fn report(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string);
    let mut event = event(Level::Fatal);
    event.exception = vec![Exception {
        ty: "panic".to_owned(),
        value: Some(value(info.payload().downcast_ref(), location.as_deref())),
        mechanism: Some(Mechanism { ty: "panic".to_owned(), handled: Some(false), ..Mechanism::default() }),
        ..Exception::default()
    }]
    .into();
    event.culprit = location;
    capture(event);
}

/// A message that was put together may hold a value that nobody may see; one that is in the source does not.
fn value(message: Option<&&'static str>, location: Option<&str>) -> String {
    let location = location.unwrap_or("somewhere");
    match message {
        Some(message) => format!("{message} ({location})"),
        None => location.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::task::{Context, Waker};

    fn poll<F: Future>(work: Pin<&mut F>) -> Poll<F::Output> {
        work.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_panic_is_an_error_and_an_answer_passes() {
        assert_eq!(poll(pin!(caught(async { 7 }))), Poll::Ready(Ok(7)));
        assert_eq!(poll(pin!(caught(std::future::pending::<()>()))), Poll::Pending);
        assert_eq!(
            poll(pin!(caught(async { panic!("on purpose") }))),
            Poll::<Result<(), _>>::Ready(Err(Panicked))
        );
    }

    #[test]
    fn a_message_is_told_with_its_place() {
        assert_eq!(value(Some(&"broken"), Some("src/a.rs:1:2")), "broken (src/a.rs:1:2)");
        assert_eq!(value(None, Some("src/a.rs:1:2")), "src/a.rs:1:2");
        assert_eq!(value(None, None), "somewhere");
    }
}
