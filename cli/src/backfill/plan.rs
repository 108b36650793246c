//! What a backfill would do, in figures.

use super::spool::Spool;
use event::Millis;
use rusqlite::params;
use serde::Serialize;
use std::fmt::Write;
use trackers::{Dedupe, Windows};

/// Most lines of events by day and name, and of reasons.
const MOST: i64 = 1000;

/// The same where people read it.
const MOST_SHOWN: usize = 40;

/// What a shard sends in a second, where OUTBOX_DRAIN_RATE does not say otherwise.
const DRAIN_RATE: f64 = 1000.0;

/// The dry run's answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The run's name.
    pub run: String,
    /// The tracker.
    pub tracker: String,
    /// Events that were found.
    pub found: i64,
    /// Events that would be sent.
    pub to_send: i64,
    /// In so many payloads.
    pub payloads: i64,
    /// By day and name.
    pub by_day: Vec<OfDay>,
    /// What became of those before that would be sent.
    pub before: Vec<Before>,
    /// What is left out.
    pub left_out: LeftOut,
    /// Older than the vendor takes: they would be rejected or dated wrongly.
    pub too_old: i64,
    /// The vendor may have them, and does not know them again: they may count twice.
    pub may_double: i64,
    /// The vendor has them, and still knows them: it would ignore the copy.
    pub ignored: i64,
    /// The vendor may have them, and nobody says how long it knows an event again.
    pub uncertain: i64,
    /// Of those that would be sent, payloads into which SQL cannot look: all of their events are, however many they are.
    pub unread: i64,
    /// Events that were handed over in this run before: they are not sent again in it.
    pub handed_before: i64,
    /// Seconds, about.
    pub seconds: f64,
    /// Why the tracker would not get anything now.
    pub trouble: Option<String>,
}

/// Events of a day and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfDay {
    pub day: String,
    /// Absent where no body says it, and nobody opened it.
    pub event: Option<String>,
    pub to_send: i64,
    pub delivered: i64,
    pub others: i64,
}

/// What became of events before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Before {
    /// Nothing, where the tracker was never owed them.
    pub outcome: Option<String>,
    pub reason: Option<String>,
    pub events: i64,
}

/// Events that are not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// The vendor has them.
    pub delivered: i64,
    /// No outcome yet: on their way, or of the last minute.
    pub under_way: i64,
    /// Copies of other events.
    pub copies: i64,
    /// Bodies that cannot be read.
    pub malformed: i64,
    /// Events of people who were forgotten.
    pub erased: i64,
    /// Events of days whose account is gone, so that nobody knows what was delivered.
    pub unknown: i64,
}

