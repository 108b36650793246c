//! D1: whether it has today's tables and views.

use super::findings::Findings;
use crate::source::{Source, SourceError};
use allowlist::policy::Column;
use rusqlite::Connection;
use std::collections::BTreeMap;

const AREA: &str = "D1";

/// Name to kind and text, as SQLite keeps it.
type Schema = BTreeMap<String, (String, String)>;

const ASKED: &str =
    "SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('table', 'view', 'index')";

/// Compares what is there with what a migration of today makes.
pub async fn look(source: &mut Source, columns: &[Column], findings: &mut Findings) {
    let there = match there(source).await {
        Ok(there) => there,
        Err(error) => {
            return findings.fault(AREA, "database", error, "see that it is there and the token may read it");
        }
    };
    let Ok(today) = today(columns) else {
        return findings.unknown(AREA, "tables and views", "this program cannot make today's");
    };
    compare(&there, &today, findings);
}

async fn there(source: &mut Source) -> Result<Schema, SourceError> {
    let rows = source.rows(ASKED, &[]).await?.rows;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    Ok(rows.iter().map(|row| (text(&row[0]), (text(&row[1]), plain(&text(&row[2]))))).collect())
}

fn today(columns: &[Column]) -> rusqlite::Result<Schema> {
    let db = Connection::open_in_memory()?;
    for statement in warehouse::d1::migration(columns) {
        db.execute_batch(&statement)?;
    }
    let mut statement = db.prepare(ASKED)?;
    let rows =
        statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, plain(&row.get::<_, String>(2)?)))))?;
    rows.collect()
}

/// White space is not kept alike by everybody who runs SQL.
fn plain(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn compare(there: &Schema, today: &Schema, findings: &mut Findings) {
    const MEND: &str =
        "run `sparrow warehouse migrate` (of production: --env production --remote); it never touches data";
    let before = findings.0.len();
    for (name, (kind, sql)) in today {
        match there.get(name) {
            None => findings.fault(AREA, format!("{kind} {name}"), "is not there", MEND),
            Some((_, now)) if now == sql => {}
            Some(_) if kind == "view" => findings.fault(AREA, format!("view {name}"), "is not today's", MEND),
            Some(_) => findings.warn(
                AREA,
                format!("{kind} {name}"),
                "is not as a new one would be",
                "compare it with `sparrow warehouse migrate --print`; a migration leaves tables as they are",
            ),
        }
    }
    if findings.0.len() == before {
        findings.ok(AREA, "tables and views", format!("all {} are there and today's", today.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::findings::State;

    fn found(change: impl FnOnce(&mut Schema)) -> Vec<(String, State)> {
        let today = today(&[]).unwrap();
        let mut there = today.clone();
        change(&mut there);
        let mut findings = Findings::default();
        compare(&there, &today, &mut findings);
        findings.0.into_iter().map(|finding| (finding.what, finding.state)).collect()
    }

    #[test]
    fn what_is_missing_or_of_another_day_is_told_and_what_is_more_is_not() {
        assert_eq!(found(|_| {}), [("tables and views".to_owned(), State::Ok)]);
        let more = ("mine".to_owned(), ("table".to_owned(), String::new()));
        assert_eq!(found(|there| there.extend([more])), [("tables and views".to_owned(), State::Ok)]);
        assert_eq!(found(|there| drop(there.remove("raw"))), [("table raw".to_owned(), State::Fault)]);
        let old = |name: &'static str| move |there: &mut Schema| there.get_mut(name).unwrap().1.push('x');
        assert_eq!(found(old("stories")), [("view stories".to_owned(), State::Fault)]);
        assert_eq!(found(old("ledger")), [("table ledger".to_owned(), State::Warn)]);
    }

    #[test]
    fn a_database_of_yesterday_has_faults() {
        assert!(found(Schema::clear).iter().all(|(_, state)| *state == State::Fault));
    }
}
