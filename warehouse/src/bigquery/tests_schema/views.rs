//! The SQL of the views.

use super::sql::{Token, shown, tokens};
use super::*;
use crate::bigquery::account_views::views;
use crate::bigquery::changes_view::changes_by_rule;
use crate::bigquery::request_view::requests_by_event;
use crate::bigquery::view::raw_normalized;
use proptest::prelude::*;

#[test]
fn every_view_has_the_columns_of_d1() {
    let columns = [column("order", "order"), column("gr__e", "größe")];
    let db = d1(&columns);
    let others = [
        ("raw_normalized", raw_normalized(&dataset(), &columns)),
        ("changes_by_rule", changes_by_rule(&dataset())),
        ("requests_by_event", requests_by_event(&dataset())),
    ];
    for (name, query) in others.into_iter().chain(views(&dataset())) {
        assert_eq!(shown(&query), d1_columns(&db, name), "{name}");
    }
}

/// The lists behind `PARTITION BY` or `GROUP BY`.
fn groups(query: &str, by: &str) -> Vec<Vec<String>> {
    let tokens = tokens(query);
    let starts = (2..=tokens.len()).filter(|&at| tokens[at - 2].is(by) && tokens[at - 1].is("BY"));
    starts
        .map(|at| {
            let list = tokens[at..].iter().map_while(|token| match token {
                Token::Plain(word) if word != "ORDER" && word != ")" && word != "UNION" => Some(word.clone()),
                _ => None,
            });
            list.filter(|word| word != ",").collect()
        })
        .collect()
}

/// A filter on the day must skip partitions, or every query is billed for the whole table: the day comes from the
/// partition's column by a function that BigQuery looks through, nothing else makes a column of this name, and
/// rows of different days are never grouped with each other.
#[test]
fn a_filter_on_the_day_goes_down_to_the_partitions_of_raw() {
    let query = raw_normalized(&dataset(), &[column("plan", "plan")]);
    assert!(query.contains("    DATE(timestamp, 'UTC') AS day,"), "{query}");
    assert!(query.contains("FROM `shop-4711.events.raw`\n"), "{query}");
    assert_eq!(query.matches("AS day").count(), 1, "{query}");
    assert_eq!(groups(&query, "PARTITION"), [["day", "eventId"]]);
    assert_eq!(groups(&query, "GROUP"), [[""; 0]; 0]);
}

#[test]
fn a_filter_on_the_day_goes_down_to_the_partitions_of_the_account() {
    for (name, query) in views(&dataset()) {
        let windows = groups(&query, "PARTITION");
        assert!(
            windows.iter().all(|columns| columns.iter().any(|column| column == "day")),
            "{name}: {windows:?}"
        );
        // Stories are asked for by event.
        let key = if name == "stories" { "eventId" } else { "day" };
        let groups = groups(&query, "GROUP");
        assert!(
            groups.iter().all(|columns| columns.iter().any(|column| column == key)),
            "{name}: {groups:?}"
        );
        // Through a join a filter would reach one side for certain.
        assert!(!query.contains("JOIN"), "{name}");
        assert!(!query.contains("AS day") || query.contains("DATE(receivedAt, 'UTC') AS day"), "{name}");
    }
}

/// A story is one event's: with the event in every group, its blocks alone are read.
#[test]
fn a_filter_on_the_event_goes_down_to_the_deliveries() {
    for (name, query) in views(&dataset()) {
        if name == "stories" || name == "latest_outcomes" {
            let groups = [groups(&query, "PARTITION"), groups(&query, "GROUP")].concat();
            assert!(
                groups.iter().all(|columns| columns.iter().any(|column| column == "eventId")),
                "{name}: {groups:?}"
            );
        }
    }
}

/// BigQuery inserts at least once: a row that is there twice must not count twice.
#[test]
fn deliveries_are_told_apart_by_shard_and_seq() {
    for (name, query) in views(&dataset()) {
        let key = ["shard", "seq"];
        let told_apart =
            groups(&query, "PARTITION").iter().any(|columns| columns.ends_with(&key.map(str::to_owned)));
        let latest_alone = query.contains("ORDER BY timestamp DESC, shard DESC, seq DESC");
        let distinct = query.contains("UNION DISTINCT");
        let reads_deliveries = query.contains(".deliveries`");
        assert_eq!(told_apart || latest_alone || distinct, reads_deliveries, "{name}");
    }
}

/// A filter on any of these columns goes down to the partitions and blocks of the table, and of a row that is there twice
/// one counts.
#[test]
fn calls_are_found_by_day_tracker_and_run_and_told_apart_by_shard_and_seq() {
    let query = requests_by_event(&dataset());
    assert!(
        query.contains("DATE(receivedAt, 'UTC') AS day\n  FROM `shop-4711.events.requests`\n"),
        "{query}"
    );
    assert_eq!(query.matches("AS day").count(), 1, "{query}");
    assert_eq!(groups(&query, "PARTITION"), [["day", "tracker", "run", "shard", "seq"]]);
    assert!(query.ends_with("\nWHERE number = 1"), "{query}");
}

/// A filter on the day goes down to the partitions, and of an event, whose rows can be there twice, one counts.
#[test]
fn changes_are_found_by_day_and_told_once_of_an_event() {
    let query = changes_by_rule(&dataset());
    assert!(
        query.contains("DATE(receivedAt, 'UTC') AS day\n  FROM `shop-4711.events.deliveries`\n"),
        "{query}"
    );
    assert_eq!(query.matches("AS day").count(), 1, "{query}");
    let windows = groups(&query, "PARTITION");
    assert_eq!(windows[0], ["day", "payloadId", "idx"]);
    // An event that came again is none of its own.
    assert!(
        query.contains("ORDER BY isAgain DESC, timestamp DESC")
            && query.contains("\n  WHERE number = 1 AND NOT isAgain\n")
    );
    let grouped = [windows, groups(&query, "GROUP")].concat();
    assert!(grouped.iter().all(|columns| columns[0] == "day"), "{grouped:?}");
    assert_eq!(query.matches("DISTINCT\n    day,").count(), 1, "{query}");
    // The one join is with what the row itself holds.
    assert_eq!(query.matches("JOIN").count(), 1, "{query}");
    assert!(query.contains("CROSS JOIN UNNEST(list)"), "{query}");
}

fn odd_name() -> impl Strategy<Value = String> {
    let odd = proptest::sample::select(vec![
        '\'', '"', '`', '\\', '\n', '\r', '\0', '$', '.', '[', '-', '#', '/', '*', 'u', '{', '}', '\u{2028}',
        'é',
    ]);
    proptest::collection::vec(prop_oneof![odd, any::<char>()], 0..12)
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever names an allowlist has, what is between quotes is the name, and the rest of the view is what it is for a
    /// plain one.
    #[test]
    fn no_name_breaks_out_of_its_quotes(name in odd_name(), property in odd_name()) {
        let plain = tokens(&raw_normalized(&dataset(), &[column("the column", "the property")]));
        let expected: Vec<_> = plain
            .into_iter()
            .map(|token| match token {
                Token::Name(text) if text == "the column" => Token::Name(name.clone()),
                Token::Text(text) if text == "the property" => Token::Text(property.clone()),
                other => other,
            })
            .collect();
        prop_assert_eq!(tokens(&raw_normalized(&dataset(), &[column(&name, &property)])), expected);
    }
}
