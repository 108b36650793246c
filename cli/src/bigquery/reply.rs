//! One request and its reply, whatever it says.

use super::rs256::KeyUnusable;
use std::error::Error;
use url::Url;
use warehouse::bigquery::{Failure, Kind};

/// Why a call came to nothing. Says neither tokens nor keys nor what was sent.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Google says no.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The key does not sign.
    #[error(transparent)]
    Key(#[from] KeyUnusable),
    /// There is no reply.
    #[error("{0} does not answer ({1}); check the connection, and BIGQUERY_ENDPOINT where it is set")]
    NoReply(String, String),
    /// The query runs on, and may yet succeed.
    #[error("the query is not done in time; run this again later")]
    Unfinished,
}

impl CallError {
    /// What to do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Failure(failure) => failure.kind,
            Self::NoReply(..) => Kind::Temporary,
            Self::Key(_) | Self::Unfinished => Kind::Permanent,
        }
    }

    /// Whether rights or a key are refused, which may be too new.
    pub fn is_of_access(&self) -> bool {
        matches!(self, Self::Failure(failure) if failure.is_of_access())
    }
}

/// Status and body of the reply to a request. Of an error only the host and its root are told: in between is the request.
///
/// # Errors
/// [`CallError::NoReply`]
pub async fn reply(request: reqwest::RequestBuilder) -> Result<(u16, String), CallError> {
    let result = async {
        let reply = request.send().await?;
        Ok((reply.status().as_u16(), reply.text().await?))
    };
    result.await.map_err(|error: reqwest::Error| {
        let host = error.url().and_then(Url::host_str).unwrap_or("the server").to_owned();
        let mut cause: &dyn Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        let cause = if error.is_timeout() { "too late".to_owned() } else { cause.to_string() };
        CallError::NoReply(host, cause)
    })
}
