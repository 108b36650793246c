//! Batches, and what is made of their replies.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// `rows` payloads, named by their place.
fn insert(rows: usize) -> Insert {
    let rows: Vec<_> = (0..rows).map(|place| (format!("p{place}"), NOON, "{}", "{}")).collect();
    Insert::new(&dataset(), Table::Raw, &serde_json::to_string(&rows).unwrap()).unwrap()
}

/// The places of a batch's rows.
fn places(insert: &Insert, batch: &Batch) -> Vec<usize> {
    let body: Json = serde_json::from_str(&insert.request(batch).body.unwrap()).unwrap();
    let ids = body["rows"].as_array().unwrap().iter().map(|row| row["json"]["eventId"].as_str().unwrap());
    ids.map(|id| id[1..].parse().unwrap()).collect()
}

#[derive(Deserialize)]
struct Case {
    #[serde(flatten)]
    reply: Reply,
    rows: usize,
    /// The batches that are next.
    #[serde(default)]
    next: Vec<Vec<usize>>,
    #[serde(default)]
    refused: Vec<(usize, String)>,
    failure: Option<Expected>,
}

#[test]
fn replies_are_read_row_by_row() {
    for case in cases::<Case>(include_str!("fixtures/insert_replies.json")) {
        let about = &case.reply.about;
        let mut insert = insert(case.rows);
        let batch = insert.next().unwrap();
        let result = insert.answered(batch, case.reply.status, &case.reply.body());
        if let Err(failure) = &result {
            let text = format!("{failure} {failure:?}");
            assert!(!text.contains("s3cret"), "{about}: {text}");
        }
        assert_eq!(result.err().map(Expected::from), case.failure, "{about}");
        let mut next = Vec::new();
        while let Some(batch) = insert.next() {
            next.push(places(&insert, &batch));
        }
        assert_eq!(next, case.next, "{about}");
        let refused: Vec<_> = insert.refused().into_iter().map(|row| (row.place, row.reason)).collect();
        assert_eq!(refused, case.refused, "{about}");
    }
}

#[test]
fn a_request_holds_at_most_what_google_recommends() {
    let mut insert = insert(2 * MAX_ROWS + 1);
    let sizes: Vec<_> =
        std::iter::from_fn(|| insert.next().map(|batch| places(&insert, &batch).len())).collect();
    assert_eq!(sizes, [MAX_ROWS, MAX_ROWS, 1]);
}

/// 1 MiB of control characters is a body that Dispatcher takes, and 6 MiB of JSON: each is a request of its own, and
/// Google would take it.
#[test]
fn the_longest_bodies_fit() {
    let long = "\u{1}".repeat(1 << 20);
    let rows = [("p0", NOON, &long, "{}"), ("p1", NOON, &long, "{}")];
    let mut insert = Insert::new(&dataset(), Table::Raw, &serde_json::to_string(&rows).unwrap()).unwrap();
    for place in 0..2 {
        let batch = insert.next().unwrap();
        assert_eq!(places(&insert, &batch), [place]);
        assert!(insert.request(&batch).body.unwrap().len() <= MAX_BYTES);
    }
}

/// What happens to a call besides what its rows deserve.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    /// Nothing was stored.
    Unavailable,
    /// The rows were stored, and then the connection died.
    CutAfterwards,
    /// The token has expired.
    Unauthorized,
    /// All good rows are stored but the first, for another reason than its own.
    RowFailed,
}

/// BigQuery as Google documents it.
struct Fake {
    /// Rows that it never takes.
    bad: BTreeSet<usize>,
    /// It answers 413 to more rows.
    max_rows: usize,
    /// It stores nothing where a row is bad, as without `skipInvalidRows`.
    all_or_none: bool,
    faults: VecDeque<Fault>,
    /// How often each row was stored.
    stored: BTreeMap<usize, usize>,
}

impl Fake {
    fn answer(&mut self, rows: &[usize]) -> Option<(u16, String)> {
        if rows.len() > self.max_rows {
            return Some((413, "<html>".to_owned()));
        }
        let fault = self.faults.pop_front().unwrap_or(Fault::None);
        match fault {
            Fault::Unavailable => return Some((503, String::new())),
            Fault::Unauthorized => return Some((401, String::new())),
            _ => {}
        }
        let is_bad = |row: &&usize| self.bad.contains(row);
        let stops = self.all_or_none && rows.iter().any(|row| is_bad(&row));
        let failed =
            matches!(fault, Fault::RowFailed).then(|| rows.iter().find(|row| !is_bad(row))).flatten();
        let mut errors = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let reason = match row {
                row if self.bad.contains(row) => "invalid",
                _ if stops => "stopped",
                row if Some(row) == failed => "backendError",
                _ => {
                    *self.stored.entry(*row).or_default() += 1;
                    continue;
                }
            };
            errors.push(json!({ "index": index, "errors": [{ "reason": reason, "message": "" }] }));
        }
        let body = json!({ "kind": "bigquery#tableDataInsertAllResponse", "insertErrors": errors });
        (!matches!(fault, Fault::CutAfterwards)).then(|| (200, body.to_string()))
    }
}

/// One attempt, as a Worker makes it. True where all rows have come to an end.
fn attempt(fake: &mut Fake, rows: usize, refused: &mut BTreeSet<usize>) -> bool {
    let mut insert = insert(rows);
    let mut renewed = false;
    while let Some(batch) = insert.next() {
        let Some((status, body)) = fake.answer(&places(&insert, &batch)) else { return false };
        match insert.answered(batch, status, &body) {
            Ok(()) => {}
            Err(Failure { kind: Kind::Renew, .. }) if !renewed => renewed = true,
            Err(_) => return false,
        }
    }
    *refused = insert.refused().iter().map(|row| row.place).collect();
    true
}

fn fault() -> impl Strategy<Value = Fault> {
    use Fault::{CutAfterwards, None, RowFailed, Unauthorized, Unavailable};
    prop_oneof![Just(None), Just(Unavailable), Just(CutAfterwards), Just(Unauthorized), Just(RowFailed)]
}

proptest! {
    #[test]
    fn every_row_is_stored_or_refused_whatever_fails(
        rows in 1..30_usize,
        bad in proptest::collection::btree_set(0..30_usize, 0..6),
        max_rows in 1..30_usize,
        all_or_none: bool,
        faults in proptest::collection::vec(fault(), 0..12),
    ) {
        let bad: BTreeSet<_> = bad.into_iter().filter(|place| *place < rows).collect();
        let attempts = faults.len() + 1;
        let mut fake = Fake { bad: bad.clone(), max_rows, all_or_none, faults: faults.into(), stored: BTreeMap::new() };
        let mut refused = BTreeSet::new();
        let done = (0..attempts).any(|_| attempt(&mut fake, rows, &mut refused));
        prop_assert!(done, "each fault costs one attempt at most");
        prop_assert_eq!(&refused, &bad);
        let stored: Vec<_> = fake.stored.keys().copied().collect();
        let good: Vec<_> = (0..rows).filter(|place| !bad.contains(place)).collect();
        prop_assert_eq!(stored, good);
    }

    #[test]
    fn without_faults_every_row_is_stored_once_and_in_order(rows in 1..2000_usize) {
        let mut insert = insert(rows);
        let mut all = Vec::new();
        while let Some(batch) = insert.next() {
            all.extend(places(&insert, &batch));
            insert.answered(batch, 200, "{}").unwrap();
        }
        prop_assert_eq!(all, (0..rows).collect::<Vec<_>>());
        prop_assert_eq!(insert.refused(), []);
    }
}