/// Counts.
pub fn plan(
    spool: &Spool,
    run: &str,
    tracker: &str,
    windows: Windows,
    (handed_before, trouble): (i64, Option<String>),
    now: Millis,
) -> rusqlite::Result<Plan> {
    let of = |fate: &str| spool.count("SELECT count(*) FROM event WHERE fate = ?1", [fate]);
    let to_send = of("send")?;
    let by_day = spool.all(
        "SELECT day, name, sum(fate = 'send'), sum(fate = 'delivered'), sum(fate NOT IN ('send', 'delivered'))
         FROM event GROUP BY day, name ORDER BY day, name LIMIT ?1",
        [MOST],
        |row| {
            Ok(OfDay {
                day: row.get(0)?,
                event: row.get(1)?,
                to_send: row.get(2)?,
                delivered: row.get(3)?,
                others: row.get(4)?,
            })
        },
    )?;
    let before = spool.all(
        "SELECT outcome, reason, count(*) FROM event WHERE fate = 'send'
         GROUP BY outcome, reason ORDER BY count(*) DESC, outcome, reason LIMIT ?1",
        [MOST],
        |row| Ok(Before { outcome: row.get(0)?, reason: row.get(1)?, events: row.get(2)? }),
    )?;
    let too_old = windows.age_ms.map_or(Ok(0), |age| {
        let sql = "SELECT count(*) FROM event WHERE fate = 'send' AND coalesce(time, receivedAt) < ?1";
        spool.count(sql, [Millis(now.0 - age).to_string()])
    })?;
    // A vendor that gave no answer may have taken the event all the same.
    let taken_before = |at: &str| {
        let sql = "SELECT count(*) FROM event
          WHERE fate = 'send' AND (delivered OR outcome = 'dead' AND attempts > 0) AND at < ?1";
        spool.count(sql, [at])
    };
    let all = taken_before("~")?;
    let (may_double, ignored, uncertain) = match windows.dedupe {
        Dedupe::Never => (all, 0, 0),
        Dedupe::Undocumented => (0, 0, all),
        Dedupe::For(window) => {
            let forgotten = Millis(now.0 - window).to_string();
            let sql = "SELECT count(*) FROM event WHERE fate = 'send' AND delivered AND at >= ?1";
            (taken_before(&forgotten)?, spool.count(sql, params![forgotten])?, 0)
        }
    };
    let sql = "SELECT count(*) FROM (SELECT DISTINCT payloadId, receivedAt FROM event WHERE fate = 'send')";
    Ok(Plan {
        run: run.to_owned(),
        tracker: tracker.to_owned(),
        found: spool.count("SELECT count(*) FROM event", [])?,
        to_send,
        payloads: spool.count(sql, [])?,
        by_day,
        before,
        left_out: LeftOut {
            delivered: of("delivered")?,
            under_way: of("under way")?,
            copies: of("copies")?,
            malformed: of("malformed")?,
            erased: of("erased")?,
            unknown: of("unknown")?,
        },
        too_old,
        may_double,
        ignored,
        uncertain,
        unread: spool.count("SELECT count(*) FROM event WHERE fate = 'send' AND name IS NULL", [])?,
        handed_before,
        seconds: f64::from(u32::try_from(to_send).unwrap_or(u32::MAX)) / DRAIN_RATE,
        trouble,
    })
}

/// For people.
pub fn text(plan: &Plan) -> String {
    let mut text = format!("{} for {}\n", plan.run, plan.tracker);
    if plan.found == 0 {
        return text + "\nno event was found\n";
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["day", "event", "to send", "delivered", "left out otherwise"]);
    for line in plan.by_day.iter().take(MOST_SHOWN) {
        let name = line.event.as_deref().unwrap_or("(not read)");
        let cells = [line.to_send, line.delivered, line.others].map(|count| count.to_string());
        table.add_row([line.day.clone(), printable(name)].into_iter().chain(cells));
    }
    for column in 2..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    let _ = writeln!(text, "\n{table}");
    if plan.by_day.len() > MOST_SHOWN {
        let _ = writeln!(text, " … and {} lines more; --json has them", plan.by_day.len() - MOST_SHOWN);
    }
    let mut lines = vec![(plan.to_send, format!("would be sent, in {} payloads", plan.payloads))];
    for before in plan.before.iter().take(MOST_SHOWN) {
        lines.push((before.events, format!("  {}", was(before))));
    }
    let LeftOut { delivered, under_way, copies, malformed, erased, unknown } = plan.left_out;
    for (events, what) in [
        (delivered, "left out: delivered already"),
        (under_way, "left out: without an outcome yet; ask again when they have one"),
        (copies, "left out: copies of other events"),
        (malformed, "left out: cannot be read"),
        (erased, "left out: erased"),
        (
            unknown,
            "left out: the account of their day is gone, and with it what was delivered; --delivered sends them",
        ),
        (plan.unread, "of them are bodies into which SQL cannot look: all of their events are sent"),
        (
            plan.handed_before,
            "were handed over in this run before, and are not sent again in it; --run NAME does",
        ),
        (plan.too_old, "would be lost: older than the vendor takes"),
        (plan.may_double, "may count twice: the vendor may have them and does not know them again"),
        (plan.ignored, "would be ignored: the vendor has them and still knows them"),
        (
            plan.uncertain,
            "may count twice: the vendor may have them, and does not say how long it knows an event",
        ),
    ] {
        if events > 0 {
            lines.push((events, what.to_owned()));
        }
    }
    let width = lines.iter().map(|(events, _)| events.to_string().len()).max().unwrap_or_default();
    for (events, what) in lines {
        let _ = writeln!(text, "{events:>width$}  {what}");
    }
    if plan.to_send > 0 {
        let _ = writeln!(
            text,
            "\nabout {:.0} s where one shard has them all, less where several have (OUTBOX_DRAIN_RATE: 1000)",
            plan.seconds.max(1.0)
        );
    }
    if let Some(trouble) = &plan.trouble {
        let _ = writeln!(text, "{} {trouble}: it is better to wait", plan.tracker);
    }
    text
}

