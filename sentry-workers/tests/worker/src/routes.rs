//! Routes that report nothing.

use worker::{Request, Response, Result};

/// Answers with the request's path.
pub fn plain(request: &Request) -> Result<Response> {
    Response::ok(request.path())
}
