//! Which of the payloads of a call are traced, and the spans that the call has in their traces.

use event::Traceparent;
use event::traceparent::{LENGTH, SampleRate, SpanId};

/// Most payloads of a call that have a span of it.
const MAX_SPANS: usize = 100;

/// A call's span in the trace of one of its payloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallSpan {
    /// What it is a child of.
    pub parent: Traceparent,
    /// Its id.
    pub id: SpanId,
}

impl CallSpan {
    /// The place in the trace of what the call brings about.
    pub fn own(&self) -> Traceparent {
        self.parent.child(self.id)
    }
}

/// A payload of a call that is traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traced<'a> {
    /// The payload's id.
    pub payload: &'a str,
    /// The call's span.
    pub span: CallSpan,
}

/// Gives spans to the payloads of a call.
pub struct CallSpans<'a> {
    rng: &'a mut fastrand::Rng,
    left: usize,
}

impl<'a> CallSpans<'a> {
    pub fn new(rng: &'a mut fastrand::Rng) -> Self {
        Self { rng, left: MAX_SPANS }
    }

    /// A span, where the payload is traced and there are not too many.
    pub fn of(&mut self, parent: Option<Traceparent>) -> Option<CallSpan> {
        let parent = parent.filter(|_| self.left > 0)?;
        self.left -= 1;
        Some(CallSpan { parent, id: SpanId::random(self.rng.u64(..).to_be_bytes()) })
    }
}

/// The payload's place in its trace where that is recorded, by its context, of which nothing else is read. No value can be
/// taken for the member: JSON escapes quotes.
pub fn place(context: &str, rate: Option<SampleRate>) -> Option<Traceparent> {
    const MEMBER: &str = r#""traceparent":""#;
    let rate = rate?;
    let start = context.rfind(MEMBER)? + MEMBER.len();
    let place = Traceparent::parse(context.get(start..start + LENGTH)?)?;
    rate.keeps(&place).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::Context;

    const PLACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_the_member_itself_counts_and_only_where_it_is_recorded() {
        let all = SampleRate::new(1.0);
        let written = |traceparent: Option<&str>, user_agent: &str| {
            let traceparent = traceparent.and_then(Traceparent::parse);
            let user_agent = Some(user_agent.to_owned());
            serde_json::to_string(&Context { traceparent, user_agent, ..Context::default() }).unwrap()
        };
        assert_eq!(place(&written(Some(PLACE), "x"), all), Traceparent::parse(PLACE));
        assert_eq!(place(&written(Some(PLACE), "x"), None), None, "nothing is recorded");
        assert_eq!(place(&written(Some(PLACE), "x"), SampleRate::new(0.0)), None);
        assert_eq!(place(&written(Some(&PLACE.replace("-01", "-00")), "x"), all), None);
        for hostile in [format!(r#"","traceparent":"{PLACE}"#), r#"{"traceparent":"é"#.into()] {
            assert_eq!(place(&written(None, &hostile), all), None, "{hostile}");
        }
        for broken in ["", r#"{"traceparent":"00-"#, r#"{"traceparent":""}"#] {
            assert_eq!(place(broken, all), None);
        }
    }

    #[test]
    fn a_call_has_so_many_spans_and_no_more() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut spans = CallSpans::new(&mut rng);
        let parent = Traceparent::parse(PLACE);
        let given: Vec<_> = (0..MAX_SPANS + 5).filter_map(|_| spans.of(parent)).collect();
        assert_eq!(given.len(), MAX_SPANS);
        assert!(given[0].id != given[1].id && given[0].own().trace == parent.unwrap().trace);
        assert_eq!(CallSpans::new(&mut rng).of(None), None);
    }
}
