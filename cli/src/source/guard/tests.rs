//! Hostile statements: none that changes something passes, whatever it is dressed as, and what reads passes.

use super::*;
use Dialect::{BigQuery, D1};

/// A database with a table, a view and a row.
fn database() -> rusqlite::Connection {
    let schema = [
        "CREATE TABLE raw (id TEXT, n INTEGER)",
        "CREATE INDEX raw_by_id ON raw (id)",
        "CREATE VIEW v AS SELECT id FROM raw",
    ];
    sqlite::likeness(schema.into_iter()).unwrap()
}

const READS: [&str; 16] = [
    "SELECT 1",
    "select * from raw;",
    " -- a comment; DELETE FROM raw\n SELECT 1 ; ; -- and another",
    "/* ; */ SELECT 1 /* not closed",
    "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a WHERE n < 9) SELECT * FROM a",
    "VALUES (1), (2)",
    "SELECT ';', '''; DELETE FROM raw; --', \"id\" FROM raw",
    "SELECT id AS [delete; x], n AS `drop``;` FROM raw",
    "SELECT * FROM json_each('[1,2]'), v",
    "SELECT replace(id, 'a', 'b') FROM raw",
    "SELECT count(*) FILTER (WHERE n > 1) OVER (PARTITION BY id) FROM raw",
    "EXPLAIN QUERY PLAN SELECT * FROM raw WHERE id = 'a'",
    "SELECT CASE WHEN n THEN 'INSERT' END FROM raw",
    "SELECT 'größe', id FROM raw WHERE id LIKE '%;%'",
    "SELECT json_extract('{\"a\":1}', '$.a')",
    "SELECT \"update\".id FROM raw AS \"update\"",
];

const CHANGES: [&str; 36] = [
    "",
    "  -- nothing",
    ";",
    "DELETE FROM raw",
    "/* SELECT */ DELETE FROM raw",
    "WITH x AS (SELECT 1) DELETE FROM raw",
    "WITH x AS (SELECT 1) INSERT INTO raw SELECT 'a', 1",
    "WITH x AS (SELECT 1) REPLACE INTO raw SELECT 'a', 1",
    "WITH x AS (SELECT 1) UPDATE raw SET n = 1",
    "INSERT INTO raw VALUES ('a', 1) RETURNING id",
    "UPDATE raw SET n = 2 RETURNING *",
    "SELECT 1; DELETE FROM raw",
    "SELECT 1;;DELETE FROM raw",
    "SELECT ''';'; DELETE FROM raw",
    "SELECT 1 --\n; DELETE FROM raw",
    "SELECT 1 -- \r; x\n; DROP TABLE raw",
    "PRAGMA writable_schema = 1",
    "PRAGMA journal_mode = DELETE",
    "SELECT * FROM pragma_table_list",
    "ATTACH 'x.sqlite' AS x",
    "DETACH main",
    "VACUUM INTO 'x.sqlite'",
    "EXPLAIN DELETE FROM raw",
    "EXPLAIN QUERY PLAN DELETE FROM raw",
    "CREATE TABLE x AS SELECT 1",
    "CREATE TEMP VIEW x AS SELECT 1",
    "DROP TABLE raw",
    "ALTER TABLE raw ADD COLUMN x",
    "BEGIN",
    "COMMIT",
    "SAVEPOINT x",
    "REINDEX",
    "ANALYZE",
    "SELECT load_extension('x')",
    "SELECT 1\0; DELETE FROM raw",
    "SELECT * FROM nowhere",
];

fn judged(sql: &str) -> Result<(), GuardError> {
    let db = database();
    is_one_select(sql, D1)?;
    let mut statement = sqlite::prepare(&db, sql)?;
    let mut rows = statement.query([]).unwrap();
    while rows.next().map_err(|_| GuardError::Denied)?.is_some() {}
    Ok(())
}

#[test]
fn in_d1_what_reads_passes_and_nothing_else() {
    for sql in READS {
        assert_eq!(judged(sql), Ok(()), "{sql}");
    }
    for sql in CHANGES {
        assert!(judged(sql).is_err(), "{sql}");
    }
}

