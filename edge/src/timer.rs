//! Waiting, and deadlines for what takes none.

use futures_util::future::{Either, select};
use std::future::Future;
use std::pin::pin;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::AbortController;
use worker::js_sys::{Object, Promise, Reflect};
use worker::wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    // https://developers.cloudflare.com/workers/runtime-apis/scheduler/
    #[wasm_bindgen(js_namespace = scheduler, js_name = wait)]
    fn scheduler_wait(millis: f64) -> Promise;
    #[wasm_bindgen(js_namespace = scheduler, js_name = wait)]
    fn scheduler_wait_until(millis: f64, options: &Object) -> Promise;
}

/// Resolves after so many ms.
pub async fn wait(millis: u32) {
    // It rejects only when it is aborted, which it cannot be.
    let _ = JsFuture::from(scheduler_wait(f64::from(millis))).await;
}

/// What `work` came to, or nothing where it took longer. It may be carried out all the same.
pub async fn within<T>(millis: u32, work: impl Future<Output = T>) -> Option<T> {
    let Ok(controller) = AbortController::new() else { return Some(work.await) };
    let options = Object::new();
    // Setting a member of a plain object does not fail.
    let _ = Reflect::set(&options, &"signal".into(), &controller.signal());
    let timer = JsFuture::from(scheduler_wait_until(f64::from(millis), &options));
    match select(pin!(work), timer).await {
        Either::Left((result, timer)) => {
            // A timer that nobody waits for would keep a Durable Object in memory.
            controller.abort();
            let _ = timer.await;
            Some(result)
        }
        Either::Right(_) => None,
    }
}
