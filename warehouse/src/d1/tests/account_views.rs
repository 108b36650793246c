//! The views of the account.

use super::*;

const ACCOUNT: &str =
    "SELECT received, delivered, filtered, rejected, dead, pending, unaccounted FROM accounts";

fn ints(values: &[i64]) -> Vec<Value> {
    values.iter().copied().map(Value::Integer).collect()
}

fn outcome(shard: u32, seq: i64, outcome: &str, reason: &str) -> Delivery {
    Delivery { outcome: outcome.to_owned(), reason: Some(reason.to_owned()), ..delivery(shard, seq) }
}

#[test]
fn an_account_is_the_latest_line_and_the_deliveries_before_it_summed_over_shards() {
    let db = warehouse(&[]);
    deliver(&db, &[delivery(0, 1), delivery(0, 2), outcome(0, 3, "filtered", "consent")]);
    count(&db, &[line(0, 4, 9, 8), line(0, 5, 6, 3)]);
    deliver(
        &db,
        &[outcome(1, 1, "rejected", "no_identity"), outcome(1, 2, "dead", "timeout"), delivery(1, 3)],
    );
    count(&db, &[line(1, 9, 4, 1)]);
    assert_eq!(rows(&db, ACCOUNT), [ints(&[10, 3, 1, 1, 1, 4, 0])]);
    let key = rows(&db, "SELECT run, day, event, tracker, asOf FROM accounts");
    // The older of the two shards' lines: what is told is true as of then.
    assert_eq!(key, [["live", "2026-11-01", "sign up", "ga4", "2026-11-01T12:00:00.005Z"].map(text)]);
}

#[test]
fn runs_days_events_and_trackers_are_counted_apart() {
    let db = warehouse(&[]);
    let deliveries = [
        delivery(0, 1),
        Delivery { run: "replay:1".to_owned(), ..delivery(0, 2) },
        Delivery { received_at: Millis(NOON + DAY_MS), ..delivery(0, 3) },
        Delivery { event: "pageview".to_owned(), ..delivery(0, 4) },
        Delivery { tracker: "heap".to_owned(), ..delivery(0, 5) },
    ];
    deliver(&db, &deliveries);
    let lines: Vec<_> = (10..)
        .zip(&deliveries)
        .map(|(seq, of)| LedgerLine {
            run: of.run.clone(),
            day: of.received_at.day(),
            event: of.event.clone(),
            tracker: of.tracker.clone(),
            ..line(0, seq, 1, 0)
        })
        .collect();
    count(&db, &lines);
    assert_eq!(rows(&db, ACCOUNT), vec![ints(&[1, 1, 0, 0, 0, 0, 0]); 5]);
    let by_day =
        rows(&db, "SELECT run, day, tracker, received, unaccounted FROM accounts_by_day ORDER BY 1, 2, 3");
    let expected = [
        ("live", "2026-11-01", "ga4", 2),
        ("live", "2026-11-01", "heap", 1),
        ("live", "2026-11-02", "ga4", 1),
        ("replay:1", "2026-11-01", "ga4", 1),
    ];
    let expected = expected.map(|(run, day, tracker, received)| {
        vec![text(run), text(day), text(tracker), Value::Integer(received), Value::Integer(0)]
    });
    assert_eq!(by_day, expected);
}

/// The account is worth nothing if it cannot fail: a delivery that goes missing must show.
#[test]
fn a_missing_or_unknown_delivery_is_unaccounted_for() {
    let db = warehouse(&[]);
    deliver(&db, &[delivery(0, 1), delivery(0, 2)]);
    count(&db, &[line(0, 3, 2, 0)]);
    let unaccounted = |sql: &str| {
        db.execute(sql, []).unwrap();
        rows(&db, "SELECT accounts.unaccounted, by_day.unaccounted FROM accounts, accounts_by_day AS by_day")
    };
    assert_eq!(unaccounted("UPDATE deliveries SET outcome = 'lost' WHERE seq = 1"), [ints(&[1, 1])]);
    assert_eq!(unaccounted("DELETE FROM deliveries WHERE seq = 2"), [ints(&[2, 2])]);
}

/// A shard's deliveries arrive before the line that counts them.
#[test]
fn a_delivery_past_the_watermark_waits_for_its_line() {
    let db = warehouse(&[]);
    deliver(&db, &[delivery(0, 1)]);
    assert!(rows(&db, ACCOUNT).is_empty());
    count(&db, &[line(0, 2, 3, 2)]);
    deliver(&db, &[delivery(0, 3), delivery(0, 4)]);
    assert_eq!(rows(&db, ACCOUNT), [ints(&[3, 1, 0, 0, 0, 2, 0])]);
    count(&db, &[line(0, 5, 3, 0)]);
    assert_eq!(rows(&db, ACCOUNT), [ints(&[3, 3, 0, 0, 0, 0, 0])]);
}

