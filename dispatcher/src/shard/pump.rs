//! The pump: makes the calls that are due, each as a task of its own, and wakes up for those that will be.
//!
//! A timer in memory serves what is due soon; an alarm, which outlives the object, stands behind it. An alarm
//! starts what is due and does not wait for it.

use super::database::ObjectDatabase;
use super::spans::Spans;
use super::warehouse::Warehouses;
use crate::analytics::{Dataset, POINTS_PER_EVENT};
use crate::settings::Settings;
use edge::problem::Problem;
use edge::report;
use edge::timer;
use event::Millis;
use futures_util::FutureExt;
use outbox::sql::SqlError;
use outbox::{Appended, NewPayload, Shard, Work};
use std::borrow::Cow;
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
    pub warehouses: Rc<Warehouses>,
    /// Where spans go, if anywhere.
    pub spans: Option<Rc<Spans>>,
    /// Calls that may still be made before a fresh event.
    calls: Cell<u32>,
    /// Calls under way.
    busy: Cell<u32>,
    timer: Cell<Option<Millis>>,
    alarm: Cell<Option<Millis>>,
    registering: Cell<bool>,
    /// When the payloads were received that were stored last and are not known to be durable.
    storing: RefCell<Vec<Millis>>,
    dataset: Option<Dataset>,
    /// Data points that may still be written before a fresh event.
    points: Cell<usize>,
}

impl Pump {
    pub fn new(state: State, env: Env, settings: Rc<Settings>, mut shard: Shard<ObjectDatabase>) -> Rc<Self> {
        let dataset = Dataset::of(&env);
        if dataset.is_some() {
            shard.keep_outcomes();
        }
        if let Some(tracing) = &settings.tracing {
            shard.trace(tracing.rate);
        }
        let spans = settings.tracing.clone().map(Spans::new);
        let warehouses = Rc::new(Warehouses::new(env.clone(), &settings.warehouses));
        Rc::new(Self {
            state,
            env,
            settings,
            shard: RefCell::new(shard),
            warehouses,
            spans,
            calls: Cell::new(CALLS_PER_EVENT),
            busy: Cell::new(0),
            timer: Cell::new(None),
            alarm: Cell::new(None),
            registering: Cell::new(false),
            storing: RefCell::default(),
            dataset,
            points: Cell::new(POINTS_PER_EVENT),
        })
    }

    /// The shard. Not to be held across an await.
    pub fn shard(&self) -> RefMut<'_, Shard<ObjectDatabase>> {
        self.shard.borrow_mut()
    }

    /// An event of the platform: a request or an alarm. It brings new calls.
    pub fn refill(&self) {
        self.calls.set(CALLS_PER_EVENT);
        self.points.set(POINTS_PER_EVENT);
    }

    /// The alarm has rung, and is none any more.
    pub fn alarm_rang(&self) {
        self.alarm.set(None);
    }

    /// Stores payloads, and sees to it that they go on. Nothing where the database failed, and nothing is stored then.
    pub fn store(self: &Rc<Self>, number: u32, payloads: Vec<NewPayload>) -> Option<Vec<Appended>> {
        let now = edge::clock::now();
        let times: Vec<Millis> = payloads.iter().map(|payload| payload.at).collect();
        let stored = {
            let mut shard = self.shard();
            let stored = shard.name(number).and_then(|()| shard.append(payloads, now));
            if stored.is_err() {
                shard.refused("database", times.len());
            }
            stored
        };
        let answers = stored.iter().flatten().zip(times);
        self.storing
            .replace(answers.filter(|(answer, _)| **answer == Appended::Stored).map(|(_, at)| at).collect());
        self.nudge(now);
        stored.inspect_err(log_database).ok()
    }

    /// What was stored last is durable now.
    pub fn durable(&self) {
        self.shard().durable(&self.storing.take(), edge::clock::now());
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
        self.tell_outcomes();
        self.keep_house(now);
        self.arm(now);
    }

    /// Writes data points of what came to an end. Those for which there is no room wait for the next event.
    fn tell_outcomes(&self) {
        let Some(dataset) = &self.dataset else { return };
        let outcomes = self.shard().take_outcomes(self.points.get());
        self.points.set(self.points.get() - outcomes.len());
        outcomes.iter().for_each(|one| dataset.outcomes(one));
    }

    fn start(self: &Rc<Self>, work: Work) {
        self.calls.set(self.calls.get() - 1);
        self.busy.set(self.busy.get() + 1);
        let pump = self.clone();
        let name = match &work {
            Work::Raw(_) => "raw".to_owned(),
            Work::Accounts(_) => "accounts".to_owned(),
            Work::Open(_) => "open".to_owned(),
            Work::Deliver(batch) => format!("deliver/{}", batch.tracker),
        };
        self.in_background(name.into(), async move {
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

    /// Does what no request waits for.
    pub fn in_background(&self, name: Cow<'static, str>, work: impl Future<Output = ()> + 'static) {
        self.state.wait_until(report::task(name, (&self.state).into(), work));
    }

    /// Ends the object; the alarm starts it again.
    pub fn start_anew(&self) {
        let shard = self.shard.try_borrow().map_or(0, |shard| shard.number());
        Problem::new("started_anew").by("shard", shard).tell();
        let state = self.state.as_raw();
        if let Ok(abort) = Reflect::get(state, &"abort".into())
            && let Ok(abort) = abort.dyn_into::<Function>()
        {
            // It throws, into a task that ends here anyway.
            let _ = abort.call0(state);
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
        self.in_background("timer".into(), async move {
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
            Err(_) => Problem::new("no_alarm").by("shard", self.shard().number()).tell(),
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
            self.in_background("register".into(), async move {
                let number = pump.shard().number();
                match super::admin::register(&pump, number).await {
                    Ok(()) => {
                        let done = pump.shard().registered();
                        done.unwrap_or_else(|error| log_database(&error));
                    }
                    Err(error) => {
                        Problem::new("not_registered").by("shard", number).caused_by(&error).tell();
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
        self.in_background("retention".into(), async move {
            if let Err(failure) = warehouses.clean(now).await {
                Problem::new("retention_failed").by("reason", failure.reason).tell();
            }
        });
    }
}

fn log_database(error: &SqlError) {
    Problem::new("database_failed").caused_by(error).tell();
}
