//! Reading payloads back.

use super::*;

/// Three payloads of a day, and one of the day before and after.
fn logged() -> Connection {
    let db = warehouse(&[]);
    for (id, at) in [("b", 0), ("before", -DAY_MS), ("a", -1000), ("after", DAY_MS), ("c", 1)] {
        let payload = Payload { received_at: Millis(NOON + at), ..payload(id, b"{}") };
        log(&db, &payload);
    }
    db
}

fn page(db: &Connection, after: i64, limit: i64) -> Vec<(String, i64)> {
    let mut statement = db.prepare(PAYLOADS_OF_DAY).unwrap();
    let rows =
        statement.query_map((Millis(NOON).day(), after, limit), |row| Ok((row.get("id")?, row.get("row")?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn pages_of_a_day_hold_each_payload_once_in_the_order_of_the_log() {
    let db = logged();
    let (mut ids, mut after) = (Vec::new(), 0);
    for count in [2, 1, 0] {
        let page = page(&db, after, 2);
        assert_eq!(page.len(), count);
        after = page.last().map_or(after, |(_, row)| *row);
        ids.extend(page.into_iter().map(|(id, _)| id));
    }
    assert_eq!(ids, ["b", "a", "c"]);
}

#[test]
fn days_are_counted_from_a_day_on() {
    let counted: Vec<(String, i64)> = {
        let db = logged();
        let mut statement = db.prepare(PAYLOADS_BY_DAY).unwrap();
        let rows = statement.query_map([Millis(NOON).day()], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(counted, [(Millis(NOON).day(), 3), (Millis(NOON + DAY_MS).day(), 1)]);
}

/// A page that sorted a day would cost a day's payloads.
#[test]
fn a_page_is_read_off_the_index() {
    let plan = plan(&warehouse(&[]), PAYLOADS_OF_DAY);
    assert!(plan.contains("raw_by_day (<expr>=? AND rowid>?)") && !plan.contains("TEMP B-TREE"), "{plan}");
    let plan = self::plan(&warehouse(&[]), PAYLOADS_BY_DAY);
    assert!(plan.contains("raw_by_day (<expr>>?)") && !plan.contains("TEMP B-TREE"), "{plan}");
}
