//! What is found in a shard, in parts that Console takes.

use allowlist::erase::Erased;
use outbox::admin::{KeptPayload, RewrittenPayload};

/// Most bytes of a part, as JSON, and most events, but for one payload: Console reads 16 MiB. A page of the shard is smaller than what is
/// left of it where bodies were encoded, which are plain afterwards.
const BYTES: usize = 4_000_000;
const EVENTS: usize = 20_000;

/// A payload of a shard in which something was found.
pub struct Kept {
    pub seq: i64,
    /// See [`RewrittenPayload::was`].
    pub was: String,
    /// Which of its events are in dead letters.
    pub dead: Vec<u32>,
    pub erased: Erased,
}

impl Kept {
    /// What was found in it.
    pub fn new(kept: KeptPayload, erased: Erased) -> Self {
        let was = RewrittenPayload::print(&kept.payload.data);
        Self { seq: kept.seq, was, dead: kept.dead, erased }
    }
}

/// The part that is being filled.
#[derive(Default)]
pub struct Parts {
    some: Vec<Kept>,
    bytes: usize,
    events: usize,
}

impl Parts {
    /// Takes one more. Returns those before it where they have no room for it.
    pub fn push(&mut self, one: Kept) -> Option<Vec<Kept>> {
        let data = &one.erased.rest.data;
        let bytes = serde_json::to_string(data).map_or(data.len(), |json| json.len());
        let events = one.erased.events.len();
        let is_full = self.bytes + bytes > BYTES || self.events + events > EVENTS;
        let full = (is_full && !self.some.is_empty()).then(|| std::mem::take(self).some);
        self.bytes += bytes;
        self.events += events;
        self.some.push(one);
        full
    }

    /// The last part.
    pub fn rest(self) -> Vec<Kept> {
        self.some
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::{Context, Millis, Payload};

    fn kept(seq: i64, data: String, events: u32) -> Kept {
        let rest = Payload { id: "p".into(), received_at: Millis(0), data, context: Context::default() };
        let erased = Erased { events: (0..events).map(|idx| (idx, None)).collect(), rest, is_all: false };
        Kept { seq, was: String::new(), dead: vec![], erased }
    }

    fn sizes(all: impl IntoIterator<Item = Kept>) -> Vec<usize> {
        let mut parts = Parts::default();
        let mut sizes: Vec<usize> =
            all.into_iter().filter_map(|one| parts.push(one)).map(|part| part.len()).collect();
        sizes.push(parts.rest().len());
        sizes
    }

    #[test]
    fn no_part_is_more_than_console_reads_and_one_payload_is_always_taken() {
        let quotes = || "\"".repeat(900_000);
        assert_eq!(
            sizes((0..5).map(|seq| kept(seq, quotes(), 1))),
            [2, 2, 1],
            "a quote is two bytes as JSON"
        );
        assert_eq!(sizes((0..5).map(|seq| kept(seq, "{}".into(), 8000))), [2, 2, 1]);
        let huge = |seq| kept(seq, "x".repeat(5_000_000), 1);
        assert_eq!(sizes([huge(1), kept(2, "{}".into(), 1), huge(3)]), [1, 1, 1]);
        assert_eq!(sizes([]), [0]);
    }
}
