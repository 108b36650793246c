//! Writing a wave down: its payloads are opened, its outcomes known, and what is left is owed.

use crate::admin::OPEN_LANE;
use crate::erase;
use crate::ledger;
use crate::owed;
use crate::settle::{self, Account, Attempt, Of, Owing};
use crate::shard::Shard;
use crate::sql::{Database, SqlError};
use crate::wave::{Fate, Kind, Opened, Wave};
use event::account::{ALL_TRACKERS, NO_TRACKER, UNOPENED};
use event::{Millis, Outcome};

impl<D: Database> Shard<D> {
    /// Writes down every wave that is complete or has waited long enough.
    pub(crate) fn commit_ready(&mut self, now: Millis) -> Result<(), SqlError> {
        while let Some(id) = self.waves.ready(now, self.slowest_call()) {
            self.commit(id, now)?;
        }
        Ok(())
    }

    fn commit(&mut self, id: u64, now: Millis) -> Result<(), SqlError> {
        let Some(wave) = self.waves.get(id) else { return Ok(()) };
        let mut account =
            Account::new(now, self.number, &self.release, &self.settings, self.state.next_number);
        for payload in &wave.payloads {
            write_payload(&mut account, wave, payload, now, &mut self.rng)?;
        }
        let mut next = self.after(&account);
        if let Kind::UpTo(seq) = wave.kind {
            next.opened_to = seq;
        }
        let seqs: Vec<i64> = wave.payloads.iter().map(|payload| payload.seq).collect();
        let seqs_json = crate::seen::json(&seqs)?;
        let run = wave.payloads.first().map_or("", |payload| payload.run.as_str());
        self.seen.rotate(&self.db, now)?;
        let bytes = next.bytes;
        self.db.transaction(&mut || {
            if wave.kind == Kind::Alone {
                owed::delete(&self.db, OPEN_LANE, run, &seqs)?;
            }
            self.seen.write(&self.db, now, &wave.ids)?;
            account.write(&self.db)?;
            next.bytes = bytes - self.finish(&next, &seqs_json)?;
            next.save(&self.db)
        })?;
        self.seen.written();
        let owed: Vec<_> = account.owed.iter().map(|row| (row.lane.clone(), row.next_at)).collect();
        let (deltas, tally) = account.into_counts();
        self.written(next, deltas, tally);
        self.waves.remove(id);
        for (lane, next_at) in owed {
            self.owed_from(&lane, next_at);
        }
        Ok(())
    }
}

fn write_payload(
    account: &mut Account<'_>,
    wave: &Wave,
    payload: &Opened,
    now: Millis,
    rng: &mut fastrand::Rng,
) -> Result<(), SqlError> {
    let day = ledger::day_of(payload.at);
    let of = Of { seq: payload.seq, payload: &payload.id, received_at: payload.at, run: &payload.run };
    let since = settle::since(of, now);
    let unopened = account.deltas.of(of.run, day, UNOPENED, ALL_TRACKERS);
    unopened.received -= 1;
    unopened.pending -= 1;
    let filtered = |reason: &str| Attempt {
        outcome: Outcome::Filtered { reason: reason.to_owned() },
        status: None,
        policy: Some(wave.policy.clone()),
        changes: None,
        named: None,
        at: None,
    };
    for event in &payload.events {
        let name = &event.event.2;
        let is_owed = |(_, fate): &(String, Fate)| !matches!(fate, Fate::Filtered(_));
        account.tally.opened(name, event.fates.iter().any(is_owed));
        if event.fates.is_empty() {
            account.deltas.of(of.run, day, name, NO_TRACKER).received += 1;
            account.settle(of, &event.event, NO_TRACKER, &filtered("no_tracker"), 0)?;
        }
    }
    // Tracker by tracker, so that events that are owed to one share a row.
    let trackers: std::collections::BTreeSet<&String> =
        payload.events.iter().flat_map(|event| event.fates.iter().map(|(tracker, _)| tracker)).collect();
    for tracker in trackers {
        let owing = Owing { tracker, attempts: 0, since };
        for event in &payload.events {
            let Some((_, fate)) = event.fates.iter().find(|(name, _)| name == tracker) else { continue };
            let counts = account.deltas.of(of.run, day, &event.event.2, tracker);
            counts.received += 1;
            match fate {
                Fate::Filtered(reason) => {
                    account.settle(of, &event.event, tracker, &filtered(reason), 0)?;
                }
                Fate::Waiting | Fate::Tried(Attempt { outcome: Outcome::Retry { .. }, .. })
                    if event.is_erased =>
                {
                    account.settle(of, &event.event, tracker, &erase::filtered(Some(&wave.policy)), 0)?;
                }
                Fate::Tried(attempt) if attempt.was_made() => {
                    counts.pending += 1;
                    account.attempted(of, event.event.clone(), &owing, attempt, rng)?;
                }
                Fate::Waiting | Fate::Tried(_) => {
                    counts.pending += 1;
                    account.owe(of, event.event.clone(), tracker, 0, since, now);
                }
            }
        }
    }
    Ok(())
}
