//! What a backfill has found so far, in a database on disk that goes when the command ends: events are counted by the
//! hundred thousand, and memory is not to grow with them.

use event::Millis;
use rusqlite::{Connection, Params, Row, params};

/// Events that are meant, what became of them at the tracker, and payloads on their way back. The `key` of an outcome orders
/// those of an event; `fate` is what the backfill makes of an event.
const TABLES: &str = "
CREATE TABLE event (
  day TEXT NOT NULL,
  payloadId TEXT NOT NULL,
  receivedAt TEXT NOT NULL,
  idx INTEGER NOT NULL,
  name TEXT,
  time TEXT,
  fate TEXT,
  outcome TEXT,
  reason TEXT,
  attempts INTEGER,
  at TEXT,
  delivered INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (day, payloadId, receivedAt, idx)
) WITHOUT ROWID;
CREATE TABLE outcome (
  payloadId TEXT NOT NULL,
  receivedAt TEXT NOT NULL,
  idx INTEGER NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT,
  attempts INTEGER NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (payloadId, receivedAt, idx, key)
) WITHOUT ROWID;
CREATE VIEW latest AS
SELECT payloadId, receivedAt, idx, name, outcome, reason, attempts, at, sum(outcome = 'delivered') AS delivered, max(key)
FROM outcome GROUP BY payloadId, receivedAt, idx;
CREATE TABLE payload (
  payloadId TEXT NOT NULL,
  receivedAt TEXT NOT NULL,
  data TEXT NOT NULL,
  context TEXT NOT NULL,
  PRIMARY KEY (payloadId, receivedAt)
) WITHOUT ROWID;";

/// The database.
pub struct Spool(Connection);

/// An event that is meant.
pub struct Meant<'a> {
    /// Its payload.
    pub payload: &'a str,
    /// When that was received, as the warehouse has it.
    pub received_at: &'a str,
    /// Its place.
    pub idx: i64,
    /// Its name, where the body says one.
    pub name: Option<&'a str>,
    /// When it happened, where that is known.
    pub time: Option<&'a str>,
}

/// An outcome at the tracker: a row of [`warehouse::d1::backfill::OUTCOMES`].
pub struct Outcome<'a> {
    /// The event's payload.
    pub payload: &'a str,
    /// When that was received.
    pub received_at: &'a str,
    /// Its place.
    pub idx: i64,
    /// Its name.
    pub name: &'a str,
    /// `delivered`, `filtered`, `rejected` or `dead`.
    pub outcome: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
    /// Attempts made.
    pub attempts: i64,
    /// When it was known.
    pub at: &'a str,
    /// The shard.
    pub shard: i64,
    /// The row's number in it.
    pub seq: i64,
}

/// A payload that goes back to its shard.
pub struct Payload {
    /// Its id.
    pub id: String,
    /// When it was received.
    pub received_at: String,
    /// [`event::Payload::data`]
    pub data: String,
    /// The context, JSON.
    pub context: String,
    /// The places of the events that are meant.
    pub events: Vec<u32>,
    /// Whether SQL could not look into it, so that one row stood for all of its events.
    pub unread: bool,
}

/// A payload by its id and the time of its receipt.
pub type Which = (String, String);

impl Spool {
    /// An empty one. Its file has no name, so that nothing of it stays, whatever ends the command.
    pub fn new() -> rusqlite::Result<Self> {
        let db = Connection::open("")?;
        db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000")?;
        db.execute_batch(TABLES)?;
        Ok(Self(db))
    }

    /// Begins what is written together, which is fast.
    pub fn begin(&self) -> rusqlite::Result<()> {
        self.0.execute_batch("BEGIN")
    }

    /// Ends it.
    pub fn commit(&self) -> rusqlite::Result<()> {
        self.0.execute_batch("COMMIT")
    }

    /// Adds an event that is meant, once.
    pub fn mean(&self, event: &Meant<'_>) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO event (day, payloadId, receivedAt, idx, name, time)
          VALUES (substr(?2, 1, 10), ?1, ?2, ?3, ?4, ?5)";
        let Meant { payload, received_at, idx, name, time } = event;
        self.0.prepare_cached(sql)?.execute(params![payload, received_at, idx, name, time])?;
        Ok(())
    }

