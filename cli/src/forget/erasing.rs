//! Erasing a person's events: the Outbox first, so that nothing more is written, then the warehouse, and both
//! again until neither has any. Of a payload its row of `raw` goes last: by it everything else is found again.

use super::ForgetError;
use super::counts::{Counts, Left};
use super::outbox::{self, Command, Placed};
use super::parts::{Kept, Parts};
use super::receipt::{Receipt, Waiting};
use super::rows::{self, Known};
use crate::console::Console;
use crate::source::Source;
use ::outbox::admin::{ErasedEvents, RewrittenPayload};
use allowlist::erase::{Erased, Found, Person, erase, mentions};
use event::Payload;
use event::wire::MAX_EVENTS;
use outbox::Page;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often both are looked at. Each time finds what came during the last; a person who goes on sending is found for ever.
const ROUNDS: usize = 10;

/// How long to wait for calls that were under way when something was erased. A warehouse has a minute at most.
const CALLS: Duration = Duration::from_secs(120);

/// Pause between two questions of how long.
const PAUSE: Duration = Duration::from_millis(100);

/// Most payloads that a receipt names as waiting.
const MAX_WAITING: usize = 10_000;

/// An erasure, or what it would be.
pub struct Erasing<'a> {
    pub source: Source,
    pub console: Console,
    pub person: &'a Person,
    /// The first UTC day that is looked at in the warehouse.
    pub since: String,
    /// Nothing is changed without one.
    pub receipt: Option<Receipt>,
    pub counts: Counts,
    pub waiting: Vec<Waiting>,
    /// How many payloads wait besides. They are in the warehouse as they were, and are found again by that.
    pub more: u64,
    /// Payloads that name the person elsewhere than in an event's own ids.
    pub mentioned: Left,
    /// Payloads that cannot be opened, so that nobody can say whose they are.
    pub unreadable: Left,
    /// Payloads that cannot be erased yet.
    pub too_new: BTreeSet<(String, i64)>,
}

