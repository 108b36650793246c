//! What was dropped or altered, by rule.

use super::*;
use crate::names::MAX_NAMES;
use event::wire::NOT_ALLOWED;

const ALL: &str = "SELECT event, field, rule, policy, events, names FROM changes_by_rule ORDER BY 1, 2, 3, 4";

fn change(field: &str, rule: Rule) -> Change {
    Change { field: field.to_owned(), rule }
}

/// A delivery of one event to a tracker; `seq` is also the time.
fn delivered(seq: i64, payload: &str, tracker: &str, changes: &[Change]) -> Delivery {
    Delivery {
        payload_id: payload.to_owned(),
        event_id: "own".to_owned(),
        tracker: tracker.to_owned(),
        changes: changes.to_vec(),
        ..delivery(0, seq)
    }
}

fn kept_back(seq: i64, event: &str, reason: &str, changes: &[Change]) -> Delivery {
    Delivery {
        event: event.to_owned(),
        outcome: "filtered".to_owned(),
        reason: Some(reason.to_owned()),
        ..delivered(seq, &format!("p{seq}"), "ga4", changes)
    }
}

fn row(event: &str, field: &str, rule: &str, policy: Option<&str>, events: i64, names: i64) -> Vec<Value> {
    let policy = policy.map_or(Value::Null, text);
    vec![text(event), text(field), text(rule), policy, Value::Integer(events), Value::Integer(names)]
}

/// Also one of an event that goes to several trackers, is replayed, or has two names that are alike once they are scrubbed.
#[test]
fn an_event_counts_once_and_as_its_latest_delivery_has_it() {
    let db = warehouse(&[]);
    let note = [change("properties.note", Rule::NotAllowed), change("properties.note", Rule::NotAllowed)];
    let on = |day: i64, delivery: Delivery| Delivery { received_at: Millis(NOON + day * DAY_MS), ..delivery };
    let replayed = |delivery, policy: &str| Delivery {
        run: "replay:1".to_owned(),
        policy: Some(policy.to_owned()),
        ..delivery
    };
    deliver(
        &db,
        &[
            delivered(1, "p", "ga4", &note),
            delivered(2, "p", "heap", &note),
            delivered(3, "q", "ga4", &note),
            Delivery { idx: 1, ..delivered(4, "q", "ga4", &note) },
            // The same id on another day is another payload.
            on(1, delivered(5, "p", "ga4", &note)),
            // Replayed when the name was allowed, and under a policy that drops another one.
            delivered(6, "r", "heap", &note),
            replayed(delivered(7, "r", "ga4", &[]), "2-b"),
            delivered(8, "s", "ga4", &note),
            replayed(delivered(9, "s", "ga4", &[change("userId", Rule::Drop)]), "2-b"),
            // Its time is what makes it the latest, then its shard, then its number.
            Delivery { seq: 99, ..delivered(1, "s", "webhook", &note) },
        ],
    );
    let all = "SELECT day, event, field, rule, policy, events FROM changes_by_rule ORDER BY 1, 3";
    let row = |day, field, rule, policy, events| {
        let key = [day, "sign up", field, rule, policy].map(text);
        key.into_iter().chain([Value::Integer(events)]).collect::<Vec<_>>()
    };
    let expected = [
        row("2026-11-01", "properties.note", "not_allowed", "1-a", 3),
        row("2026-11-01", "userId", "drop", "2-b", 1),
        row("2026-11-02", "properties.note", "not_allowed", "1-a", 1),
    ];
    assert_eq!(rows(&db, all), expected);
}