    /// Adds an outcome, once.
    pub fn add(&self, outcome: &Outcome<'_>) -> rusqlite::Result<()> {
        let Outcome { payload, received_at, idx, name, outcome: what, reason, attempts, at, shard, seq } =
            outcome;
        let key = format!("{at} {shard:010} {seq:020}");
        let sql = "INSERT OR IGNORE INTO outcome VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let values = params![payload, received_at, idx, key, name, what, reason, attempts, at];
        self.0.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// Those that failed at last are meant, or came when the tracker had no settings.
    pub fn mean_failed(&self) -> rusqlite::Result<()> {
        self.0.execute_batch(
            "INSERT OR IGNORE INTO event (day, payloadId, receivedAt, idx, name)
             SELECT substr(receivedAt, 1, 10), payloadId, receivedAt, idx, name FROM latest
             WHERE (outcome IN ('dead', 'rejected') OR outcome = 'filtered' AND reason = 'tracker_off') AND NOT delivered",
        )
    }

    /// Decides over every event. Those without an outcome that were received from `horizon` on may be on their way; of those from
    /// before `first_day` nobody knows any more what became of them.
    pub fn decide(
        &self,
        horizon: Millis,
        first_day: Option<&str>,
        also_delivered: bool,
    ) -> rusqlite::Result<()> {
        self.0.execute(
            "UPDATE event SET
               name = coalesce(event.name, latest.name),
               outcome = latest.outcome, reason = latest.reason, attempts = latest.attempts, at = latest.at,
               delivered = latest.delivered > 0,
               fate = CASE
                 WHEN latest.outcome = 'filtered' AND latest.reason IN ('erased', 'malformed') THEN latest.reason
                 WHEN latest.delivered AND NOT ?1 THEN 'delivered'
                 WHEN latest.outcome = 'filtered' AND latest.reason = 'duplicate' THEN 'copies'
                 ELSE 'send'
               END
             FROM latest
             WHERE latest.payloadId = event.payloadId AND latest.receivedAt = event.receivedAt AND latest.idx = event.idx",
            params![also_delivered],
        )?;
        self.0.execute(
            "UPDATE event SET fate = CASE
               WHEN receivedAt >= ?1 THEN 'under way'
               WHEN NOT ?3 AND (?2 IS NULL OR day < ?2) THEN 'unknown'
               ELSE 'send'
             END WHERE fate IS NULL",
            params![horizon.to_string(), first_day, also_delivered],
        )?;
        Ok(())
    }

    /// Places of a payload that must not be sent, by what became of them.
    pub fn settled(&self, (id, received_at): &Which, also_delivered: bool) -> rusqlite::Result<Vec<u32>> {
        self.all(
            "SELECT idx FROM latest WHERE payloadId = ?1 AND receivedAt = ?2
               AND (delivered AND NOT ?3 OR outcome = 'filtered' AND reason IN ('duplicate', 'erased'))",
            params![id, received_at, also_delivered],
            |row| row.get(0),
        )
    }

    /// The days of the events, oldest first.
    pub fn days(&self) -> rusqlite::Result<Vec<String>> {
        self.all("SELECT DISTINCT day FROM event ORDER BY day", [], |row| row.get(0))
    }

    /// Some rows of a question, made of each by `read`.
    pub fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.0.prepare_cached(sql)?.query_map(params, read)?.collect()
    }

    /// A number.
    pub fn count(&self, sql: &str, params: impl Params) -> rusqlite::Result<i64> {
        self.0.query_row(sql, params, |row| row.get(0))
    }

    /// The next payloads of a day that are sent, after `last`.
    pub fn next(&self, day: &str, last: &Which, most: usize) -> rusqlite::Result<Vec<Which>> {
        let sql = "SELECT DISTINCT payloadId, receivedAt FROM event
          WHERE day = ?1 AND fate = 'send' AND (payloadId, receivedAt) > (?2, ?3)
          ORDER BY payloadId, receivedAt LIMIT ?4";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.all(sql, params![day, last.0, last.1, most], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Keeps a payload as it was stored.
    pub fn stage(&self, id: &str, received_at: &str, data: &str, context: &str) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO payload VALUES (?1, ?2, ?3, ?4)";
        self.0.prepare_cached(sql)?.execute([id, received_at, data, context])?;
        Ok(())
    }

