//! Bearer tokens of a service account, signed here.

use super::settings::BigQuerySettings;
use edge::http::post;
use edge::rs256::SigningKey;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use warehouse::bigquery::{
    Failure, INSERT_SCOPE, Kind, ServiceAccount, Token, Unsigned, assertion, bearer, exchange, exchanged,
};

/// Google's authorization server answers within a second or not at all.
const DEADLINE: Duration = Duration::from_secs(10);

/// A service account that shows tokens.
///
/// Nobody waits for somebody else's token: whoever finds none makes one, and the last one made is kept. A call that is
/// given up in between leaves nothing behind.
pub struct Account {
    account: Rc<ServiceAccount>,
    exchanges: bool,
    key: RefCell<Option<Rc<SigningKey>>>,
    token: RefCell<Option<Token>>,
}

impl Account {
    /// Nothing where no key is given, which an emulator does not need.
    pub fn new(settings: &BigQuerySettings) -> Option<Self> {
        let account = settings.account.clone()?;
        let (key, token) = (RefCell::default(), RefCell::default());
        Some(Self { account, exchanges: settings.exchanges, key, token })
    }

    /// A token that serves for some minutes yet.
    pub async fn token(&self) -> Result<Token, Failure> {
        let now = edge::clock::now();
        let kept = self.token.borrow().clone();
        if let Some(token) = kept.filter(|token| token.is_fresh(now)) {
            return Ok(token);
        }
        let token = if self.exchanges {
            let claims = assertion(&self.account, INSERT_SCOPE, now);
            let signature = self.sign(&claims).await?;
            let headers = [("content-type", "application/x-www-form-urlencoded".to_owned())];
            let body = exchange(&claims.signed(&signature));
            let answer = post(self.account.token_uri(), &headers, &body, DEADLINE).await;
            let answer = answer.map_err(|error| passing(&error.to_string()))?;
            exchanged(answer.status, &String::from_utf8_lossy(&answer.body), now)?
        } else {
            let claims = bearer(&self.account, INSERT_SCOPE, now);
            let signature = self.sign(&claims).await?;
            Token::self_signed(claims, &signature)
        };
        *self.token.borrow_mut() = Some(token.clone());
        Ok(token)
    }

    /// This token is not accepted. A newer one stays.
    pub fn forget(&self, refused: &Token) {
        self.token.borrow_mut().take_if(|token| token == refused);
    }

    async fn sign(&self, claims: &Unsigned) -> Result<Vec<u8>, Failure> {
        let unusable = || Failure { kind: Kind::Permanent, reason: "key_unusable".to_owned() };
        let kept = self.key.borrow().clone();
        let key = match kept {
            Some(key) => key,
            None => {
                let der = self.account.private_key();
                let key = Rc::new(SigningKey::import(der).await.map_err(|_| unusable())?);
                *self.key.borrow_mut() = Some(key.clone());
                key
            }
        };
        key.sign(claims.input()).await.map_err(|_| unusable())
    }
}

/// A failure that may pass, such as `timeout`.
pub fn passing(reason: &str) -> Failure {
    Failure { kind: Kind::Temporary, reason: reason.to_owned() }
}
