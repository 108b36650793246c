//! What may leave: the reviewed policy, the check of every event against it, and the scrubber.
//!
//! Only this crate can make an [`Allowed`] event, and trackers accept nothing else. It is the part of a [`Checked`]
//! one that a tracker may have. Both are
//! built up from the values that the policy names; nothing is copied first and blanked afterwards, so
//! what nobody thought of stays behind.
//!
//! The crate is pure: no clock, no randomness, no I/O.

pub mod allowed;
mod changes;
mod check;
pub mod erase;
mod handover;
mod hash;
mod inflate;
mod mend;
mod open;
mod page;
mod parse;
mod personal;
pub mod policy;
mod property;
mod reduce;
pub mod scrub;
mod source;
mod value;

pub use allowed::{Allowed, Checked, Page, PropertyValue};
pub use handover::{hand_over, take_over};
pub use hash::{BadSecret, HashKey};
pub use open::{Opening, open, readable};
pub use policy::Policy;
