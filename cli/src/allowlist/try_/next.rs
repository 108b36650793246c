//! What to do next: the backfills that send what is newly admitted.

use super::tally::Tally;
use crate::source::Dialect;

/// A command for each tracker that would get more.
pub fn commands(tally: &Tally, since: &str, dialect: Dialect) -> Vec<String> {
    let of_tracker = |tracker: &&str| {
        let names: Vec<_> = tally
            .names
            .iter()
            .filter(|(_, counts)| counts.trackers.get(*tracker).is_some_and(|shift| shift.more > 0))
            .map(|(name, _)| literal(name, dialect))
            .collect();
        let events = match names.as_slice() {
            [] => return None,
            [name] => format!("event = {name}"),
            names => format!("event IN ({})", names.join(", ")),
        };
        let condition = argument(&format!("{events} AND day >= '{since}'"));
        Some(format!("sparrow backfill --tracker {tracker} --where {condition}"))
    };
    trackers::NAMES.iter().filter_map(of_tracker).collect()
}

/// A text in SQL.
fn literal(text: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::D1 => format!("'{}'", text.replace('\'', "''")),
        Dialect::BigQuery => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

/// An argument for a shell.
fn argument(text: &str) -> String {
    if text.contains(['"', '$', '`', '\\', '!']) {
        format!("'{}'", text.replace('\'', r"'\''"))
    } else {
        format!("\"{text}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allowlist::try_::tally::{Counts, Shift};

    fn tally(names: &[(&str, &'static str)]) -> Tally {
        let mut tally = Tally::default();
        for (name, tracker) in names {
            let counts = tally.names.entry((*name).to_owned()).or_insert_with(Counts::default);
            counts.trackers.insert(tracker, Shift { more: 1, fewer: 0 });
        }
        tally
    }

    #[test]
    fn each_tracker_that_gets_more_has_a_command_with_the_events() {
        let mut tally = tally(&[("buy", "heap"), ("look", "heap"), ("look", "ga4")]);
        let fewer =
            Counts { trackers: [("amplitude", Shift { more: 0, fewer: 1 })].into(), ..Counts::default() };
        tally.names.insert("gone".to_owned(), fewer);
        assert_eq!(
            commands(&tally, "2026-11-01", Dialect::D1),
            [
                "sparrow backfill --tracker ga4 --where \"event = 'look' AND day >= '2026-11-01'\"",
                "sparrow backfill --tracker heap --where \"event IN ('buy', 'look') AND day >= '2026-11-01'\"",
            ]
        );
    }

    /// Names are anybody's text to SQL and to the shell.
    #[test]
    fn a_name_is_quoted_for_sql_and_for_the_shell() {
        let command = |name, dialect| commands(&tally(&[(name, "ga4")]), "2026-11-01", dialect).remove(0);
        let start = "sparrow backfill --tracker ga4 --where ";
        assert_eq!(
            command("it's", Dialect::D1),
            format!("{start}\"event = 'it''s' AND day >= '2026-11-01'\"")
        );
        assert_eq!(
            command("it's", Dialect::BigQuery),
            format!(r"{start}'event = '\''it\'\''s'\'' AND day >= '\''2026-11-01'\'''")
        );
        assert_eq!(
            command("$(id)", Dialect::D1),
            format!(r"{start}'event = '\''$(id)'\'' AND day >= '\''2026-11-01'\'''")
        );
    }
}
