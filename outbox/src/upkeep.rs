//! Once a day: what is too old goes.

use crate::ledger::day_of;
use crate::shard::Shard;
use crate::sql::{Database, Param, SqlError};
use crate::state::State;
use event::Millis;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Rounds of deleting dead letters before other work has its turn.
const FORGETS_AT_ONCE: usize = 20;

impl<D: Database> Shard<D> {
    /// Whether the day's upkeep is still to be done.
    pub fn needs_upkeep(&self, now: Millis) -> bool {
        self.state.upkeep_day < day_of(now) && now >= self.rests_until()
    }

    /// When the next one is due: at the beginning of a day.
    pub fn next_upkeep(&self) -> Millis {
        Millis((self.state.upkeep_day + 1) * DAY_MS).max(self.rests_until())
    }

    /// Forgets old dead letters and ids, and counters of days of which nothing can change any more.
    ///
    /// Where there is too much of it for one time, it is due again.
    ///
    /// # Errors
    /// [`SqlError`]; it is due again then.
    pub fn upkeep(&mut self, now: Millis) -> Result<(), SqlError> {
        let done = self.all_upkeep(now);
        self.guarded(now, done)
    }

    fn all_upkeep(&mut self, now: Millis) -> Result<(), SqlError> {
        for _ in 0..FORGETS_AT_ONCE {
            if self.forget_dead(now)? {
                return self.rest_of_upkeep(now);
            }
        }
        Ok(())
    }

    fn rest_of_upkeep(&mut self, now: Millis) -> Result<(), SqlError> {
        self.forget_refused(now)?;
        self.seen.rotate(&self.db, now)?;
        let kept = Millis(now.0 - self.settings.dead_retention - self.settings.retry_window - DAY_MS);
        self.db.query("DELETE FROM handed WHERE since < ?1", &[Param::Int(kept.0)])?;
        // But those of which the warehouses do not know yet, and those of backfills, which go on counting under days that are
        // long past.
        self.db.query(
            "DELETE FROM ledger WHERE day < ?1 AND pending = 0 AND changed < ?2
             AND NOT EXISTS (SELECT 1 FROM handed WHERE handed.run = ledger.run)",
            &[Param::Int(day_of(kept)), Param::Int(self.state.told_to)],
        )?;
        let mut next = State { upkeep_day: day_of(now), ..self.state.clone() };
        next.save(&self.db)?;
        self.state = next;
        Ok(())
    }
}
