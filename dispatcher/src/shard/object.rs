//! The Durable Object class.

use super::admin;
use super::database::ObjectDatabase;
use super::door::{self, REFUSED, STORED};
use super::pump::Pump;
use outbox::{Appended, NewPayload, Shard};
use serde_json::json;
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::Promise;
use worker::wasm_bindgen_futures::future_to_promise;
use worker::worker_sys::DurableObjectState;
use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object};

/// One shard of the Outbox.
#[durable_object(alarm)]
pub struct Outbox {
    state: AssertUnwindSafe<State>,
    env: Env,
    pump: AssertUnwindSafe<RefCell<Option<Rc<Pump>>>>,
}

/// After this time a shard that could not start tries again by itself, in ms.
const START_AGAIN_MS: i64 = 60_000;

impl DurableObject for Outbox {
    fn new(state: State, env: Env) -> Self {
        Self { state: AssertUnwindSafe(state), env, pump: AssertUnwindSafe(RefCell::default()) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let Some(pump) = self.pump() else {
            return Response::error("this shard cannot work; its log says why", 500);
        };
        pump.refill();
        let path = request.path();
        admin::route(&pump, &path, request).await
    }

    async fn alarm(&self) -> Result<Response> {
        match self.pump() {
            Some(pump) => {
                pump.alarm_rang();
                pump.refill();
                pump.kick();
            }
            // What waits must not wait for a request.
            None => self.state.storage().set_alarm(START_AGAIN_MS).await?,
        }
        Response::empty()
    }
}

impl Outbox {
    /// The shard, started where it is not, or could not be before.
    fn pump(&self) -> Option<Rc<Pump>> {
        let mut pump = self.pump.borrow_mut();
        if pump.is_none() {
            let state: &JsValue = self.state.as_raw();
            let state = State::from(state.clone().unchecked_into::<DurableObjectState>());
            match start(state, self.env.clone()) {
                Ok(started) => *pump = Some(started),
                Err(problem) => edge::log::error("no_shard", json!({"problem": problem})),
            }
        }
        pump.clone()
    }
}

fn start(state: State, env: Env) -> std::result::Result<Rc<Pump>, String> {
    let settings = crate::settings::settings(&env).map_err(|faults| faults.join("; "))?;
    let seed = edge::random::bytes().map(u64::from_le_bytes).map_err(|error| error.to_string())?;
    let database = ObjectDatabase::new(state.storage());
    let release = env!("CARGO_PKG_VERSION");
    let shard = Shard::open_database(database, settings.outbox.clone(), release, seed)
        .map_err(|error| error.to_string())?;
    Ok(Pump::new(state, env, settings, shard))
}

#[wasm_bindgen]
impl Outbox {
    /// Stores a payload; the way in stands in [`door`]. The promise resolves when it is in the database, and reaches
    /// the caller when that is durable.
    pub fn append(&self, number: u32, head: &str, data: Vec<u8>) -> Promise {
        let (pump, payload) = (self.pump(), door::read(head, data));
        future_to_promise(AssertUnwindSafe(async move {
            let answer = match pump {
                Some(pump) => store(pump, number, payload).await,
                None => Ok(REFUSED),
            };
            answer.map(Into::into).map_err(Into::into)
        }))
    }
}

async fn store(pump: Rc<Pump>, number: u32, payload: Option<NewPayload>) -> Result<u32> {
    let payload = payload.ok_or_else(|| Error::from("not a payload"))?;
    pump.refill();
    let outcome = pump.group.add(payload);
    if pump.group.begin() {
        let turn = Turn(pump.clone());
        pump.store(number);
        pump.state.wait_until(async move {
            loop {
                // Where it fails, the object is started anew, and its callers hear of it.
                let _ = turn.0.state.storage().sync().await;
                if !turn.0.group.has_more() {
                    break;
                }
                turn.0.store(number);
            }
        });
    }
    match outcome.await {
        Ok(Some(Appended::Stored | Appended::Duplicate)) => Ok(STORED),
        Ok(Some(Appended::Full) | None) => Ok(REFUSED),
        Err(_) => Err(Error::from("nobody knows whether the payload is stored")),
    }
}

/// A turn at storing what waits. It ends even where it panics, or nobody could store any more.
struct Turn(Rc<Pump>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.group.end();
    }
}