fn was(before: &Before) -> String {
    match (before.outcome.as_deref(), before.reason.as_deref()) {
        (None, _) => "were never owed to it".to_owned(),
        (Some("dead"), Some(reason)) => format!("are dead ({reason})"),
        (Some(outcome), Some(reason)) => format!("were {outcome} ({reason})"),
        (Some(outcome), None) => format!("were {outcome}"),
    }
}

/// A name as a terminal may show it: whoever sent it chose its characters.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::super::spool::{Meant, Outcome};
    use super::*;

    const AT: &str = "2026-11-01T12:00:00.000Z";
    const NOON: i64 = 1_793_534_400_000;
    const HOUR: i64 = 3_600_000;

    /// One event that was delivered, one that died after an attempt, one that died before any, and one never owed.
    fn spool() -> Spool {
        let spool = Spool::new().unwrap();
        for (idx, outcome, attempts) in [(0, "delivered", 1), (1, "dead", 3), (2, "dead", 0)] {
            let outcome = Outcome {
                payload: "p",
                received_at: AT,
                idx,
                name: "buy",
                outcome,
                reason: Some("http_503"),
                attempts,
                at: AT,
                shard: 0,
                seq: idx,
            };
            spool.add(&outcome).unwrap();
        }
        for idx in 0..4 {
            spool.mean(&Meant { payload: "p", received_at: AT, idx, name: Some("buy"), time: None }).unwrap();
        }
        spool
    }

    fn planned(windows: Windows, after: i64, also_delivered: bool) -> Plan {
        let spool = spool();
        spool.decide(Millis(NOON + after), Some("2026-11-01"), also_delivered).unwrap();
        plan(&spool, "backfill:x", "ga4", windows, (0, None), Millis(NOON + after)).unwrap()
    }

    #[test]
    fn what_the_vendor_may_have_and_does_not_know_again_may_count_twice() {
        let never = Windows { age_ms: Some(HOUR), dedupe: Dedupe::Never };
        let plan = planned(never, HOUR + 1, false);
        assert_eq!((plan.found, plan.to_send, plan.payloads, plan.left_out.delivered), (4, 3, 1, 1));
        assert_eq!((plan.may_double, plan.ignored, plan.uncertain), (1, 0, 0), "the one that was tried");
        assert_eq!(plan.too_old, 3);
        assert_eq!(planned(never, HOUR, true).may_double, 2);
        assert_eq!(planned(never, HOUR, true).too_old, 0);
        let undocumented = Windows { age_ms: None, dedupe: Dedupe::Undocumented };
        let plan = planned(undocumented, HOUR, false);
        assert_eq!((plan.may_double, plan.uncertain, plan.too_old), (0, 1, 0));
    }

    #[test]
    fn within_its_window_a_vendor_ignores_what_it_has() {
        let hour = Windows { age_ms: None, dedupe: Dedupe::For(HOUR) };
        let plan = planned(hour, HOUR, true);
        assert_eq!((plan.may_double, plan.ignored), (0, 1));
        let plan = planned(hour, HOUR + 1, true);
        assert_eq!((plan.may_double, plan.ignored), (2, 0));
    }

    #[test]
    fn the_text_says_what_is_left_out_and_shows_no_control_characters() {
        let windows = Windows { age_ms: None, dedupe: Dedupe::Never };
        let mut plan = planned(windows, 0, false);
        plan.by_day[0].event = Some("a\u{1b}[2Jb".to_owned());
        let text = text(&plan);
        assert!(text.contains("1  left out: delivered already"), "{text}");
        assert!(text.contains("1  left out: without an outcome yet"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
