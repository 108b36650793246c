//! What was dropped from or altered in an event, and where.

use event::{Change, Rule};
use std::fmt;

/// Most changes of an event that are told one by one.
const MAX_CHANGES: usize = 100;

/// Collects changes up to a bound, and counts those beyond it.
#[derive(Default)]
pub struct Changes {
    told: Vec<Change>,
    untold: usize,
}

impl Changes {
    pub fn tell(&mut self, field: impl ToString, rule: Rule) {
        if self.told.len() < MAX_CHANGES {
            self.told.push(Change { field: field.to_string(), rule });
        } else {
            self.untold += if let Rule::More { count } = rule { count } else { 1 };
        }
    }

    /// The same for items of an array: what befell several of them is told once.
    pub fn tell_once(&mut self, field: impl ToString, rule: Rule) {
        let field = field.to_string();
        if !self.told.iter().any(|told| told.rule == rule && told.field == field) {
            self.tell(field, rule);
        }
    }

    pub fn into_told(mut self) -> Vec<Change> {
        if self.untold > 0 {
            let rule = Rule::More { count: self.untold };
            self.told.push(Change { field: "properties".to_owned(), rule });
        }
        self.told
    }
}

/// Where a value is: `properties.address.city`, `properties.tags[]`. It becomes text only where there is something to
/// tell.
#[derive(Clone, Copy)]
pub enum Place<'p> {
    Top(&'p str),
    Member(&'p Place<'p>, &'p str),
    Items(&'p Place<'p>),
}

impl<'p> Place<'p> {
    /// The names of the members that hold it, from within.
    pub fn names(self) -> impl Iterator<Item = &'p str> {
        let mut place = self;
        std::iter::from_fn(move || {
            while let Self::Items(parent) = place {
                place = *parent;
            }
            let Self::Member(parent, name) = place else { return None };
            place = *parent;
            Some(name)
        })
    }

    /// Whether it is in an array, where there may be many alike.
    pub fn is_repeated(&self) -> bool {
        match self {
            Self::Top(_) => false,
            Self::Member(parent, _) => parent.is_repeated(),
            Self::Items(_) => true,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top(name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Items(parent) => write!(f, "{parent}[]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_told_or_counted() {
        let mut changes = Changes::default();
        for i in 0..MAX_CHANGES + 5 {
            changes.tell(i, Rule::NotAllowed);
        }
        changes.tell("properties", Rule::More { count: 7 });
        let told = changes.into_told();
        assert_eq!(told.len(), MAX_CHANGES + 1);
        assert_eq!(told[MAX_CHANGES].rule, Rule::More { count: 5 + 7 });
    }
}
