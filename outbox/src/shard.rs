//! A shard: its database, and what of it is known in memory.

use crate::accounts::AccountsBatch;
use crate::admin::OPEN_LANE;
use crate::deliver_batch::DeliverBatch;
use crate::erase::ErasedIds;
use crate::lane::{Breaker, DATABASE_WAIT, Lane};
use crate::ledger::{self, Deltas, Dirty};
use crate::metrics::{Tally, Waiting};
use crate::migrate::migrate;
use crate::open::OpenBatch;
use crate::owed;
use crate::raw::RawBatch;
use crate::recent::Recent;
use crate::row::{Row, only};
use crate::schema;
use crate::seen::Seen;
use crate::settings::Settings;
use crate::sql::{Database, Param, SqlError};
use crate::state::State;
use crate::status::Backlog;
use crate::warehouse::Warehouse;
use crate::wave::{self, Waves};
use event::Millis;
use event::traceparent::SampleRate;
use std::collections::BTreeMap;

/// Accounts are written this many times less often than payloads: nobody waits for them.
pub const ACCOUNTS_INTERVALS: i64 = 5;

/// A call to a tracker has at most as many payloads as others, and this many times as many events: some vendors take a
/// request for each visitor.
const EVENTS_PER_PAYLOAD: usize = 4;

/// Payloads and their way, until nothing is owed of them.
#[derive(Debug)]
pub struct Shard<D> {
    pub(crate) db: D,
    pub(crate) number: u32,
    pub(crate) release: String,
    pub(crate) settings: Settings,
    pub(crate) state: State,
    pub(crate) seen: Seen,
    pub(crate) erased: ErasedIds,
    /// How often something was erased since the shard was opened.
    pub(crate) erasures: u64,
    pub(crate) recent: Recent,
    pub(crate) dirty: Dirty,
    pub(crate) lanes: BTreeMap<String, Lane>,
    pub(crate) waves: Waves,
    pub(crate) rng: fastrand::Rng,
    /// Those to be handed over, where somebody takes them.
    pub(crate) outcomes: Option<Waiting>,
    /// What waits, as it was counted last for a scrape.
    pub(crate) backlog: Option<Backlog>,
    /// Of traces; nothing where none is recorded.
    pub(crate) sample_rate: Option<SampleRate>,
    /// Counters are not told before.
    pub(crate) snapshot_at: Millis,
    /// The lowest number of a payload that was handed back since the start.
    pub(crate) bottom: i64,
    not_before: Millis,
}

/// A call that is due. Its result is to be told to the method named.
#[derive(Debug)]
pub enum Work {
    /// Write raw payloads to a warehouse: [`Shard::logged`].
    Raw(RawBatch),
    /// Ask Trace which events payloads hold: [`Shard::opened`].
    Open(OpenBatch),
    /// Ask Trace to deliver events to a tracker: [`Shard::delivered`].
    Deliver(DeliverBatch),
    /// Write deliveries and ledger to a warehouse: [`Shard::accounted`].
    Accounts(AccountsBatch),
}

impl<D: Database> Shard<D> {
    /// Opens a shard's database, new or as it was left. `seed` is for jitter. The shard's number is 0 until it is
    /// [named](Self::name).
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn open_database(db: D, settings: Settings, release: &str, seed: u64) -> Result<Self, SqlError> {
        migrate(&db)?;
        schema::create(&db)?;
        let number = only(db.query("SELECT shard FROM state", &[])?)?.int()?;
        let state = State::load(&db, &settings.warehouses)?;
        let seen = Seen::load(&db, settings.dedupe_window)?;
        let erased = ErasedIds::load(&db)?;
        let mut shard = Self {
            dirty: ledger::untold(&db)?,
            db,
            number: u32::try_from(number).unwrap_or_default(),
            release: release.to_owned(),
            settings,
            state,
            seen,
            erased,
            erasures: 0,
            recent: Recent::default(),
            lanes: BTreeMap::new(),
            waves: Waves::default(),
            rng: fastrand::Rng::with_seed(seed),
            outcomes: None,
            backlog: None,
            sample_rate: None,
            snapshot_at: Millis(0),
            bottom: 0,
            not_before: Millis(0),
        };
        let paused = shard.paused()?;
        let named: Vec<_> = shard.state.warehouses.iter().map(|one| one.names.clone()).collect();
        let of_warehouses = named.iter().flat_map(|names| [names.raw.as_str(), names.accounts.as_str()]);
        for name in of_warehouses.chain([OPEN_LANE]).chain(paused.iter().map(String::as_str)) {
            shard.lane(name).paused = paused.iter().any(|one| one == name);
        }
        for row in shard.db.query("SELECT DISTINCT lane FROM dead", &[])? {
            shard.lane(&Row::of(row).text()?);
        }
        for (name, next_at) in owed::next_by_lane(&shard.db)? {
            shard.owed_from(&name, next_at);
        }
        Ok(shard)
    }

    /// From now on calls have spans in the traces of payloads, in this part of them.
    pub fn trace(&mut self, rate: SampleRate) {
        self.sample_rate = Some(rate);
    }