/// The text need not be looked at before: each of the two is enough by itself, but for what SQLite does not see.
#[test]
fn sqlites_own_judgement_holds_without_the_lexer() {
    let db = database();
    let unseen = ["", "  -- nothing", ";", "SELECT 1\0; DELETE FROM raw"];
    for sql in CHANGES.into_iter().filter(|sql| !unseen.contains(sql)) {
        assert!(sqlite::prepare(&db, sql).is_err(), "{sql}");
    }
}

#[test]
fn in_bigquery_what_reads_passes() {
    for sql in [
        "SELECT 1",
        "(SELECT 1) UNION ALL (SELECT 2);",
        "# a comment; DROP TABLE raw\nFROM raw |> WHERE n > 1 |> AGGREGATE COUNT(*) GROUP BY id",
        "WITH a AS (SELECT 1 AS delete) SELECT delete, update FROM a",
        "SELECT r'\\'; DROP TABLE raw; --' FROM raw",
        "SELECT '''a\n'; DROP TABLE raw;''' , \"\"\"b\";\"\"\"",
        "SELECT rb'x;', BR\"y;\", `a;b`, 'c\\';d'",
        "SELECT @p1, @@session.time_zone, brand, '' FROM raw",
        "-- x\rSELECT 1",
    ] {
        assert_eq!(is_one_select(sql, BigQuery), Ok(()), "{sql}");
    }
}

#[test]
fn in_bigquery_nothing_else_passes() {
    for sql in [
        "",
        "#",
        "DELETE FROM raw WHERE TRUE",
        "MERGE raw USING b ON FALSE WHEN NOT MATCHED THEN INSERT ROW",
        "TRUNCATE TABLE raw",
        "DROP TABLE raw",
        "CREATE TEMP FUNCTION f() AS (1); SELECT f()",
        "DECLARE x INT64; SELECT x",
        "BEGIN SELECT 1; DROP TABLE raw; END",
        "EXECUTE IMMEDIATE 'DROP TABLE raw'",
        "EXPORT DATA OPTIONS(uri='gs://x/*', format='CSV') AS SELECT 1",
        "CALL p()",
        "SELECT 1; DROP TABLE raw",
        "SELECT 'a\\\\'; DROP TABLE raw; --'",
        "SELECT r'a\\\\'; DROP TABLE raw; --'",
        "SELECT '''a'''; DROP TABLE raw",
        "SELECT '' ''; DROP TABLE raw",
        "SELECT 1 -- x\r; DROP TABLE raw",
        "SELECT 1 /* /* */ ; DROP TABLE raw -- */",
        "SELECT 1 # '\n; DROP TABLE raw -- '",
        "SELECT 'a\n; DROP TABLE raw --'",
        "SELECT \"open",
        "SELECT 1 /* open",
        "FROM raw |> EXPORT DATA OPTIONS(uri='x')",
        "FROM raw |> INSERT INTO b",
        "FROM raw |> /* x */ CREATE TABLE b",
        "FROM raw |> FORK (|> INSERT INTO b)",
    ] {
        assert!(is_one_select(sql, BigQuery).is_err(), "{sql}");
    }
}

/// Whatever stands in a text is no SQL.
#[test]
fn no_text_in_quotes_ends_a_statement() {
    let pieces = [";", "--", "/*", "*/", "#", "\"", "`", "[", "]", "|>", "DROP TABLE raw", "\n", "ä"];
    for first in pieces {
        for second in pieces {
            let text = format!("{first}{second}{first}");
            let sql = format!("SELECT '{text}' FROM raw");
            assert_eq!(judged(&sql), Ok(()), "{sql}");
            let sql = format!("SELECT '''{text}''' FROM raw");
            assert_eq!(is_one_select(&sql, BigQuery), Ok(()), "{sql}");
            let sql = format!("SELECT '{text}'; DELETE FROM raw");
            assert_eq!(is_one_select(&sql, D1), Err(GuardError::Several), "{sql}");
        }
    }
}

#[test]
fn errors_say_what_to_do_and_repeat_no_text() {
    let of = |sql| judged(sql).unwrap_err().to_string();
    assert_eq!(of("drop table raw"), "SQL given here may only read, and DROP does not; write one SELECT");
    assert_eq!(
        of("SELECT nope FROM raw WHERE id = 'secret'"),
        "D1 would not take the SQL: no such column: nope"
    );
}
