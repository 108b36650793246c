//! The pump: makes the calls that are due, each as a task of its own, and wakes up for those that will be.
//!
//! A timer in memory serves what is due soon; an alarm, which outlives the object, stands behind it. An alarm
//! starts what is due and does not wait for it.

use super::database::ObjectDatabase;
use super::trace;
use super::warehouse::Warehouses;
use crate::settings::Settings;
use edge::timer;
use event::Millis;
use futures_util::FutureExt;
use outbox::sql::SqlError;
use outbox::{Appended, Failure, NewPayload, Shard, Work};
use serde_json::json;
use std::cell::{Cell, RefCell, RefMut};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use worker::js_sys::{Function, Reflect};
use worker::{Env, State};

/// Calls that are made before a fresh event must come: the platform allows 32 through service bindings
/// for each (<https://developers.cloudflare.com/workers/platform/limits/>).
const CALLS_PER_EVENT: u32 = 24;

/// What is due within this time is served by a timer, in ms.
const TIMER_MS: i64 = 10_000;

/// How long after now the alarm stands that replaces a timer, in ms.
const SAFETY_MS: i64 = 10_000;

/// An alarm may ring so late, in ms (<https://developers.cloudflare.com/durable-objects/api/alarms/>).
const LATE_MS: i64 = 60_000;

/// A shard and what drives it.
pub struct Pump {
    pub state: State,
    pub env: Env,
    pub settings: Rc<Settings>,
    shard: RefCell<Shard<ObjectDatabase>>,
    warehouses: Rc<Warehouses>,
    /// Calls that may still be made before a fresh event.
    calls: Cell<u32>,
    /// Calls under way.
    busy: Cell<u32>,
    timer: Cell<Option<Millis>>,
    alarm: Cell<Option<Millis>>,
    registering: Cell<bool>,
}

impl Pump {
    pub fn new(state: State, env: Env, settings: Rc<Settings>, shard: Shard<ObjectDatabase>) -> Rc<Self> {
        let warehouses = Rc::new(Warehouses::new(env.clone(), &settings.warehouses));
        Rc::new(Self {
            state,
            env,
            settings,
            shard: RefCell::new(shard),
            warehouses,
            calls: Cell::new(CALLS_PER_EVENT),
            busy: Cell::new(0),
            timer: Cell::new(None),
            alarm: Cell::new(None),
            registering: Cell::new(false),
        })
    }

