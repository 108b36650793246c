//! Console, which asks the shards on behalf of operators.

pub mod api;

use clap::Args;
use reqwest::redirect::Policy;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// How long to wait for an answer: Console itself waits 10 s for a shard.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Characters of a refusal that are kept: of a command that missed shards it names them all.
const MAX_REFUSAL: usize = 100_000;

/// Where Console is, and what opens it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Console")]
#[group(skip)]
pub struct Arguments {
    /// Console's address.
    #[arg(long, env = "SPARROW_CONSOLE", value_name = "URL", default_value = "http://127.0.0.1:8789")]
    console: Url,
    /// The file with its token; the variable CONSOLE_TOKEN goes before it.
    #[arg(long, env = "CONSOLE_TOKEN_FILE", value_name = "FILE", default_value = ".wrangler/console-token")]
    console_token_file: PathBuf,
}

/// Why Console did not do it. It repeats no token.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    #[error(
        "there is no token for Console: set CONSOLE_TOKEN, or name its file with --console-token-file ({0})"
    )]
    NoToken(std::io::Error),
    #[error("Console's address must be https, but on this machine: its token opens everything")]
    Plain,
    #[error("no requests can be made on this machine: {0}")]
    Client(reqwest::Error),
    #[error("Console does not answer at {0}; start it (`make dev`), or say where it is with --console")]
    NoAnswer(String),
    #[error("Console answered {0}: {shown}", shown = .1.chars().take(1000).collect::<String>())]
    Refused(u16, String),
    #[error("Console's answer is not the JSON expected; use the command of its release")]
    Unreadable,
}

impl ConsoleError {
    /// Whether it may be another answer when it is asked again.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::NoAnswer(_) | Self::Refused(500.., _))
    }
}

/// A client.
pub struct Console {
    http: reqwest::Client,
    url: Url,
    token: String,
}

impl Arguments {
    /// Its address.
    pub fn url(&self) -> &Url {
        &self.console
    }

    /// A client with the token.
    ///
    /// # Errors
    /// [`ConsoleError`]
    pub fn open(&self) -> Result<Console, ConsoleError> {
        let token = match std::env::var("CONSOLE_TOKEN") {
            Ok(token) if !token.is_empty() => token,
            _ => std::fs::read_to_string(&self.console_token_file).map_err(ConsoleError::NoToken)?,
        };
        if self.console.scheme() != "https" && !crate::bigquery::is_loopback(&self.console) {
            return Err(ConsoleError::Plain);
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("sparrow/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(TIMEOUT);
        if self.console.scheme() == "http" {
            http = http.tls_certs_only([]).no_proxy();
        }
        Ok(Console {
            http: http.build().map_err(ConsoleError::Client)?,
            url: self.console.clone(),
            token: token.trim().to_owned(),
        })
    }
}

impl Console {
    /// `GET` of a path such as `/api/trackers`.
    ///
    /// # Errors
    /// [`ConsoleError`]
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ConsoleError> {
        self.read(self.http.get(self.at(path))).await
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    /// [`ConsoleError`]
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ConsoleError> {
        let body = serde_json::to_vec(body).map_err(|_| ConsoleError::Unreadable)?;
        self.read(self.http.post(self.at(path)).header("content-type", "application/json").body(body)).await
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url.as_str().trim_end_matches('/'))
    }

    async fn read<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, ConsoleError> {
        let host = || self.url.host_str().unwrap_or_default().to_owned();
        let reply = request.bearer_auth(&self.token).send().await;
        let reply = reply.map_err(|_| ConsoleError::NoAnswer(host()))?;
        let status = reply.status().as_u16();
        let body = reply.bytes().await.map_err(|_| ConsoleError::NoAnswer(host()))?;
        if !(200..300).contains(&status) {
            let said = String::from_utf8_lossy(&body).trim().chars().take(MAX_REFUSAL).collect();
            return Err(ConsoleError::Refused(status, said));
        }
        serde_json::from_slice(&body).map_err(|_| ConsoleError::Unreadable)
    }
}
