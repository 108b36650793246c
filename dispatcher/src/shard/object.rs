//! The Durable Object class.

use super::admin;
use super::database::ObjectDatabase;
use super::door::{self, REFUSED, STORED};
use super::pump::Pump;
use outbox::{Appended, NewPayload, Shard};
use serde_json::json;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::Promise;
use worker::wasm_bindgen_futures::future_to_promise;
use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object};

/// One shard of the Outbox.
#[durable_object(alarm)]
pub struct Outbox {
    /// Or what keeps it from working.
    pump: AssertUnwindSafe<std::result::Result<Rc<Pump>, String>>,
}

impl DurableObject for Outbox {
    fn new(state: State, env: Env) -> Self {
        Self { pump: AssertUnwindSafe(start(state, env)) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let pump = match &*self.pump {
            Ok(pump) => pump,
            Err(problem) => {
                edge::log::error("no_shard", json!({"problem": problem}));
                return Response::error("this shard cannot work; its log says why", 500);
            }
        };
        pump.refill();
        let path = request.path();
        admin::route(pump, &path, request).await
    }

    async fn alarm(&self) -> Result<Response> {
        if let Ok(pump) = &*self.pump {
            pump.alarm_rang();
            pump.refill();
            pump.kick();
        }
        Response::empty()
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
        let (pump, payload) = (self.pump.clone(), door::read(head, data));
        future_to_promise(AssertUnwindSafe(async move {
            let answer = match pump {
                Ok(pump) => store(pump, number, payload).await,
                Err(problem) => {
                    edge::log::error("no_shard", json!({"problem": problem}));
                    Ok(REFUSED)
                }
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
        pump.store(number);
        let pump = pump.clone();
        pump.clone().state.wait_until(async move {
            loop {
                // Where it fails, the object is started anew, and its callers hear of it.
                let _ = pump.state.storage().sync().await;
                if pump.group.is_done() {
                    break;
                }
                pump.store(number);
            }
        });
    }
    match outcome.await {
        Ok(Some(Appended::Stored | Appended::Duplicate)) => Ok(STORED),
        _ => Ok(REFUSED),
    }
}
