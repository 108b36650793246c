//! Who we are to Google: a service account that signs its own tokens, or has them exchanged.

use super::reply::{CallError, reply};
use super::rs256::{KeyUnusable, Rs256};
use crate::clock;
use warehouse::bigquery::{SCOPE, ServiceAccount, Token, assertion, bearer, exchange, exchanged};

/// What goes with each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A token that we sign, as it is.
    Jwt,
    /// The access token that Google's authorization server gives for it.
    OAuth,
}

/// A service account, ready to sign.
pub struct Account {
    account: ServiceAccount,
    key: Rs256,
    credential: Credential,
}

impl Account {
    /// Takes a key file's account.
    ///
    /// # Errors
    /// [`KeyUnusable`]
    pub fn new(account: ServiceAccount, credential: Credential) -> Result<Self, KeyUnusable> {
        let key = Rs256::new(account.private_key())?;
        Ok(Self { account, key, credential })
    }

    /// Where tokens come from, where that is not this program.
    pub fn token_uri(&self) -> Option<&str> {
        (self.credential == Credential::OAuth).then(|| self.account.token_uri())
    }

    /// A new token.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn token(&self, http: &reqwest::Client) -> Result<Token, CallError> {
        let now = clock::now();
        let Some(uri) = self.token_uri() else {
            let claims = bearer(&self.account, SCOPE, now);
            let signature = self.key.sign(claims.input())?;
            return Ok(Token::self_signed(claims, &signature));
        };
        let claims = assertion(&self.account, SCOPE, now);
        let signature = self.key.sign(claims.input())?;
        let request = http
            .post(uri)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(exchange(&claims.signed(&signature)));
        let (status, body) = reply(request).await?;
        Ok(exchanged(status, &body, now)?)
    }
}
