//! The Durable Object class.

use super::admin;
use super::database::ObjectDatabase;
use super::door::{self, PANICKED, REFUSED, STORED, UNREADABLE};
use super::pump::Pump;
use crate::WORKER;
use edge::problem::Problem;
use edge::report;
use outbox::{Appended, Shard};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::Uint8Array;
use worker::worker_sys::DurableObjectState;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

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
        report::start(&self.env, WORKER);
        report::request(request, (&*self.state).into(), |request| self.answer(request)).await
    }

    async fn alarm(&self) -> Result<Response> {
        report::start(&self.env, WORKER);
        report::task("alarm".into(), (&*self.state).into(), self.ring()).await
    }
}

impl Outbox {
    async fn answer(&self, request: Request) -> Result<Response> {
        let Some(pump) = self.pump() else {
            return Response::error("this shard cannot work; its log says why", 500);
        };
        pump.refill();
        let path = request.path();
        admin::route(&pump, &path, request).await
    }

    async fn ring(&self) -> Result<Response> {
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

    /// The shard, started where it is not, or could not be before.
    fn pump(&self) -> Option<Rc<Pump>> {
        let mut pump = self.pump.borrow_mut();
        if pump.is_none() {
            let state: &JsValue = self.state.as_raw();
            let state = State::from(state.clone().unchecked_into::<DurableObjectState>());
            match start(state, self.env.clone()) {
                Ok(started) => *pump = Some(started),
                Err(problem) => Problem::new("no_shard").with("problem", problem).tell(),
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
    /// Stores payloads as [`door`] sends them; an answer for each. They are in the database then, and not durable yet.
    pub fn store(&self, number: u32, payloads: Vec<Uint8Array>) -> Vec<u8> {
        report::start(&self.env, WORKER);
        let Some(pump) = self.pump() else { return vec![REFUSED; payloads.len()] };
        pump.refill();
        let mut answers = vec![UNREADABLE; payloads.len()];
        let mut places = Vec::new();
        let mut read = Vec::new();
        for (place, payload) in payloads.iter().enumerate() {
            let Some((payload, reports)) = door::read(payload.to_vec()) else { continue };
            places.push(place);
            read.push(payload);
            reports.into_iter().for_each(|counts| pump.note_reports(WORKER, counts));
        }
        pump.shard().refused("unreadable", answers.len() - places.len());
        let Ok(stored) = catch_unwind(AssertUnwindSafe(|| pump.store(number, read))) else {
            // Memory may say anything now. The senders send again what may be stored or not, with the same ids.
            pump.start_anew();
            return vec![PANICKED; payloads.len()];
        };
        for (i, place) in places.into_iter().enumerate() {
            answers[place] = match stored.as_ref().map(|stored| stored[i]) {
                Some(Appended::Stored | Appended::Duplicate) => STORED,
                Some(Appended::Full) | None => REFUSED,
            };
        }
        answers
    }

    /// What was stored last is durable now.
    pub fn durable(&self) {
        if let Some(pump) = &*self.pump.borrow() {
            pump.durable();
        }
    }
}
