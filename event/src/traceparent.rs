//! `traceparent`: which trace a request belongs to, and which span of it is the parent
//! (<https://www.w3.org/TR/trace-context/#traceparent-header>).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Bytes of version 00: `00-` trace id `-` parent id `-` flags.
pub const LENGTH: usize = 55;

/// The flag of a parent that was recorded. It is the one flag that version 00 knows; others are not passed on.
const SAMPLED: u8 = 1;

/// A trace's id. It is never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceId(u128);

/// A span's id. It is never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpanId(u64);

/// A place in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traceparent {
    /// The trace.
    pub trace: TraceId,
    /// The span that what comes next is a child of.
    pub parent: SpanId,
    /// Whether that span was recorded.
    pub is_sampled: bool,
}

impl TraceId {
    /// An id of random bytes.
    pub fn random(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes).max(1))
    }
}

impl SpanId {
    /// An id of random bytes.
    pub fn random(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes).max(1))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Traceparent {
    /// Reads a header's value, strictly. Of a version that is not known yet the beginning counts, which later versions may
    /// only add to.
    pub fn parse(text: &str) -> Option<Self> {
        let (known, rest) = text.as_bytes().split_at_checked(LENGTH)?;
        let [v1, v0, b'-', ids @ .., b'-', f1, f0] = known else { return None };
        let (trace, parent) = ids.split_at_checked(32)?;
        let parent = parent.strip_prefix(b"-")?;
        let version = hex(&[*v1, *v0])?;
        let is_whole = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest[0] == b'-',
        };
        let trace = hex(trace).filter(|&id| is_whole && id != 0)?;
        let parent = hex(parent).filter(|&id| id != 0)?;
        let flags = hex(&[*f1, *f0])?;
        Some(Self {
            trace: TraceId(trace),
            // 16 digits and two digits.
            parent: SpanId(u64::try_from(parent).ok()?),
            is_sampled: u8::try_from(flags).ok()? & SAMPLED != 0,
        })
    }

    /// The same trace with another span for a parent.
    pub fn child(self, span: SpanId) -> Self {
        Self { parent: span, ..self }
    }
}

/// A number of lower-case hexadecimal digits.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.parent, u8::from(self.is_sampled) * SAMPLED)
    }
}

impl Serialize for Traceparent {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Reads a member. One that is none counts as absent: nothing is refused for the sake of a trace.
pub fn lenient<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Traceparent>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.as_deref().and_then(Traceparent::parse))
}

/// Which part of all traces is recorded.
///
/// The decision follows from the trace id, so that whoever else has the same rate records the same traces, and whoever has a
/// higher one these and more (<https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/>).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleRate(f64);

/// Bits of a trace id that are random where any are: the last ones.
const RANDOM_BITS: u32 = 56;

impl SampleRate {
    /// A rate from 0 to 1.
    pub fn new(rate: f64) -> Option<Self> {
        (0.0..=1.0).contains(&rate).then_some(Self(rate))
    }

    /// From 0 to 1.
    pub fn as_f64(self) -> f64 {
        self.0
    }

    /// Whether a trace is one of those that are recorded.
    pub fn takes(self, trace: TraceId) -> bool {
        let all = 1_u64 << RANDOM_BITS;
        let randomness = trace.0 as u64 & (all - 1);
        // Exact for 0 and 1.
        randomness >= ((1.0 - self.0) * all as f64) as u64
    }