/// It is another payload with the same `eventId`. Trackers that do not get the event say so and not that it came again, and
/// a replay may come later.
#[test]
fn an_event_that_came_again_does_not_count() {
    let db = warehouse(&[]);
    let note = [change("properties.note", Rule::NotAllowed)];
    let filtered = |seq, tracker: &str, reason: &str| Delivery {
        tracker: tracker.to_owned(),
        ..Delivery { payload_id: "again".to_owned(), ..kept_back(seq, "sign up", reason, &note) }
    };
    let expected = [row("sign up", "properties.note", "not_allowed", Some("1-a"), 1, 1)];
    deliver(&db, &[delivered(1, "first", "ga4", &note), filtered(2, "ga4", "duplicate")]);
    assert_eq!(rows(&db, ALL), expected);
    deliver(&db, &[filtered(3, "heap", "not_for_tracker")]);
    assert_eq!(rows(&db, ALL), expected, "one of its trackers does not get the event");
    let replay = Delivery { run: "replay:1".to_owned(), ..delivered(4, "again", "ga4", &note) };
    deliver(&db, &[replay]);
    assert_eq!(rows(&db, ALL), expected, "the replay of both counts once");
    // The word alone, of a delivery that was made, says nothing.
    let named = Delivery { reason: Some("duplicate".to_owned()), ..delivered(5, "second", "ga4", &note) };
    deliver(&db, &[named]);
    let twice = [row("sign up", "properties.note", "not_allowed", Some("1-a"), 2, 1)];
    assert_eq!(rows(&db, ALL), twice);
}

/// As a shard writes them.
#[test]
fn every_rule_is_shown_with_its_field() {
    let db = warehouse(&[]);
    let found = || vec!["email".to_owned()];
    let rules = [
        Rule::NotAllowed,
        Rule::WrongType,
        Rule::NotInEnum,
        Rule::TooLong,
        Rule::OutOfRange,
        Rule::NoMatch,
        Rule::TooMany,
        Rule::TooDeep,
        Rule::Drop,
        Rule::Hashed { found: found() },
        Rule::NoKey,
        Rule::Scrubbed { found: found() },
        Rule::Personal { found: found() },
        Rule::Reduced,
        Rule::Malformed,
        Rule::More { count: 3 },
    ];
    let changes = rules.map(|rule| change("properties.größe 'a'", rule));
    let mut expected: Vec<_> = changes
        .iter()
        .map(|change| {
            let json = serde_json::to_value(change).unwrap();
            row("sign up", "properties.größe 'a'", json["rule"].as_str().unwrap(), None, 1, 1)
        })
        .collect();
    expected.sort_by_key(|row| format!("{row:?}"));
    deliver(&db, &[Delivery { policy: None, ..delivered(1, "p", "ga4", &changes) }]);
    assert_eq!(rows(&db, ALL), expected);
}

/// What came of a refused source would not leave under any name.
#[test]
fn an_event_that_is_not_allowed_counts_under_its_own_name() {
    let db = warehouse(&[]);
    let named = |name: &str| [change(&format!("event.{name}"), Rule::NotAllowed)];
    let untold = [change("properties", Rule::More { count: 1 })];
    deliver(
        &db,
        &[
            kept_back(1, NOT_ALLOWED, "not_allowed", &named("check out")),
            Delivery {
                tracker: "heap".to_owned(),
                ..kept_back(1, NOT_ALLOWED, "not_allowed", &named("check out"))
            },
            kept_back(2, NOT_ALLOWED, "not_allowed", &named("check out")),
            kept_back(3, NOT_ALLOWED, "not_allowed", &named("event.\n%")),
            kept_back(4, NOT_ALLOWED, "not_allowed", &named("")),
            // Of a release that did not tell it, and one of too many in their payload.
            kept_back(5, NOT_ALLOWED, "not_allowed", &[]),
            kept_back(6, NOT_ALLOWED, "not_allowed", &untold),
            kept_back(7, NOT_ALLOWED, "source", &[]),
            // Allowed when it was opened, and not any more when it was due.
            kept_back(8, "buy", "not_allowed", &[change("properties.note", Rule::TooLong)]),
            kept_back(9, "buy", "not_for_tracker", &[change("properties.note", Rule::TooLong)]),
        ],
    );
    let expected = [
        row("", "event", "not_allowed", Some("1-a"), 1, 1),
        row(NOT_ALLOWED, "event", "not_allowed", Some("1-a"), 2, 1),
        row("buy", "event", "not_allowed", Some("1-a"), 1, 1),
        row("buy", "properties.note", "too_long", Some("1-a"), 1, 1),
        row("check out", "event", "not_allowed", Some("1-a"), 2, 1),
        row("event.\n%", "event", "not_allowed", Some("1-a"), 1, 1),
    ];
    assert_eq!(rows(&db, ALL), expected);
}

