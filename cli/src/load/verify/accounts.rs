//! The sums of the account: the view `accounts`.

use super::{Findings, Problem, VerifyError};
use event::account::LIVE;
use rusqlite::Connection;
use serde::Serialize;

/// Events of the whole warehouse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Accounts {
    /// Without an outcome, in the run `live`.
    pub pending: i64,
    /// That the account cannot explain, in all runs; too many and too few do not cancel out.
    pub unaccounted: i64,
}

/// Sums up the view.
pub fn sum(db: &Connection) -> rusqlite::Result<Accounts> {
    let sql =
        "SELECT coalesce(sum(CASE WHEN run = ?1 THEN pending END), 0), coalesce(sum(abs(unaccounted)), 0)
      FROM accounts";
    db.query_row(sql, [LIVE], |row| Ok(Accounts { pending: row.get(0)?, unaccounted: row.get(1)? }))
}

/// Looks at the view, after `deliveries`. `days` are the first and the last one of receipt.
pub fn check(db: &Connection, days: &[String; 2], findings: &mut Findings) -> Result<(), VerifyError> {
    let Accounts { pending, unaccounted } = *findings.accounts.insert(sum(db)?);
    if pending != 0 {
        findings.problems.push(Problem::waiting(&format!("{pending} events are pending")));
    }
    if unaccounted != 0 {
        let text = format!("{unaccounted} events are unaccounted for; see accounts where unaccounted <> 0");
        findings.problems.push(Problem::waiting(&text));
    }
    let sql = "SELECT tracker, sum(pending), sum(CASE WHEN day BETWEEN ?2 AND ?3 THEN received ELSE 0 END)
      FROM accounts WHERE run = ?1 GROUP BY tracker";
    let mut rows = db.prepare(sql)?;
    let mut found = rows.query([LIVE, &days[0], &days[1]])?;
    while let Some(row) = found.next()? {
        let name: String = row.get(0)?;
        let Some(outcomes) = findings.trackers.get_mut(&name) else { continue };
        outcomes.sum.pending = row.get(1)?;
        let rows = outcomes.sum.delivered + outcomes.sum.filtered + outcomes.sum.rejected + outcomes.sum.dead;
        let received: i64 = row.get(2)?;
        if i128::from(received) < i128::from(rows) {
            let text = format!("the account of {name} counts {received} events, deliveries has {rows}");
            findings.problems.push(Problem::waiting(&text));
        }
    }
    Ok(())
}
