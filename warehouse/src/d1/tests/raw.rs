//! Inserts into `raw`.

use super::*;

fn stored(db: &Connection) -> Vec<Vec<Value>> {
    rows(db, "SELECT eventId, timestamp, data, context FROM raw ORDER BY eventId")
}

/// Texts that JSON, SQLite or UTF-8 could treat in a way of their own. Bodies with NUL are stored as base64.
fn any_text() -> impl Strategy<Value = String> {
    let odd = "\"\\'/\u{1}\u{8}\n\r\t\u{1f}\u{7f}\u{80}\u{2028}\u{2029}\u{d7ff}\u{e000}\u{feff}\u{fffe}\u{ffff}😀\u{10ffff}";
    let odd: Vec<char> = odd.chars().collect();
    let char = prop_oneof![proptest::sample::select(odd), any::<char>(), proptest::char::range(' ', '~')];
    proptest::collection::vec(char.prop_filter("NUL", |&c| c != '\0'), 0..60).prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_row_arrives_byte_for_byte_and_once(
        texts in proptest::collection::vec((any_text(), any_text(), 0..253_402_000_000_000_i64), 0..12),
    ) {
        let db = warehouse(&[]);
        let ids = (10..).map(|i| format!("p{i}"));
        let rows: Vec<Row> = ids.zip(&texts).map(|(id, (data, context, at))| (id, *at, data, context)).collect();
        let statement = insert_raw(&json(&rows)).unwrap();
        prop_assert_eq!(statement.sql, INSERT_RAW_BATCH);
        prop_assert_eq!(run(&db, &statement), rows.len());
        let expected: Vec<_> = rows
            .iter()
            .map(|(id, at, data, context)| [id, &Millis(*at).to_string(), *data, *context].map(|one| text(one)).to_vec())
            .collect();
        prop_assert_eq!(stored(&db), expected);
        // Again, as after a crash before the answer.
        prop_assert_eq!(run(&db, &statement), 0);
    }
}

type Row<'a> = (String, i64, &'a String, &'a String);

fn json(rows: &impl serde::Serialize) -> String {
    serde_json::to_string(rows).unwrap()
}

#[test]
fn a_row_is_the_same_by_id_and_time_also_within_one_batch() {
    let db = warehouse(&[]);
    let (row, later, other) = (("p", NOON, "1", "{}"), ("p", NOON + 1, "1", "{}"), ("q", NOON, "1", "{}"));
    let batch = insert_raw(&json(&[row, later, row, other, row])).unwrap();
    assert_eq!(run(&db, &batch), 3);
    let parameters = ["p".to_owned(), Millis(NOON).to_string(), "1".to_owned(), "{}".to_owned()].to_vec();
    assert_eq!(run(&db, &Statement { sql: INSERT_RAW_ONE, parameters }), 0);
}

/// 1 MiB of control characters is a body that Dispatcher takes, and 6 MiB of JSON.
#[test]
fn a_body_that_json_would_make_too_long_for_d1_is_stored_all_the_same() {
    let db = warehouse(&[]);
    let long = "\u{1}".repeat(1 << 20);
    let statement = insert_raw(&json(&[("b", NOON, &long, "{}")])).unwrap();
    assert_eq!((statement.sql, run(&db, &statement)), (INSERT_RAW_ONE, 1));
    let stored: Vec<_> = stored(&db).into_iter().map(|row| row[2].clone()).collect();
    assert_eq!(stored, [text(&long)]);
    assert_eq!(run(&db, &statement), 0, "and once");
    assert_eq!(insert_raw(&"no rows ".repeat(300_000)), None);
}

/// Each insert asks whether the row is there: that must not read the table.
#[test]
fn what_is_there_is_found_by_the_index() {
    let db = warehouse(&[]);
    for sql in [INSERT_RAW_BATCH, INSERT_RAW_ONE] {
        let plan = plan(&db, sql);
        assert!(plan.contains("SEARCH raw USING INDEX raw_by_id (eventId=?)"), "{plan}");
    }
}
