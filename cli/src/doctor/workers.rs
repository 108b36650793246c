//! The Workers' addresses: who answers there.

use super::clock;
use super::findings::Findings;
use reqwest::redirect::Policy;
use std::time::Duration;
use url::Url;

/// How long to wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A client for health checks and vendors, which follows no redirects.
///
/// # Errors
/// Where no requests can be made on this machine.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("sparrow/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .timeout(TIMEOUT)
        .build()
}

/// Dispatcher's `/health`, which tells the release.
pub async fn dispatcher(http: &reqwest::Client, url: &Url, findings: &mut Findings) {
    let own = env!("CARGO_PKG_VERSION");
    let mend =
        "start it (`make dev`), or say where it is with --dispatcher; `npx wrangler tail` shows what it logs";
    let Some((status, _, body)) = health(http, url).await else {
        return findings.fault("Dispatcher", url, "does not answer", mend);
    };
    let release = serde_json::from_str::<serde_json::Value>(&body).unwrap_or_default();
    match (status, release["release"].as_str()) {
        (200, Some(release)) if release == own => {
            findings.ok("Dispatcher", url, format!("release {release}"))
        }
        (200, Some(release)) => findings.warn(
            "Dispatcher",
            url,
            format!("release {release}, and this command is {own}"),
            "use the command of its release",
        ),
        (200, None) => findings.fault(
            "Dispatcher",
            url,
            "something else answers there",
            "say where Dispatcher is with --dispatcher",
        ),
        (status, _) => findings.fault("Dispatcher", url, format!("/health answers {status}"), mend),
    }
}

/// Console's `/health`, and its clock.
pub async fn console(http: &reqwest::Client, url: &Url, findings: &mut Findings) {
    match health(http, url).await {
        Some((200, date, _)) => {
            findings.ok("Console", url, "answers");
            if let Some(date) = date {
                clock::of_date(&date, findings);
            }
        }
        Some((404, ..)) => findings.fault(
            "Console",
            url,
            "is off, or something else answers there",
            "set its secret CONSOLE_TOKEN (32 characters or more), or say where it is with --console",
        ),
        Some((302 | 403, ..)) => findings.fault(
            "Console",
            url,
            "Cloudflare Access, or the Worker, lets nobody in from here",
            "use https, and let this machine in",
        ),
        Some((status, ..)) => findings.fault(
            "Console",
            url,
            format!("/health answers {status}"),
            "`npx wrangler tail -c console/wrangler.toml` shows what it logs",
        ),
        None => findings.fault(
            "Console",
            url,
            "does not answer",
            "start it (`make dev`), or say where it is with --console",
        ),
    }
}

/// Status, `Date` and body.
async fn health(http: &reqwest::Client, url: &Url) -> Option<(u16, Option<String>, String)> {
    let address = format!("{}/health", url.as_str().trim_end_matches('/'));
    let reply = http.get(address).send().await.ok()?;
    let date = reply.headers().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned);
    Some((reply.status().as_u16(), date, reply.text().await.ok()?))
}