#[test]
fn reasons_are_counted_over_shards() {
    let db = warehouse(&[]);
    let other = outcome(1, 2, "dead", "timeout");
    deliver(
        &db,
        &[delivery(0, 1), outcome(0, 2, "rejected", "no_identity"), outcome(1, 1, "rejected", "no_identity")],
    );
    deliver(&db, &[Delivery { run: "replay:1".to_owned(), ..other }]);
    let sql = "SELECT run, day, event, tracker, outcome, reason, events FROM reasons ORDER BY outcome";
    let row = |run, outcome, reason, events| {
        let key = [run, "2026-11-01", "sign up", "ga4", outcome, reason].map(text);
        key.into_iter().chain([Value::Integer(events)]).collect()
    };
    let expected: [Vec<_>; 2] =
        [row("replay:1", "dead", "timeout", 1), row("live", "rejected", "no_identity", 2)];
    assert_eq!(rows(&db, sql), expected);
}

/// A replay's outcome replaces that of the live run, but for its own event and tracker only.
#[test]
fn the_latest_outcome_is_that_of_the_last_run() {
    let db = warehouse(&[]);
    let dead = Delivery {
        event_id: "same".to_owned(),
        payload_id: "p".to_owned(),
        ..outcome(0, 1, "dead", "timeout")
    };
    let replayed = Delivery {
        outcome: "delivered".to_owned(),
        reason: None,
        run: "replay:1".to_owned(),
        seq: 9,
        timestamp: Millis(NOON + 60_000),
        ..dead.clone()
    };
    let others = [
        Delivery { seq: 3, tracker: "heap".to_owned(), ..dead.clone() },
        Delivery { seq: 4, idx: 1, ..dead.clone() },
        Delivery { seq: 5, payload_id: "other".to_owned(), ..dead.clone() },
        // Of the same moment: the higher number is the later one.
        Delivery { seq: 8, outcome: "rejected".to_owned(), ..replayed.clone() },
        // Of another shard: only the time tells which is later.
        Delivery { seq: 99, shard: 1, timestamp: Millis(NOON + 30_000), ..dead.clone() },
        // Sent again on another day.
        Delivery {
            seq: 6,
            received_at: Millis(NOON + DAY_MS),
            payload_id: "other".to_owned(),
            ..dead.clone()
        },
    ];
    deliver(&db, &[replayed, dead]);
    deliver(&db, &others);
    let sql = "SELECT payloadId, idx, tracker, outcome, run FROM latest_outcomes ORDER BY 1 DESC, 2, 3";
    let row = |payload, idx, tracker, outcome, run| {
        vec![text(payload), Value::Integer(idx), text(tracker), text(outcome), text(run)]
    };
    let expected = [
        row("p", 0, "ga4", "delivered", "replay:1"),
        row("p", 0, "heap", "dead", "live"),
        row("p", 1, "ga4", "dead", "live"),
        row("other", 0, "ga4", "dead", "live"),
        row("other", 0, "ga4", "dead", "live"),
    ];
    assert_eq!(rows(&db, sql), expected);
}

#[test]
fn a_story_tells_the_receipt_and_every_outcome_in_order() {
    let db = warehouse(&[]);
    let of = |delivery| Delivery { event_id: "e".to_owned(), payload_id: "p".to_owned(), ..delivery };
    // Dead before it was opened, then replayed: its name is known from then on.
    let unopened = Delivery { event: "(unopened)".to_owned(), ..of(outcome(0, 1, "dead", "open")) };
    let replayed = Delivery { run: "replay:1".to_owned(), tracker: "heap".to_owned(), ..of(delivery(0, 2)) };
    // Sent again in another payload: an event of its own.
    let sent_again = Delivery {
        payload_id: "q".to_owned(),
        received_at: Millis(NOON + 3),
        ..of(outcome(0, 4, "filtered", "duplicate"))
    };
    deliver(&db, &[unopened, replayed, delivery(0, 3), sent_again]);
    let story = rows(
        &db,
        "SELECT at, step, event, tracker, outcome, reason, run FROM stories WHERE eventId = 'e' ORDER BY at",
    );
    let time = |ms: i64| text(&Millis(NOON + ms).to_string());
    let received = |ms| {
        let row = [time(ms), text("received"), text("sign up")];
        row.into_iter().chain([Value::Null, Value::Null, Value::Null, Value::Null]).collect::<Vec<_>>()
    };
    let duplicate = ["outcome", "sign up", "ga4", "filtered", "duplicate", "live"].map(text);
    let dead = ["outcome", "(unopened)", "ga4", "dead", "open", "live"].map(text);
    let delivered = ["outcome", "sign up", "heap", "delivered"].map(text);
    let expected = [
        received(0),
        [time(1)].into_iter().chain(dead).collect(),
        [time(2)].into_iter().chain(delivered).chain([Value::Null, text("replay:1")]).collect(),
        received(3),
        [time(4)].into_iter().chain(duplicate).collect(),
    ];
    assert_eq!(story, expected);
}

