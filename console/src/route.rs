//! What a path asks for.

use worker::Method;

/// The routes behind the token.
#[derive(Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// How every shard stands.
    Shards,
    /// The ledger, summed over shards.
    Ledger,
    /// How every lane stands, over all shards.
    Trackers,
    /// Dead letters.
    Dead,
    /// Figures for Prometheus.
    Metrics,
    /// Dead letters are to be tried again.
    Replay,
    /// Payloads of the warehouse go back to a shard.
    Backfill,
    /// Which payloads of the Outbox may hold an id.
    EraseFind,
    /// Events are to be taken out of the Outbox.
    Erase,
    /// A tracker is to rest, or to go on.
    Pause {
        /// As the path has it.
        tracker: &'a str,
        /// Whether it is to rest.
        paused: bool,
    },
}

impl<'a> Route<'a> {
    /// The route of a path.
    pub fn of(path: &'a str) -> Option<Self> {
        // Where Prometheus looks, if nobody tells it otherwise.
        if path == "/metrics" {
            return Some(Self::Metrics);
        }
        match path.strip_prefix("/api/")? {
            "shards" => Some(Self::Shards),
            "ledger" => Some(Self::Ledger),
            "trackers" => Some(Self::Trackers),
            "dead" => Some(Self::Dead),
            "dead/replay" => Some(Self::Replay),
            "backfill" => Some(Self::Backfill),
            "erase/find" => Some(Self::EraseFind),
            "erase" => Some(Self::Erase),
            path => {
                let (tracker, verb) = path.strip_prefix("trackers/")?.split_once('/')?;
                let paused = match verb {
                    "pause" => true,
                    "resume" => false,
                    _ => return None,
                };
                Some(Self::Pause { tracker, paused })
            }
        }
    }

    /// The method that it answers to.
    pub fn method(&self) -> Method {
        match self {
            Self::Shards | Self::Ledger | Self::Trackers | Self::Dead | Self::Metrics => Method::Get,
            Self::Replay | Self::Backfill | Self::EraseFind | Self::Erase | Self::Pause { .. } => {
                Method::Post
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_a_post_and_nothing_else_is() {
        for path in ["/api/shards", "/api/ledger", "/api/trackers", "/api/dead", "/metrics"] {
            assert_eq!(Route::of(path).unwrap().method(), Method::Get, "{path}");
        }
        for path in
            ["/api/dead/replay", "/api/backfill", "/api/trackers/ga4/pause", "/api/trackers/ga4/resume"]
        {
            assert_eq!(Route::of(path).unwrap().method(), Method::Post, "{path}");
        }
    }

    #[test]
    fn pause_and_resume_are_told_apart() {
        let of = |path| Route::of(path).unwrap();
        assert_eq!(of("/api/trackers/ga4/pause"), Route::Pause { tracker: "ga4", paused: true });
        assert_eq!(of("/api/trackers/ga4/resume"), Route::Pause { tracker: "ga4", paused: false });
    }

    #[test]
    fn other_paths_are_none() {
        for path in [
            "/",
            "/api",
            "/api/",
            "/api/shards/",
            "/api/metrics",
            "/metrics/",
            "/api/trackers/ga4",
            "/api/trackers/ga4/stop",
            "/e",
        ] {
            assert_eq!(Route::of(path), None, "{path}");
        }
    }
}
