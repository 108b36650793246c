//! What is sent to Cloudflare, and what becomes of its replies.

use super::*;
use crate::source::Source;
use crate::testing::{Reply, Seen, Server, reply, run};

const ROWS: &str = r#"{"success":true,"errors":[],"messages":[],"result":[{"success":true,
  "results":{"columns":["n","n","text"],"rows":[[1,2,"a"],[null,2.5,"b"]]},"meta":{"changes":3,"changed_db":true}}]}"#;
const NONE: &str = r#"{"success":true,"result":[{"results":{"columns":["n"],"rows":[]},"meta":{}}]}"#;
const SCHEMA_ROWS: &str = r#"{"success":true,"result":[{"results":{"columns":["sql"],"rows":[
  ["CREATE TABLE raw (id TEXT)"],["CREATE VIRTUAL TABLE odd USING cloudflares(x)"],["CREATE VIEW v AS SELECT id FROM raw"]]},"meta":{}}]}"#;
const LOST: Reply = reply(503, "unavailable");

fn api(server: &Server) -> D1Api {
    let address = Address {
        base: server.url.clone(),
        account: "a".repeat(32),
        database: "d".repeat(36),
        token: "secret-token".to_owned(),
    };
    let mut api = D1Api::new(&address).unwrap();
    api.first_pause = Duration::ZERO;
    api
}

fn asked(
    server: &Server,
    sql: &str,
    params: &[Param<'_>],
) -> Result<(Vec<String>, Vec<Vec<Value>>), SourceError> {
    let mut rows = Vec::new();
    let mut api = api(server);
    let take = &mut |_: &[String], row| {
        rows.push(row);
        Ok::<_, SourceError>(())
    };
    let columns = run(api.each(sql, params, take))?;
    Ok((columns, rows))
}

fn always(status: u16, body: &'static str) -> Server {
    Server::start(move |_, _| Some(reply(status, body)))
}

/// What people would have to change where they have scripts of their own.
#[test]
fn a_statement_goes_to_raw_with_its_parameters_and_the_token() {
    let server = always(200, ROWS);
    let texts = ["x".to_owned()];
    let params = [Param::Int(7), Param::Text("a"), Param::Time(event::Millis(0)), Param::Texts(&texts)];
    let (columns, rows) = asked(&server, "SELECT ?1", &params).unwrap();
    assert_eq!(columns, ["n", "n", "text"]);
    assert_eq!(rows, [[json!(1), json!(2), json!("a")], [json!(null), json!(2.5), json!("b")]]);
    let [Seen { line, authorization, body }] = &server.seen()[..] else { panic!("one request") };
    let (account, database) = ("a".repeat(32), "d".repeat(36));
    assert_eq!(*line, format!("POST /client/v4/accounts/{account}/d1/database/{database}/raw"));
    assert_eq!(authorization.as_deref(), Some("Bearer secret-token"));
    let expected = json!({ "sql": "SELECT ?1", "params": [7, "a", "1970-01-01T00:00:00.000Z", "[\"x\"]"] });
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
}

#[test]
fn an_answer_without_rows_has_columns() {
    assert_eq!(asked(&always(200, NONE), "SELECT 1", &[]).unwrap(), (vec!["n".to_owned()], vec![]));
}

#[test]
fn what_may_pass_is_tried_again_and_the_rest_is_not() {
    let server = Server::start(|_, before| match before {
        0 => Some(reply(429, "")),
        1 => Some(LOST),
        2 => None,
        _ => Some(reply(200, NONE)),
    });
    assert!(asked(&server, "SELECT 1", &[]).is_ok());
    assert_eq!(server.seen().len(), 4);
    let server = always(503, "");
    assert!(matches!(asked(&server, "SELECT 1", &[]), Err(SourceError::Api(ApiError::Status(503)))));
    assert_eq!(server.seen().len() as u32, RETRIES + 1);
    let sql = r#"{"success":false,"errors":[{"code":7500,"message":"no such column: x at offset 7: SQLITE_ERROR"}],"result":[]}"#;
    for (status, body, says) in [
        (400, sql, "D1: no such column: x"),
        (500, sql, "D1: no such column: x"),
        (401, "", "D1 Read"),
        (403, r#"{"errors":[{"code":10000,"message":"Authentication error"}]}"#, "D1 Read"),
        (404, "", "D1_DATABASE_ID"),
        (302, "", "answered 302"),
        (200, "<html>", "not the JSON expected"),
        (200, r#"{"success":true,"result":[]}"#, "not the JSON expected"),
    ] {
        let server = always(status, body);
        let error = asked(&server, "SELECT 1", &[]).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("secret-token"), "{error}");
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

/// The reply may be lost after the statement was run.
#[test]
fn a_change_is_sent_again_only_where_it_was_surely_not_made() {
    let changed = |server: &Server| run(api(server).change("DELETE FROM raw", &[]));
    assert_eq!(changed(&always(200, ROWS)).unwrap(), 3);
    let server = Server::start(|_, before| Some(if before == 0 { reply(429, "") } else { reply(200, ROWS) }));
    assert_eq!(changed(&server).unwrap(), 3);
    for lost in [Some(LOST), None] {
        let server = Server::start(move |_, _| lost.clone());
        assert!(matches!(changed(&server), Err(SourceError::Api(ApiError::Lost))));
        assert_eq!(server.seen().len(), 1);
    }
}

#[test]
fn an_answer_that_does_not_end_is_not_read_to_its_end() {
    let server = Server::start(|_, _| Some((200, "", " ".repeat(MAX_ANSWER + 1).into())));
    let error = asked(&server, "SELECT 1", &[]).unwrap_err();
    assert!(matches!(&error, SourceError::Api(ApiError::TooLong)), "{error}");
    assert!(error.to_string().contains("32 MiB"), "{error}");
}

/// D1 would run whatever it is sent.
#[test]
fn what_does_more_than_read_never_leaves_this_machine() {
    let server = Server::start(|seen, _| {
        Some(reply(200, if seen.body.contains("sqlite_schema") { SCHEMA_ROWS } else { ROWS }))
    });
    let ask = |source: &mut Source, sql: &str| run(source.ask(sql, &[], |_, _| Ok::<_, SourceError>(())));
    let mut source = Source::Api(Box::new(api(&server)));
    for sql in [
        "WITH x AS (SELECT 1) DELETE FROM raw",
        "WITH x AS (SELECT 1) REPLACE INTO raw SELECT 1",
        "INSERT INTO raw VALUES ('a') RETURNING id",
        "SELECT 1; DROP TABLE raw",
        "PRAGMA user_version = 1",
        "SELECT * FROM pragma_table_info('raw')",
        "ATTACH 'x' AS x",
        "EXPLAIN DELETE FROM raw",
        "SELECT load_extension('x')",
        "SELECT * FROM nowhere",
        "SELECT * FROM odd",
    ] {
        let error = ask(&mut source, sql).unwrap_err();
        assert!(matches!(error, SourceError::Guard(_)), "{sql}: {error}");
    }
    assert!(server.seen().iter().all(|seen| seen.body.contains("sqlite_schema")));
    ask(&mut source, "SELECT * FROM v JOIN raw USING (id)").unwrap();
    let asked: Vec<_> = server.seen().into_iter().map(|seen| seen.body.contains("sqlite_schema")).collect();
    assert_eq!(asked, [true, false], "the schema is asked for once");
}
