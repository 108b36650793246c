//! What a failure is read as.

use super::*;

#[derive(Deserialize)]
struct Case {
    #[serde(flatten)]
    reply: Reply,
    #[serde(flatten)]
    failure: Expected,
}

#[test]
fn reasons_decide_and_no_words_are_kept() {
    for Case { reply, failure } in cases(include_str!("fixtures/failures.json")) {
        let found = succeeded(reply.status, &reply.body()).unwrap_err();
        let text = format!("{found} {found:?}");
        assert!(!text.contains("s3cret"), "{}: {text}", reply.about);
        assert_eq!(Expected::from(found), failure, "{}", reply.about);
    }
    assert_eq!(succeeded(200, "{}"), Ok(()));
    assert_eq!(succeeded(204, ""), Ok(()));
}

/// Google's words (<https://cloud.google.com/bigquery/docs/data-manipulation-language#limitations>).
#[test]
fn rows_that_cannot_be_changed_yet_are_told_from_a_wrong_statement() {
    let answered = |message: &str| {
        let errors = [json!({"reason": "invalidQuery", "message": message})];
        succeeded(400, &json!({"error": {"message": message, "errors": errors}}).to_string()).unwrap_err()
    };
    let streamed = answered(
        "UPDATE or DELETE statement over table p.d.raw would affect rows in the streaming buffer, which is not supported",
    );
    assert!(streamed.is_streaming_buffer() && streamed.kind == Kind::Permanent);
    assert!(streamed.to_string().contains("90 minutes"), "{streamed}");
    assert!(!answered("Syntax error").is_streaming_buffer());
}

#[test]
fn what_a_person_can_do_is_said() {
    let body = |reason| json!({ "error": { "errors": [{ "reason": reason }] } }).to_string();
    let said = |status, reason| succeeded(status, &body(reason)).unwrap_err().to_string();
    assert_eq!(
        said(403, "accessDenied"),
        "Google answered accessDenied: give the service account the role BigQuery User, and BigQuery Data Editor of a dataset that it did not make"
    );
    assert_eq!(said(503, "backendError"), "Google answered backendError: try again later");
    let elsewhere = "Google answered invalidQuery: see https://cloud.google.com/bigquery/docs/error-messages";
    assert_eq!(said(400, "invalidQuery"), elsewhere);
    assert!(succeeded(409, &body("duplicate")).unwrap_err().is_duplicate());
    assert!(succeeded(404, &body("notFound")).unwrap_err().is_not_found());
}

#[test]
fn rights_and_keys_are_told_from_what_time_does_not_mend() {
    let is_of_access = |status, reason: &str| {
        let body = json!({ "error": { "errors": [{ "reason": reason }] } }).to_string();
        succeeded(status, &body).unwrap_err().is_of_access()
    };
    for (status, reason) in [(403, "accessDenied"), (401, "authError"), (401, "required"), (401, "")] {
        assert!(is_of_access(status, reason), "{status} {reason}");
    }
    for (status, reason) in [(403, "billingNotEnabled"), (404, "notFound"), (503, "backendError")] {
        assert!(!is_of_access(status, reason), "{status} {reason}");
    }
    let unknown_key = exchanged(400, r#"{"error":"invalid_grant"}"#, NOON).unwrap_err();
    assert!(unknown_key.is_of_access());
}
