//! How long tables keep their days.

use crate::bigquery::{Kind, Retention};

fn of(partitioning: &str) -> Retention {
    Retention::read(200, &format!("{{\"timePartitioning\":{partitioning}}}")).unwrap()
}

#[test]
fn it_is_read_as_google_writes_it() {
    assert_eq!(of(r#"{"type":"DAY","expirationMs":"2592000000"}"#), Retention::days(30));
    for for_ever in [r#"{"type":"DAY"}"#, r#"{"expirationMs":null}"#, "null"] {
        assert_eq!(of(for_ever), Retention::days(0), "{for_ever}");
    }
    assert_eq!(Retention::read(200, "{}"), Ok(Retention::default()), "a table without partitions");
    let absent = r#"{"error":{"errors":[{"reason":"notFound"}]}}"#;
    assert!(Retention::read(404, absent).unwrap_err().is_not_found());
}

/// Taken for it, they would let a table lose its rows, or be left alone that is to be asked again.
#[test]
fn replies_about_something_else_are_not_for_ever() {
    for body in ["<html>", "", r#"{"timePartitioning":{"expirationMs":"soon"}}"#] {
        let failure = Retention::read(200, body).unwrap_err();
        assert_eq!(failure.kind, Kind::Temporary, "{body}");
    }
}

#[test]
fn nothing_is_longer_than_for_ever() {
    let [day, week, for_ever] = [1, 7, 0].map(Retention::days);
    assert!(day.is_shorter_than(week) && week.is_shorter_than(for_ever));
    for (longer, shorter) in [(week, day), (for_ever, week), (day, day), (for_ever, for_ever)] {
        assert!(!longer.is_shorter_than(shorter), "{longer} {shorter}");
    }
}

#[test]
fn it_is_told_in_days_where_it_is_some() {
    let told = [Retention::days(0), Retention::days(30), of(r#"{"expirationMs":"129600000"}"#)];
    assert_eq!(told.map(|retention| retention.to_string()), ["for ever", "for 30 days", "for 129600000 ms"]);
}
