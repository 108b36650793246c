//! Where spans go, and of which traces.

use super::encode::Service;
use crate::settings::Vars;
use crate::transport;
use event::traceparent::SampleRate;
use std::fmt;
use std::rc::Rc;

/// One trace of a hundred, where nothing is said.
const DEFAULT_RATE: f64 = 0.01;

/// What the operator chose, where there is an endpoint.
pub struct Tracing {
    /// Which traces are recorded.
    pub rate: SampleRate,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) service: Service,
}

impl Tracing {
    /// Reads `OTLP_ENDPOINT`, `OTLP_HEADERS` and `TRACE_SAMPLE_RATE`; nothing without an endpoint. Every fault is added to
    /// `faults`. An empty setting counts as left out.
    pub fn read(
        vars: &Vars,
        service: &'static str,
        environment: &str,
        faults: &mut Vec<String>,
    ) -> Option<Rc<Self>> {
        let given = |name: &str| vars.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        let endpoint = given("OTLP_ENDPOINT")?;
        let is_base = endpoint.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#'));
        if !is_base || !transport::may_be_called(endpoint, environment) {
            faults.push(
                "OTLP_ENDPOINT must be an https address to which /v1/traces is added (plain http is for loopback, outside production)"
                    .to_owned(),
            );
        }
        let headers = headers(given("OTLP_HEADERS").unwrap_or_default()).unwrap_or_else(|place| {
            faults.push(format!(
                "OTLP_HEADERS must be name=value, with commas between them and other characters of values as %20; number {place} is not"
            ));
            Vec::new()
        });
        let rate = given("TRACE_SAMPLE_RATE").map_or(Some(DEFAULT_RATE), decimal);
        let Some(rate) = rate.and_then(SampleRate::new) else {
            faults.push("TRACE_SAMPLE_RATE must be a number from 0 to 1, such as 0.01".to_owned());
            return None;
        };
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let version = env!("CARGO_PKG_VERSION");
        let service = Service { name: service, version, environment: environment.to_owned() };
        Some(Rc::new(Self { rate, url, headers, service }))
    }
}

/// Headers are secrets.
impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing").field("rate", &self.rate).finish_non_exhaustive()
    }
}

/// Reads headers in the form of `OTEL_EXPORTER_OTLP_HEADERS`
/// (<https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables>), or says
/// which of them is none, from 1 on.
fn headers(text: &str) -> Result<Vec<(String, String)>, usize> {
    let entries = text.split(',').enumerate().filter(|(_, entry)| !entry.trim().is_empty());
    entries.map(|(place, entry)| header(entry).ok_or(place + 1)).collect()
}

fn header(entry: &str) -> Option<(String, String)> {
    let (name, value) = entry.split_once('=')?;
    let name = name.trim();
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let value = percent_decoded(value.trim())?;
    let is_value = |b: u8| b.is_ascii_graphic() || b == b' ';
    let is_header = !name.is_empty() && name.bytes().all(is_token) && value.bytes().all(is_value);
    is_header.then(|| (name.to_owned(), value))
}

/// A number such as `0.01`, with nine decimals at most. The standard library reads any number, and takes 15 kB for it.
fn decimal(text: &str) -> Option<f64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_number =
        |digits: &str| (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) {
        return None;
    }
    let (whole, parts): (u32, u32) = (whole.parse().ok()?, decimals.parse().ok()?);
    let scale = 10_u32.pow(u32::try_from(decimals.len()).ok()?);
    Some(f64::from(whole) + f64::from(parts) / f64::from(scale))
}

/// A text in which `%20` is a space.
fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut decoded = parts.next()?.to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        decoded.push(u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii)?.into());
        decoded.push_str(rest);
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(environment: &str, pairs: &[(&str, &str)]) -> (Option<Rc<Tracing>>, Vec<String>) {
        let vars = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut faults = Vec::new();
        (Tracing::read(&vars, "sparrow-trace", environment, &mut faults), faults)
    }

    #[test]
    fn without_an_endpoint_there_is_none_and_nothing_need_be_right() {
        let (tracing, faults) = read("production", &[("OTLP_ENDPOINT", " "), ("TRACE_SAMPLE_RATE", "all")]);
        assert!(tracing.is_none() && faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn an_endpoint_is_enough() {
        let (tracing, faults) = read("production", &[("OTLP_ENDPOINT", "https://otlp.example/base/")]);
        let tracing = tracing.unwrap();
        assert_eq!((tracing.url.as_str(), faults.len()), ("https://otlp.example/base/v1/traces", 0));
        assert_eq!((tracing.rate.as_f64(), tracing.headers.len()), (0.01, 0));
    }

    #[test]
    fn every_fault_is_told_and_no_secret() {
        let wrong = [
            ("OTLP_ENDPOINT", "http://otlp.example"),
            ("OTLP_HEADERS", "a=b,hush"),
            ("TRACE_SAMPLE_RATE", "5%"),
        ];
        let (_, faults) = read("staging", &wrong);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[1].contains("number 2") && !faults.join(" ").contains("hush"));
        for endpoint in ["http://127.0.0.1:4318", "https://otlp.example?key=hush", "otlp.example"] {
            assert_eq!(read("production", &[("OTLP_ENDPOINT", endpoint)]).1.len(), 1, "{endpoint}");
        }
        let (tracing, _) = read(
            "staging",
            &[("OTLP_ENDPOINT", "http://127.0.0.1:4318"), ("OTLP_HEADERS", "authorization=hush")],
        );
        assert!(!format!("{:?}", tracing.unwrap()).contains("hush"));
    }

    #[test]
    fn a_rate_is_a_decimal_number() {
        let rates =
            [("1", 1.0), ("0", 0.0), ("0.01", 0.01), ("0.000000001", 1e-9), ("1.0", 1.0), ("00.50", 0.5)];
        for (text, rate) in rates {
            assert_eq!(decimal(text), Some(rate), "{text}");
        }
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e-2", "0,01", "0.0000000001", "1.0.0", "NaN", "٣"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn headers_are_read_as_opentelemetry_writes_them() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let read = headers("authorization=Basic%20dTpw, x-team = a=b%2Cc ,");
        assert_eq!(read, Ok(vec![pair("authorization", "Basic dTpw"), pair("x-team", "a=b,c")]));
        assert_eq!(headers(""), Ok(vec![]));
        for (text, place) in [("a", 1), ("a=b,=c", 2), ("a b=c", 1), ("a=%0a", 1), ("a=%2", 1), ("a=%é", 1)]
        {
            assert_eq!(headers(text), Err(place), "{text}");
        }
    }
}
