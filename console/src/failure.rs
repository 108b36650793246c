//! Why a request is not answered as it wished.

use crate::shards::ShardError;
use edge::problem::Problem;
use serde_json::json;
use worker::{Response, Result};

/// To whoever asked what failed here.
pub const FAILED: &str = "something failed in Console; its log says what";

/// What is in the way.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The request is wrong in all these ways.
    #[error("{}", .0.join("; "))]
    Faults(Vec<String>),
    /// Shard 0 keeps the list of all shards; without it none is known.
    #[error("shard 0, which keeps the list of shards: {0}")]
    NoList(#[from] ShardError),
    /// A shard did not do what it was asked for.
    #[error("shard {shard}: {error}")]
    Shard {
        /// Which.
        shard: u32,
        /// Why.
        error: ShardError,
    },
    /// The runtime failed.
    #[error("{0}")]
    Runtime(#[from] worker::Error),
}

impl Failure {
    /// The answer to the request.
    pub fn response(&self) -> Result<Response> {
        match self {
            Self::Faults(faults) => Ok(Response::from_json(&json!({"faults": faults}))?.with_status(400)),
            Self::NoList(error) => {
                Problem::new("shard_failed").by("shard", 0).caused_by(error).tell();
                refuse(502, &self.to_string())
            }
            Self::Shard { shard, error } => {
                Problem::new("shard_failed").by("shard", *shard).caused_by(error).tell();
                refuse(502, &self.to_string())
            }
            Self::Runtime(error) => {
                Problem::new("failed").caused_by(error).tell();
                refuse(500, FAILED)
            }
        }
    }
}

impl From<Vec<String>> for Failure {
    fn from(faults: Vec<String>) -> Self {
        Self::Faults(faults)
    }
}

/// An answer that says what is wrong.
pub fn refuse(status: u16, message: &str) -> Result<Response> {
    Ok(Response::from_json(&json!({"error": message}))?.with_status(status))
}
