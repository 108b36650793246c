//! A shard on real SQLite, with a warehouse, a Trace and vendors that fail as told.

use crate::store::Store;
use event::account::{ALL_TRACKERS, LIVE, UNOPENED};
use event::wire::{
    CallMade, DeliverReply, DeliverRequest, ENOUGH_EVENTS, EventOutcome, Named, OpenReply, OpenRequest,
    Opened, OpenedEvent, Owed,
};
use event::{Change, LedgerLine, Millis, Outcome};
use outbox::sql::{Database, Param, SqlError, Value};
use outbox::{Appended, Failure, NewPayload, Settings, Shard, Work};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::value::to_raw_value;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub const NOON: i64 = 1_793_534_400_000;

/// SQLite in memory, which outlives the shard that works on it.
#[derive(Debug, Clone)]
pub struct Sqlite(Rc<Connection>, Rc<Cell<usize>>);

impl Sqlite {
    pub fn new() -> Self {
        let database = Connection::open_in_memory().unwrap();
        // As in a Durable Object.
        database.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, 2_200_000).unwrap();
        Self(Rc::new(database), Rc::default())
    }

    /// Runs a statement past the shard.
    pub fn execute(&self, sql: &str) {
        self.0.execute_batch(sql).unwrap();
    }

    /// Lets the n-th statement from now fail, and what it is part of with it; 0 lets none fail. Returns what was set.
    pub fn fail_after(&self, statements: usize) -> usize {
        self.1.replace(statements)
    }
}

impl Database for Sqlite {
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Vec<Value>>, SqlError> {
        if self.1.get() > 0 {
            self.1.set(self.1.get() - 1);
            if self.1.get() == 0 {
                return Err(SqlError("disk full".into()));
            }
        }
        let failed = |error: rusqlite::Error| SqlError(error.to_string());
        let mut statement = self.0.prepare_cached(sql).map_err(failed)?;
        let params = params.iter().map(|param| -> Box<dyn rusqlite::ToSql> {
            match param {
                Param::Null => Box::new(rusqlite::types::Null),
                Param::Int(value) => Box::new(*value),
                Param::Text(value) => Box::new((*value).to_owned()),
            }
        });
        let params: Vec<_> = params.collect();
        let width = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(failed)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let value = |i| match row.get_ref(i).unwrap() {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Int(value),
                ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
                other => panic!("{other:?}"),
            };
            all.push((0..width).map(value).collect());
        }
        Ok(all)
    }

    fn transaction<T>(&self, work: &mut dyn FnMut() -> Result<T, SqlError>) -> Result<T, SqlError> {
        self.0.execute_batch("BEGIN").unwrap();
        let result = work();
        self.0.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" }).unwrap();
        result
    }
}

/// How a part of the world behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Ok,
    /// The call fails.
    Down,
    /// It does what it is asked and then fails.
    DownAfter,
    /// Every event is to be tried again.
    Retry(Option<u32>),
    /// Our credentials are refused.
    Misconfigured,
    /// Nobody answers until the mode changes.
    Hang,
}

pub const TRACKERS: [&str; 3] = ["a", "b", "c"];

pub struct World {
    pub db: Sqlite,
    pub shard: Shard<Sqlite>,
    pub settings: Settings,
    pub now: i64,
    pub trace: Mode,
    pub vendors: BTreeMap<&'static str, Mode>,
    pub policy: String,
    /// Bytes of the body of each call that Trace tells of; nothing where it tells of none.
    pub told_calls: Option<usize>,
    /// Warehouses by name; those of `WAREHOUSE`, and those that were.
    pub stores: BTreeMap<String, Store>,
    /// By tracker and event: how often the vendor took it.
    pub received: BTreeMap<(String, String), u32>,
    /// Calls made, by lane, with the number of events or payloads.
    pub calls: Vec<(String, usize)>,
    /// When each payload was sent last, by id.
    pub sent: BTreeMap<String, Millis>,
    hanging: Vec<Work>,
}

pub fn settings(vars: &[(&str, &str)]) -> Settings {
    let mut faults = vec![];
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = Settings::read(&vars, 1, &mut faults);
    assert!(faults.is_empty(), "{faults:?}");
    settings
}