    /// Lanes that somebody paused.
    pub(crate) fn paused(&self) -> Result<Vec<String>, SqlError> {
        let rows = self.db.query("SELECT lane FROM paused ORDER BY lane", &[])?;
        rows.into_iter().map(|row| Row::of(row).text()).collect()
    }

    /// The lane of this name.
    pub(crate) fn lane(&mut self, name: &str) -> &mut Lane {
        if !self.lanes.contains_key(name) {
            let most =
                self.settings.batch_events * if name.starts_with('(') { 1 } else { EVENTS_PER_PAYLOAD };
            self.lanes.insert(name.to_owned(), Lane::new(most, false));
        }
        self.lanes.get_mut(name).expect("it was just put there")
    }

    /// Something is owed to a lane from `next_at` on.
    pub(crate) fn owed_from(&mut self, name: &str, next_at: Millis) {
        let lane = self.lane(name);
        lane.owed_at = Some(lane.owed_at.map_or(next_at, |known| known.min(next_at)));
    }

    /// Looks up when the next row is owed to a lane. It follows a transaction, whose success must not be taken for a
    /// failure: where the lookup fails, the lane looks again.
    pub(crate) fn look_up_owed(&mut self, name: &str, now: Millis) {
        let owed_at = owed::next(&self.db, name).unwrap_or(Some(now));
        self.lane(name).owed_at = owed_at;
    }

    /// A call to make now; to be asked until there is none. It makes its lane busy until its result is told.
    ///
    /// # Errors
    /// [`SqlError`]; nothing is due for a second then.
    pub fn due(&mut self, now: Millis) -> Result<Option<Work>, SqlError> {
        if now < self.not_before {
            return Ok(None);
        }
        let kept = self.commit_ready(now).and_then(|()| self.expire(now));
        let (work, failed) = self.first_due(now);
        match (work, kept, failed) {
            (Some(work), ..) => Ok(Some(work)),
            (None, Err(error), _) => self.guarded(now, Err(error)),
            (None, Ok(()), Some(error)) => Err(error),
            (None, Ok(()), None) => Ok(None),
        }
    }

    /// The first call that is due. A lane whose part of the database fails rests alone.
    fn first_due(&mut self, now: Millis) -> (Option<Work>, Option<SqlError>) {
        let mut error = None;
        let names: Vec<String> = self.lanes.keys().cloned().collect();
        for name in names {
            let due = match self.lane_of(&name) {
                LaneOf::Raw(warehouse) => self.raw_due(warehouse, now).map(|batch| batch.map(Work::Raw)),
                LaneOf::Accounts(warehouse) => {
                    self.accounts_due(warehouse, now).map(|batch| batch.map(Work::Accounts))
                }
                LaneOf::Opening => self.open_due(now).map(|batch| batch.map(Work::Open)),
                LaneOf::Tracker => self.deliver_due(&name, now).map(|batch| batch.map(Work::Deliver)),
                LaneOf::Nothing => Ok(None),
            };
            match due {
                Ok(None) => {}
                Ok(work) => return (work, error),
                Err(failed) => {
                    self.lane(&name).database_failed(now);
                    error = Some(failed);
                }
            }
        }
        (None, error)
    }

    /// What a lane does, by its name.
    pub(crate) fn lane_of(&self, name: &str) -> LaneOf {
        if !name.starts_with('(') {
            return LaneOf::Tracker;
        }
        let place = |is_it: &dyn Fn(&Warehouse) -> bool| self.state.warehouses.iter().position(is_it);
        if let Some(warehouse) = place(&|one| one.names.raw == name) {
            LaneOf::Raw(warehouse)
        } else if let Some(warehouse) = place(&|one| one.names.accounts == name) {
            LaneOf::Accounts(warehouse)
        } else if name == OPEN_LANE {
            LaneOf::Opening
        } else {
            LaneOf::Nothing
        }
    }

    /// Passes a result on. After a failure of the database it rests for a while: what was to be written is in
    /// memory or due again.
    pub(crate) fn guarded<T>(&mut self, now: Millis, result: Result<T, SqlError>) -> Result<T, SqlError> {
        if result.is_err() {
            self.not_before = Millis(now.0 + DATABASE_WAIT);
        }
        result
    }

    /// Until when nothing is started, after a failure of the database.
    pub(crate) fn rests_until(&self) -> Millis {
        self.not_before
    }

    /// When something will be due that is not due now. Nothing where all is done, or waits for a result.
    pub fn next_due(&self) -> Option<Millis> {
        let lanes = self.lanes.iter().filter(|(_, lane)| !lane.busy && !lane.paused);
        let next = lanes
            .filter_map(|(name, lane)| self.lane_due(name, lane))
            .chain(self.waves.next_commit(self.slowest_call()))
            .min();
        next.map(|next| next.max(self.not_before))
    }

    /// When that of the calls to trackers under way was started that takes longest. The call of one that failed
    /// before counts as old.
    pub(crate) fn slowest_call(&self) -> Option<Millis> {
        let busy = self.lanes.iter().filter(|(name, lane)| !name.starts_with('(') && lane.busy);
        busy.map(|(_, lane)| if lane.failures > 0 { Millis(0) } else { lane.started() }).min()
    }

