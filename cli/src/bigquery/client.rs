//! Sends requests and tries again where that helps.

use super::account::Account;
use super::reply::{CallError, reply};
use crate::clock;
use reqwest::redirect::Policy;
use std::time::Duration;
use tokio::time::sleep;
use url::Url;
use warehouse::bigquery::{Answer, Dataset, Failure, Kind, Page, Query, Request, Results, Token, answer};

/// How often a call is sent again after a failure that may pass: for 127 s in all. As a rule rights count two minutes after
/// they were given (<https://cloud.google.com/iam/docs/access-change-propagation>).
const RETRIES: u32 = 8;

/// Pause before the first of them; each further one is twice as long, up to 32 s
/// (<https://cloud.google.com/bigquery/sla>). One command alone need not spread its calls.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How often the pause is doubled.
const DOUBLINGS: u32 = 5;

/// How long to wait for a reply. Google itself waits up to 10 s for a query.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How often to ask for the results of a query that still runs. Each time Google waits up to 10 s.
const MAX_POLLS: u32 = 60;

/// BigQuery, or an emulator of it.
pub struct Client {
    http: reqwest::Client,
    endpoint: String,
    account: Option<Account>,
    token: Option<Token>,
    pub(super) first_pause: Duration,
}

impl Client {
    /// Sends to `endpoint`, with the account's tokens or, without one, with none.
    ///
    /// # Errors
    /// Where no requests can be made on this machine.
    pub fn new(endpoint: &Url, account: Option<Account>) -> Result<Self, reqwest::Error> {
        // Fails where it was done before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A token goes where it was meant to go and nowhere else.
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("sparrow/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(TIMEOUT);
        let token_uri = account.as_ref().and_then(Account::token_uri);
        if endpoint.scheme() == "http" && token_uri.is_none_or(|uri| uri.starts_with("http:")) {
            // A machine without certificates can do without them here, and this one is near.
            http = http.tls_certs_only([]).no_proxy();
        }
        Ok(Self {
            http: http.build()?,
            endpoint: endpoint.as_str().trim_end_matches('/').to_owned(),
            account,
            token: None,
            first_pause: FIRST_PAUSE,
        })
    }

    /// Sends a request until `read` makes something of the reply, or there is no hope of it.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn call<T>(
        &mut self,
        request: &Request,
        read: impl Fn(u16, &str) -> Result<T, Failure>,
    ) -> Result<T, CallError> {
        let mut retries = 0;
        let mut can_renew = self.account.is_some();
        loop {
            let error = match self.attempt(request, &read).await {
                Ok(read) => return Ok(read),
                Err(error) => error,
            };
            if error.kind() == Kind::Renew {
                self.token = None;
                if can_renew {
                    can_renew = false;
                    continue;
                }
            }
            // Nobody gave an emulator rights that it has yet to hear of.
            let is_of_access = self.account.is_some() && error.is_of_access();
            if retries == RETRIES || !(is_of_access || error.kind() == Kind::Temporary) {
                return Err(error);
            }
            let why =
                if is_of_access { "rights and keys just given take a minute or two to count; " } else { "" };
            let pause = self.first_pause * 2_u32.pow(retries.min(DOUBLINGS));
            retries += 1;
            eprintln!("{error}; {why}next attempt in {} s", pause.as_secs());
            sleep(pause).await;
        }
    }

    /// Runs a query to its end; the result is its first page, which for a statement has no rows.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn query(&mut self, dataset: &Dataset, query: &Query<'_>) -> Result<Page, CallError> {
        let mut latest = self.call(&query.request(dataset), answer).await?;
        for _ in 0..MAX_POLLS {
            match latest {
                Answer::Page(page) => return Ok(page),
                Answer::Running(results) => {
                    // An emulator may answer at once.
                    sleep(self.first_pause).await;
                    let request = results.request(dataset, query.max_results);
                    latest = self.call(&request, answer).await?;
                }
            }
        }
        Err(CallError::Unfinished)
    }

    /// The rows after a page.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn page(
        &mut self,
        dataset: &Dataset,
        next: &Results,
        max_results: u32,
    ) -> Result<Page, CallError> {
        for _ in 0..MAX_POLLS {
            match self.call(&next.request(dataset, Some(max_results)), answer).await? {
                Answer::Page(page) => return Ok(page),
                Answer::Running(_) => sleep(self.first_pause).await,
            }
        }
        Err(CallError::Unfinished)
    }

    async fn attempt<T>(
        &mut self,
        request: &Request,
        read: impl Fn(u16, &str) -> Result<T, Failure>,
    ) -> Result<T, CallError> {
        let method = reqwest::Method::from_bytes(request.method.as_str().as_bytes())
            .expect("the API's methods are HTTP's");
        let mut sent = self.http.request(method, format!("{}{}", self.endpoint, request.path));
        if let Some(token) = self.fresh().await? {
            sent = sent.bearer_auth(token.bearer());
        }
        if let Some(body) = &request.body {
            sent = sent.header("content-type", "application/json").body(body.clone());
        }
        let (status, body) = reply(sent).await?;
        Ok(read(status, &body)?)
    }

    async fn fresh(&mut self) -> Result<Option<&Token>, CallError> {
        let Some(account) = &self.account else { return Ok(None) };
        if !self.token.as_ref().is_some_and(|token| token.is_fresh(clock::now())) {
            self.token = Some(account.token(&self.http).await?);
        }
        Ok(self.token.as_ref())
    }
}
