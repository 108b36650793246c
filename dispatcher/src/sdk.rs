//! The browser SDK, served first-party.

use worker::{Request, Response, Result};

/// Built by `make sdk`.
const BUNDLE: &str = include_str!("../../sdk-js/dist/sparrow.js");

/// `GET /sparrow.js`. Pages keep it for an hour; a new release reaches everybody within that time.
pub fn serve(request: &Request) -> Result<Response> {
    let etag = format!("\"{}\"", etag());
    let unchanged = request.headers().get("if-none-match")?.is_some_and(|known| known.contains(&etag));
    let response = if unchanged { Response::empty()?.with_status(304) } else { Response::ok(BUNDLE)? };
    let headers = response.headers();
    headers.set("content-type", "text/javascript; charset=utf-8")?;
    headers.set("cache-control", "public, max-age=3600")?;
    headers.set("etag", &etag)?;
    headers.set("x-content-type-options", "nosniff")?;
    Ok(response)
}

fn etag() -> String {
    use sha2::{Digest, Sha256};
    hex::encode(&Sha256::digest(BUNDLE)[..8])
}
