//! Faults on demand, for tests of what happens when something fails. Only builds with the feature `faults` have
//! them; what is deployed does not, which `tools/check-release` checks by [`MARK`].
//!
//! Before a place that can fail is passed, the server at `FAULTS_URL` is asked what is to go wrong there.

use serde::Deserialize;
use std::future::Future;
use worker::{Env, Error, Fetch, Result, Url};

/// Stands in every build that can make faults, and in payloads that are to cause one.
pub const MARK: &str = "sparrow-fault-";

/// What the server at `FAULTS_URL` says.
#[derive(Deserialize)]
struct Order {
    mode: String,
    /// What the fault says, where it is to say something of its own.
    message: Option<String>,
}

/// Carries out `work`, unless what is ordered for `place` is to fail `before` it or to `panic`, and fails `after` it
/// where that is ordered: the effect is there, and the caller does not know.
///
/// # Errors
/// Those of `work`, and the fault.
pub async fn around<T>(env: &Env, place: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let Some(Order { mode, message }) = order(env, place).await else { return work.await };
    let message = message.unwrap_or_else(|| format!("{MARK}{place}"));
    match mode.as_str() {
        "before" | "error" => Err(Error::from(message)),
        "panic" => panic!("{message}"),
        "after" => {
            work.await?;
            Err(Error::from(message))
        }
        _ => work.await,
    }
}

/// Nothing where nobody is there to say something.
async fn order(env: &Env, place: &str) -> Option<Order> {
    let url = env.var("FAULTS_URL").ok()?.to_string();
    let url = Url::parse(&format!("{url}/faults/{place}")).ok()?;
    Fetch::Url(url).send().await.ok()?.json().await.ok()
}

/// Panics where `text` holds the mark of `place`, every time.
pub fn poison(place: &str, text: &str) {
    let poison = format!("{MARK}{place}");
    assert!(!text.contains(&poison), "{poison}");
}
