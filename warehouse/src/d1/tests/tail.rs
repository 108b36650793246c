//! What is asked to follow outcomes as they come.

use super::*;
use crate::d1::tail as asked;

fn newer(db: &Connection, seen: &str, limit: usize) -> Vec<(i64, i64)> {
    let mut statement = db.prepare(&asked::newer(limit)).unwrap();
    let rows = statement.query_map([seen], |row| Ok((row.get("shard")?, row.get("seq")?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn heads(db: &Connection, since: i64) -> Vec<(i64, i64)> {
    let mut statement = db.prepare(&asked::heads()).unwrap();
    let rows = statement.query_map([Millis(since).to_string()], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn every_row_past_those_that_were_seen_is_told_once_also_of_a_new_shard() {
    let db = warehouse(&[]);
    assert_eq!((heads(&db, i64::MAX), newer(&db, "[]", 9)), (vec![], vec![]), "there is nothing yet");
    deliver(&db, &[delivery(0, 1), delivery(0, 5), delivery(7, 2)]);
    assert_eq!(heads(&db, i64::MAX), [(0, 5), (7, 2)]);
    assert_eq!(newer(&db, "[[0,5],[7,2]]", 9), []);
    deliver(&db, &[delivery(0, 6), delivery(7, 9), delivery(3, 0)]);
    assert_eq!(newer(&db, "[[0,5],[7,2]]", 9), [(0, 6), (3, 0), (7, 9)]);
    assert_eq!(newer(&db, "[[0,5],[7,2]]", 2), [(0, 6), (3, 0)]);
    assert_eq!(newer(&db, "[[0,6],[7,2],[3,0]]", 2), [(7, 9)]);
}

#[test]
fn a_tail_begins_where_a_time_was() {
    let db = warehouse(&[]);
    // `delivery` has an outcome `seq` milliseconds after noon.
    deliver(&db, &[delivery(0, 1), delivery(0, 5), delivery(7, 2)]);
    assert_eq!(heads(&db, NOON + 2), [(0, 1), (7, -1)]);
    assert_eq!(newer(&db, "[[0,1],[7,-1]]", 9), [(0, 5), (7, 2)]);
}

/// A poll a second may not read what was told already.
#[test]
fn only_new_rows_are_read() {
    let db = warehouse(&[]);
    let plan = plan(&db, &asked::newer(9));
    assert!(plan.contains("SEARCH deliveries USING PRIMARY KEY (shard=? AND seq>?)"), "{plan}");
    assert!(!plan.contains("SCAN deliveries") && !plan.contains("TEMP B-TREE FOR LAST"), "{plan}");
}