    fn lane_due(&self, name: &str, lane: &Lane) -> Option<Millis> {
        let owed = lane.owed_at.map(|at| at.max(lane.not_before).max(lane.backlog_not_before));
        let fresh = match self.lane_of(name) {
            LaneOf::Raw(warehouse) => (self.state.warehouses[warehouse].raw_to < self.state.top)
                .then(|| self.raw_at(lane, warehouse)),
            LaneOf::Accounts(warehouse) => self.accounts_at(lane, warehouse),
            LaneOf::Opening => self.may_open().then(|| self.open_at(lane)),
            LaneOf::Tracker => {
                let waits = self.waves.fresh.get(name).is_some_and(|fresh| !fresh.is_empty());
                (waits && lane.takes_fresh()).then_some(lane.not_before)
            }
            LaneOf::Nothing => None,
        };
        fresh.into_iter().chain(owed).min()
    }

    /// When the next raw batch may go: at once where it is full.
    pub(crate) fn raw_at(&self, lane: &Lane, warehouse: usize) -> Millis {
        let waiting = self.state.top - self.state.warehouses[warehouse].raw_to;
        self.filled_at(lane, waiting, self.settings.batch_bytes)
    }

    /// When the next payloads may be opened: at once where they fill a call.
    pub(crate) fn open_at(&self, lane: &Lane) -> Millis {
        self.filled_at(lane, self.state.top - self.state.opening_to, self.settings.call_bytes())
    }

    fn filled_at(&self, lane: &Lane, waiting: i64, bytes: i64) -> Millis {
        let is_full = waiting >= self.settings.batch_events as i64
            || waiting * self.average_size() >= bytes
            || lane.limit() < self.settings.batch_events;
        if is_full { lane.not_before } else { lane.paced(self.settings.interval) }
    }

    /// Bytes of a payload, about.
    pub(crate) fn average_size(&self) -> i64 {
        let payloads = self.state.top - self.state.done_to();
        (self.state.bytes / payloads.max(1)).max(1)
    }

    /// Whether there is something to open, and room for it.
    pub(crate) fn may_open(&self) -> bool {
        self.state.opening_to < self.state.top && self.waves.bytes() < wave::MAX_BYTES
    }

    /// Whether a payload that was just appended waits for calls under way, whose results will be told.
    pub fn is_under_way(&self) -> bool {
        let works = |name: &str| self.lanes.get(name).is_some_and(|lane| lane.busy);
        works(OPEN_LANE) && self.working().all(|one| works(&one.names.raw))
    }

    /// The warehouses that are not away. The others get what they lack from the database.
    fn working(&self) -> impl Iterator<Item = &Warehouse> {
        let works = |lane: &Lane| lane.breaker == Breaker::Closed && !lane.paused;
        self.state.warehouses.iter().filter(move |one| self.lanes.get(&one.names.raw).is_some_and(works))
    }

    /// Payloads up to here are taken from memory by nobody any more.
    pub(crate) fn needed_from(&self) -> i64 {
        self.working().map(|one| one.raw_to).min().unwrap_or(self.state.top).min(self.state.opening_to)
    }

    /// Whether a call could be filled.
    pub fn has_full_batch(&self) -> bool {
        self.state.top - self.needed_from() >= self.settings.batch_events as i64
    }

    /// Deletes those of the payloads of which nothing is owed any more. Returns their bytes.
    pub(crate) fn finish(&self, next: &State, seqs: &str) -> Result<i64, SqlError> {
        let done = "FROM payload WHERE seq IN (SELECT value FROM json_each(?1)) AND seq <= ?2
             AND NOT EXISTS (SELECT 1 FROM owed WHERE owed.seq = payload.seq)
             AND NOT EXISTS (SELECT 1 FROM dead WHERE dead.seq = payload.seq)";
        let params = [Param::Text(seqs), Param::Int(next.done_to())];
        let bytes = only(self.db.query(&format!("SELECT sum(size) {done}"), &params)?)?.int()?;
        if bytes > 0 {
            self.db.query(&format!("DELETE {done}"), &params)?;
        }
        Ok(bytes)
    }

    /// A transaction about outcomes is through.
    pub(crate) fn written(&mut self, next: State, deltas: Deltas, tally: Tally) {
        self.dirty.extend(deltas.into_keys());
        if let Some(waiting) = &mut self.outcomes {
            waiting.add(tally);
        }
        self.state = next;
    }

    /// Tells the shard its number, which its first request brings and its first alarm does not.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn name(&mut self, number: u32) -> Result<(), SqlError> {
        if self.number != number {
            self.db.query("UPDATE state SET shard = ?1", &[Param::Int(number.into())])?;
            self.number = number;
        }
        Ok(())
    }

    /// Its number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Its database.
    pub fn database(&self) -> &D {
        &self.db
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// What a lane does; where it writes to a warehouse, its place in the settings.
pub(crate) enum LaneOf {
    Raw(usize),
    Accounts(usize),
    Opening,
    Tracker,
    /// Nothing: its warehouse is not configured.
    Nothing,
}
