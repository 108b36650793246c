//! Rate limits, before anything is stored: per address, and per source.
//!
//! They are counted per Cloudflare location and not to the last request
//! (<https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/>). Without the bindings there are none.

use crate::refusal::Refusal;
use crate::sender::Sender;
use edge::problem::Problem;
use worker::{Env, Response, Result};

/// The period of both limits in wrangler.toml.
const RETRY_AFTER_SECONDS: &str = "10";

/// 429 where the sender, or the site or key in whose name it sends, has sent too much.
pub async fn refusal(sender: &Sender, env: &Env) -> Result<Option<Refusal>> {
    // A binding keeps its keys in memory; a write key is no text to keep anywhere.
    let source = sender.write_key_sha256.as_ref().or(sender.origin.as_ref());
    let limits = [
        ("LIMIT_ADDRESS", "limit_address", sender.address.as_ref()),
        ("LIMIT_SOURCE", "limit_source", source),
    ];
    for (binding, reason, key) in limits {
        if let Some(key) = key
            && !may_pass(env, binding, key.clone()).await
        {
            let response = Response::error("too many requests; send less, or in batches", 429)?;
            response.headers().set("retry-after", RETRY_AFTER_SECONDS)?;
            return Ok(Some(Refusal::new(reason, response)));
        }
    }
    Ok(None)
}

/// A limiter that does not answer limits nobody.
async fn may_pass(env: &Env, binding: &str, key: String) -> bool {
    let Ok(limiter) = env.rate_limiter(binding) else { return true };
    match limiter.limit(key).await {
        Ok(outcome) => outcome.success,
        Err(error) => {
            Problem::warning("no_rate_limit").by("binding", binding).caused_by(&error).tell();
            true
        }
    }
}
