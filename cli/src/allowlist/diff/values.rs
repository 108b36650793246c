//! How the rules of a property differ.

use super::difference::{Differences, Effect};
use crate::allowlist::limits;
use allowlist::policy::{Kind, PropertyRule, Treatment, ValueRule};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// A property that is in one policy or in both.
pub fn property(
    to: &mut Differences<'_>,
    field: &str,
    old: Option<&PropertyRule>,
    new: Option<&PropertyRule>,
) {
    member(to, field, old.map(|rule| &rule.value), new.map(|rule| &rule.value));
    let (Some(old), Some(new)) = (old, new) else { return };
    let column = |rule: &PropertyRule| match &rule.column {
        Some(column) => format!("the column `{column}` of raw_normalized"),
        None => "no column in raw_normalized".to_owned(),
    };
    if old.column != new.column {
        to.add(Effect::Changes, Some(field), format!("has {}, had {}", column(new), column(old)));
    }
    let trackers: BTreeSet<_> = old.rename.keys().chain(new.rename.keys()).collect();
    for tracker in trackers {
        let name = |rule: &PropertyRule| {
            rule.rename.get(tracker).map_or("its own name".to_owned(), |name| format!("`{name}`"))
        };
        if old.rename.get(tracker) != new.rename.get(tracker) {
            to.add(
                Effect::Changes,
                Some(field),
                format!("{tracker} gets it by {}, was {}", name(new), name(old)),
            );
        }
    }
}

fn member(to: &mut Differences<'_>, field: &str, old: Option<&ValueRule>, new: Option<&ValueRule>) {
    match (old, new) {
        (None, Some(new)) => to.add(Effect::More, Some(field), format!("leaves: {}", told(new))),
        (Some(old), None) => to.add(Effect::Less, Some(field), format!("leaves no more, was {}", told(old))),
        (Some(old), Some(new)) if old != new => value(to, field, old, new),
        _ => {}
    }
}

fn told(rule: &ValueRule) -> String {
    let treated = limits::treatment(rule).map(|treatment| format!("; {treatment}"));
    format!("{}{}", limits::values(&rule.kind), treated.unwrap_or_default())
}

fn value(to: &mut Differences<'_>, field: &str, old: &ValueRule, new: &ValueRule) {
    if old.treatment != new.treatment {
        to.compare(field, (&openness(old.treatment), &openness(new.treatment)), |openness| {
            openness.1.to_owned()
        });
    }
    match (&old.kind, &new.kind) {
        (
            Kind::String { max_length: old_most, pattern: old },
            Kind::String { max_length: new_most, pattern: new },
        ) => {
            to.compare(field, (old_most, new_most), |most| format!("at most {most} characters"));
            match (old.as_ref().map(|old| old.source()), new.as_ref().map(|new| new.source())) {
                (None, Some(new)) => {
                    to.add(Effect::Less, Some(field), format!("must be of the pattern {new}"))
                }
                (Some(old), None) => {
                    to.add(Effect::More, Some(field), format!("need not be of the pattern {old} any more"));
                }
                (Some(old), Some(new)) if old != new => {
                    to.add(Effect::Changes, Some(field), format!("of the pattern {new}, was {old}"));
                }
                _ => {}
            }
        }
        (Kind::Number { min: old_min, max: old_max }, Kind::Number { min: new_min, max: new_max }) => {
            bounds(to, field, (*old_min, *old_max), (*new_min, *new_max));
        }
        (Kind::Integer { min: old_min, max: old_max }, Kind::Integer { min: new_min, max: new_max }) => {
            bounds(to, field, (*old_min, *old_max), (*new_min, *new_max));
        }
        (Kind::Boolean, Kind::Boolean) => {}
        (Kind::Enum { values: old }, Kind::Enum { values: new }) => {
            to.sets(field, old, new, ("also takes", "takes no more"));
        }
        (
            Kind::Array { items: old, max_items: old_most },
            Kind::Array { items: new, max_items: new_most },
        ) => {
            to.compare(field, (old_most, new_most), |most| format!("at most {most} items"));
            member(to, &format!("{field}[]"), Some(old), Some(new));
        }
        (Kind::Object { properties: old }, Kind::Object { properties: new }) => members(to, field, old, new),
        _ => {
            let (old, new) = (limits::values(&old.kind), limits::values(&new.kind));
            to.add(Effect::Changes, Some(field), format!("is {new}, was {old}"));
        }
    }
}

fn members(
    to: &mut Differences<'_>,
    field: &str,
    old: &BTreeMap<String, ValueRule>,
    new: &BTreeMap<String, ValueRule>,
) {
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for name in names {
        member(to, &format!("{field}.{name}"), old.get(name), new.get(name));
    }
}

fn bounds<T: PartialOrd + Display + Copy>(
    to: &mut Differences<'_>,
    field: &str,
    (old_min, old_max): (Option<T>, Option<T>),
    (new_min, new_max): (Option<T>, Option<T>),
) {
    // Where there is no bound nothing is beyond it.
    let least = |bound: Option<T>| bound.map_or("no least".to_owned(), |bound| format!("{bound} or more"));
    let most = |bound: Option<T>| bound.map_or("no greatest".to_owned(), |bound| format!("at most {bound}"));
    let is_wider = |old: Option<T>, new: Option<T>, is_beyond: fn(&T, &T) -> bool| match (old, new) {
        (None, None) => None,
        (Some(_), None) => Some(Effect::More),
        (None, Some(_)) => Some(Effect::Less),
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => Some(if is_beyond(&new, &old) { Effect::More } else { Effect::Less }),
    };
    if let Some(effect) = is_wider(old_min, new_min, |new, old| new < old) {
        to.add(effect, Some(field), format!("{}, was {}", least(new_min), least(old_min)));
    }
    if let Some(effect) = is_wider(old_max, new_max, |new, old| new > old) {
        to.add(effect, Some(field), format!("{}, was {}", most(new_max), most(old_max)));
    }
}

/// How much leaves, the more the greater, and in words.
pub fn openness(treatment: Treatment) -> (u8, &'static str) {
    match treatment {
        Treatment::Drop => (0, "stays in the warehouse"),
        Treatment::Hash => (1, "leaves hashed"),
        Treatment::Scrub => (2, "leaves scrubbed"),
        Treatment::Keep => (3, "leaves as it is"),
    }
}
