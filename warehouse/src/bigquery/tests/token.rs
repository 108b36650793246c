//! Bearer tokens.

use super::*;

#[test]
fn a_token_is_renewed_five_minutes_before_it_expires() {
    let token = Token::self_signed(bearer(&account(), SCOPE, NOON), b"signature");
    let expires = NOON.0 + 3_590_000;
    assert!(token.is_fresh(NOON));
    assert!(token.is_fresh(Millis(expires - 300_001)));
    assert!(!token.is_fresh(Millis(expires - 300_000)));
    assert!(token.bearer().ends_with(".c2lnbmF0dXJl"));
    assert!(!format!("{token:?}").contains("c2lnbmF0dXJl"));
}

#[test]
fn an_assertion_is_exchanged_with_a_form() {
    let jwt = assertion(&account(), SCOPE, NOON).signed(&[0xfb, 0xff]);
    let form = exchange(&jwt);
    let fields: Vec<_> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned();
    assert_eq!(fields, [("grant_type".to_owned(), grant), ("assertion".to_owned(), jwt)]);
}

#[derive(Deserialize)]
struct Case {
    #[serde(flatten)]
    reply: Reply,
    /// The token and the seconds after which a new one is due.
    token: Option<(String, i64)>,
    failure: Option<Expected>,
}

#[test]
fn replies_of_the_authorization_server_are_read() {
    for case in cases::<Case>(include_str!("fixtures/token_replies.json")) {
        let about = &case.reply.about;
        match exchanged(case.reply.status, &case.reply.body(), NOON) {
            Ok(token) => {
                let (bearer, seconds) = case.token.expect(about);
                assert_eq!(token.bearer(), bearer, "{about}");
                assert!(token.is_fresh(Millis(NOON.0 + seconds * 1000 - 1)), "{about}");
                assert!(!token.is_fresh(Millis(NOON.0 + seconds * 1000)), "{about}");
            }
            Err(failure) => {
                let text = format!("{failure} {failure:?}");
                assert!(!text.contains("s3cret"), "{about}: {text}");
                assert_eq!(Some(failure.into()), case.failure, "{about}");
            }
        }
    }
}
