//! What is signed.

use super::*;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const SECOND: i64 = 1_793_534_400;

fn segments(unsigned: &Unsigned) -> [Json; 2] {
    let text = std::str::from_utf8(unsigned.input()).unwrap();
    let (header, claims) = text.split_once('.').unwrap();
    [header, claims].map(|segment| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).unwrap()).unwrap())
}

fn header() -> Json {
    json!({ "alg": "RS256", "typ": "JWT", "kid": "abcdef1234567890abcdef1234567890abcdef12" })
}

/// Exactly an hour, begun ten seconds ago; a scope and no audience.
#[test]
fn a_bearer_says_what_google_documents() {
    let claims = json!({
        "iss": "sparrow@shop-4711.iam.gserviceaccount.com",
        "sub": "sparrow@shop-4711.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/bigquery.insertdata",
        "iat": SECOND - 10,
        "exp": SECOND + 3590,
    });
    let unsigned = bearer(&account(), INSERT_SCOPE, Millis(NOON.0 + 999));
    assert_eq!(segments(&unsigned), [header(), claims]);
    assert_eq!(unsigned.expires_at(), Millis(NOON.0 + 3_590_000));
}

#[test]
fn an_assertion_says_what_google_documents() {
    let claims = json!({
        "iss": "sparrow@shop-4711.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/bigquery",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": SECOND - 10,
        "exp": SECOND + 3590,
    });
    assert_eq!(segments(&assertion(&account(), SCOPE, NOON)), [header(), claims]);
}

/// RFC 7515: base64url without padding, three parts.
#[test]
fn the_signature_is_joined_without_padding() {
    let unsigned = bearer(&account(), SCOPE, NOON);
    let input = String::from_utf8(unsigned.input().to_vec()).unwrap();
    assert_eq!(unsigned.signed(&[0xfb, 0xff, 0xfe, 0x01]), format!("{input}.-__-AQ"));
}
