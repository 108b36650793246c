//! One hub and scope for each request: whatever runs while a request is polled is told with what that request said.

use crate::isolate::{Isolate, isolate};
use crate::lifetime::Lifetime;
use crate::request::describe;
use sentry::protocol::{Event, TraceContext};
use sentry::{Hub, HubSwitchGuard};
use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

/// A request, or work without one.
pub(crate) struct Task {
    hub: Arc<Hub>,
    origin: Origin,
    pub(crate) lifetime: Lifetime,
    /// The same for all events of the task.
    trace: OnceCell<TraceContext>,
}

enum Origin {
    Request(web_sys::Request),
    Named(Cow<'static, str>),
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Task>>> = const { RefCell::new(None) };
}

/// The task that is being polled.
pub(crate) fn current() -> Option<Rc<Task>> {
    CURRENT.try_with(|current| current.try_borrow().ok()?.clone()).ok().flatten()
}

/// Runs `work` on `request` with a scope of its own. Its events tell of the request, which is read only when there is one.
///
/// Where reports are off, this is `work` and nothing else.
pub async fn in_request<F: Future>(
    request: worker::Request,
    lifetime: Lifetime,
    work: impl FnOnce(worker::Request) -> F,
) -> F::Output {
    let Some(isolate) = isolate() else { return work(request).await };
    // The reference is cloned; the method `clone` would copy the request with its body.
    let origin = Origin::Request(Clone::clone(request.inner()));
    // Within the task, too, since `work` may do more than make a future.
    run(isolate, origin, lifetime, async { work(request).await }).await
}

/// Runs `work` with a scope of its own where there is no request, such as a Durable Object's alarm. Its events have `name` as
/// transaction.
///
/// Where reports are off, this is `work` and nothing else.
pub async fn in_task<F: Future>(
    name: impl Into<Cow<'static, str>>,
    lifetime: Lifetime,
    work: F,
) -> F::Output {
    match isolate() {
        Some(isolate) => run(isolate, Origin::Named(name.into()), lifetime, work).await,
        None => work.await,
    }
}

async fn run<F: Future>(isolate: Rc<Isolate>, origin: Origin, lifetime: Lifetime, work: F) -> F::Output {
    let lifetime = lifetime.or_else(|| current().map_or(Lifetime::unknown(), |outer| outer.lifetime.clone()));
    let task = Rc::new(Task { hub: isolate.hub(), origin, lifetime, trace: OnceCell::new() });
    let output = within(task.clone(), work).await;
    let _entered = Entered::new(task);
    isolate.flush_due();
    output
}

/// Takes the current scope along: for work that is polled apart from the request that began it, as by `waitUntil`.
pub fn bind<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let task = current();
    async move {
        match task {
            Some(task) => within(task, work).await,
            None => work.await,
        }
    }
}

async fn within<F: Future>(task: Rc<Task>, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|context| {
        let _entered = Entered::new(task.clone());
        work.as_mut().poll(context)
    })
    .await
}

/// Makes a task the current one until it is dropped, by a panic, too.
struct Entered {
    _hub: HubSwitchGuard,
    before: Option<Rc<Task>>,
}

impl Entered {
    fn new(task: Rc<Task>) -> Self {
        let hub = HubSwitchGuard::new(task.hub.clone());
        Self { _hub: hub, before: CURRENT.replace(Some(task)) }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
    }
}

impl Task {
    /// Tells of the task in an event.
    pub(crate) fn describe(&self, event: &mut Event<'static>, headers: &[&str]) {
        match &self.origin {
            Origin::Request(request) => {
                let values = request.headers();
                let value = |name: &str| values.get(name).ok().flatten();
                let told = event.request.get_or_insert_default();
                describe(told, request.method(), &request.url(), headers, value);
            }
            Origin::Named(name) => {
                event.transaction.get_or_insert_with(|| name.to_string());
            }
        }
    }

    /// What its events have in common, unless its scope says it.
    pub(crate) fn trace(&self) -> TraceContext {
        self.trace.get_or_init(TraceContext::default).clone()
    }
}