impl Erasing<'_> {
    /// Counts what there is, and erases it where there is a receipt for it.
    pub async fn run(&mut self) -> Result<(), ForgetError> {
        if self.receipt.is_none() {
            self.outbox().await?;
            self.warehouse().await?;
            return Ok(());
        }
        self.waiting_before().await?;
        for _ in 0..ROUNDS {
            (self.mentioned, self.unreadable) = (Left::default(), Left::default());
            if self.outbox().await? + self.warehouse().await? == 0 {
                return Ok(());
            }
        }
        Err(ForgetError::Comes)
    }

    /// What a receipt says that could not be erased when it was made.
    async fn waiting_before(&mut self) -> Result<(), ForgetError> {
        if !self.waiting.is_empty() {
            // The command may have been broken off while calls were under way.
            self.tell(Command::default()).await?;
        }
        let waited = std::mem::take(&mut self.waiting).into_iter();
        let of_days = waited.map(|Waiting { day, payload, received_at, idx }| {
            (day, ErasedEvents { payload, received_at, idx, ids: vec![] })
        });
        self.erase_accounts_of(&of_days.collect::<Vec<_>>(), Known::ErasedByPlace).await
    }

    /// Looks into the Outbox. Returns how many payloads have something.
    async fn outbox(&mut self) -> Result<usize, ForgetError> {
        let ids: Vec<String> = self.person.ids().map(str::to_owned).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let (mut cursor, mut all) = (None, 0);
        loop {
            let Page { shard, payloads, unreadable, cursor: next } =
                outbox::find(&self.console, &ids, cursor).await?;
            unreadable.iter().for_each(|id| self.unreadable.add(id));
            let mut parts = Parts::default();
            for kept in payloads {
                let Some(erased) = self.look(&kept.payload) else { continue };
                all += 1;
                let one = Kept::new(kept, erased);
                if self.receipt.is_none() {
                    self.count_kept(&one);
                } else if let Some(part) = parts.push(one) {
                    self.erase_kept(shard, part).await?;
                }
            }
            let last = parts.rest();
            if !last.is_empty() {
                self.erase_kept(shard, last).await?;
            }
            if next.is_none() {
                return Ok(all);
            }
            cursor = next;
        }
    }

    fn count_kept(&mut self, Kept { erased, dead, .. }: &Kept) {
        let day = self.counts.day(&erased.rest.received_at.day());
        day.outbox_payloads += 1;
        day.outbox_events += erased.events.len() as u64;
        let is_dead = |(idx, _): &&(u32, Option<String>)| dead.contains(idx);
        day.dead_events += erased.events.iter().filter(is_dead).count() as u64;
    }

    async fn erase_kept(&mut self, shard: u32, part: Vec<Kept>) -> Result<(), ForgetError> {
        if self.waiting.len() + part.len() > MAX_WAITING {
            return Err(ForgetError::Waiting);
        }
        self.begin().await?;
        let of_days: Vec<(String, ErasedEvents)> =
            part.iter().map(|one| (one.erased.rest.received_at.day(), events(&one.erased))).collect();
        // The shard will not find them again, so that the receipt has them until their accounts are erased.
        of_days.iter().for_each(|(day, events)| self.wait_for(day, events));
        self.note().await?;
        let payloads = part.iter().map(|Kept { seq, was, erased: Erased { rest, is_all, .. }, .. }| {
            let (seq, was, payload, is_all) = (*seq, was.clone(), rest.clone(), *is_all);
            Placed { shard, payload: RewrittenPayload { seq, was, payload, is_all } }
        });
        let events = of_days.iter().map(|(_, events)| events.clone()).collect();
        let changed = self.tell(Command { subjects: vec![], events, payloads: payloads.collect() }).await?;
        let done = part.iter().filter(|one| !changed.contains(&one.seq));
        done.for_each(|one| self.count_kept(one));
        self.erase_accounts_of(&of_days, Known::Erased).await?;
        self.note().await
    }

    async fn erase_accounts_of(
        &mut self,
        of_days: &[(String, ErasedEvents)],
        known: Known,
    ) -> Result<(), ForgetError> {
        let days: BTreeSet<&String> = of_days.iter().map(|(day, _)| day).collect();
        for day in days {
            let events: Vec<_> =
                of_days.iter().filter(|(of, _)| of == day).map(|(_, events)| events.clone()).collect();
            self.erase_accounts(day, &events, known).await?;
        }
        Ok(())
    }

    /// Tells every shard, and waits until the calls are over that were under way: they carry what was erased. Returns which payloads were
    /// left as they are.
    pub(super) async fn tell(&self, command: Command) -> Result<Vec<i64>, ForgetError> {
        let mut done = outbox::erase(&self.console, &command).await?;
        let changed = std::mem::take(&mut done.changed);
        let told = Instant::now();
        let mut asked = Duration::ZERO;
        // A call that was started before has been under way for longer than since then.
        while u128::from(done.busy_for) > asked.as_millis() {
            if asked > CALLS {
                return Err(ForgetError::Calls);
            }
            sleep(PAUSE).await;
            asked = told.elapsed();
            done = outbox::erase(&self.console, &Command::default()).await?;
        }
        Ok(changed)
    }

    /// Of events that no row of `raw` leads to.
    async fn erase_accounts(
        &mut self,
        day: &str,
        events: &[ErasedEvents],
        known: Known,
    ) -> Result<(), ForgetError> {
        match rows::accounts(&mut self.source, day, events, known).await {
            Ok(accounts) => {
                let done: BTreeSet<Waiting> = events.iter().map(|events| Waiting::of(day, events)).collect();
                self.waiting.retain(|waiting| !done.contains(waiting));
                self.count_accounts(day, accounts);
            }
            Err(error) if rows::is_too_new(&error) => {
                events.iter().for_each(|events| self.wait_for(day, events));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    pub(super) fn wait_for(&mut self, day: &str, events: &ErasedEvents) {
        let waiting = Waiting::of(day, events);
        if self.waiting.contains(&waiting) {
            return;
        }
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push(waiting);
        } else {
            self.more += 1;
        }
    }

    pub(super) async fn begin(&mut self) -> Result<(), ForgetError> {
        match &mut self.receipt {
            Some(receipt) => receipt.begin(&mut self.source).await.map_err(ForgetError::Receipt),
            None => Ok(()),
        }
    }

    pub(super) async fn note(&mut self) -> Result<(), ForgetError> {
        match &self.receipt {
            Some(receipt) => {
                let noted = receipt.note(&mut self.source, &self.counts, &self.waiting).await;
                noted.map_err(ForgetError::Receipt)
            }
            None => Ok(()),
        }
    }

    /// What a payload of the Outbox has of the person.
    fn look(&mut self, payload: &Payload) -> Option<Erased> {
        match erase(payload, self.person) {
            Found::Some(erased) => return Some(*erased),
            Found::Nothing if mentions(payload, self.person) => self.mentioned.add(&payload.id),
            Found::Unreadable => self.unreadable.add(&payload.id),
            Found::Nothing => {}
        }
        None
    }
}

/// The events, as shards are told of them. Those past what is opened of a payload have no account.
pub(super) fn events(erased: &Erased) -> ErasedEvents {
    let opened = || erased.events.iter().filter(|(idx, _)| (*idx as usize) < MAX_EVENTS);
    ErasedEvents {
        payload: erased.rest.id.clone(),
        received_at: erased.rest.received_at,
        idx: opened().map(|(idx, _)| *idx).collect(),
        ids: opened().filter_map(|(_, own)| own.clone()).collect(),
    }
}
