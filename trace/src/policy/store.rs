//! The KV namespace with the policies that replace the deployed one.
//!
//! Its keys stand in [`allowlist::policy::pointer`].

use allowlist::policy::pointer::{self, CURRENT, DEPLOYED};
use worker::{Env, KvError, KvStore};

/// The binding. Without it the deployed policy is the only one.
const BINDING: &str = "POLICY";

/// The namespace.
pub struct Store(KvStore);

impl Store {
    /// The namespace, where there is one.
    pub fn of(env: &Env) -> Option<Self> {
        env.kv(BINDING).ok().map(Self)
    }

    /// The pointer's text.
    pub async fn current(&self) -> Result<Option<String>, KvError> {
        self.0.get(CURRENT).text().await
    }

    /// A compiled policy.
    pub async fn policy(&self, version: &str) -> Result<Option<String>, KvError> {
        self.0.get(&pointer::key(version)).text().await
    }

    /// Notes which policy is deployed, where another one is noted.
    pub async fn note_deployed(&self, version: &str) -> Result<(), KvError> {
        if self.0.get(DEPLOYED).text().await?.as_deref() == Some(version) {
            return Ok(());
        }
        self.0.put(DEPLOYED, version)?.execute().await
    }
}