/// Senders can make up any number of names.
#[test]
fn of_a_day_the_thousand_most_frequent_names_are_told_and_the_others_counted() {
    let db = warehouse(&[]);
    let max = i64::try_from(MAX_NAMES).unwrap();
    let of = |i: i64| change(&format!("properties.{i:04}"), Rule::NotAllowed);
    // Ten more than are told, each once, in an order that is not theirs.
    let mut deliveries: Vec<_> = (0..max + 10)
        .map(|i| i * 7 % (max + 10))
        .map(|i| delivered(i, &format!("p{i}"), "ga4", &[of(i), change("userId", Rule::Drop)]))
        .collect();
    // The last one comes again, under another policy: it is told before those that came once.
    let again =
        Delivery { policy: Some("2-b".to_owned()), ..delivered(5_000, "again", "ga4", &[of(max + 9)]) };
    // That something has a name on another day says nothing of this one.
    let tomorrow =
        Delivery { received_at: Millis(NOON + DAY_MS), ..delivered(6_000, "p", "ga4", &[of(max + 8)]) };
    deliveries.extend([again, tomorrow]);
    deliver(&db, &deliveries);
    let day = "FROM changes_by_rule WHERE day = '2026-11-01'";
    let others = format!("SELECT event, field, rule, policy, events, names {day} AND event = '(others)'");
    assert_eq!(rows(&db, &others), [row("(others)", "(others)", "not_allowed", None, 10, 10)]);
    let told = format!(
        "SELECT DISTINCT field {day} AND rule = 'not_allowed' AND event <> '(others)' ORDER BY field"
    );
    let expected: Vec<_> = (0..max - 1).chain([max + 9]).map(|i| vec![text(&of(i).field)]).collect();
    assert_eq!(rows(&db, &told), expected);
    let twice =
        format!("SELECT policy, events, names {day} AND field = '{}' ORDER BY policy", of(max + 9).field);
    let expected = ["1-a", "2-b"].map(|policy| vec![text(policy), Value::Integer(1), Value::Integer(1)]);
    assert_eq!(rows(&db, &twice), expected);
    let sums = "SELECT day, rule, sum(events) FROM changes_by_rule GROUP BY day, rule ORDER BY day, rule";
    let sum = |day, rule, events| vec![text(day), text(rule), Value::Integer(events)];
    let expected = [
        sum("2026-11-01", "drop", max + 10),
        sum("2026-11-01", "not_allowed", max + 11),
        sum("2026-11-02", "not_allowed", 1),
    ];
    assert_eq!(rows(&db, sums), expected);
}

#[test]
fn what_is_no_change_is_left_out() {
    let db = warehouse(&[]);
    deliver(&db, &[delivered(1, "p", "ga4", &[]), delivered(2, "q", "ga4", &[change("f", Rule::Drop)])]);
    let odd = [
        "",
        " ",
        "x",
        "{",
        "[",
        "1",
        "null",
        "[]",
        "{}",
        "[1,\"a\",null,[],{},true]",
        "[{\"field\":\"f\"}]",
        r#"[{"field":1,"rule":"drop"}]"#,
        r#"[{"field":"f","rule":null}]"#,
        r#"[{"field":"f","rule":["drop"]}]"#,
        r#"[{"field":"f","rule":"drop"}"#,
        r#"[[{"field":"f","rule":"drop"}]]"#,
        "\u{feff}[]",
    ];
    for changes in odd {
        db.execute("UPDATE deliveries SET changes = ? WHERE seq = 1", [changes]).unwrap();
        assert_eq!(rows(&db, ALL), [row("sign up", "f", "drop", Some("1-a"), 1, 1)], "{changes}");
    }
    let mixed = r#"[1,{"field":"f","rule":"drop","count":"x"},null]"#;
    db.execute("UPDATE deliveries SET changes = ? WHERE seq = 1", [mixed]).unwrap();
    assert_eq!(rows(&db, ALL), [row("sign up", "f", "drop", Some("1-a"), 2, 1)]);
}

