//! What `changes_by_rule` agrees on in every warehouse: how names that nobody reviewed are bounded and told.

/// Most names that are told under a rule and day. Names come from senders, who can make up any number of them.
pub(crate) const MAX_NAMES: usize = 1000;

/// Stands for all names past [`MAX_NAMES`].
pub(crate) const OTHERS: &str = "(others)";

/// The field of an event that is itself not allowed.
pub(crate) const EVENT: &str = "event";
