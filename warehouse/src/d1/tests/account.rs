//! The tables `deliveries` and `ledger`.

use super::*;
use event::account::{DELIVERY_COLUMNS, LEDGER_COLUMNS};

#[test]
fn the_tables_have_the_columns_of_the_rows() {
    let db = warehouse(&[]);
    let columns = |table| {
        let statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        statement.column_names().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(columns("deliveries"), DELIVERY_COLUMNS);
    assert_eq!(columns("ledger"), LEDGER_COLUMNS);
}

#[test]
fn every_value_is_in_its_column() {
    let db = warehouse(&[]);
    let full = Delivery {
        idx: 2,
        reason: Some("no \"identity\"".to_owned()),
        attempts: 3,
        changes: vec![Change {
            field: "größe".to_owned(),
            rule: Rule::Scrubbed { found: vec!["card".into()] },
        }],
        ..delivery(4, 5)
    };
    let bare = Delivery { status: None, policy: None, ..delivery(4, 6) };
    assert_eq!(deliver(&db, &[full, bare]), 2);
    let int = Value::Integer;
    let head = |seq: i64, idx| {
        vec![text(&format!("p4-{seq}")), int(idx), text(&format!("e4-{seq}")), text("sign up"), text("ga4")]
    };
    let at = text("2026-11-01T12:00:00.000Z");
    let mut expected = [head(5, 2), head(6, 0)];
    expected[0].extend([text("delivered"), text("no \"identity\""), int(204), int(3)]);
    expected[0].extend([text(r#"[{"field":"größe","rule":"scrubbed","found":["card"]}]"#), text("1-a")]);
    expected[1].extend([text("delivered"), Value::Null, Value::Null, int(1), Value::Null, Value::Null]);
    for (row, seq) in expected.iter_mut().zip([5, 6]) {
        row.extend([text("0.1.0"), text("live"), int(4), int(seq), at.clone()]);
        row.push(text(&format!("2026-11-01T12:00:00.00{seq}Z")));
    }
    assert_eq!(rows(&db, "SELECT * FROM deliveries"), expected);

    count(&db, &[line(4, 7, 10, 1)]);
    let tail =
        [text("2026-11-01"), text("sign up"), text("ga4"), int(10), int(1), text("2026-11-01T12:00:00.007Z")];
    let expected: Vec<_> = [int(4), int(7), text("live")].into_iter().chain(tail).collect();
    assert_eq!(rows(&db, "SELECT * FROM ledger"), [expected]);
}

/// After a crash a shard sends what it may have sent already.
#[test]
fn a_row_counts_once_however_often_it_comes() {
    let db = warehouse(&[]);
    assert_eq!(deliver(&db, &[delivery(0, 1), delivery(0, 2), delivery(0, 2), delivery(1, 1)]), 3);
    assert_eq!(deliver(&db, &[delivery(0, 2), delivery(0, 3)]), 1);
    assert_eq!(count(&db, &[line(0, 4, 3, 0), line(0, 4, 3, 0)]), 1);
    assert_eq!(count(&db, &[line(0, 4, 3, 0)]), 0);
}

/// A row that cannot be stored must not go missing in silence.
#[test]
fn a_faulty_row_fails_the_statement() {
    let db = warehouse(&[]);
    let good = serde_json::to_value(delivery(0, 1)).unwrap();
    let mut faulty = serde_json::to_value(delivery(0, 2)).unwrap();
    faulty[16] = serde_json::Value::Null;
    let batch = serde_json::Value::from(vec![good, faulty]).to_string();
    assert!(db.execute(INSERT_DELIVERIES, [batch]).is_err());
    assert_eq!(rows(&db, "SELECT count(*) FROM deliveries"), [[Value::Integer(0)]]);
    assert!(db.execute(INSERT_LEDGER, [r#"[[0, 1, "live", null, "e", "t", 1, 0, 0]]"#]).is_err());
}

#[test]
fn compaction_keeps_two_days_and_the_latest_line_of_each_counter() {
    let db = warehouse(&[]);
    let old = line(0, 1, 1, 1);
    let at = |seq, timestamp| LedgerLine { timestamp: Millis(timestamp), ..line(0, seq, 2, 0) };
    let other = LedgerLine { tracker: "heap".to_owned(), ..line(0, 2, 1, 0) };
    let elsewhere = line(1, 1, 1, 0);
    let now = NOON + 2 * DAY_MS;
    count(&db, &[old, other, elsewhere, at(3, NOON + 60_000), at(4, now)]);
    assert_eq!(run(&db, &compact_ledger(Millis(now + 60_000))), 1);
    let kept = rows(&db, "SELECT shard, seq FROM ledger ORDER BY shard, seq");
    assert_eq!(kept, [[0, 2], [0, 3], [0, 4], [1, 1]].map(|row| row.map(Value::Integer)));
    assert_eq!(run(&db, &compact_ledger(Millis(now + 60_001))), 1);
    assert_eq!(run(&db, &compact_ledger(Millis(now + 9 * DAY_MS))), 0);
    let plan = plan(&db, compact_ledger(Millis(now)).sql);
    let counter = "ledger_by_day (day=? AND shard=? AND run=? AND event=? AND tracker=? AND seq>?)";
    assert!(plan.contains(counter), "{plan}");
}