/// SQLite plans differently once it has statistics.
#[test]
fn a_question_about_a_day_reads_that_day_alone() {
    let db = warehouse(&[]);
    let deliveries: Vec<_> = (0..2_000)
        .map(|seq| Delivery { received_at: Millis(NOON + seq / 100 * DAY_MS), ..delivery(0, seq) })
        .collect();
    deliver(&db, &deliveries);
    for _ in 0..2 {
        for more in ["", " AND rule = 'not_allowed'", " AND event = 'sign up'"] {
            let plan = plan(&db, &format!("SELECT * FROM changes_by_rule WHERE day = '2026-11-02'{more}"));
            assert!(plan.contains("SEARCH deliveries USING INDEX deliveries_by_day (<expr>=?)"), "{plan}");
            assert!(plan.contains("SEARCH deliveries USING PRIMARY KEY (shard=? AND seq=?)"), "{plan}");
            assert!(!plan.contains("SCAN deliveries"), "{plan}");
        }
        db.execute_batch("ANALYZE").unwrap();
    }
}

/// A database of a release that did not have the view, or had another one.
#[test]
fn a_migration_adds_the_view_to_a_database_that_is_there() {
    let db = warehouse(&[]);
    deliver(&db, &[delivered(1, "p", "ga4", &[change("userId", Rule::Drop)])]);
    let expected = [row("sign up", "userId", "drop", Some("1-a"), 1, 1)];
    for older in [
        "DROP VIEW changes_by_rule",
        "DROP VIEW changes_by_rule; CREATE VIEW changes_by_rule AS SELECT 1",
        "",
    ] {
        db.execute_batch(older).unwrap();
        migrate(&db, &[]);
        assert_eq!(rows(&db, ALL), expected, "{older}");
    }
}

fn any_cell() -> impl Strategy<Value = Value> {
    let odd = [
        "",
        "x",
        "[",
        "[1]",
        "[{}]",
        "{\"field\":\"f\",\"rule\":\"drop\"}",
        "[{\"field\":\"event.x\",\"rule\":\"not_allowed\"}]",
        "[{\"field\":{},\"rule\":1e999}]",
        "[\"\\ud83d\"]",
        "(not allowed)",
        "not_allowed",
        "filtered",
    ];
    prop_oneof![
        proptest::sample::select(odd.to_vec()).prop_map(text),
        any::<String>().prop_map(Value::Text),
        any::<Vec<u8>>().prop_map(Value::Blob),
        proptest::sample::select(odd.to_vec()).prop_map(|text| Value::Blob(text.into())),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Real),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// One row that nobody expects must not break everybody's queries.
    #[test]
    fn no_row_breaks_the_view(cells in proptest::collection::vec(any_cell(), 7), not_allowed: bool) {
        let db = warehouse(&[]);
        deliver(&db, &[delivered(1, "p", "ga4", &[change("userId", Rule::Drop)])]);
        let [payload, idx, event, changes, policy, received_at, at] = &cells[..] else { unreachable!() };
        let outcome = if not_allowed { "filtered" } else { "delivered" };
        let row = params_from_iter([payload, idx, event, changes, policy, received_at, at]);
        let sql = format!("INSERT INTO deliveries VALUES (?, ?, '', ?, 'ga4', '{outcome}', 'not_allowed', 200, 1, ?, ?, '', 'live', 0, 2, ?, ?)");
        // Columns refuse NULL, which is what some numbers become.
        let _ = db.execute(&sql, row);
        rows(&db, "SELECT * FROM changes_by_rule");
        let found = rows(&db, "SELECT 1 FROM changes_by_rule WHERE day = '2026-11-01' AND field = 'userId' AND rule = 'drop'");
        prop_assert_eq!(found.len(), 1);
    }
}
