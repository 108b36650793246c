//! Who sends: what rate limits and the context are both about.

use crate::query::Query;
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use worker::{Request, Result};

/// The sender, as far as its request says.
#[derive(Debug)]
pub struct Sender {
    /// Its address, as the platform saw it.
    pub address: Option<String>,
    /// The page's.
    pub origin: Option<String>,
    /// SHA-256 of the write key, hexadecimal.
    pub write_key_sha256: Option<String>,
}

impl Sender {
    /// Reads the headers of a request. A write key in the query comes first.
    pub fn of(request: &Request, origin: Option<&str>, query: &Query) -> Result<Self> {
        let headers = request.headers();
        let key = match &query.key {
            Some(key) => Some(key.clone()),
            None => headers.get("authorization")?.as_deref().and_then(basic_user),
        };
        Ok(Self {
            address: headers.get("cf-connecting-ip")?,
            origin: origin.map(str::to_owned),
            write_key_sha256: key.map(|key| hex::encode(Sha256::digest(key))),
        })
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
