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
}

/// Carries out `work`, unless what is ordered for `place` is to fail `before` it or to `panic`, and fails `after` it
/// where that is ordered: the effect is there, and the caller does not know.
///
/// # Errors
/// Those of `work`, and the fault.
pub async fn around<T>(env: &Env, place: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let fault = || Error::from(format!("{MARK}{place}"));
    match mode(env, place).await.as_deref() {
        Some("before" | "error") => Err(fault()),
        Some("panic") => panic!("{MARK}{place}"),
        Some("after") => {
            work.await?;
            Err(fault())
        }
        _ => work.await,
    }
}

/// Nothing where nobody is there to say something.
async fn mode(env: &Env, place: &str) -> Option<String> {
    let url = env.var("FAULTS_URL").ok()?.to_string();
    let url = Url::parse(&format!("{url}/faults/{place}")).ok()?;
    let order: Order = Fetch::Url(url).send().await.ok()?.json().await.ok()?;
    Some(order.mode)
}

/// Panics where `text` holds the mark of `place`, every time.
pub fn poison(place: &str, text: &str) {
    let poison = format!("{MARK}{place}");
    assert!(!text.contains(&poison), "{poison}");
}
