//! What Google hears, and what comes of its replies.

use super::rs256::{KeyUnusable, Rs256};
use super::testing::{Example, key_file};
use super::*;
use crate::testing::{Reply, Seen, Server, reply, run};
use warehouse::bigquery::{Dataset, Method, Parameter, Query, Request, ServiceAccount, Value, succeeded};

const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const DONE: Reply = reply(200, "{}");
const BACKEND_ERROR: Reply =
    reply(503, r#"{"error":{"code":503,"errors":[{"reason":"backendError"}],"status":"UNAVAILABLE"}}"#);
const UNAUTHORIZED: Reply = reply(401, r#"{"error":{"code":401,"errors":[{"reason":"authError"}]}}"#);
const DENIED: Reply = reply(403, r#"{"error":{"code":403,"errors":[{"reason":"accessDenied"}]}}"#);
const NO_BILLING: Reply = reply(403, r#"{"error":{"code":403,"errors":[{"reason":"billingNotEnabled"}]}}"#);
const UNKNOWN_KEY: Reply =
    reply(400, r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#);
const TOKEN: Reply = reply(200, r#"{"access_token":"ya29.first","expires_in":3599,"token_type":"Bearer"}"#);
const NEXT_TOKEN: Reply =
    reply(200, r#"{"access_token":"ya29.second","expires_in":3599,"token_type":"Bearer"}"#);

fn request() -> Request {
    Request {
        method: Method::Post,
        path: "/bigquery/v2/x?y=1".to_owned(),
        body: Some("{\"a\":1}".to_owned()),
    }
}

fn call(server: &Server, account: Option<Account>) -> Result<(), CallError> {
    run(server.client(account).call(&request(), succeeded))
}

fn bearers(server: &Server) -> Vec<String> {
    server.seen().into_iter().filter_map(|seen| seen.authorization).collect()
}

#[test]
fn the_signature_is_the_one_that_the_standard_publishes() {
    let example = Example::read();
    let account = ServiceAccount::read(&key_file(TOKEN_URI)).unwrap();
    let key = Rs256::new(account.private_key()).unwrap();
    let signature = key.sign(example.input.as_bytes()).unwrap();
    assert_eq!(hex::encode(&signature), example.signature_hex);
    assert_eq!(key.sign(example.input.as_bytes()).unwrap(), signature, "blinding leaves no trace");
}

#[test]
fn a_key_whose_numbers_are_damaged_is_refused_before_it_signs() {
    let mut der = ServiceAccount::read(&key_file(TOKEN_URI)).unwrap().private_key().to_vec();
    let middle = der.len() / 2;
    der[middle] ^= 1;
    assert_eq!(Rs256::new(&der).err(), Some(KeyUnusable));
}

#[test]
fn an_emulator_gets_the_request_as_it_is_and_no_token() {
    let server = Server::start(|_, _| Some(DONE));
    call(&server, None).unwrap();
    let expected = Seen {
        line: "POST /bigquery/v2/x?y=1".to_owned(),
        authorization: None,
        body: "{\"a\":1}".to_owned(),
    };
    assert_eq!(server.seen(), [expected]);
}

#[test]
fn a_token_is_made_once_and_serves_all_calls() {
    for (credential, calls) in [(Credential::Jwt, 2), (Credential::OAuth, 3)] {
        let server = Server::start(|seen, _| Some(if seen.line == "POST /token" { TOKEN } else { DONE }));
        let mut client = server.client(Some(server.account(credential)));
        run(async {
            client.call(&request(), succeeded).await.unwrap();
            client.call(&request(), succeeded).await.unwrap();
        });
        let bearers = bearers(&server);
        assert_eq!(bearers.len(), 2);
        assert_eq!(bearers[0], bearers[1]);
        assert_eq!(server.seen().len(), calls);
        match credential {
            Credential::Jwt => assert_eq!(bearers[0].split('.').count(), 3, "header, claims, signature"),
            Credential::OAuth => {
                assert_eq!(bearers[0], "Bearer ya29.first");
                assert!(server.seen()[0].body.starts_with("grant_type=urn%3A"), "{:?}", server.seen()[0]);
            }
        }
    }
}

#[test]
fn a_token_that_is_refused_is_renewed_once() {
    let server = Server::start(|seen, before| {
        Some(match (seen.line.as_str(), before) {
            ("POST /token", 0) => TOKEN,
            ("POST /token", _) => NEXT_TOKEN,
            _ if seen.authorization.as_deref() == Some("Bearer ya29.second") => DONE,
            _ => UNAUTHORIZED,
        })
    });
    call(&server, Some(server.account(Credential::OAuth))).unwrap();
    assert_eq!(bearers(&server), ["Bearer ya29.first", "Bearer ya29.second"]);
}

/// Google knows neither at once, and either server may be the one that does not.
#[test]
fn rights_and_keys_that_were_just_given_are_waited_for() {
    let server = Server::start(|seen, before| {
        Some(match (seen.line.as_str(), before) {
            ("POST /token", 0) => UNKNOWN_KEY,
            ("POST /token", _) => TOKEN,
            (_, 2..5) => UNAUTHORIZED,
            (_, 5..8) => DENIED,
            _ => DONE,
        })
    });
    call(&server, Some(server.account(Credential::OAuth))).unwrap();
    assert!(server.seen().len() > 8, "{:#?}", server.seen());
}

#[test]
fn there_is_an_end_to_waiting_for_rights_and_keys() {
    for (refused, retries) in [(DENIED, 8), (UNAUTHORIZED, 9)] {
        let server = Server::start(move |_, _| Some(refused.clone()));
        let error = call(&server, Some(server.account(Credential::Jwt))).unwrap_err();
        assert!(error.is_of_access(), "{error}");
        assert_eq!(server.seen().len(), 1 + retries, "a new token is tried at once");
    }
}

#[test]
fn what_lacks_a_key_is_not_waited_for() {
    for refused in [DENIED, UNAUTHORIZED] {
        let server = Server::start(move |_, _| Some(refused.clone()));
        assert!(call(&server, None).is_err());
        assert_eq!(server.seen().len(), 1);
    }
}

/// Also where the connection is cut, and where the authorization server is the one that fails.
#[test]
fn what_may_pass_is_tried_again() {
    let server = Server::start(|seen, before| match before {
        0 => None,
        1 => Some(reply(500, "<html>")),
        2 => Some(TOKEN),
        3 => None,
        4 | 5 => Some(BACKEND_ERROR),
        _ => Some(if seen.line == "POST /token" { UNAUTHORIZED } else { DONE }),
    });
    call(&server, Some(server.account(Credential::OAuth))).unwrap();
    assert_eq!(server.seen().len(), 7);
}

#[test]
fn there_is_an_end_to_trying_again() {
    let server = Server::start(|_, _| Some(BACKEND_ERROR));
    let error = call(&server, None).unwrap_err();
    assert!(error.to_string().contains("backendError"), "{error}");
    assert_eq!(server.seen().len(), 9, "the first and eight more");
}

#[test]
fn what_will_not_pass_is_not_tried_again() {
    let server = Server::start(|_, _| Some(NO_BILLING));
    let error = call(&server, Some(server.account(Credential::Jwt))).unwrap_err();
    assert!(error.to_string().contains("billingNotEnabled"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_redirect_takes_no_token_anywhere() {
    let server = Server::start(|_, _| Some((307, "location: /elsewhere\r\n", "".into())));
    assert!(call(&server, Some(server.account(Credential::Jwt))).is_err());
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_server_that_is_away_is_named_without_the_request() {
    let server = Server::start(|_, _| None);
    let error = call(&server, None).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("127.0.0.1 does not answer"), "{text}");
    assert!(!text.contains("bigquery/v2"), "{text}");
}

#[test]
fn a_query_that_still_runs_is_asked_for_again() {
    let server = Server::start(|seen, before| {
        Some(match before {
            0 | 1 => reply(200, r#"{"jobComplete":false,"jobReference":{"jobId":"job","location":"EU"}}"#),
            _ if seen.line.starts_with("GET /bigquery/v2/projects/shop-4711/queries/job?") => reply(
                200,
                r#"{"jobComplete":true,"schema":{"fields":[{"name":"n","type":"INTEGER"}]},"rows":[{"f":[{"v":"1"}]}]}"#,
            ),
            _ => DENIED,
        })
    });
    let dataset = Dataset::new("shop-4711", "sparrow").unwrap();
    let query = Query { sql: "SELECT @n", parameters: &[("n", Parameter::Int(1))], ..Query::default() };
    let page = run(server.client(None).query(&dataset, &query)).unwrap();
    assert_eq!(page.rows, [[Value::Int(1)]]);
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn a_query_that_never_ends_is_left_alone_some_time() {
    let server =
        Server::start(|_, _| Some(reply(200, r#"{"jobComplete":false,"jobReference":{"jobId":"job"}}"#)));
    let dataset = Dataset::new("shop-4711", "sparrow").unwrap();
    let query = Query { sql: "SELECT 1", ..Query::default() };
    let error = run(server.client(None).query(&dataset, &query)).unwrap_err();
    assert!(matches!(error, CallError::Unfinished), "{error}");
}
