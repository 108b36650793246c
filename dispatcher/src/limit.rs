//! Rate limits, before anything is stored: per address, and per source.
//!
//! They are counted per Cloudflare location and not to the last request
//! (<https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/>). Without the bindings there are none.

use crate::context::write_key;
use crate::query::Query;
use sha2::{Digest, Sha256};
use worker::{Env, Request, Response, Result};

/// The period of both limits in wrangler.toml.
const RETRY_AFTER_SECONDS: &str = "10";

/// 429 where the sender, or the site or key in whose name it sends, has sent too much.
pub async fn refusal(request: &Request, query: &Query, env: &Env) -> Result<Option<Response>> {
    let headers = request.headers();
    let address = headers.get("cf-connecting-ip")?;
    let source = match write_key(request, query)? {
        // A binding keeps its keys in memory; a write key is no text to keep anywhere.
        Some(key) => Some(hex::encode(Sha256::digest(key))),
        None => headers.get("origin")?,
    };
    for (binding, key) in [("LIMIT_ADDRESS", address), ("LIMIT_SOURCE", source)] {
        if let Some(key) = key
            && !may_pass(env, binding, key).await
        {
            let response = Response::error("too many requests; send less, or in batches", 429)?;
            response.headers().set("retry-after", RETRY_AFTER_SECONDS)?;
            return Ok(Some(response));
        }
    }
    Ok(None)
}

/// A limiter that does not answer limits nobody.
async fn may_pass(env: &Env, binding: &str, key: String) -> bool {
    let Ok(limiter) = env.rate_limiter(binding) else { return true };
    limiter.limit(key).await.map_or(true, |outcome| outcome.success)
}
