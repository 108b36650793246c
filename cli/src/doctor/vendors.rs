//! The vendors' credentials, by requests that record nothing. What a vendor says is not shown: some repeat the key.

use super::findings::Findings;
use super::settings;
use serde_json::{Value, json};
use std::path::Path;
use trackers::settings::Settings;

const AREA: &str = "vendors";

/// Where Google validates (<https://developers.google.com/analytics/devguides/collection/protocol/ga4/validating-events>).
const GA4: &str = "https://www.google-analytics.com";

/// Amplitude's host (<https://amplitude.com/docs/apis/analytics/http-v2>).
const AMPLITUDE: &str = "https://api2.amplitude.com";

/// How Amplitude's words begin where it does not know the key.
const UNKNOWN_KEY: &str = "invalid api key";

/// Asks each vendor that has settings.
pub async fn look(http: &reqwest::Client, file: &Path, findings: &mut Findings) {
    let settings = match settings(file) {
        Ok(settings) => settings,
        Err(why) => {
            let mend = "name a file with Trace's settings with --settings: NAME=value a line";
            return findings.fault(AREA, file.display(), why, mend);
        }
    };
    let has = |name: &str| settings.get(name).is_some_and(|value| !value.is_empty());
    // As Trace does at its start: an address that is not https would be shown the secrets.
    if let Err(faults) = trackers::configure(&settings) {
        let mend = "put the settings right; Trace stops with the same faults";
        return findings.fault(AREA, file.display(), faults, mend);
    }
    if has("GA4_MEASUREMENT_ID") {
        ga4(http, &settings, findings).await;
    }
    if has("AMPLITUDE_API_KEY") {
        amplitude(http, &settings, findings).await;
    }
    if has("HEAP_APP_ID") {
        findings.unknown(AREA, "heap", "not checkable: Heap has no request that records nothing");
    }
    if has("WEBHOOK_URL") {
        findings.unknown(AREA, "webhook", "not checkable: whatever is sent there is an event");
    }
}

/// Google validates the form; it looks at neither the measurement id nor the secret.
async fn ga4(http: &reqwest::Client, settings: &Settings, findings: &mut Findings) {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, setting) in [("measurement_id", "GA4_MEASUREMENT_ID"), ("api_secret", "GA4_API_SECRET")] {
        query.append_pair(name, settings.get(setting).map_or("", String::as_str));
    }
    let address = format!("{}/debug/mp/collect?{}", host(settings, "GA4_ENDPOINT", GA4), query.finish());
    let event = json!({ "client_id": "sparrow.doctor", "events": [{ "name": "sparrow_doctor" }] });
    match post(http, &address, &event).await {
        Some((200, reply)) if reply["validationMessages"].as_array().is_some_and(Vec::is_empty) => {
            findings.unknown(AREA, "ga4", "Google answers and takes the form; it tells neither whether the measurement id nor whether the secret is right");
        }
        Some((200, reply)) if reply["validationMessages"].is_array() => {
            findings.fault(AREA, "ga4", "Google does not take a plain event", "check GA4_MEASUREMENT_ID and GA4_API_SECRET: Admin, Data streams, Measurement Protocol API secrets");
        }
        reply => refused("ga4", "GA4_ENDPOINT", reply, findings),
    }
}

/// A batch without events: Amplitude says what is wrong with the key, or else with the batch.
async fn amplitude(http: &reqwest::Client, settings: &Settings, findings: &mut Findings) {
    let address = format!("{}/2/httpapi", host(settings, "AMPLITUDE_ENDPOINT", AMPLITUDE));
    let key = settings.get("AMPLITUDE_API_KEY").map_or("", String::as_str);
    let reply = post(http, &address, &json!({ "api_key": key, "events": [] })).await;
    let says = |reply: &Value| reply["error"].as_str().unwrap_or_default().to_ascii_lowercase();
    match reply {
        Some((400, reply))
            if says(&reply).starts_with(UNKNOWN_KEY) || reply["missing_field"] == "api_key" =>
        {
            findings.fault(AREA, "amplitude", "does not know the key", "check AMPLITUDE_API_KEY (Settings, Projects), and AMPLITUDE_ENDPOINT: keys of the EU are known there alone");
        }
        Some((200, _)) => findings.ok(AREA, "amplitude", "takes the key"),
        Some((400, reply)) if reply["missing_field"] == "events" => {
            findings.ok(
                AREA,
                "amplitude",
                "has nothing against the key, and misses events, of which none were sent",
            );
        }
        reply => refused("amplitude", "AMPLITUDE_ENDPOINT", reply, findings),
    }
}

fn host<'a>(settings: &'a Settings, name: &str, default: &'a str) -> &'a str {
    settings
        .get(name)
        .map(|host| host.trim_end_matches('/'))
        .filter(|host| !host.is_empty())
        .unwrap_or(default)
}

fn refused(vendor: &str, setting: &str, reply: Option<(u16, Value)>, findings: &mut Findings) {
    match reply {
        None => findings.fault(
            AREA,
            vendor,
            "does not answer",
            format!("check the connection, and {setting} where it is set"),
        ),
        Some((429 | 500.., _)) => findings.warn(
            AREA,
            vendor,
            "has trouble of its own",
            "try again later; see the vendor's status page",
        ),
        Some((status, _)) => findings.fault(
            AREA,
            vendor,
            format!("answers {status}"),
            format!("check its settings in Trace, and {setting} where it is set"),
        ),
    }
}

async fn post(http: &reqwest::Client, address: &str, body: &Value) -> Option<(u16, Value)> {
    let request = http.post(address).header("content-type", "application/json").body(body.to_string());
    let reply = request.send().await.ok()?;
    let status = reply.status().as_u16();
    // Of a page the status is all that counts.
    Some((status, serde_json::from_slice(&reply.bytes().await.ok()?).unwrap_or_default()))
}
