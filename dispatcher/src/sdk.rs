//! The browser SDK, served first-party.

use sha2::{Digest, Sha256};
use worker::{Request, Response, Result};

/// Built by `make sdk`.
const BUNDLE: &str = include_str!("../../sdk-js/dist/sparrow.js");

/// Where the bundle sends events when its tag says nothing.
const DEFAULT_PATH: &str = "\"/e\"";

/// `GET /sparrow.js`, which sends to `ingest_path`. Pages keep it for an hour; a new release reaches everybody
/// within that time.
pub fn serve(request: &Request, ingest_path: &str) -> Result<Response> {
    let bundle = bundle(ingest_path);
    let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&bundle)[..8]));
    let unchanged = request.headers().get("if-none-match")?.is_some_and(|known| known.contains(&etag));
    let response = if unchanged { Response::empty()?.with_status(304) } else { Response::ok(bundle)? };
    let headers = response.headers();
    headers.set("content-type", "text/javascript; charset=utf-8")?;
    headers.set("cache-control", "public, max-age=3600")?;
    headers.set("etag", &etag)?;
    headers.set("x-content-type-options", "nosniff")?;
    Ok(response)
}

/// Settings allow no character in a path that a string of JavaScript would need escaped.
fn bundle(ingest_path: &str) -> String {
    BUNDLE.replace(DEFAULT_PATH, &format!("\"{ingest_path}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_sends_to_the_operators_path() {
        assert_eq!(BUNDLE.matches(DEFAULT_PATH).count(), 1, "the bundle names its path once");
        assert!(bundle("/hello/world").contains("\"/hello/world\""));
        assert_eq!(bundle("/e"), BUNDLE);
    }
}