    /// The shard. Not to be held across an await.
    pub fn shard(&self) -> RefMut<'_, Shard<ObjectDatabase>> {
        self.shard.borrow_mut()
    }

    /// An event of the platform: a request or an alarm. It brings new calls.
    pub fn refill(&self) {
        self.calls.set(CALLS_PER_EVENT);
    }

    /// The alarm has rung, and is none any more.
    pub fn alarm_rang(&self) {
        self.alarm.set(None);
    }

    /// Stores payloads, and sees to it that they go on. Nothing where the database failed, and nothing is stored then.
    pub fn store(self: &Rc<Self>, number: u32, payloads: Vec<NewPayload>) -> Option<Vec<Appended>> {
        let now = edge::clock::now();
        let stored = {
            let mut shard = self.shard();
            shard.name(number).and_then(|()| shard.append(payloads, now))
        };
        self.nudge(now);
        stored.inspect_err(log_database).ok()
    }

    /// After an append: nothing is to be done where a timer or the lanes that it waits for will look after it.
    fn nudge(self: &Rc<Self>, now: Millis) {
        let is_seen_to = {
            let shard = self.shard();
            let timer = self.timer.get().is_some_and(|at| at.0 <= now.0 + shard.settings().interval);
            shard.is_under_way() || (timer && !shard.has_full_batch())
        };
        if !is_seen_to || self.alarm.get().is_none() {
            self.kick();
        }
    }

    /// Starts what is due, and sees to it that what is not will be.
    pub fn kick(self: &Rc<Self>) {
        let now = edge::clock::now();
        self.arm(now);
        while self.calls.get() > 0 {
            let due = self.shard().due(now);
            match due {
                Ok(Some(work)) => self.start(work),
                Ok(None) => break,
                Err(error) => {
                    log_database(&error);
                    break;
                }
            }
        }
        self.keep_house(now);
        self.arm(now);
    }

    fn start(self: &Rc<Self>, work: Work) {
        self.calls.set(self.calls.get() - 1);
        self.busy.set(self.busy.get() + 1);
        let pump = self.clone();
        self.state.wait_until(async move {
            let told = AssertUnwindSafe(pump.perform(work)).catch_unwind().await;
            pump.busy.set(pump.busy.get() - 1);
            match told {
                Ok(Ok(())) => {}
                Ok(Err(error)) => log_database(&error),
                // Memory may say anything now. What is in the database is consistent, and due again.
                Err(_) => return pump.start_anew(),
            }
            pump.kick();
        });
    }

    /// Ends the object; the alarm starts it again.
    fn start_anew(&self) {
        edge::log::error(
            "started_anew",
            json!({"shard": self.shard.try_borrow().map_or(0, |shard| shard.number())}),
        );
        let state = self.state.as_raw();
        if let Ok(abort) = Reflect::get(state, &"abort".into())
            && let Ok(abort) = abort.dyn_into::<Function>()
        {
            // It throws, into a task that ends here anyway.
            let _ = abort.call0(state);
        }
    }

    /// Makes a call and tells the shard what came of it.
    async fn perform(&self, work: Work) -> Result<(), SqlError> {
        match work {
            Work::Raw(batch) => {
                let result = caught("raw", self.warehouses.write_raw(&batch)).await;
                self.shard().logged(&batch, result, edge::clock::now())
            }
            Work::Accounts(batch) => {
                let result = caught("accounts", self.warehouses.write_accounts(&batch)).await;
                self.shard().accounted(&batch, result, edge::clock::now())
            }
            Work::Open(batch) => {
                let result = caught("open", trace::ask(&self.env, "/open", &batch.body)).await;
                self.shard().opened(batch, result, edge::clock::now())
            }
            Work::Deliver(batch) => {
                let path = format!("/deliver/{}", batch.tracker);
                let result = caught(&batch.tracker, trace::ask(&self.env, &path, &batch.body)).await;
                self.shard().delivered(&batch, result, edge::clock::now())
            }
        }
    }

    /// Sees to it that the shard wakes up: by a timer soon, by an alarm else, and by an alarm in any case.
    fn arm(self: &Rc<Self>, now: Millis) {
        let due = self.shard().next_due();
        let upkeep = self.shard().next_upkeep();
        let is_spent = self.calls.get() == 0;
        let soon = due.filter(|at| at.0 <= now.0 + TIMER_MS);
        if let Some(at) = soon.filter(|_| !is_spent) {
            self.set_timer(at.max(Millis(now.0 + 1)), now);
        }
        let alarm = match due {
            // Only a fresh event brings new calls.
            Some(_) if is_spent => now,
            _ if soon.is_some() || self.busy.get() > 0 => Millis(now.0 + SAFETY_MS),
            Some(at) => at.min(upkeep).max(now),
            None => upkeep.max(now),
        };
        let stands = |set: Millis| set <= alarm && set.0 + LATE_MS > now.0;
        if !self.alarm.get().is_some_and(stands) {
            self.set_alarm(alarm);
        }
    }

    fn set_timer(self: &Rc<Self>, at: Millis, now: Millis) {
        if self.timer.get().is_some_and(|set| set <= at) {
            return;
        }
        self.timer.set(Some(at));
        let (pump, wait) = (self.clone(), u32::try_from(at.0 - now.0).unwrap_or(0));
        self.state.wait_until(async move {
            timer::wait(wait).await;
            // One that was overtaken by an earlier one has nothing to say.
            if pump.timer.get() == Some(at) {
                pump.timer.set(None);
                pump.kick();
            }
        });
    }

    /// Written at once, and so with the append that asked for it.
    fn set_alarm(&self, at: Millis) {
        let storage = self.state.storage();
        let date = worker::js_sys::Date::new(&(at.0 as f64).into());
        match storage.as_raw().set_alarm(date, wasm_bindgen::JsValue::NULL.into()) {
            Ok(_) => self.alarm.set(Some(at)),
            Err(_) => edge::log::error("no_alarm", json!({"shard": self.shard().number()})),
        }
    }

    /// What is done now and then: the daily upkeep, and telling shard 0 of this one.
    fn keep_house(self: &Rc<Self>, now: Millis) {
        if self.shard().needs_upkeep(now) {
            let done = self.shard().upkeep(now);
            match done {
                Ok(()) => self.clean_warehouse(now),
                Err(error) => log_database(&error),
            }
        }
        if self.shard().must_register() && !self.registering.replace(true) {
            let pump = self.clone();
            self.state.wait_until(async move {
                let number = pump.shard().number();
                match super::admin::register(&pump, number).await {
                    Ok(()) => {
                        let done = pump.shard().registered();
                        done.unwrap_or_else(|error| log_database(&error));
                    }
                    Err(error) => {
                        let problem = error.to_string();
                        edge::log::error("not_registered", json!({"shard": number, "problem": problem}));
                    }
                }
                pump.registering.set(false);
            });
        }
    }

    /// Retention in the warehouse is shard 0's work.
    fn clean_warehouse(self: &Rc<Self>, now: Millis) {
        if self.shard().number() != 0 {
            return;
        }
        let warehouses = self.warehouses.clone();
        self.state.wait_until(async move {
            if let Err(failure) = warehouses.clean(now).await {
                edge::log::error("retention_failed", json!({"reason": failure.reason}));
            }
        });
    }
}

/// A panic is a failure like any other, and ends no lane.
async fn caught<T>(lane: &str, call: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let result =
        AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|_| Err(Failure::temporary("panic")));
    if let Err(failure) = &result {
        edge::log::error("call_failed", json!({"lane": lane, "reason": failure.reason}));
    }
    result
}

fn log_database(error: &SqlError) {
    edge::log::error("database_failed", json!({"problem": error.to_string()}));
}
