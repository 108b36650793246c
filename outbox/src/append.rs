//! Accepting: payloads are appended, and only then acknowledged.

use crate::ledger::{self, Deltas};
use crate::raw::Stored;
use crate::shard::Shard;
use crate::sql::{Database, Param, SqlError};
use event::Millis;
use event::account::{ALL_TRACKERS, LIVE, UNOPENED};
use event::id::MAX_ID_LENGTH;
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;

/// A payload as Dispatcher hands it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayload {
    /// Its id.
    pub id: String,
    /// Whether the sender chose the id, so that it may come again.
    pub is_senders_id: bool,
    /// When it was received.
    pub at: Millis,
    /// [`event::Payload::data`].
    pub data: String,
    /// [`event::Context`] as JSON.
    pub context: String,
}

/// What came of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is stored.
    Stored,
    /// It had been stored before.
    Duplicate,
    /// It was not stored: too much is waiting.
    Full,
}

impl<D: Database> Shard<D> {
    /// Stores payloads, all in one transaction. An answer for each, in their order.
    ///
    /// The same id with the same bytes is one payload; with other bytes it gets an id derived from both.
    ///
    /// # Errors
    /// [`SqlError`], and then none of them is stored.
    pub fn append(&mut self, mut group: Vec<NewPayload>, now: Millis) -> Result<Vec<Appended>, SqlError> {
        self.seen.rotate(&self.db, now)?;
        let prints = self.identify(&mut group)?;
        let sizes: Vec<i64> = group.iter().map(encoded_size).collect();
        // All or none, so that no copy is called a duplicate of what was refused.
        let is_full = self.waiting_bytes() + sizes.iter().sum::<i64>() > self.settings.max_bytes;
        let answer = |print: &Print| match print {
            Print::Known => Appended::Duplicate,
            _ if is_full => Appended::Full,
            Print::Twice => Appended::Duplicate,
            Print::None | Print::New(_) => Appended::Stored,
        };
        let answers: Vec<Appended> = prints.iter().map(answer).collect();
        let count = |what| answers.iter().filter(|answer| **answer == what).count();
        let (full, duplicates) = (count(Appended::Full), count(Appended::Duplicate) as i64);
        let mut deltas = Deltas::default();
        let mut rows = Vec::with_capacity(group.len());
        let taken = |(_, answer): &(_, &Appended)| **answer == Appended::Stored;
        let new = group.iter().zip(sizes.iter().copied()).zip(prints).zip(&answers).filter(taken);
        for (((payload, size), print), _) in new {
            let counts = deltas.of(LIVE, ledger::day_of(payload.at), UNOPENED, ALL_TRACKERS);
            counts.received += 1;
            counts.pending += 1;
            let print = if let Print::New(print) = print { Some(print) } else { None };
            rows.push((payload, size, print));
        }
        if rows.is_empty() {
            self.refused("full", full);
            self.count_appended(0, 0, duplicates);
            return Ok(answers);
        }
        let first = self.state.top + 1;
        let new = || rows.iter().filter_map(|(payload, _, print)| Some((&payload.id, print.as_ref()?)));
        self.seen.remember(new().map(|(id, print)| (id.clone(), print.clone())));
        let is_full = self.seen.is_full();
        let done = self.db.transaction(&mut || {
            for (seq, (payload, size, print)) in (first..).zip(&rows) {
                insert(&self.db, seq, payload, *size, print.as_deref())?;
            }
            if is_full {
                self.seen.write(&self.db, now, &[])?;
            }
            deltas.apply(&self.db, self.state.next_number)
        });
        match done {
            Ok(()) if is_full => self.seen.written(),
            Ok(()) => {}
            Err(error) => {
                self.seen.forget(new().map(|(id, _)| id));
                return Err(error);
            }
        }
        let (payloads, bytes) = (rows.len() as i64, rows.iter().map(|(_, size, _)| size).sum());
        self.state.top += payloads;
        self.state.bytes += bytes;
        self.refused("full", full);
        self.count_appended(payloads, bytes, duplicates);
        self.dirty.extend(deltas.into_keys());
        let taken =
            group.into_iter().zip(sizes).zip(&answers).filter(|(_, answer)| **answer == Appended::Stored);
        for (seq, ((payload, size), _)) in (first..).zip(taken) {
            let NewPayload { id, at, data, context, .. } = payload;
            self.recent.push(Stored { seq, id, at, size, data, context });
        }
        Ok(answers)
    }

    /// Counts in memory: of payloads that are stored the database tells how many there are.
    fn count_appended(&mut self, payloads: i64, bytes: i64, duplicates: i64) {
        let counters = self.state.metrics.count();
        counters.accepted += payloads;
        counters.accepted_bytes += bytes;
        counters.duplicates += duplicates;
    }