pub fn payload(id: &str, at: i64, data: &str) -> NewPayload {
    NewPayload {
        id: id.to_owned(),
        is_senders_id: true,
        at: Millis(at),
        data: data.to_owned(),
        context: r#"{"origin":"https://shop.example"}"#.to_owned(),
    }
}

impl World {
    pub fn new(vars: &[(&str, &str)]) -> Self {
        let (db, settings) = (Sqlite::new(), settings(vars));
        let mut shard = Shard::open_database(db.clone(), settings.clone(), "0.1.0", 7).unwrap();
        shard.name(3).unwrap();
        let stores = settings.warehouses.iter().map(|name| (name.clone(), Store::new(name))).collect();
        Self {
            db,
            shard,
            settings,
            now: NOON,
            trace: Mode::Ok,
            vendors: TRACKERS.iter().map(|name| (*name, Mode::Ok)).collect(),
            policy: "1-a".into(),
            told_calls: None,
            stores,
            received: BTreeMap::new(),
            calls: vec![],
            sent: BTreeMap::new(),
            hanging: vec![],
        }
    }

    /// Everything in memory is lost.
    pub fn crash(&mut self) {
        self.hanging.clear();
        self.shard =
            Shard::open_database(self.db.clone(), self.settings.clone(), "0.1.0", self.now as u64).unwrap();
    }

    pub fn store(&mut self, name: &str) -> &mut Store {
        self.stores.get_mut(name).unwrap()
    }

    /// The operator sets other warehouses, and the shard is started with them.
    pub fn use_warehouses(&mut self, names: &str) {
        self.settings.warehouses = names.split(',').map(str::to_owned).collect();
        for name in &self.settings.warehouses {
            self.stores.entry(name.clone()).or_insert_with(|| Store::new(name));
        }
        self.crash();
    }

    /// Sends one payload. Its data says what is in it: `{events}` events, or `poison-open`, `poison-deliver`,
    /// `poison-raw`, or `own:{event id}`.
    pub fn send(&mut self, id: &str, data: &str) -> Appended {
        self.sent.insert(id.to_owned(), Millis(self.now));
        self.shard.append(vec![payload(id, self.now, data)], Millis(self.now)).unwrap()[0]
    }

    /// Does what is due now, and tells whether there was anything.
    pub fn step(&mut self) -> bool {
        let mut work = Vec::new();
        while let Ok(Some(one)) = self.shard.due(Millis(self.now)) {
            work.push(one);
        }
        let any = !work.is_empty();
        for one in work {
            self.perform(one);
        }
        any
    }

    /// Lets time pass, doing what is due when it is due.
    pub fn run_for(&mut self, millis: i64) {
        let end = self.now + millis;
        loop {
            while self.step() {}
            match self.shard.next_due() {
                Some(next) if next.0 <= end => {
                    self.now = self.now.max(next.0) + i64::from(next.0 <= self.now)
                }
                _ => break,
            }
        }
        self.now = end;
        self.step();
    }

    /// Deliveries that hung are carried out.
    pub fn answer_hanging(&mut self) {
        for work in std::mem::take(&mut self.hanging) {
            let Work::Deliver(batch) = work else { continue };
            let request: DeliverRequest = serde_json::from_str(&batch.body).unwrap();
            let reply = self.deliver(&batch.tracker, Mode::Ok, &request);
            self.shard.delivered(&batch, reply, Millis(self.now)).unwrap();
        }
    }

    /// What hung is told to have failed.
    pub fn end_hanging(&mut self) {
        for work in std::mem::take(&mut self.hanging) {
            let failure = || Failure::temporary("timeout");
            let now = Millis(self.now);
            let _ = match work {
                Work::Raw(batch) => self.shard.logged(&batch, Err(failure()), now),
                Work::Open(batch) => self.shard.opened(batch, Err(failure()), now),
                Work::Deliver(batch) => self.shard.delivered(&batch, Err(failure()), now),
                Work::Accounts(batch) => self.shard.accounted(&batch, Err(failure()), now),
            };
        }
    }

