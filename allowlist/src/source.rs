//! Who sent a payload, and whether the policy lets them.

use crate::policy::{OriginRule, Policy};
use event::Context;
use sha2::{Digest, Sha256};

/// Whether a payload comes from an allowed site or with a known write key.
///
/// A write key identifies a sender, it does not authenticate one: it is in the hands of everybody who can
/// read the sender's code. Comparing hashes needs no constant time.
pub fn is_allowed(policy: &Policy, context: &Context, key_in_payload: Option<&str>) -> bool {
    let known = |sha256: &str| policy.sources.keys.iter().any(|rule| rule.sha256 == sha256);
    let from_site = context
        .origin
        .as_deref()
        .is_some_and(|origin| policy.sources.origins.iter().any(|rule| matches(rule, origin)));
    from_site
        || context.write_key_sha256.as_deref().is_some_and(known)
        || key_in_payload.is_some_and(|key| known(&hex::encode(Sha256::digest(key))))
}

/// Scheme, host and port are compared as the browser wrote them, which is lower case and without the default port.
fn matches(rule: &OriginRule, origin: &str) -> bool {
    let Some((scheme, parent)) = rule.origin.split_once("://*.") else {
        return rule.origin == origin;
    };
    let subdomain = origin
        .strip_prefix(scheme)
        .and_then(|rest| rest.strip_prefix("://"))
        .and_then(|host| host.strip_suffix(parent))
        .and_then(|host| host.strip_suffix('.'));
    subdomain.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(rule: &str, origin: &str) -> bool {
        matches(&OriginRule { origin: rule.into(), environments: vec![] }, origin)
    }

    #[test]
    fn an_origin_is_matched_whole() {
        assert!(allows("https://shop.example", "https://shop.example"));
        for other in [
            "http://shop.example",
            "https://shop.example:8443",
            "https://shop.example.evil.example",
            "https://evilshop.example",
            "null",
            "",
        ] {
            assert!(!allows("https://shop.example", other), "{other}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_subdomains_and_nothing_else() {
        for good in ["https://a.shop.example", "https://a.b-c.shop.example"] {
            assert!(allows("https://*.shop.example", good), "{good}");
        }
        for bad in [
            "https://shop.example",
            "https://.shop.example",
            "https://evilshop.example",
            "https://evil.example/.shop.example",
            "https://evil.example:443@a.shop.example",
            "http://a.shop.example",
            "https://a.shop.example:8443",
        ] {
            assert!(!allows("https://*.shop.example", bad), "{bad}");
        }
    }
}
