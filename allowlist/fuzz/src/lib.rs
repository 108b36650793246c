//! What no input may ever do, as functions that panic where one does it. libFuzzer feeds them (`make fuzz`); the
//! inputs that are kept are replayed by `tests/replay.rs` without it.
//!
//! What leaves is judged by [`judge`], which shares no code with the check: it is told the policy and sees what came
//! out.

mod body;
pub mod corpus;
mod judge;
mod naive;
pub mod open;
pub mod policy;
pub mod scrub;
mod source;
mod subject;
pub mod trackers;
mod vendors;

/// A target's name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 4] =
    [("open", open::run), ("policy", policy::run), ("scrub", scrub::run), ("trackers", trackers::run)];
