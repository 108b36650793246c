//! HTTPS only: plain HTTP is for loopback addresses outside production, and the development environment
//! answers on loopback addresses alone, so that deploying it by mistake opens nothing.

/// Whether a request to this address may be served.
pub fn is_allowed(url: &str, environment: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let loopback = is_loopback(host(authority));
    match (scheme, environment) {
        (_, "development") => loopback,
        ("https", _) => true,
        ("http", "staging") => loopback,
        _ => false,
    }
}

/// Whether a request may be made to this address, whose host comes from the settings.
pub fn may_be_called(url: &str, environment: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_there = !authority.is_empty() && !authority.contains('@');
    is_there
        && (scheme == "https"
            || scheme == "http" && environment != "production" && is_loopback(host(authority)))
}

/// Host and port of an address, and nothing else of it.
pub fn server(url: &str) -> Option<(&str, Option<u16>)> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let host = host(authority);
    Some((host, authority[host.len()..].strip_prefix(':').and_then(|port| port.parse().ok())))
}

fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host == "[::1]"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_and_never_for_production() {
        let local = [
            "http://localhost:8787/e",
            "http://127.0.0.1:8787/e?x=1",
            "http://[::1]:8787/e",
            "http://localhost/e",
        ];
        for url in local {
            assert!(is_allowed(url, "development"), "{url}");
            assert!(is_allowed(url, "staging"), "{url}");
            assert!(!is_allowed(url, "production"), "{url}");
        }
        for url in [
            "http://e.example/e",
            "http://127.0.0.1.example/e",
            "http://localhost.example/e",
            "http://[::1].example/",
        ] {
            for environment in ["development", "staging", "production"] {
                assert!(!is_allowed(url, environment), "{url} {environment}");
            }
        }
    }

    #[test]
    fn plain_http_goes_to_loopback_and_never_from_production() {
        for url in ["http://127.0.0.1:9050", "http://localhost:9050/", "http://[::1]"] {
            assert!(may_be_called(url, "development") && may_be_called(url, "staging"), "{url}");
            assert!(!may_be_called(url, "production"), "{url}");
        }
        assert!(may_be_called("https://bigquery.googleapis.com", "production"));
        for url in [
            "http://bigquery.example",
            "https://",
            "ftp://127.0.0.1",
            "https://me@example.com",
            "example.com",
        ] {
            assert!(!may_be_called(url, "development"), "{url}");
        }
    }

    #[test]
    fn of_an_address_the_server_alone_is_told() {
        let cases = [
            ("https://vendor.example/mp/collect?api_secret=s", Some(("vendor.example", None))),
            ("http://127.0.0.1:9050?x=@y", Some(("127.0.0.1", Some(9050)))),
            ("https://me:s@vendor.example:8443#s", Some(("vendor.example", Some(8443)))),
            ("http://[::1]/", Some(("[::1]", None))),
            ("vendor.example", None),
        ];
        for (url, expected) in cases {
            assert_eq!(server(url), expected, "{url}");
        }
    }

    #[test]
    fn a_development_worker_that_was_deployed_serves_nobody() {
        assert!(!is_allowed("https://sparrow.example.workers.dev/e", "development"));
        assert!(is_allowed("https://sparrow.example.workers.dev/e", "staging"));
        assert!(is_allowed("https://e.shop.example/e", "production"));
    }
}