    fn perform(&mut self, work: Work) {
        let now = Millis(self.now);
        let _ = match work {
            Work::Raw(batch) => {
                let store = self.stores.get_mut(&batch.warehouse).unwrap();
                if store.mode == Mode::Hang {
                    return self.hanging.push(Work::Raw(batch));
                }
                self.calls.push((format!("(raw {})", batch.warehouse), batch.payloads()));
                let result = store.write_raw(&batch);
                self.shard.logged(&batch, result, now)
            }
            Work::Open(batch) => {
                if self.trace == Mode::Hang {
                    return self.hanging.push(Work::Open(batch));
                }
                let request: OpenRequest = serde_json::from_str(&batch.body).unwrap();
                self.calls.push(("(open)".into(), request.payloads.len()));
                let poisoned = request.payloads.iter().any(|payload| payload.data.contains("poison-open"));
                let is_down = self.trace != Mode::Ok || poisoned;
                let result =
                    if is_down { Err(Failure::temporary("trace_500")) } else { Ok(self.open(&request)) };
                self.shard.opened(batch, result, now)
            }
            Work::Deliver(batch) => {
                let mode = self.vendors[batch.tracker.as_str()];
                if mode == Mode::Hang {
                    return self.hanging.push(Work::Deliver(batch));
                }
                let request: DeliverRequest = serde_json::from_str(&batch.body).unwrap();
                self.calls.push((batch.tracker.clone(), batch.events()));
                let result = self.deliver(&batch.tracker, mode, &request);
                self.shard.delivered(&batch, result, now)
            }
            Work::Accounts(batch) => {
                let store = self.stores.get_mut(&batch.warehouse).unwrap();
                if store.mode == Mode::Hang {
                    return self.hanging.push(Work::Accounts(batch));
                }
                self.calls.push((format!("(accounts {})", batch.warehouse), 1));
                let result = store.write_accounts(&batch);
                self.shard.accounted(&batch, result, now)
            }
        };
    }

    /// What today's policy drops of every event: its own name, so that it is seen which one it was.
    fn changes(&self) -> Vec<Change> {
        vec![Change { field: self.policy.clone(), rule: event::Rule::Drop }]
    }

    fn open(&self, request: &OpenRequest) -> OpenReply {
        let payloads = request.payloads.iter().map(|payload| {
            let own = payload.data.strip_prefix("own:");
            let count: u32 = payload.data.trim().parse().unwrap_or(1);
            let event = |idx| OpenedEvent {
                idx,
                id: event::id::event_id(own, &payload.id, idx),
                name: if idx % 2 == 0 { "even".into() } else { "odd".into() },
                trackers: TRACKERS
                    .iter()
                    .map(|name| {
                        let owed = *name != "c" || idx % 2 == 0;
                        let reason = "not_for_tracker".to_owned();
                        ((*name).to_owned(), if owed { Owed::Owed } else { Owed::Filtered(reason) })
                    })
                    .collect(),
                changes: self.changes(),
            };
            let allowed = to_raw_value(&payload.data).unwrap();
            Opened { id: payload.id.clone(), events: (0..count).map(event).collect(), allowed: Some(allowed) }
        });
        let mut events = 0;
        let enough = |opened: &Opened| {
            let is_taken = events < ENOUGH_EVENTS;
            events += opened.events.len();
            is_taken
        };
        OpenReply { policy: self.policy.clone(), payloads: payloads.take_while(enough).collect() }
    }

