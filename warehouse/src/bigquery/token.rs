//! Bearer tokens: how long they serve, and where they come from.

use super::failure::{Failure, Kind};
use super::jwt::Unsigned;
use event::Millis;
use serde::Deserialize;
use std::fmt;

/// A token is renewed so long before it expires, in ms: calls that begin now are over by then, and clocks differ.
/// As Google's library for Node.js has it.
const RENEWED_BEFORE: i64 = 5 * 60 * 1000;

/// Errors of the authorization server: those of RFC 6749, section 5.2, and what Google adds. The first three pass.
/// `invalid_grant` says everything from an unknown account to a clock that is wrong.
const ERRORS: [(&str, Kind); 11] = [
    ("internal_failure", Kind::Temporary),
    ("server_error", Kind::Temporary),
    ("temporarily_unavailable", Kind::Temporary),
    ("access_denied", Kind::Permanent),
    ("admin_policy_enforced", Kind::Permanent),
    ("invalid_client", Kind::Permanent),
    ("invalid_grant", Kind::Permanent),
    ("invalid_request", Kind::Permanent),
    ("invalid_scope", Kind::Permanent),
    ("unauthorized_client", Kind::Permanent),
    ("unsupported_grant_type", Kind::Permanent),
];

/// What goes after `Authorization: Bearer`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    bearer: String,
    expires_at: Millis,
}

impl Token {
    /// The claims of [`bearer`](super::bearer) with their signature.
    pub fn self_signed(claims: Unsigned, signature: &[u8]) -> Self {
        let expires_at = claims.expires_at();
        Self { bearer: claims.signed(signature), expires_at }
    }

    /// The token itself, a secret.
    pub fn bearer(&self) -> &str {
        &self.bearer
    }

    /// Whether it still serves, or a new one is due.
    pub fn is_fresh(&self, now: Millis) -> bool {
        now.0 < self.expires_at.0 - RENEWED_BEFORE
    }
}

/// Without the token.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The body that exchanges a signed [`assertion`](super::assertion) for a token: to be posted to
/// [`ServiceAccount::token_uri`](super::ServiceAccount::token_uri) as `application/x-www-form-urlencoded`.
pub fn exchange(assertion: &str) -> String {
    // Nothing in either value needs an escape but the colons.
    format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}")
}

/// Reads the reply to an [`exchange`] that was sent at `asked_at`.
///
/// # Errors
/// [`Failure`]. A permanent one needs another key, or a clock that is right.
pub fn exchanged(status: u16, body: &str, asked_at: Millis) -> Result<Token, Failure> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: String,
        expires_in: u32,
    }
    #[derive(Deserialize)]
    struct Refused {
        error: String,
    }
    if status != 200 {
        let refused: Option<Refused> = serde_json::from_str(body).ok();
        let known = refused.and_then(|refused| ERRORS.iter().find(|(error, _)| *error == refused.error));
        return Err(known.map_or_else(
            || Failure::of_status(status),
            |&(error, kind)| Failure { kind, reason: error.to_owned() },
        ));
    }
    match serde_json::from_str(body) {
        Ok(Granted { access_token, expires_in })
            if !access_token.is_empty() && access_token.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            let expires_at = Millis(asked_at.0 + i64::from(expires_in) * 1000);
            Ok(Token { bearer: access_token, expires_at })
        }
        _ => Err(Failure::unreadable()),
    }
}
