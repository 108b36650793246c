//! What Dispatcher knows about a payload besides its bytes.

use crate::traceparent::{self, Traceparent};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Stored as `raw.context` and sent to Trace. Absent values are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Context {
    /// The sender's address after the [`IpPolicy`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// `User-Agent` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// `Referer` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referer: Option<String>,
    /// `Accept-Language` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_language: Option<String>,
    /// ISO 3166-1 alpha-2 code, as Cloudflare sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// `Origin` header: the site the event comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// `Content-Type` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Content-Encoding` header: recorded, not undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// How `data` is written: absent for text, `base64` for anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// SHA-256 of the write key in lower-case hex; the key itself is never kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_key_sha256: Option<String>,
    /// The client's hash of its device id, which chooses the shard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<String>,
    /// The shard of the Outbox that took the payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<u32>,
    /// The client's clock when it sent the payload, in ms since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<i64>,
    /// How many of its events were erased since: the body has `{"event":"(erased)"}` in the place of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased: Option<u32>,
    /// The trace that the request belongs to. Its parent is Dispatcher's own span where Dispatcher traces. Last, so that a
    /// shard finds it at once.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "traceparent::lenient")]
    pub traceparent: Option<Traceparent>,
}

/// How a body that is not text is written into a text column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// RFC 4648, section 4, with padding.
    Base64,
}

/// How much of the sender's address is kept: what keeps more comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IpPolicy {
    /// The whole address.
    Full,
    /// The network: /24 of IPv4, /48 of IPv6. Enough for a country or a city, not for a household.
    #[default]
    Truncated,
    /// Nothing.
    None,
}

impl IpPolicy {
    /// Reads the setting: `full`, `truncated` or `none`.
    pub fn parse(setting: &str) -> Option<Self> {
        match setting {
            "full" => Some(Self::Full),
            "truncated" => Some(Self::Truncated),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// What is kept of an address. Anything that is no address is dropped.
    pub fn apply(self, ip: &str) -> Option<String> {
        let ip: IpAddr = ip.parse().ok()?;
        match self {
            Self::Full => Some(ip.to_string()),
            Self::Truncated => Some(network(ip).to_string()),
            Self::None => None,
        }
    }
}

fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_address_names_the_network_only() {
        let cut = |ip| IpPolicy::Truncated.apply(ip);
        assert_eq!(cut("203.0.113.77").as_deref(), Some("203.0.113.0"));
        assert_eq!(cut("2001:db8:1:2:3:4:5:6").as_deref(), Some("2001:db8:1::"));
        // An IPv4 address in IPv6 clothes would keep all of its bits in the lower half.
        assert_eq!(cut("::ffff:203.0.113.77").as_deref(), Some("203.0.113.0"));
        assert_eq!(cut("not an address"), None);
    }

    #[test]
    fn no_address_at_all_is_a_choice() {
        assert_eq!(IpPolicy::None.apply("203.0.113.77"), None);
        assert_eq!(IpPolicy::Full.apply("203.0.113.77").as_deref(), Some("203.0.113.77"));
        assert_eq!(IpPolicy::parse("Full"), None);
        assert!(IpPolicy::Full < IpPolicy::Truncated && IpPolicy::Truncated < IpPolicy::None);
    }
}
