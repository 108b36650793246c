//! The forms of an answer.

use super::*;
use serde_json::json;

fn written<'a>(
    make: impl FnOnce(&'a mut Vec<u8>) -> Box<dyn Sink + 'a>,
    out: &'a mut Vec<u8>,
    columns: &[&str],
    rows: Vec<Value>,
) {
    let columns: Vec<_> = columns.iter().map(|&name| name.to_owned()).collect();
    let mut sink = make(out);
    for row in rows {
        sink.row(&columns, row.as_array().unwrap().clone()).unwrap();
    }
    sink.end(&columns).unwrap();
}

macro_rules! written {
    ($form:ident, $columns:expr, $rows:expr) => {{
        let mut out = Vec::new();
        written(|out| Box::new($form::new(out)), &mut out, &$columns, $rows);
        String::from_utf8(out).unwrap()
    }};
}

#[test]
fn csv_has_the_names_first_and_null_is_nothing() {
    let rows = vec![json!([1, null, "a,\"b\"\nc"]), json!([2.5, true, ["x"]])];
    assert_eq!(
        written!(Delimited, ["n", "n", "text"], rows),
        "n,n,text\n1,,\"a,\"\"b\"\"\nc\"\n2.5,true,\"[\"\"x\"\"]\"\n"
    );
    assert_eq!(written!(Delimited, ["n"], vec![]), "n\n");
}

#[test]
fn json_keeps_the_order_and_no_column_is_lost() {
    let rows = vec![json!([1, 2, 3, null]), json!([4, 5, 6, "x"])];
    let columns = ["z", "a", "z", "z_2"];
    let json = written!(Json, columns, rows.clone());
    assert_eq!(
        json,
        "[\n{\"z\":1,\"a\":2,\"z_3\":3,\"z_2\":null},\n{\"z\":4,\"a\":5,\"z_3\":6,\"z_2\":\"x\"}\n]\n"
    );
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap().as_array().unwrap().len(), 2);
    assert_eq!(written!(Json, columns, vec![]), "[]\n");
    assert_eq!(written!(Lines, ["a"], vec![json!([1]), json!([null])]), "{\"a\":1}\n{\"a\":null}\n");
    assert_eq!(written!(Lines, ["a"], vec![]), "");
}

#[test]
fn a_table_is_as_wide_as_the_terminal_and_says_null() {
    let mut table = Box::new(Table::new(Vec::<u8>::new()));
    table.table.set_width(40);
    let columns = ["id".to_owned(), "data".to_owned()];
    table.row(&columns, vec![json!("a"), json!("x".repeat(10_000))]).unwrap();
    table.row(&columns, vec![Value::Null, json!("y")]).unwrap();
    let inner = table.table.to_string();
    assert!(inner.lines().all(|line| line.chars().count() <= 40), "{inner}");
    assert!(inner.contains('…') && inner.contains("NULL"), "{inner}");
}

/// Events hold what anybody sent.
#[test]
fn nothing_in_a_table_drives_the_terminal() {
    let table = written!(Table, ["a\u{1b}[2J"], vec![json!(["\u{1b}]0;x\u{7}\n\u{202e}"])]);
    assert!(!table.chars().any(|c| c.is_control() && c != '\n'), "{table:?}");
    assert!(table.contains("\\u{1b}]0;x\\u{7}\\n\\u{202e}"), "{table}");
    assert!(table.ends_with("\n1 row\n"), "{table}");
}