/// These are asked of tables with millions of rows. SQLite plans differently once it has statistics.
#[test]
fn questions_about_a_day_or_an_event_read_that_day_or_event_alone() {
    let db = warehouse(&[]);
    let deliveries: Vec<_> = (0..2_000)
        .map(|seq| Delivery {
            received_at: Millis(NOON + seq / 100 * DAY_MS),
            tracker: ["ga4", "heap"][usize::try_from(seq % 2).unwrap()].to_owned(),
            ..delivery(0, seq)
        })
        .collect();
    deliver(&db, &deliveries);
    let lines = (0..2_000).map(|seq| LedgerLine {
        day: Millis(NOON + seq / 100 * DAY_MS).day(),
        tracker: ["ga4", "heap"][usize::try_from(seq % 2).unwrap()].to_owned(),
        ..line(0, 5_000 + seq, 50, 0)
    });
    count(&db, &lines.collect::<Vec<_>>());
    let counter = "deliveries_by_day \
        (<expr>=? AND shard=? AND run=? AND event=? AND tracker=? AND outcome=?)";
    let latest = "SEARCH ledger USING COVERING INDEX ledger_by_day (day=?)";
    let by_event = "SEARCH deliveries USING INDEX deliveries_by_event (eventId=?)";
    let by_day = "SEARCH deliveries USING INDEX deliveries_by_day (<expr>=?)";
    let newer = "SEARCH newer USING INDEX deliveries_by_event (eventId=? AND tracker=?)";
    let questions: [(&str, &[&str]); 6] = [
        ("SELECT * FROM accounts WHERE day = '2026-11-02'", &[counter, latest]),
        ("SELECT * FROM accounts_by_day WHERE day = '2026-11-02'", &[counter, latest]),
        ("SELECT * FROM reasons WHERE day = '2026-11-02'", &[by_day]),
        ("SELECT * FROM latest_outcomes WHERE day = '2026-11-02'", &[by_day, newer]),
        ("SELECT * FROM latest_outcomes WHERE eventId = 'e'", &[by_event, newer]),
        ("SELECT * FROM stories WHERE eventId = 'e' ORDER BY at", &[by_event]),
    ];
    for _ in 0..2 {
        for (sql, steps) in questions {
            let plan = plan(&db, sql);
            for step in steps {
                assert!(plan.contains(step), "{sql}\n{plan}");
            }
            assert!(!plan.contains("SCAN deliveries") && !plan.contains("SCAN ledger"), "{sql}\n{plan}");
        }
        db.execute_batch("ANALYZE").unwrap();
    }
}

/// SQLite's `sum` of integers fails where it does not fit one.
#[test]
fn numbers_that_no_integer_holds_together_break_no_view() {
    let db = warehouse(&[]);
    let huge =
        |shard, event: &str| LedgerLine { event: event.to_owned(), ..line(shard, 1, i64::MAX, i64::MAX) };
    count(&db, &[huge(0, "a"), huge(1, "a"), huge(2, "b")]);
    assert_eq!(rows(&db, "SELECT received, pending FROM accounts"), vec![ints(&[i64::MAX, i64::MAX]); 2]);
    assert_eq!(rows(&db, "SELECT received, pending FROM accounts_by_day"), [ints(&[i64::MAX, i64::MAX])]);
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        proptest::sample::select(vec![i64::MIN, -1, 0, 1, i64::MAX]).prop_map(Value::Integer),
        proptest::sample::select(vec![f64::INFINITY, -0.5, 1e300]).prop_map(Value::Real),
        proptest::sample::select(vec!["", "live", "9223372036854775807", "\u{1}", "dead"]).prop_map(text),
        any::<Vec<u8>>().prop_map(Value::Blob),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// One row that nobody expects must not break everybody's queries.
    #[test]
    fn no_row_breaks_a_view(
        keys in proptest::collection::vec(any_value(), 4),
        deliveries in proptest::collection::vec(proptest::collection::vec(any_value(), 11), 1..4),
        lines in proptest::collection::vec(proptest::collection::vec(any_value(), 4), 1..4),
    ) {
        let db = warehouse(&[]);
        // Rows share their counter, so that the views have something to sum.
        let [run, event, tracker, shard] = &keys[..] else { unreachable!() };
        let insert = |table: &str, row: Vec<&Value>| {
            let marks = vec!["?"; row.len()].join(", ");
            // The key may refuse a row, and shard and seq what is no number.
            let _ = db.execute(&format!("INSERT OR IGNORE INTO {table} VALUES ({marks})"), params_from_iter(row));
        };
        for row in &deliveries {
            let [payload, idx, id, outcome, reason, status, changes, policy, seq, received_at, at] = &row[..] else {
                unreachable!()
            };
            insert("deliveries", vec![payload, idx, id, event, tracker, outcome, reason, status, idx, changes, policy, id, run, shard, seq, received_at, at]);
        }
        for row in &lines {
            let [seq, received, pending, at] = &row[..] else { unreachable!() };
            let day = &deliveries[0][9];
            insert("ledger", vec![shard, seq, run, day, event, tracker, received, pending, at]);
        }
        for view in ["accounts", "accounts_by_day", "reasons", "latest_outcomes", "stories"] {
            rows(&db, &format!("SELECT * FROM {view}"));
        }
    }
}
