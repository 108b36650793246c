//! Whether what leaves of a page is what a tracker's rule lets out, in the form it may have.

use crate::subject::IP;
use allowlist::Page;
use allowlist::policy::ContextRule;
use allowlist::scrub::scrub;
use event::IpPolicy;
use url::{Url, form_urlencoded};

const MAX_URL: usize = 1000;
const MAX_TITLE: usize = 300;
const MAX_USER_AGENT: usize = 512;
const MAX_TAG: usize = 35;

pub fn judge(rule: &ContextRule, page: &Page) {
    let is = |permitted: bool, text: &str| assert!(permitted, "{text:?} under {rule:?}");
    let fields = [
        (rule.url, &page.url, None),
        (rule.referrer, &page.referrer, None),
        (rule.title, &page.title, Some("context.title")),
        (rule.locale, &page.locale, None),
        (rule.screen, &page.screen, None),
        (rule.user_agent, &page.user_agent, Some("userAgent")),
    ];
    for (is_let_out, text, key) in fields {
        let Some(text) = text else { continue };
        let looked_at = without_private_host(text);
        is(is_let_out && !text.is_empty() && scrub(&looked_at, key).is_none(), text);
    }
    if let Some(text) = &page.url {
        is(text.len() <= MAX_URL && is_reduced(rule, text), text);
    }
    if let Some(text) = &page.referrer {
        let url = Url::parse(text).expect("an address");
        is(
            matches!(url.scheme(), "http" | "https")
                && *text == format!("{}/", url.origin().ascii_serialization()),
            text,
        );
    }
    let lengths = [(&page.title, MAX_TITLE), (&page.user_agent, MAX_USER_AGENT), (&page.locale, MAX_TAG)];
    for (text, most) in lengths {
        is(text.as_ref().is_none_or(|text| text.chars().count() <= most), "too long");
    }
    if let Some(text) = &page.locale {
        is(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), text);
    }
    if let Some(text) = &page.screen {
        let sides: Vec<_> = text.split('x').map(str::parse::<u32>).collect();
        is(matches!(sides[..], [Ok(0..=99_999), Ok(0..=99_999)]) && !text.contains('+'), text);
    }
    if let Some(text) = &page.country {
        is(rule.country && text == "AT", text);
    }
    if let Some(ip) = &page.ip {
        is(
            match rule.ip {
                IpPolicy::Full => ip == IP,
                IpPolicy::Truncated => ip == "203.0.113.0",
                IpPolicy::None => false,
            },
            ip,
        );
    }
}

/// The text; of an address on a host in a private network, which may leave as it is, with another host.
fn without_private_host(text: &str) -> String {
    let url = Url::parse(text).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let second = host.split('.').nth(1).and_then(|part| part.parse::<u8>().ok());
    let is_private = host.parse::<std::net::Ipv4Addr>().is_ok()
        && (host.starts_with("127.")
            || host.starts_with("10.")
            || host.starts_with("192.168.")
            || host.starts_with("172.") && matches!(second, Some(16..=31)))
        || host == "[::1]"
        || host.starts_with("[fc")
        || host.starts_with("[fd");
    if is_private { text.replacen(host, "host.example", 1) } else { text.to_owned() }
}

/// Neither user nor fragment, no parameter but the allowed ones, and nothing personal behind what is encoded.
fn is_reduced(rule: &ContextRule, text: &str) -> bool {
    let url = Url::parse(text).expect("an address");
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    let query = url.query().unwrap_or_default();
    let parameters = form_urlencoded::parse(query.as_bytes())
        .all(|(name, value)| is_named(rule, &name) && scrub(&value, Some(&name)).is_none());
    // In a path these signs are themselves, so that all of it is decoded as one name.
    let path = url.path().replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let path: String = form_urlencoded::parse(path.as_bytes()).map(|(name, _)| name.into_owned()).collect();
    plain && parameters && scrub(&path, None).is_none()
}

fn is_named(rule: &ContextRule, name: &str) -> bool {
    rule.url_parameters.iter().any(|allowed| match allowed.strip_suffix('*') {
        Some(start) => name.strip_prefix(start).is_some_and(|rest| {
            !rest.is_empty() && rest.len() <= 32 && rest.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        }),
        None => allowed == name,
    })
}
