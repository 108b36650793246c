//! A person's payloads in the warehouse, day by day: counted, or erased a page at a time.

use super::ForgetError;
use super::erasing::{Erasing, events};
use super::outbox::Command;
use super::rows::{self, Known};
use crate::source::SourceError;
use allowlist::erase::{Erased, Found, erase, mentions};
use event::{Context, Payload};
use indicatif::{ProgressBar, ProgressStyle};

/// Payloads that are erased together, and most bytes of what is left of them.
const PAGE: usize = 500;
const PAGE_BYTES: usize = 4_000_000;

/// Most events of them, but for one payload: shards are told of each.
const PAGE_EVENTS: usize = 20_000;

/// A payload in which something was found, and what it was, as [`rows::was`] says.
struct Held {
    erased: Erased,
    was: String,
}

/// Some payloads of a day.
struct Page {
    found: Vec<Held>,
    /// After which row to go on; nothing where these are all.
    after: Option<i64>,
}

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
            let mut after = Some(0);
            while let Some(from) = after {
                let Page { found, after: next } = self.page(day, from).await?;
                after = next;
                all += found.len();
                if self.receipt.is_some() {
                    self.erase_page(day, found).await?;
                } else {
                    self.count_page(day, &found).await?;
                }
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(all)
    }

    /// The payloads of a day that have something, some at a time.
    async fn page(&mut self, day: &str, after: i64) -> Result<Page, ForgetError> {
        let ids: Vec<String> = self.person.ids().map(str::to_owned).collect();
        let (is_counted, is_paged) = (self.receipt.is_none(), rows::is_paged(&self.source));
        let (person, too_new) = (self.person, &self.too_new);
        let (mut found, mut bytes, mut events) = (Vec::new(), 0, 0);
        let (mut mentioned, mut unreadable) = (Vec::new(), Vec::new());
        let mut last = None;
        let taken = rows::candidates(&mut self.source, day, &ids, after, |candidate| {
            last = Some(candidate.row);
            let Some(payload) = candidate.payload else {
                unreadable.push(candidate.id);
                return Ok(());
            };
            match erase(&payload, person) {
                Found::Some(_) if too_new.contains(&(payload.id.clone(), payload.received_at.0)) => {}
                Found::Some(mut erased) => {
                    let mut was = String::new();
                    if is_counted {
                        erased.rest =
                            Payload { data: String::new(), context: Context::default(), ..erased.rest };
                    } else {
                        was = rows::was(is_paged, &payload.data);
                    }
                    bytes += erased.rest.data.len();
                    events += erased.events.len();
                    found.push(Held { erased: *erased, was });
                    let is_full = found.len() == PAGE || bytes > PAGE_BYTES || events > PAGE_EVENTS;
                    if is_full && !is_counted {
                        return Err(Stop::Full);
                    }
                }
                Found::Nothing if mentions(&payload, person) => mentioned.push(payload.id),
                Found::Unreadable => unreadable.push(payload.id),
                Found::Nothing => {}
            }
            Ok(())
        });
        let is_whole = match taken.await {
            Ok(()) => true,
            Err(Stop::Full) => false,
            Err(Stop::Failed(error)) => return Err(error.into()),
        };
        // In BigQuery a page that is not the last is read again.
        if is_whole || is_paged {
            mentioned.iter().for_each(|id| self.mentioned.add(id));
            unreadable.iter().for_each(|id| self.unreadable.add(id));
        }
        let again = (!is_whole).then_some(0);
        Ok(Page { found, after: if is_paged { last } else { again } })
    }

    async fn count_page(&mut self, day: &str, found: &[Held]) -> Result<(), ForgetError> {
        let events: Vec<_> = found.iter().map(|one| events(&one.erased)).collect();
        let accounts = rows::accounts(&mut self.source, day, &events, Known::Counted).await?;
        if !found.is_empty() {
            found.iter().for_each(|one| self.count_raw(day, &one.erased));
            self.count_accounts(day, accounts);
        }
        Ok(())
    }

    fn count_raw(&mut self, day: &str, one: &Erased) {
        let counts = self.counts.day(day);
        counts.raw_events += one.events.len() as u64;
        counts.raw_deleted += u64::from(one.is_all);
        counts.raw_rewritten += u64::from(!one.is_all);
    }

    pub(super) fn count_accounts(&mut self, day: &str, accounts: rows::Accounts) {
        if accounts.deliveries + accounts.requests > 0 {
            let counts = self.counts.day(day);
            counts.deliveries += accounts.deliveries;
            counts.requests += accounts.requests;
        }
    }

    async fn erase_page(&mut self, day: &str, found: Vec<Held>) -> Result<(), ForgetError> {
        if found.is_empty() {
            return Ok(());
        }
        self.begin().await?;
        self.tell(Command {
            events: found.iter().map(|one| events(&one.erased)).collect(),
            ..Command::default()
        })
        .await?;
        // What cannot be changed yet is found by halves.
        let mut parts = vec![found];
        while let Some(mut part) = parts.pop() {
            match self.erase_part(day, &part).await {
                Err(ForgetError::Source(error)) if rows::is_too_new(&error) => {
                    if part.len() > 1 {
                        parts.push(part.split_off(part.len() / 2));
                        parts.push(part);
                    } else if let Some(one) = part.pop() {
                        self.too_new.insert((one.erased.rest.id.clone(), one.erased.rest.received_at.0));
                        self.wait_for(day, &events(&one.erased));
                    }
                }
                done => done?,
            }
        }
        self.note().await
    }

    /// A payload that changed since it was read is left: it is found again the next time, as it is then.
    async fn erase_part(&mut self, day: &str, part: &[Held]) -> Result<(), ForgetError> {
        let of_all: Vec<_> = part.iter().map(|one| events(&one.erased)).collect();
        let accounts = rows::accounts(&mut self.source, day, &of_all, Known::Erased).await?;
        self.count_accounts(day, accounts);
        let (gone, others): (Vec<&Held>, Vec<&Held>) = part.iter().partition(|one| one.erased.is_all);
        let payloads: Vec<&Payload> = gone.iter().map(|one| &one.erased.rest).collect();
        rows::delete(&mut self.source, day, &payloads).await?;
        gone.iter().for_each(|one| self.count_raw(day, &one.erased));
        for one in others {
            if rows::rewrite(&mut self.source, &one.erased.rest, &one.was).await? {
                self.count_raw(day, &one.erased);
            }
        }
        Ok(())
    }
}
