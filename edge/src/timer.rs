//! Waiting, and deadlines for what takes none.

use futures_util::future::{Either, select};
use std::future::Future;
use std::pin::pin;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::Promise;
use worker::wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    // https://developers.cloudflare.com/workers/runtime-apis/scheduler/
    #[wasm_bindgen(js_namespace = scheduler, js_name = wait)]
    fn scheduler_wait(millis: f64) -> Promise;
}

/// Resolves after so many ms.
pub async fn wait(millis: u32) {
    // It rejects only when it is aborted, which it cannot be.
    let _ = JsFuture::from(scheduler_wait(f64::from(millis))).await;
}

/// What `work` came to, or nothing where it took longer. It may be carried out all the same.
pub async fn within<T>(millis: u32, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(wait(millis))).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(_) => None,
    }
}
