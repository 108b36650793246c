//! What one policy does otherwise than another.

use serde::Serialize;

/// Whether more or less leaves by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// More is admitted, or leaves with more of what it says.
    More,
    /// Less.
    Less,
    /// Something else, or more of one and less of another.
    Changes,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    pub effect: Effect,
    /// An event, or what stands for all of them.
    pub of: String,
    /// What of it: `properties.plan`, `trackers`; nothing where it is the whole event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What differs, in words.
    pub what: String,
}

/// Collects the differences of one event, or of what is not of events.
pub struct Differences<'a> {
    pub of: &'a str,
    pub found: &'a mut Vec<Difference>,
}

impl Differences<'_> {
    /// One more.
    pub fn add(&mut self, effect: Effect, field: Option<&str>, what: impl Into<String>) {
        let (of, field) = (self.of.to_owned(), field.map(str::to_owned));
        self.found.push(Difference { effect, of, field, what: what.into() });
    }

    /// Nothing where `old` and `new` are the same.
    pub fn compare<T: PartialOrd + ?Sized>(
        &mut self,
        field: &str,
        (old, new): (&T, &T),
        what: impl Fn(&T) -> String,
    ) {
        if let Some(effect) = by_order(old.partial_cmp(new)) {
            self.add(effect, Some(field), format!("{}, was {}", what(new), what(old)));
        }
    }

    /// What was added to a set, and what was taken from it.
    pub fn sets(&mut self, field: &str, old: &[String], new: &[String], (more, less): (&str, &str)) {
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|one| !those.contains(one)).map(|one| format!("{one:?}")).collect()
        };
        for (effect, verb, names) in
            [(Effect::More, more, only(new, old)), (Effect::Less, less, only(old, new))]
        {
            if !names.is_empty() {
                self.add(effect, Some(field), format!("{verb} {}", names.join(", ")));
            }
        }
    }
}

/// More leaves where the new one is the greater.
fn by_order(order: Option<std::cmp::Ordering>) -> Option<Effect> {
    match order? {
        std::cmp::Ordering::Less => Some(Effect::More),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(Effect::Less),
    }
}
