//! Routes that fail. Numbers and texts come from the query.

use js_sys::Promise;
use sentry_workers::protocol::{Request as Told, User};
use sentry_workers::{Level, Options, add_breadcrumb, breadcrumb, capture, configure_scope, event};
use std::time::Duration;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Context, Env, Request, Response, Result};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = scheduler, js_name = wait)]
    fn scheduler_wait(millis: f64) -> Promise;
}

#[derive(Debug, thiserror::Error)]
#[error("not served")]
struct NotServed(#[source] NotRead);

#[derive(Debug, thiserror::Error)]
enum NotRead {
    #[error("not read")]
    Parse(#[from] std::num::ParseIntError),
}

/// As the bindings say.
pub fn options(env: &Env) -> Option<Options> {
    let var = |name| env.var(name).ok().map(|value| value.to_string());
    let mut options = Options::new(var("SENTRY_DSN")?.parse().ok()?);
    options.release = Some("failing@1.2.3".into());
    options.environment = Some("test".into());
    options.server_name = Some("failing".into());
    options.headers = &["x-allowed", "cookie", "authorization"];
    if let Some(rate) = var("SENTRY_SAMPLE_RATE") {
        options.sample_rate = rate.parse().ok()?;
    }
    if let Some(first) = var("FIRST_WINDOW_MS") {
        options.windows[0] = Duration::from_millis(first.parse().ok()?);
    }
    if var("BEFORE_SEND").is_some() {
        options.before_send = Some(Box::new(|mut event| {
            event.tags.insert("seen".to_owned(), "yes".to_owned());
            (event.message.as_deref() != Some("unwanted")).then_some(event)
        }));
    }
    Some(options)
}

/// Fails as the path says.
pub async fn route(request: Request, context: Context) -> Result<Response> {
    let query = web_sys::Url::new(&request.inner().url())?.search_params();
    let text = |name| query.get(name).unwrap_or_default();
    let number = |name| text(name).parse::<u32>().unwrap_or_default();
    match request.path().as_str() {
        "/fail" => (0..number("times").max(1)).for_each(|_| capture(failure(&text("message")))),
        "/chain" => {
            if let Err(error) = text("number").parse::<u32>() {
                capture(sentry_workers::event_from_error(&NotServed(error.into())));
            }
        }
        "/data" => {
            let mut event = failure("with data");
            event.request = Some(Told { data: Some("what was sent".to_owned()), ..Told::default() });
            capture(event);
        }
        "/task" => {
            let lifetime = sentry_workers::Lifetime::unknown();
            sentry_workers::in_task("alarm", lifetime, async { capture(failure("in a task")) }).await;
            capture(failure("after the task"));
        }
        "/panic" => panic!("on purpose"),
        "/panic-with-value" => panic!("on purpose: {}", text("value")),
        "/later" => context.wait_until(sentry_workers::bind(async {
            wait(50).await;
            capture(failure("later"));
        })),
        "/panic-later" => context.wait_until(sentry_workers::bind(async {
            wait(50).await;
            panic!("later");
        })),
        "/counts" => {
            let counts = sentry_workers::counts();
            return Response::ok(format!("{} {}", counts.sent, counts.suppressed));
        }
        path => match path.strip_prefix("/mix/") {
            Some(id) => mix(id, number("wait")).await,
            None => return crate::routes::plain(&request),
        },
    }
    Response::ok("failed")
}

fn failure(message: &str) -> sentry_workers::protocol::Event<'static> {
    let mut event = event(Level::Error);
    event.message = Some(message.to_owned());
    event
}

/// Says who it is again and again, while others do the same, and then fails.
async fn mix(id: &str, millis: u32) {
    configure_scope(|scope| {
        scope.set_tag("id", id);
        scope.set_extra("id", id.into());
        scope.set_user(Some(User { id: Some(id.to_owned()), ..User::default() }));
    });
    for step in ["begins", "goes on", "ends"] {
        add_breadcrumb(breadcrumb(step, id));
        wait(millis).await;
    }
    capture(failure(id));
}

async fn wait(millis: u32) {
    // It rejects only when it is aborted, which it cannot be.
    let _ = JsFuture::from(scheduler_wait(f64::from(millis))).await;
}
