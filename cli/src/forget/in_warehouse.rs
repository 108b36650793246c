//! A person's payloads in the warehouse, day by day: counted, or erased a page at a time.

use super::ForgetError;
use super::erasing::{Erasing, events};
use super::outbox::Command;
use super::rows;
use crate::source::SourceError;
use allowlist::erase::{Erased, Found, erase, mentions};
use event::Payload;
use indicatif::{ProgressBar, ProgressStyle};

/// Payloads that are erased together, and most bytes of what is left of them.
const PAGE: usize = 500;
const PAGE_BYTES: usize = 4_000_000;

/// Most events of them, but for one payload: shards are told of each.
const PAGE_EVENTS: usize = 20_000;

/// Why no further payload is taken.
enum Stop {
    Full,
    Failed(SourceError),
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}

impl Erasing<'_> {
    /// Looks into the warehouse. Returns how many payloads have something.
    pub(super) async fn warehouse(&mut self) -> Result<usize, ForgetError> {
        let days = rows::days(&mut self.source, &self.since).await?;
        let bar = ProgressBar::new(days.len() as u64).with_style(
            ProgressStyle::with_template("{wide_bar} {pos}/{len} days")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let mut all = 0;
        for day in &days {
            loop {
                let (found, is_whole) = self.page(day).await?;
                all += found.len();
                if self.receipt.is_some() {
                    self.erase_page(day, found).await?;
                } else {
                    self.count_page(day, &found).await?;
                }
                if is_whole {
                    break;
                }
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(all)
    }

    /// The payloads of a day that have something, some at a time, and whether these are all.
    async fn page(&mut self, day: &str) -> Result<(Vec<Erased>, bool), ForgetError> {
        let ids: Vec<String> = self.person.ids().map(str::to_owned).collect();
        let is_counted = self.receipt.is_none();
        let (person, too_new) = (self.person, &self.too_new);
        let (mut found, mut bytes, mut events) = (Vec::new(), 0, 0);
        let (mut mentioned, mut unreadable) = (Vec::new(), Vec::new());
        let taken = rows::candidates(&mut self.source, day, &ids, |payload| {
            match erase(&payload, person) {
                Found::Some(_) if too_new.contains(&(payload.id.clone(), payload.received_at.0)) => {}
                Found::Some(mut erased) => {
                    if is_counted {
                        erased.rest.data.clear();
                    }
                    bytes += erased.rest.data.len();
                    events += erased.events.len();
                    found.push(*erased);
                    let is_full = found.len() == PAGE || bytes > PAGE_BYTES || events > PAGE_EVENTS;
                    if is_full && !is_counted {
                        return Err(Stop::Full);
                    }
                }
                Found::Nothing if mentions(&payload, person) => mentioned.push(payload.id),
                Found::Unreadable if mentions(&payload, person) => unreadable.push(payload.id),
                Found::Nothing | Found::Unreadable => {}
            }
            Ok(())
        });
        let is_whole = match taken.await {
            Ok(()) => true,
            Err(Stop::Full) => false,
            Err(Stop::Failed(error)) => return Err(error.into()),
        };
        // A page that is not the last is read again.
        if is_whole {
            mentioned.iter().for_each(|id| self.mentioned.add(id));
            unreadable.iter().for_each(|id| self.unreadable.add(id));
        }
        Ok((found, is_whole))
    }

    async fn count_page(&mut self, day: &str, found: &[Erased]) -> Result<(), ForgetError> {
        let events: Vec<_> = found.iter().map(events).collect();
        let accounts = rows::accounts(&mut self.source, day, &events, false).await?;
        if !found.is_empty() {
            self.count_raw(day, found);
            self.count_accounts(day, accounts);
        }
        Ok(())
    }

    fn count_raw(&mut self, day: &str, found: &[Erased]) {
        let counts = self.counts.day(day);
        for one in found {
            counts.raw_events += one.events.len() as u64;
            counts.raw_deleted += u64::from(one.is_all);
            counts.raw_rewritten += u64::from(!one.is_all);
        }
    }

    pub(super) fn count_accounts(&mut self, day: &str, accounts: rows::Accounts) {
        if accounts.deliveries + accounts.requests > 0 {
            let counts = self.counts.day(day);
            counts.deliveries += accounts.deliveries;
            counts.requests += accounts.requests;
        }
    }

    async fn erase_page(&mut self, day: &str, found: Vec<Erased>) -> Result<(), ForgetError> {
        if found.is_empty() {
            return Ok(());
        }
        self.begin().await?;
        self.tell(Command { events: found.iter().map(events).collect(), ..Command::default() }).await?;
        // What cannot be changed yet is found by halves.
        let mut parts = vec![found];
        while let Some(mut part) = parts.pop() {
            match self.erase_part(day, &part).await {
                Err(ForgetError::Source(error)) if rows::is_too_new(&error) => {
                    if part.len() > 1 {
                        parts.push(part.split_off(part.len() / 2));
                        parts.push(part);
                    } else if let Some(one) = part.pop() {
                        self.too_new.insert((one.rest.id.clone(), one.rest.received_at.0));
                        self.wait_for(day, &events(&one));
                    }
                }
                done => done?,
            }
        }
        self.note().await
    }

    async fn erase_part(&mut self, day: &str, part: &[Erased]) -> Result<(), ForgetError> {
        let of_all: Vec<_> = part.iter().map(events).collect();
        let accounts = rows::accounts(&mut self.source, day, &of_all, true).await?;
        self.count_accounts(day, accounts);
        let gone: Vec<&Payload> = part.iter().filter(|one| one.is_all).map(|one| &one.rest).collect();
        rows::delete(&mut self.source, day, &gone).await?;
        for one in part.iter().filter(|one| !one.is_all) {
            rows::rewrite(&mut self.source, &one.rest).await?;
        }
        self.count_raw(day, part);
        Ok(())
    }
}
