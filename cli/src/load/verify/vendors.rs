//! What the sandbox, which plays the vendors, accepted.

use super::run::Run;
use super::{Findings, Problem, VerifyError};
use crate::load::latency::{Latency, Percentiles};
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use url::Url;
use uuid::Uuid;

/// What the vendor says of the events that were delivered to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AtVendor {
    /// Delivered by the account, and unknown to the vendor.
    pub vendor_missing: u64,
    /// Copies beyond the first of each event.
    pub vendor_duplicates: u64,
    /// From the start of the attempt that was acknowledged to the vendor's first receipt.
    pub vendor_latency_ms: Percentiles,
}

#[derive(Deserialize)]
struct Totals {
    unknown: u64,
}

#[derive(Deserialize)]
struct Page {
    received: Vec<Key>,
    next: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    key: String,
    count: u64,
    first_at: i64,
}

/// The place of an event: the numbers of its payload and its own.
type Places = HashMap<Uuid, (usize, usize)>;

/// Asks the sandbox at `url` about every tracker that it plays.
pub async fn check(
    client: &reqwest::Client,
    url: &Url,
    run: &Run<'_>,
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let mut places = Places::new();
    for (number, payload) in run.sent.iter().enumerate() {
        for (id, event) in payload.events.iter().zip(run.events(number)) {
            places.insert(event::id::dedupe_key(&id.to_string()), (number, event));
        }
    }
    let totals: BTreeMap<String, Totals> = ask(client, url, &[]).await?;
    for (vendor, totals) in totals {
        let Some(outcomes) = findings.trackers.get_mut(&vendor) else { continue };
        let (copies, latency) = received(client, url, &vendor, run, &places).await?;
        let missing: Vec<_> = (0..run.sent.len())
            .flat_map(|payload| run.events(payload).map(move |event| (payload, event)))
            .filter(|&(_, event)| outcomes.delivered[event] && copies[event] == 0)
            .map(|(payload, _)| payload)
            .collect();
        outcomes.sum.vendor = Some(AtVendor {
            vendor_missing: missing.len() as u64,
            vendor_duplicates: copies.iter().map(|copies| copies.saturating_sub(1)).sum(),
            vendor_latency_ms: latency.percentiles(),
        });
        findings.lose(run, &missing);
        let mut problem = format!("events were delivered to {vendor}, which never accepted them");
        if totals.unknown > 0 {
            problem += &format!(" (it accepted {} whose key is not known)", totals.unknown);
        }
        findings.payloads(run, &missing, Problem::settled(&problem));
    }
    Ok(())
}

/// How often the vendor accepted each event, and how long the first copy was on its way.
async fn received(
    client: &reqwest::Client,
    url: &Url,
    vendor: &str,
    run: &Run<'_>,
    places: &Places,
) -> Result<(Vec<u64>, Latency), VerifyError> {
    let mut copies = vec![0; run.event_count()];
    let mut latency = Latency::new();
    let mut next = Some(0);
    while let Some(after) = next {
        let page: Page = ask(client, url, &[("vendor", vendor), ("after", &after.to_string())]).await?;
        for key in page.received {
            let place = event_id(&key.key).and_then(|id| places.get(&id));
            let Some(&(payload, event)) = place else { continue };
            copies[event] += key.count;
            if run.sent[payload].acked {
                latency.record_ms(key.first_at - run.sent[payload].last_at);
            }
        }
        next = page.next;
    }
    Ok((copies, latency))
}

/// A key is the event's id, or for GA4 ends with the address of a page that ends with it.
fn event_id(key: &str) -> Option<Uuid> {
    let end = key.rsplit('/').next()?;
    Uuid::try_parse(end.split('?').next()?).ok()
}

async fn ask<T: DeserializeOwned>(
    client: &reqwest::Client,
    url: &Url,
    query: &[(&str, &str)],
) -> Result<T, VerifyError> {
    let failed = |what: String| VerifyError::Sandbox(url.to_string(), what);
    let mut url = url.join("/api/received").map_err(|error| failed(error.to_string()))?;
    url.query_pairs_mut().extend_pairs(query);
    let response = client.get(url).send().await.map_err(|error| failed(error.to_string()))?;
    let status = response.status();
    let body = response.bytes().await.map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&body).map_err(|error| failed(format!("{status}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_known_by_its_key_at_every_vendor() {
        let id = Uuid::from_u128(0x1234);
        assert_eq!(event_id(&id.to_string()), Some(id));
        let ga4 = format!("device 1793534400000000 page_view https://shop.example/load/{id}?utm_source=load");
        assert_eq!(event_id(&ga4), Some(id));
        assert_eq!(event_id("1 2 page_view https://shop.example/"), None);
    }
}
