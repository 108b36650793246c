//! Spans as OTLP's JSON (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>): ids are hexadecimal,
//! 64-bit numbers are texts, enumerations are numbers.

use super::span::{Span, Value};
use event::{Millis, Traceparent};
use serde::Serialize;

/// The flags of `traceparent`. Only what is sampled is exported.
const SAMPLED: u32 = 1;

/// The status of a span that failed.
const ERROR: u8 = 2;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    resource_spans: [ResourceSpans<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    resource: Resource<'a>,
    scope_spans: [ScopeSpans<'a>; 1],
}

#[derive(Serialize)]
struct Resource<'a> {
    attributes: Vec<Attribute<'a>>,
}

#[derive(Serialize)]
struct ScopeSpans<'a> {
    scope: Scope<'a>,
    spans: Vec<SpanJson<'a>>,
}

#[derive(Serialize)]
struct Scope<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpanJson<'a> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    flags: u32,
    name: &'a str,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
}

#[derive(Serialize)]
struct Attribute<'a> {
    key: &'a str,
    value: AnyValue<'a>,
}

#[derive(Serialize)]
enum AnyValue<'a> {
    #[serde(rename = "stringValue")]
    Text(&'a str),
    #[serde(rename = "intValue")]
    Number(String),
    #[serde(rename = "arrayValue")]
    List { values: Vec<AnyValue<'a>> },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    trace_id: String,
    span_id: String,
    flags: u32,
}

#[derive(Serialize)]
struct Status<'a> {
    code: u8,
    message: &'a str,
}

/// Who made the spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub name: &'static str,
    pub version: &'static str,
    pub environment: String,
}

/// The body of an export.
pub fn encode(service: &Service, spans: &[Span]) -> Result<String, serde_json::Error> {
    let attributes = [
        ("service.name", service.name),
        ("service.version", service.version),
        ("deployment.environment.name", service.environment.as_str()),
    ];
    let attributes = attributes.map(|(key, value)| Attribute { key, value: AnyValue::Text(value) });
    let scope_spans = ScopeSpans {
        scope: Scope { name: "sparrow", version: service.version },
        spans: spans.iter().map(span).collect(),
    };
    let resource = Resource { attributes: attributes.into() };
    serde_json::to_string(&Request {
        resource_spans: [ResourceSpans { resource, scope_spans: [scope_spans] }],
    })
}

fn span(span: &Span) -> SpanJson<'_> {
    SpanJson {
        trace_id: span.own.trace.to_string(),
        span_id: span.own.parent.to_string(),
        parent_span_id: span.parent.map(|id| id.to_string()),
        flags: SAMPLED,
        name: &span.name,
        kind: span.kind as u8,
        start_time_unix_nano: nanos(span.started),
        end_time_unix_nano: nanos(span.ended),
        attributes: span.attributes.iter().map(|(key, value)| Attribute { key, value: any(value) }).collect(),
        links: span.links.iter().map(link).collect(),
        status: span.error.as_deref().map(|message| Status { code: ERROR, message }),
    }
}

fn any(value: &Value) -> AnyValue<'_> {
    match value {
        Value::Text(text) => AnyValue::Text(text),
        Value::Number(number) => AnyValue::Number(number.to_string()),
        Value::Texts(texts) => {
            AnyValue::List { values: texts.iter().map(|text| AnyValue::Text(text)).collect() }
        }
    }
}

fn link(place: &Traceparent) -> Link {
    let flags = if place.is_sampled { SAMPLED } else { 0 };
    Link { trace_id: place.trace.to_string(), span_id: place.parent.to_string(), flags }
}

fn nanos(time: Millis) -> String {
    format!("{}000000", time.0)
}

#[cfg(test)]
mod tests {
    use super::super::span::Kind;
    use super::*;
    use serde_json::{Value as Json, json};

    #[test]
    fn ids_are_hexadecimal_and_large_numbers_are_texts() {
        let own = Traceparent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        let other = Traceparent::parse("00-11112f3577b34da6a3ce929d0e0e4736-1111111111111111-00").unwrap();
        let time = (Millis(1_793_534_400_000), Millis(1_793_534_400_250));
        let span = Span::new(own, Some(other.parent), Kind::Client, "POST vendor.example", time)
            .with("http.response.status_code", 503_u16)
            .with_some("sparrow.tracker", Some("ga4"))
            .with_some("sparrow.reason", None::<&str>)
            .with_ids("sparrow.event.ids", ["a", "b"])
            .linked_to([other])
            .failed(Some("http_503"));
        let service = Service { name: "sparrow-trace", version: "1.2.3", environment: "staging".into() };
        let body: Json = serde_json::from_str(&encode(&service, &[span]).unwrap()).unwrap();
        let text = |key, value| json!({"key": key, "value": {"stringValue": value}});
        let expected = json!({"resourceSpans": [{
            "resource": {"attributes": [text("service.name", "sparrow-trace"), text("service.version", "1.2.3"),
                text("deployment.environment.name", "staging")]},
            "scopeSpans": [{"scope": {"name": "sparrow", "version": "1.2.3"}, "spans": [{
                "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7",
                "parentSpanId": "1111111111111111", "flags": 1, "name": "POST vendor.example", "kind": 3,
                "startTimeUnixNano": "1793534400000000000", "endTimeUnixNano": "1793534400250000000",
                "attributes": [
                    {"key": "http.response.status_code", "value": {"intValue": "503"}},
                    text("sparrow.tracker", "ga4"),
                    {"key": "sparrow.event.ids", "value": {"arrayValue": {"values": [
                        {"stringValue": "a"}, {"stringValue": "b"}]}}}],
                "links": [{"traceId": "11112f3577b34da6a3ce929d0e0e4736", "spanId": "1111111111111111",
                    "flags": 0}],
                "status": {"code": 2, "message": "http_503"}}]}]}]});
        assert_eq!(body, expected);
    }
}
