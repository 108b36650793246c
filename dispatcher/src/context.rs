//! The context of a payload: what the request says besides its body.

use crate::query::Query;
use base64::{Engine, prelude::BASE64_STANDARD};
use event::{Context, IpPolicy};
use sha2::{Digest, Sha256};
use worker::{Request, Result};

/// Gathers the context. Credentials are hashed, the address is reduced by the policy.
pub fn context(request: &Request, query: &Query, ip_policy: IpPolicy) -> Result<Context> {
    let headers = request.headers();
    let ip = headers.get("cf-connecting-ip")?;
    let key = write_key(request, query)?;
    Ok(Context {
        ip: ip.and_then(|ip| ip_policy.apply(&ip)),
        user_agent: headers.get("user-agent")?,
        referer: headers.get("referer")?,
        accept_language: headers.get("accept-language")?,
        country: request.cf().and_then(worker::Cf::country),
        origin: headers.get("origin")?,
        path: Some(request.path()),
        content_type: headers.get("content-type")?,
        content_encoding: headers.get("content-encoding")?,
        encoding: None,
        write_key_sha256: key.map(|key| hex::encode(Sha256::digest(key))),
        k: query.k.clone(),
        shard: None,
        sent_at: query.sent_at,
    })
}

/// The write key that the request carries besides its body.
pub fn write_key(request: &Request, query: &Query) -> Result<Option<String>> {
    match &query.key {
        Some(key) => Ok(Some(key.clone())),
        None => Ok(request.headers().get("authorization")?.as_deref().and_then(basic_user)),
    }
}

/// The user name of Basic credentials (RFC 7617), which is where senders put a write key.
fn basic_user(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = String::from_utf8(BASE64_STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let user = credentials.split_once(':').map_or(credentials.as_str(), |(user, _)| user);
    (!user.is_empty()).then(|| user.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_key_is_the_user_name_of_basic_credentials() {
        let basic = |credentials: &str| basic_user(&format!("Basic {}", BASE64_STANDARD.encode(credentials)));
        assert_eq!(basic("key:").as_deref(), Some("key"));
        assert_eq!(basic("key:password").as_deref(), Some("key"));
        assert_eq!(basic(":password"), None);
        assert_eq!(basic_user("Bearer a2V5Og=="), None);
        assert_eq!(basic_user("Basic !"), None);
    }
}