    /// Says which of the payloads are known, and gives those with a known id and other bytes an id of their own.
    fn identify(&self, group: &mut [NewPayload]) -> Result<Vec<Print>, SqlError> {
        let prints: Vec<String> = group
            .iter()
            .map(|new| if new.is_senders_id { fingerprint(&new.data) } else { String::new() })
            .collect();
        let sent = group.iter().filter(|new| new.is_senders_id);
        let ids: Vec<&str> = sent.map(|new| new.id.as_str()).collect();
        let mut known = self.seen.payloads(&self.db, &ids)?;
        let mut in_group = BTreeMap::new();
        let mut answers = Vec::with_capacity(group.len());
        for (new, print) in group.iter_mut().zip(prints) {
            if !new.is_senders_id {
                answers.push(Print::None);
                continue;
            }
            let seen = known.get(&new.id).or_else(|| in_group.get(&new.id));
            if seen.is_some_and(|seen| *seen != print) {
                new.id = derived(&new.id, &print);
                // Rare enough for a query of its own.
                known.extend(self.seen.payloads(&self.db, &[&new.id])?);
            }
            answers.push(if known.get(&new.id) == Some(&print) {
                Print::Known
            } else if in_group.insert(new.id.clone(), print.clone()).as_ref() == Some(&print) {
                Print::Twice
            } else {
                Print::New(print)
            });
        }
        Ok(answers)
    }
}

/// What is to be remembered of a payload.
#[derive(Debug, PartialEq, Eq)]
enum Print {
    /// Nothing: its id cannot come again.
    None,
    /// This, under its id.
    New(String),
    /// It was stored before.
    Known,
    /// It stands before in the same group.
    Twice,
}

/// Writes a payload.
pub fn insert(
    db: &impl Database,
    seq: i64,
    payload: &NewPayload,
    size: i64,
    print: Option<&str>,
) -> Result<(), SqlError> {
    let params = [
        Param::Int(seq),
        Param::Text(&payload.id),
        Param::Int(payload.at.0),
        Param::Int(size),
        print.map_or(Param::Null, Param::Text),
        Param::Text(&payload.data),
        Param::Text(&payload.context),
    ];
    db.query(
        "INSERT INTO payload (seq, id, at, size, print, data, context) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &params,
    )?;
    Ok(())
}

/// The shard of a key: the client's hash of its device id, else the payload's id. It decides where retries meet, so
/// it must not change.
pub fn shard_of(key: &str, shards: u32) -> u32 {
    let mut hasher = SipHasher13::new_with_keys(0x5350_4152_524f_5732, 0x7368_6172_6473_7631);
    hasher.write(key.as_bytes());
    // Below `shards`, so it fits.
    (hasher.finish() % u64::from(shards.max(1))) as u32
}

/// Tells bodies under one id apart. It is stored: another function would take retries that are under way for
/// other payloads. Whoever makes two bodies collide, out of 2^64, loses his own second one.
fn fingerprint(data: &str) -> String {
    let mut hasher = SipHasher13::new_with_keys(0x5350_4152_524f_5731, 0x6f75_7462_6f78_7631);
    hasher.write(data.as_bytes());
    hex::encode(hasher.finish().to_be_bytes())
}

/// The id of a payload whose id was used for other bytes: the same for its own retries.
fn derived(id: &str, print: &str) -> String {
    let room = MAX_ID_LENGTH - print.len() - 1;
    format!("{}-{print}", &id[..id.len().min(room)])
}

/// Bytes of the payload as a row of JSON, and of a row's other members.
pub fn encoded_size(payload: &NewPayload) -> i64 {
    const REST: usize = 64;
    (escaped_len(&payload.data) + escaped_len(&payload.context) + payload.id.len() + REST) as i64
}

fn escaped_len(text: &str) -> usize {
    let escapes = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..=0x1f => 6,
        _ => 1,
    };
    text.bytes().map(escapes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shards remember prints across releases; see [`fingerprint`].
    #[test]
    fn prints_are_pinned() {
        assert_eq!(fingerprint("{}"), "25a83aa474067130");
    }

    /// See [`shard_of`].
    #[test]
    fn shards_are_pinned_and_evenly_used() {
        assert_eq!((shard_of("device-1", 8), shard_of("device-2", 8), shard_of("x", 1)), (0, 4, 0));
        let mut used = [0; 8];
        for i in 0..8000 {
            used[shard_of(&format!("device-{i}"), 8) as usize] += 1;
        }
        assert!(used.iter().all(|count| (850..1150).contains(count)), "{used:?}");
    }

    #[test]
    fn a_derived_id_is_an_id() {
        let long = "x".repeat(64);
        for id in ["a", long.as_str()] {
            assert!(event::id::is_id(&derived(id, &fingerprint("{}"))));
        }
    }

    #[test]
    fn the_size_is_never_less_than_that_of_the_row_as_json() {
        let payload = NewPayload {
            id: "p".into(),
            is_senders_id: true,
            at: Millis(1_793_534_400_000),
            data: "a\"\\\n\u{1}é\u{1f600}".into(),
            context: r#"{"origin":"https://shop.example"}"#.into(),
        };
        let row = serde_json::json!([payload.id, payload.at, payload.data, payload.context]).to_string();
        assert!(encoded_size(&payload) >= row.len() as i64);
    }
}