    fn deliver(
        &mut self,
        tracker: &str,
        mode: Mode,
        request: &DeliverRequest,
    ) -> Result<DeliverReply, Failure> {
        let mut outcomes = vec![];
        for asked in &request.payloads {
            let data = match (&asked.payload, &asked.allowed) {
                (Some(payload), _) => payload.data.clone(),
                (None, Some(allowed)) => serde_json::from_str(allowed.get()).unwrap(),
                (None, None) => panic!("neither the payload nor what is allowed of it"),
            };
            if data.contains("poison-deliver") || self.trace != Mode::Ok || mode == Mode::Down {
                return Err(Failure::temporary("trace_500"));
            }
            let is_stale = asked.payload.is_none() && request.policy.as_ref() != Some(&self.policy);
            for idx in &asked.events {
                let retry = |after, reason: &str| Outcome::Retry { after, reason: reason.to_owned() };
                let outcome = match mode {
                    _ if is_stale => retry(None, "policy_changed"),
                    Mode::Retry(after) => retry(after, "http_503"),
                    Mode::Misconfigured => retry(None, "misconfigured"),
                    _ => {
                        let id = event::id::event_id(data.strip_prefix("own:"), &asked.id, *idx);
                        *self.received.entry((tracker.to_owned(), id)).or_default() += 1;
                        Outcome::Delivered
                    }
                };
                outcomes.push(EventOutcome {
                    payload: asked.id.clone(),
                    idx: *idx,
                    tracker: tracker.to_owned(),
                    outcome,
                    status: Some(200),
                    changes: asked.payload.is_some().then(|| self.changes()),
                    named: (request.run != LIVE).then(|| Named {
                        id: event::id::event_id(data.strip_prefix("own:"), &asked.id, *idx),
                        name: if idx % 2 == 0 { "even".into() } else { "odd".into() },
                    }),
                });
            }
        }
        if mode == Mode::DownAfter {
            return Err(Failure::temporary("network"));
        }
        let events: Vec<(usize, u32)> =
            (0..).zip(&request.payloads).map(|(place, one)| (place, one.events[0])).collect();
        let calls = self.told_calls.map(|bytes| CallMade {
            method: "POST".into(),
            url: format!("https://{tracker}.example/[secret]"),
            body: "x".repeat(bytes),
            status: Some(200),
            at: Millis(self.now),
            events,
        });
        Ok(DeliverReply { policy: self.policy.clone(), outcomes, calls: calls.into_iter().collect() })
    }

    /// Invariant 3, in the shard: every counter is the sum of its terms, at any moment.
    pub fn assert_balanced(&self) {
        for line in self.shard.status(Millis(self.now)).unwrap().ledger {
            let sum = line.delivered + line.filtered + line.rejected + line.dead + line.pending;
            assert_eq!(line.received, sum, "{line:?}");
            assert!(line.pending >= 0, "{line:?}");
        }
    }

    /// And in every warehouse, up to the watermark of each counter.
    pub fn assert_balanced_in_warehouse(&self) {
        self.stores.values().for_each(Store::assert_balanced);
    }

    /// Nothing that the shard counts is unknown to a warehouse, crashes or not.
    pub fn assert_told(&self) {
        self.stores.values().for_each(|store| self.assert_told_to(store));
    }

    fn assert_told_to(&self, store: &Store) {
        for counter in self.shard.status(Millis(self.now)).unwrap().ledger {
            let is_line = |line: &&LedgerLine| {
                (&line.run, &line.day, &line.event, &line.tracker)
                    == (&counter.run, &counter.day, &counter.event, &counter.tracker)
            };
            let told = store.ledger.values().rfind(is_line).map(|line| (line.received, line.pending));
            assert_eq!(told, Some((counter.received, counter.pending)), "{counter:?}");
        }
    }

    /// Events without a final outcome, in all runs.
    pub fn pending(&self) -> i64 {
        self.shard.status(Millis(self.now)).unwrap().ledger.iter().map(|line| line.pending).sum()
    }

    pub fn unopened(&self) -> i64 {
        let status = self.shard.status(Millis(self.now)).unwrap();
        let unopened =
            |line: &&outbox::admin::Counter| line.event == UNOPENED && line.tracker == ALL_TRACKERS;
        status.ledger.iter().filter(unopened).map(|line| line.pending).sum()
    }

    pub fn lane(&self, name: &str) -> outbox::admin::LaneStatus {
        let status = self.shard.status(Millis(self.now)).unwrap();
        status.lanes.into_iter().find(|lane| lane.lane == name).unwrap()
    }

    /// How often each vendor took each event, where it was not once.
    pub fn duplicates(&self) -> usize {
        self.received.values().filter(|count| **count > 1).count()
    }
}
