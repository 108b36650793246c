//! Which events were erased: a keyed hash of each id, so that a copy is known when it comes and nobody else is told.

use crate::row::Row;
use crate::seen::json;
use crate::sql::{Database, Param, SqlError};
use event::Millis;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of the key: as many as the hash has (RFC 2104, section 3).
pub const KEY_BYTES: usize = 32;

/// Hashes of one statement: a megabyte, and SQLite takes parameters of 2.2.
const AT_ONCE: usize = 10_000;

/// What an event without an id of its own is known by: its payload, the payload's receipt and its place. No id of a client has a
/// dot, so that none is taken for it. A payload that is sent again within the dedupe window is the same; later under the same id it
/// is another one, with other people's events.
pub fn place(payload: &str, received_at: Millis, idx: u32) -> String {
    format!("{payload}.{idx}@{}", received_at.0)
}

/// What a payload is known by of which something was erased.
pub fn whole(payload: &str, received_at: Millis) -> String {
    format!("{payload}@{}", received_at.0)
}

/// What a shard knows of erased events.
#[derive(Debug)]
pub struct ErasedIds {
    /// None until something is erased: until then nothing is looked up.
    key: Option<Key>,
}

struct Key(Hmac<Sha256>);

/// Without the key.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    fn new(key: &[u8]) -> Result<Self, SqlError> {
        Hmac::new_from_slice(key).map(Self).map_err(|_| SqlError("the key of erased ids".to_owned()))
    }

    fn hash(&self, text: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(text.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

impl ErasedIds {
    pub fn load(db: &impl Database) -> Result<Self, SqlError> {
        let rows = db.query("SELECT key FROM erased_key", &[])?;
        let Some(row) = rows.into_iter().next() else { return Ok(Self { key: None }) };
        let key = hex::decode(Row::of(row).text()?);
        let key = key.map_err(|_| SqlError("the key of erased ids is no hex".to_owned()))?;
        Ok(Self { key: Some(Key::new(&key)?) })
    }

    /// Makes `random` the key where there is none yet.
    pub fn begin(&mut self, db: &impl Database, random: [u8; KEY_BYTES]) -> Result<(), SqlError> {
        if self.key.is_none() {
            let key = Key::new(&random)?;
            db.query("INSERT INTO erased_key (key) VALUES (?1)", &[Param::Text(&hex::encode(random))])?;
            self.key = Some(key);
        }
        Ok(())
    }

    /// Hashes of texts. Those of ids of events have no colon, by which others are told apart.
    pub fn hashes<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let hash = |key: &Key| texts.into_iter().map(|text| key.hash(text)).collect();
        self.key.as_ref().map_or_else(Vec::new, hash)
    }

    /// Remembers ids. To be called within a transaction.
    pub fn remember<'a>(
        &self,
        db: &impl Database,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), SqlError> {
        let sql = "INSERT OR IGNORE INTO erased (hash) SELECT value FROM json_each(?1)";
        let mut hashes = self.hashes(ids);
        // In their order they share pages.
        hashes.sort_unstable();
        hashes
            .chunks(AT_ONCE)
            .try_for_each(|hashes| db.query(sql, &[Param::Text(&json(hashes)?)]).map(|_| ()))
    }

    /// Whether anything was ever erased.
    pub fn is_any(&self) -> bool {
        self.key.is_some()
    }

    /// Those of the ids that were erased.
    pub fn among<'a>(
        &self,
        db: &impl Database,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeSet<&'a str>, SqlError> {
        let Some(key) = &self.key else { return Ok(BTreeSet::new()) };
        let hashed: BTreeMap<String, &str> = ids.into_iter().map(|id| (key.hash(id), id)).collect();
        let hashes: Vec<&String> = hashed.keys().collect();
        let mut among = BTreeSet::new();
        for hashes in hashes.chunks(AT_ONCE) {
            // The order of the join is fixed: each hash is looked up.
            let rows = db.query(
                "SELECT hash FROM json_each(?1) CROSS JOIN erased ON hash = value",
                &[Param::Text(&json(hashes)?)],
            )?;
            for row in rows {
                among.insert(hashed[&Row::of(row).text()?]);
            }
        }
        Ok(among)
    }
}
