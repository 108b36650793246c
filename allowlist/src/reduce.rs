//! Page addresses and other context, reduced to what may leave.

use crate::scrub::{decoded, scrub};
use url::{Host, Position, Url, form_urlencoded};

/// Longest address that is looked at, in bytes.
const MAX_ADDRESS: usize = 8 * 1024;

/// Longest language tag or screen size that is looked at, in bytes.
const MAX_TAG: usize = 64;

/// Longest address that is let out, in bytes: GA4 takes 1,000 characters of `page_location`.
const MAX_URL: usize = 1000;

/// A page's address without user name, fragment and query parameters that are not allowed, its path and the allowed ones
/// scrubbed.
pub fn url(text: &str, is_allowed: impl Fn(&str) -> bool) -> Option<String> {
    let mut url = web_url(text)?;
    url.set_fragment(None);
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let mut allowed = form_urlencoded::Serializer::new(String::new());
    for (name, value) in url.query_pairs().filter(|(name, _)| is_allowed(name)) {
        match scrub(&value, Some(&name)) {
            None => allowed.append_pair(&name, &value),
            Some(scrubbed) => allowed.append_pair(&name, &scrubbed.text),
        };
    }
    let query = Some(allowed.finish()).filter(|query| !query.is_empty());
    if url.query() != query.as_deref() {
        url.set_query(query.as_deref());
    }
    if let Some(path) = scrubbed_path(url.path()) {
        url.set_path(&path);
    }
    unless_personal(url).filter(|url| url.len() <= MAX_URL)
}

/// The parser encoded the path; what it stands for is looked at first.
fn scrubbed_path(path: &str) -> Option<String> {
    let plain = if path.contains('%') { scrub(&decoded(path), None) } else { None };
    plain.or_else(|| scrub(path, None)).map(|path| path.text)
}

/// Nothing leaves in a part that cannot lose a piece, such as a host's name. A host in a private network, as that of a
/// site under development, is nobody's address.
fn unless_personal(url: Url) -> Option<String> {
    let looked_at = if is_private(&url) { &url[Position::AfterPort..] } else { url.as_str() };
    scrub(looked_at, None).is_none().then(|| url.into())
}

fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_private(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unique_local(),
        _ => false,
    }
}

/// An address that [`url`] made, with those of its query parameters that are allowed. What is left is another text, which
/// is looked at again.
pub fn parameters(url: &str, is_allowed: impl Fn(&str) -> bool) -> Option<String> {
    let (page, query) = url.split_once('?').unwrap_or((url, ""));
    let allowed = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| is_allowed(name));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(allowed).finish();
    let left = if query.is_empty() { page.to_owned() } else { format!("{page}?{query}") };
    if left == url { Some(left) } else { unless_personal(Url::parse(&left).ok()?) }
}

/// Scheme and host of an address: `https://search.example/`.
pub fn referrer(text: &str) -> Option<String> {
    let url = web_url(text)?;
    let site = Url::parse(&url.origin().ascii_serialization()).ok()?;
    unless_personal(site)
}

