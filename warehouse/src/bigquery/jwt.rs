//! Signed claims (JWT, RFC 7519): what is signed, whoever signs it.
//!
//! [`bearer`] makes a token that BigQuery takes as it is, without asking Google's authorization server first
//! (<https://google.aip.dev/auth/4111>). [`assertion`] makes one that is exchanged for an access token
//! (<https://developers.google.com/identity/protocols/oauth2/service-account#httprest>).

use super::key::ServiceAccount;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event::Millis;
use serde::Serialize;

/// Lets its holder do everything that the account may do in BigQuery. Making tables and asking needs it.
pub const SCOPE: &str = "https://www.googleapis.com/auth/bigquery";

/// Lets its holder insert rows and nothing else: all that a Worker needs.
pub const INSERT_SCOPE: &str = "https://www.googleapis.com/auth/bigquery.insertdata";

/// The longest that Google allows, in seconds; for [`bearer`] it is also the shortest.
const LIFETIME: i64 = 3600;

/// How far ahead of Google's our clock may be, in seconds: a token from the future is refused. As Google's
/// library for Go has it.
const SKEW: i64 = 10;

/// The claims, in the order in which they are written.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    iat: i64,
    exp: i64,
}

/// What is to be signed with RS256 (RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    input: String,
    expires_at: Millis,
}

/// A token for the `Authorization` header.
///
/// Of the two ways to say what it is for, Google's page prefers the scope and keeps the audience for where that is not
/// possible (<https://cloud.google.com/bigquery/docs/json-web-tokens>); both at once are refused.
pub fn bearer(account: &ServiceAccount, scope: &str, now: Millis) -> Unsigned {
    unsigned(account, scope, now, Some(account.email()), None)
}

/// An assertion, for [`exchange`](super::exchange). It has no `sub`, which would ask to act for a user.
pub fn assertion(account: &ServiceAccount, scope: &str, now: Millis) -> Unsigned {
    unsigned(account, scope, now, None, Some(account.token_uri()))
}

fn unsigned(
    account: &ServiceAccount,
    scope: &str,
    now: Millis,
    sub: Option<&str>,
    aud: Option<&str>,
) -> Unsigned {
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'a str,
        typ: &'a str,
        kid: &'a str,
    }
    let iat = now.0.div_euclid(1000) - SKEW;
    let exp = iat + LIFETIME;
    let header = Header { alg: "RS256", typ: "JWT", kid: account.key_id() };
    let claims = Claims { iss: account.email(), sub, scope, aud, iat, exp };
    Unsigned { input: format!("{}.{}", segment(&header), segment(&claims)), expires_at: Millis(exp * 1000) }
}

fn segment(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("texts and numbers are JSON"))
}

impl Unsigned {
    /// The bytes to sign.
    pub fn input(&self) -> &[u8] {
        self.input.as_bytes()
    }

    /// When the claims expire.
    pub fn expires_at(&self) -> Millis {
        self.expires_at
    }

    /// The JWT.
    pub fn signed(self, signature: &[u8]) -> String {
        let mut token = self.input;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}