    /// Whether a place in a trace is recorded, if its parent was.
    pub fn keeps(self, traceparent: &Traceparent) -> bool {
        traceparent.is_sampled && self.takes(traceparent.trace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    /// The examples of the specification, and what it forbids.
    #[test]
    fn what_the_specification_takes_and_refuses() {
        let known = Traceparent::parse(&format!("00-{TRACE}-{SPAN}-01")).unwrap();
        assert_eq!((known.trace.to_string().as_str(), known.parent.to_string().as_str()), (TRACE, SPAN));
        assert!(known.is_sampled);
        let others = [
            (format!("00-{TRACE}-{SPAN}-00"), Some(false)),
            (format!("00-{TRACE}-{SPAN}-09"), Some(true)),
            (format!("00-{TRACE}-{SPAN}-fe"), Some(false)),
            (format!("cc-{TRACE}-{SPAN}-01"), Some(true)),
            (format!("cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"), Some(true)),
            (format!("cc-{TRACE}-{SPAN}-01.what-the-future-will-not-be-like"), None),
            (format!("00-{TRACE}-{SPAN}-01-what-the-future-will-be-like"), None),
            (format!("00-{TRACE}-{SPAN}-01-"), None),
            (format!("ff-{TRACE}-{SPAN}-01"), None),
            (format!("00-{}-{SPAN}-01", "0".repeat(32)), None),
            (format!("00-{TRACE}-{}-01", "0".repeat(16)), None),
            (format!("00-{}-{SPAN}-01", TRACE.to_uppercase()), None),
            (format!("00-{TRACE}-{SPAN}-0A"), None),
            (format!("0A-{TRACE}-{SPAN}-01"), None),
            (format!("00-{TRACE}-{SPAN}-1"), None),
            (format!("00-{TRACE}{SPAN}--01"), None),
            (format!("00_{TRACE}_{SPAN}_01"), None),
            (format!(" 00-{TRACE}-{SPAN}-01"), None),
            (String::new(), None),
        ];
        for (text, expected) in others {
            assert_eq!(Traceparent::parse(&text).map(|read| read.is_sampled), expected, "{text}");
        }
    }

    #[test]
    fn a_member_that_is_none_counts_as_absent() {
        let context = |text: &str| serde_json::from_str::<crate::Context>(text).unwrap().traceparent;
        assert_eq!(context(r#"{"traceparent": "00-x"}"#), None);
        assert_eq!(context(r#"{"traceparent": null}"#), None);
        let text = format!("00-{TRACE}-{SPAN}-01");
        assert_eq!(context(&format!(r#"{{"traceparent": "{text}"}}"#)), Traceparent::parse(&text));
    }

    #[test]
    fn the_ends_of_the_scale_are_everything_and_nothing() {
        let ids = [TraceId(1 << 100), TraceId(u128::MAX), TraceId(1 << 55)];
        let takes = |rate: f64| ids.map(|id| SampleRate::new(rate).unwrap().takes(id));
        assert_eq!((takes(1.0), takes(0.0)), ([true; 3], [false; 3]));
        for rate in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(SampleRate::new(rate), None, "{rate}");
        }
    }

    #[test]
    fn a_rate_takes_its_part_of_random_traces() {
        let mut bytes = [7; 16];
        let rate = SampleRate::new(0.25).unwrap();
        let taken = (0..10_000_u64).filter(|n| {
            bytes[8..].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
            rate.takes(TraceId::random(bytes))
        });
        assert!((2300..2700).contains(&taken.count()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(trace in 1_u128.., parent in 1_u64.., is_sampled: bool) {
            let place = Traceparent { trace: TraceId(trace), parent: SpanId(parent), is_sampled };
            let text = place.to_string();
            prop_assert_eq!(text.len(), LENGTH);
            prop_assert_eq!(Traceparent::parse(&text), Some(place));
        }

        #[test]
        fn a_text_that_is_read_is_lower_case_and_a_beginning(text in "[0-9a-fA-F]{2}-[0-9a-fg]{32}-[0-9a-f]{15,17}-[0-9a-f]{2}(-.*)?") {
            if let Some(place) = Traceparent::parse(&text) {
                prop_assert_eq!(&place.to_string()[3..52], &text[3..52]);
            }
        }

        #[test]
        fn any_text_is_read_or_not(text: String) {
            let _ = Traceparent::parse(&text);
        }

        #[test]
        fn whoever_has_a_higher_rate_takes_the_same_and_more(trace in 1_u128.., a in 0.0..=1.0, b in 0.0..=1.0) {
            let takes = |rate: f64| SampleRate::new(rate).unwrap().takes(TraceId(trace));
            prop_assert!(takes(f64::min(a, b)) <= takes(f64::max(a, b)));
        }

        #[test]
        fn a_child_stays_in_its_trace(trace in 1_u128.., span: [u8; 8], is_sampled: bool) {
            let place = Traceparent { trace: TraceId(trace), parent: SpanId(1), is_sampled };
            let child = place.child(SpanId::random(span));
            prop_assert_eq!((child.trace, child.is_sampled), (place.trace, is_sampled));
        }
    }
}
