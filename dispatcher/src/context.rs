//! The context of a payload: what the request says besides its body.

use crate::query::Query;
use crate::sender::Sender;
use event::{Context, IpPolicy, Traceparent};
use worker::{Request, Result};

/// Gathers the context. The address is reduced by the policy.
pub fn context(
    request: &Request,
    query: &Query,
    sender: &Sender,
    ip_policy: IpPolicy,
    traceparent: Option<Traceparent>,
) -> Result<Context> {
    let headers = request.headers();
    Ok(Context {
        ip: sender.address.as_deref().and_then(|ip| ip_policy.apply(ip)),
        user_agent: headers.get("user-agent")?,
        referer: headers.get("referer")?,
        accept_language: headers.get("accept-language")?,
        country: request.cf().and_then(worker::Cf::country),
        origin: sender.origin.clone(),
        path: Some(request.path()),
        content_type: headers.get("content-type")?,
        content_encoding: headers.get("content-encoding")?,
        encoding: None,
        write_key_sha256: sender.write_key_sha256.clone(),
        k: query.k.clone(),
        shard: None,
        sent_at: query.sent_at,
        erased: None,
        traceparent,
    })
}