    /// Takes a payload, if it is there.
    pub fn take(&self, day: &str, (id, received_at): &Which) -> rusqlite::Result<Option<Payload>> {
        let rows: Vec<(u32, bool)> = self.all(
            "SELECT idx, name IS NULL FROM event WHERE day = ?1 AND payloadId = ?2 AND receivedAt = ?3 AND fate = 'send'",
            [day, id, received_at],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let (events, unread): (Vec<u32>, Vec<bool>) = rows.into_iter().unzip();
        let unread = unread.contains(&true);
        let sql = "DELETE FROM payload WHERE payloadId = ?1 AND receivedAt = ?2 RETURNING data, context";
        let mut found = self.all(sql, [id, received_at], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.pop().map(|(data, context)| Payload {
            id: id.clone(),
            received_at: received_at.clone(),
            data,
            context,
            events,
            unread,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-11-01T12:00:00.000Z";

    fn meant(idx: i64, name: Option<&'static str>) -> Meant<'static> {
        Meant { payload: "p", received_at: AT, idx, name, time: None }
    }

    fn outcome(idx: i64, seq: i64, outcome: &'static str, reason: Option<&'static str>) -> Outcome<'static> {
        Outcome {
            payload: "p",
            received_at: AT,
            idx,
            name: "buy",
            outcome,
            reason,
            attempts: 1,
            at: AT,
            shard: 0,
            seq,
        }
    }

    fn fates(spool: &Spool) -> Vec<(i64, String)> {
        spool
            .all("SELECT idx, fate FROM event ORDER BY idx", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    }

    #[test]
    fn what_was_ever_delivered_is_not_sent_whatever_came_of_it_later() {
        let decided = |also_delivered| {
            let spool = Spool::new().unwrap();
            (0..6).for_each(|idx| spool.mean(&meant(idx, Some("buy"))).unwrap());
            spool.add(&outcome(0, 1, "delivered", None)).unwrap();
            spool.add(&outcome(0, 2, "rejected", Some("refused"))).unwrap();
            spool.add(&outcome(1, 4, "filtered", Some("duplicate"))).unwrap();
            spool.add(&outcome(2, 10, "dead", Some("http_503"))).unwrap();
            spool.add(&outcome(2, 9, "filtered", Some("erased"))).unwrap();
            spool.add(&outcome(3, 9, "filtered", Some("erased"))).unwrap();
            spool.add(&outcome(4, 9, "filtered", Some("not_allowed"))).unwrap();
            spool.decide(Millis(1_793_534_400_001), Some("2026-11-01"), also_delivered).unwrap();
            fates(&spool).into_iter().map(|(_, fate)| fate).collect::<Vec<_>>()
        };
        assert_eq!(decided(false), ["delivered", "copies", "send", "erased", "send", "send"]);
        assert_eq!(decided(true)[0], "send");
    }

    #[test]
    fn what_has_no_outcome_may_be_on_its_way_from_the_horizon_on() {
        let decided = |horizon, first_day, also_delivered| {
            let spool = Spool::new().unwrap();
            spool.mean(&meant(0, Some("buy"))).unwrap();
            spool.decide(Millis(horizon), first_day, also_delivered).unwrap();
            fates(&spool).remove(0).1
        };
        // 2026-11-01T12:00:00Z
        assert_eq!(decided(1_793_534_400_000, Some("2026-11-01"), false), "under way");
        assert_eq!(decided(1_793_534_400_001, Some("2026-11-01"), false), "send");
        assert_eq!(decided(1_793_534_400_001, Some("2026-11-02"), false), "unknown");
        assert_eq!(decided(1_793_534_400_001, None, false), "unknown");
        assert_eq!(decided(1_793_534_400_001, None, true), "send");
    }

    #[test]
    fn a_payload_is_taken_once_and_says_whether_sql_could_look_into_it() {
        let spool = Spool::new().unwrap();
        spool.mean(&meant(0, None)).unwrap();
        spool.add(&outcome(1, 1, "delivered", None)).unwrap();
        spool.add(&outcome(2, 2, "dead", Some("http_503"))).unwrap();
        spool.decide(Millis(1_793_534_400_001), Some("2026-11-01"), false).unwrap();
        assert_eq!(fates(&spool).len(), 1, "nobody asked for the others");
        spool.stage("p", AT, "H4sI", "{}").unwrap();
        let which = ("p".to_owned(), AT.to_owned());
        assert_eq!(spool.next("2026-11-01", &Which::default(), 9).unwrap(), std::slice::from_ref(&which));
        let payload = spool.take("2026-11-01", &which).unwrap().unwrap();
        assert!(payload.unread);
        assert_eq!((payload.events, spool.settled(&which, false).unwrap()), (vec![0], vec![1]));
        assert!(spool.take("2026-11-01", &which).unwrap().is_none());
    }
}
