//! The Durable Object class.

use super::admin;
use super::database::ObjectDatabase;
use super::door::{self, APPEND, REFUSED};
use super::pump::{Pump, log_database};
use outbox::{Appended, Shard};
use serde_json::json;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

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
                return Response::error("this shard cannot work; its log says why", REFUSED);
            }
        };
        pump.refill();
        let path = request.path();
        match path.strip_prefix(APPEND).map(str::parse) {
            Some(Ok(number)) => append(pump, number, request).await,
            Some(Err(_)) => Response::error("not found", 404),
            None => admin::route(pump, &path, request).await,
        }
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

async fn append(pump: &Rc<Pump>, number: u32, mut request: Request) -> Result<Response> {
    let reading = pump.group.announce();
    let text = request.text().await;
    drop(reading);
    let payload = text.as_deref().ok().and_then(door::read);
    let outcome = payload.map(|payload| pump.group.add(payload));
    pump.group.store(|payloads| {
        let mut shard = pump.shard();
        let stored = shard.name(number).and_then(|()| shard.append(payloads, edge::clock::now()));
        stored.inspect_err(log_database).ok()
    });
    pump.kick();
    match outcome {
        None => Response::error("not a payload", 400),
        Some(outcome) => match outcome.await {
            Ok(Some(Appended::Stored | Appended::Duplicate)) => Response::empty(),
            _ => Response::error("full", REFUSED),
        },
    }
}