fn web_url(text: &str) -> Option<Url> {
    if text.len() > MAX_ADDRESS {
        return None;
    }
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// A language tag (BCP 47) such as `de-AT`.
pub fn locale(text: &str) -> Option<String> {
    if text.len() > MAX_TAG {
        return None;
    }
    let mut parts = text.split(['-', '_']);
    let language = parts
        .next()
        .is_some_and(|part| (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic()));
    let rest =
        parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    (language && rest && text.len() <= 35).then(|| text.to_owned()).filter(|text| scrub(text, None).is_none())
}

/// A screen's size in CSS pixels: `1920x1080`.
pub fn screen(text: &str) -> Option<String> {
    if text.len() > MAX_TAG {
        return None;
    }
    let (width, height) = text.split_once('x')?;
    let is_side = |side: &str| (1..=5).contains(&side.len()) && side.bytes().all(|b| b.is_ascii_digit());
    (is_side(width) && is_side(height)).then(|| text.to_owned()).filter(|text| scrub(text, None).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ContextRule;

    fn url(text: &str) -> Option<String> {
        super::url(text, |name| ContextRule::default().allows_parameter(name))
    }

    #[test]
    fn the_address_of_a_host_leaves_where_it_is_in_a_private_network() {
        for site in
            ["http://127.0.0.1:8788/", "http://192.168.1.10/", "http://[::1]/", "http://[fd00::1]:80/"]
        {
            let page = format!("{site}demo");
            assert_eq!(url(&page).map(|url| url.ends_with("/demo")), Some(true), "{site}");
            assert!(referrer(&page).is_some(), "{site}");
        }
        assert_eq!(url("http://127.0.0.1/ada@example.com").unwrap(), "http://127.0.0.1/[email]");
        for site in ["http://203.0.113.7/demo", "http://[2001:db8::1]/demo"] {
            assert_eq!((url(site), referrer(site)), (None, None));
        }
    }

    #[test]
    fn an_address_keeps_its_path_and_campaign_and_loses_the_rest() {
        let cases = [
            (
                "https://shop.example/a?utm_source=news&token=s3cret#x",
                "https://shop.example/a?utm_source=news",
            ),
            ("https://ada:pw@shop.example/", "https://shop.example/"),
            ("https://shop.example/?utm_=1&UTM_SOURCE=1&utm_ada%40example.com=1", "https://shop.example/"),
            ("https://shop.example/u/ada@example.com/orders", "https://shop.example/u/[email]/orders"),
            ("https://shop.example/u/ada%40example.com", "https://shop.example/u/[email]"),
            (
                "https://shop.example/?utm_term=ada%40example.com",
                "https://shop.example/?utm_term=%5Bemail%5D",
            ),
            (
                "https://shop.example/%C3%BC/ada@b\u{fc}cher.example/x",
                "https://shop.example/%C3%BC/[email]/x",
            ),
            ("https://shop.example/a%20b/%20ada%40example%2Ecom", "https://shop.example/a%20b/%20[email]"),
            ("https://shop.example/u/ada%252540example.com", "https://shop.example/u/[email]"),
            ("https://shop.example/u/ada\u{ff20}example.com", "https://shop.example/u/[email]"),
            ("https://shop.example/4111%201111%201111%201111", "https://shop.example/[card]"),
            ("https://shop.example/\u{ff14}111111111111111", "https://shop.example/[card]"),
            (
                "https://shop.example/?utm_term=4111+1111%2B1111%201111",
                "https://shop.example/?utm_term=%5Bcard%5D",
            ),
            (
                "https://shop.example/?utm_term=ada%2540example.com",
                "https://shop.example/?utm_term=%5Bemail%5D",
            ),
            ("https://shop.example/a%20b%2Fc%3Fd", "https://shop.example/a%20b%2Fc%3Fd"),
            ("https://social.example/@ada", "https://social.example/@ada"),
        ];
        for (address, reduced) in cases {
            assert_eq!(url(address).as_deref(), Some(reduced), "{address}");
        }
    }

    #[test]
    fn only_addresses_of_the_web_are_let_out() {
        for text in
            ["", "shop", "file:///home/ada/x.html", "javascript:alert(1)", "data:text/plain,ada@example.com"]
        {
            assert_eq!(url(text), None, "{text}");
            assert_eq!(referrer(text), None, "{text}");
        }
        assert_eq!(url(&format!("https://shop.example/{}", "a".repeat(1000))), None);
    }

    #[test]
    fn a_host_that_is_personal_data_is_let_out_nowhere() {
        for text in
            ["https://4111111111111111.example/", "https://shop.example.4111-1111-1111-1111.example/x"]
        {
            assert_eq!(url(text), None, "{text}");
            assert_eq!(referrer(text), None, "{text}");
        }
    }

    #[test]
    fn too_long_is_refused() {
        let long = format!("https://shop.example/?x={}", "a".repeat(MAX_ADDRESS));
        assert_eq!(url(&long), None);
        assert_eq!(referrer(&long), None);
        assert!(url(&long[..MAX_ADDRESS]).is_some() && referrer(&long[..MAX_ADDRESS]).is_some());
        assert_eq!(locale(&"de-".repeat(30)), None);
        assert_eq!(screen(&format!("1x{}", "1".repeat(64))), None);
    }

    #[test]
    fn a_referrer_is_a_site_and_not_a_page() {
        assert_eq!(
            referrer("https://ada@search.example:8443/q?x=1").as_deref(),
            Some("https://search.example:8443/")
        );
    }

    #[test]
    fn locale_and_screen_have_one_form() {
        for good in ["de", "de-AT", "zh-Hant-TW", "en_US"] {
            assert!(locale(good).is_some(), "{good}");
        }
        for bad in ["", "e", "ada@example.com", "en US", "en-toolongpart", "de-41111111-11111111"] {
            assert!(locale(bad).is_none(), "{bad}");
        }
        assert!(screen("1920x1080").is_some());
        for bad in ["", "1920", "x", "1920x", "1920x1080x2", "4111111111111111x1"] {
            assert!(screen(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn parameters_that_one_tracker_may_not_have_go_and_the_others_stay_as_they_are() {
        let keep = |url: &str, name: &str| parameters(url, |given| given == name).unwrap();
        let url = "https://shop.example/a%20b?a=%5Bemail%5D&b=1+2&a=3";
        assert_eq!(keep(url, "a"), "https://shop.example/a%20b?a=%5Bemail%5D&a=3");
        assert_eq!(keep(url, "b"), "https://shop.example/a%20b?b=1+2");
        assert_eq!(keep(url, "c"), "https://shop.example/a%20b");
        assert_eq!(keep("https://shop.example/", "a"), "https://shop.example/");
    }
}
