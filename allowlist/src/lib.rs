//! What may leave: the reviewed policy, the check of every event against it, and the scrubber.
//!
//! Only this crate can make an [`Allowed`] event, and trackers accept nothing else. An allowed event is
//! built up from the values that the policy names; nothing is copied first and blanked afterwards, so
//! what nobody thought of stays behind.
//!
//! The crate is pure: no clock, no randomness, no I/O.

pub mod allowed;
mod check;
mod handover;
mod inflate;
mod open;
mod page;
mod parse;
pub mod policy;
mod reduce;
pub mod scrub;
mod source;

pub use allowed::{Allowed, Page, Scalar};
pub use handover::{hand_over, take_over};
pub use open::{Opening, open};
pub use policy::Policy;
