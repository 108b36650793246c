//! What waits behind an open breaker grows old without being tried. Past the retry window it is dead all the same.

use crate::admin::OPEN_LANE;
use crate::lane::Breaker;
use crate::ledger;
use crate::owed::{self, OwedEvent, OwedRow};
use crate::row::Row;
use crate::settle::{Account, Attempt, Of};
use crate::shard::Shard;
use crate::sql::{Database, Param, SqlError};
use crate::state::State;
use crate::wave::Kind;
use event::Millis;
use event::account::{ALL_TRACKERS, LIVE, UNOPENED};

/// Rows looked at in one transaction.
const AT_ONCE: i64 = 200;

/// Where nothing was too old, it is looked for again after so long, in ms.
const PAUSE: i64 = 60_000;

impl<D: Database> Shard<D> {
    /// Buries what is too old in lanes that do not work.
    pub(crate) fn expire(&mut self, now: Millis) -> Result<(), SqlError> {
        let broken = self.lanes.iter().filter(|(_, lane)| {
            lane.breaker == Breaker::Open && !lane.busy && !lane.paused && lane.expires_at <= now
        });
        let names: Vec<String> = broken.map(|(name, _)| name.clone()).collect();
        for name in names {
            let buried = match name.as_str() {
                OPEN_LANE => self.expire_unopened(now)?,
                tracker if !tracker.starts_with('(') => self.expire_owed(tracker, now)?,
                _ => false,
            };
            self.lane(&name).expires_at = if buried { now } else { Millis(now.0 + PAUSE) };
        }
        Ok(())
    }

    fn expire_owed(&mut self, tracker: &str, now: Millis) -> Result<bool, SqlError> {
        let oldest = Millis(now.0 - self.settings.retry_window);
        let mut rows = owed::due(&self.db, tracker, now, AT_ONCE as usize)?;
        rows.retain(|row| row.since <= oldest);
        let Some(run) = rows.first().map(|row| row.run.clone()) else { return Ok(false) };
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        let places = self.places(
            "SELECT seq, id, at FROM payload WHERE seq IN (SELECT value FROM json_each(?1))",
            &seqs,
        )?;
        let mut account =
            Account::new(now, self.number, &self.release, &self.settings, self.state.next_number);
        let attempt = Attempt::failed("too_old");
        for OwedRow { seq, events, attempts, .. } in owed::of(&self.db, tracker, &run, &seqs)? {
            let Some((_, id, at)) = places.iter().find(|(place, ..)| *place == seq) else { continue };
            let of = Of { seq, payload: id, received_at: *at, run: &run };
            for event in events {
                account.deltas.of(&run, ledger::day_of(*at), &event.2, tracker).pending -= 1;
                account.settle(of, &event, tracker, &attempt, attempts)?;
                account.bury(tracker, of, Some(event), attempts, "too_old");
            }
        }
        let mut next = self.after(&account);
        self.db.transaction(&mut || {
            owed::delete(&self.db, tracker, &run, &seqs)?;
            account.write(&self.db)?;
            next.save(&self.db)
        })?;
        let (deltas, tally) = account.into_counts();
        self.written(next, deltas, tally);
        self.look_up_owed(tracker, now);
        Ok(true)
    }

    fn expire_unopened(&mut self, now: Millis) -> Result<bool, SqlError> {
        if self.waves.waves.iter().any(|wave| wave.kind != Kind::Alone) {
            return Ok(false);
        }
        let oldest = now.0 - self.settings.retry_window;
        let places = self.places(
            "SELECT seq, id, at FROM payload WHERE seq > (SELECT value FROM json_each(?1)) ORDER BY seq LIMIT 200",
            &[self.state.opened_to],
        )?;
        let old: Vec<_> = places.into_iter().take_while(|(_, _, at)| at.0 <= oldest).collect();
        let Some((last, ..)) = old.last() else { return Ok(false) };
        let mut account =
            Account::new(now, self.number, &self.release, &self.settings, self.state.next_number);
        for (seq, id, at) in &old {
            let of = Of { seq: *seq, payload: id, received_at: *at, run: LIVE };
            account.dead_unopened(of, 0, "too_old")?;
        }
        let mut next = self.after(&account);
        next.opened_to = *last;
        next.opening_to = *last;
        self.db.transaction(&mut || {
            account.write(&self.db)?;
            next.save(&self.db)
        })?;
        let (deltas, tally) = account.into_counts();
        self.written(next, deltas, tally);
        Ok(true)
    }

    fn places(&self, sql: &str, seqs: &[i64]) -> Result<Vec<(i64, String, Millis)>, SqlError> {
        let rows = self.db.query(sql, &[Param::Text(&crate::seen::json(seqs)?)])?;
        rows.into_iter()
            .map(|row| {
                let mut row = Row::of(row);
                Ok((row.int()?, row.text()?, Millis(row.int()?)))
            })
            .collect()
    }

    /// The state once an account is written.
    pub(crate) fn after(&self, account: &Account<'_>) -> State {
        let mut metrics = self.state.metrics.clone();
        metrics.add(&account.tally);
        State {
            next_number: account.packs.next(),
            packed: self.state.packed + account.packs.bytes(),
            metrics,
            ..self.state.clone()
        }
    }
}

impl Account<'_> {
    /// A payload that was never opened is given up: one dead event without a name.
    pub fn dead_unopened(&mut self, of: Of<'_>, attempts: u32, reason: &str) -> Result<(), SqlError> {
        let event = OwedEvent(0, event::id::event_id(None, of.payload, 0), UNOPENED.to_owned(), vec![]);
        self.deltas.of(of.run, ledger::day_of(of.received_at), UNOPENED, ALL_TRACKERS).pending -= 1;
        self.settle(of, &event, ALL_TRACKERS, &Attempt::failed("open"), attempts)?;
        self.bury(OPEN_LANE, of, None, attempts, reason);
        Ok(())
    }
}
