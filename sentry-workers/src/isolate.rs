//! What all requests of an isolate share: the client, what is known of failures, and Sentry's limits.

use crate::flight::Flights;
use crate::grouping::Groups;
use crate::limits::Limits;
use crate::options::Options;
use crate::transport::FetchTransport;
use crate::{clock, panics};
use sentry::protocol::Event;
use sentry::{Client, ClientOptions, Hub, Scope};
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// How many reports there were since the isolate began.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Events that were handed to `fetch`, arrived or not.
    pub sent: u64,
    /// Events that were not sent when they were captured: they were like others, dropped by the sample rate or by
    /// `before_send`, or Sentry wanted none.
    pub suppressed: u64,
}

pub(crate) struct Isolate {
    pub(crate) options: Options,
    pub(crate) client: Arc<Client>,
    /// Every hub begins with it. One of its own for each would cost random numbers for a trace.
    blank: Arc<Scope>,
    pub(crate) groups: RefCell<Groups<Event<'static>>>,
    pub(crate) limits: RefCell<Limits>,
    pub(crate) flights: RefCell<Flights>,
    pub(crate) counts: Cell<Counts>,
    /// Whether it was said that Sentry refuses what is sent.
    pub(crate) has_warned: Cell<bool>,
}

thread_local! {
    static ISOLATE: OnceCell<Option<Rc<Isolate>>> = const { OnceCell::new() };
}

/// Turns reports on, where there are options. The first call of an isolate decides; every later one costs next to nothing and
/// does not call `options`, so that it may stand at the head of every handler.
///
/// Installs a panic hook that calls the one before it.
pub fn init(options: impl FnOnce() -> Option<Options>) {
    ISOLATE.with(|cell| {
        if cell.get().is_some() {
            return;
        }
        let isolate = options().map(|options| Rc::new(Isolate::new(options)));
        let is_on = isolate.is_some();
        if cell.set(isolate).is_ok() && is_on {
            panics::install();
        }
    });
}

/// Whether reports are on.
#[must_use]
pub fn is_on() -> bool {
    isolate().is_some()
}

/// How many reports there were since the isolate began.
#[must_use]
pub fn counts() -> Counts {
    isolate().map(|isolate| isolate.counts.get()).unwrap_or_default()
}

pub(crate) fn isolate() -> Option<Rc<Isolate>> {
    // A panic while the thread ends finds nothing.
    ISOLATE.try_with(|cell| cell.get().cloned().flatten()).ok().flatten()
}

impl Isolate {
    fn new(options: Options) -> Self {
        let mut client = ClientOptions::new();
        client.dsn = Some(options.dsn.clone());
        client.release.clone_from(&options.release);
        client.environment.clone_from(&options.environment);
        client.server_name.clone_from(&options.server_name);
        client.transport = Some(Arc::new(Arc::new(FetchTransport::new(&options.dsn))));
        // Not its `before_send`, nor its sample rate: the client reports what they drop, with a clock that WASM does not have.
        Self {
            client: Arc::new(Client::with_options(client)),
            blank: Arc::default(),
            groups: RefCell::new(Groups::new(options.windows)),
            limits: RefCell::default(),
            flights: RefCell::default(),
            counts: Cell::default(),
            has_warned: Cell::default(),
            options,
        }
    }

    pub(crate) fn hub(&self) -> Arc<Hub> {
        Arc::new(Hub::new(Some(self.client.clone()), self.blank.clone()))
    }

    /// How many events may be sent now.
    pub(crate) fn room(&self, now: u64) -> usize {
        // Borrowed elsewhere only if this is called by a panic within.
        let is_open = self.limits.try_borrow().is_ok_and(|limits| limits.is_open(now));
        if !is_open {
            return 0;
        }
        self.flights.try_borrow_mut().map_or(0, |mut flights| flights.room(now))
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        count(&mut counts);
        self.counts.set(counts);
    }

    /// Tells what was counted and is due.
    pub(crate) fn flush_due(&self) {
        let Ok(mut groups) = self.groups.try_borrow_mut() else { return };
        if !groups.is_holding() {
            return;
        }
        let now = clock::millis();
        let due = groups.due(now, self.room(now));
        drop(groups);
        for (event, count) in due {
            self.tell(event, count);
        }
    }
}
