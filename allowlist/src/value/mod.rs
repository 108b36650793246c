//! Values against the policy's rules: what is built, and what was dropped or altered on the way.

use crate::allowed::PropertyValue;
use crate::changes::{Changes, Place};
use crate::hash::HashKey;
use crate::parse::Raw;
use crate::personal::unknown_name;
use crate::policy::{Kind, Treatment, ValueRule};
use crate::scrub::{scrub, scrub_to, tells};
use event::Rule;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A plain value as it may leave and how it was altered, or the rule under which it stays.
type Plain = Result<(PropertyValue, Option<Rule>), Rule>;

/// Builds values, and tells what it does not let out.
pub struct Builder<'a> {
    pub key: Option<&'a HashKey>,
    pub changes: &'a mut Changes,
}

impl Builder<'_> {
    /// The members that have a rule, of an object at `place`.
    pub fn members<'r>(
        &mut self,
        rule: impl Fn(&str) -> Option<&'r ValueRule>,
        given: BTreeMap<String, Raw>,
        place: Place<'_>,
    ) -> BTreeMap<String, PropertyValue> {
        // They are in order, and a map is made of all at once without a search for each.
        let mut members = Vec::with_capacity(given.len());
        for (name, value) in given {
            match rule(&name) {
                Some(rule) => {
                    if let Some(value) = self.value(rule, value, Place::Member(&place, &name)) {
                        members.push((name, value));
                    }
                }
                None => self.tell(Place::Member(&place, &unknown_name(&name)), Rule::NotAllowed),
            }
        }
        members.into_iter().collect()
    }

    fn value(&mut self, rule: &ValueRule, value: Raw, place: Place<'_>) -> Option<PropertyValue> {
        if rule.treatment == Treatment::Drop {
            self.tell(place, Rule::Drop);
            return None;
        }
        match (&rule.kind, value) {
            (Kind::Array { items: rule, max_items }, Raw::List(items, skipped)) => {
                let place = Place::Items(&place);
                let max_items = *max_items as usize;
                if skipped > 0 || items.len() > max_items {
                    self.tell(place, Rule::TooMany);
                }
                let items = items.into_iter().take(max_items);
                let items = items.filter_map(|item| self.value(rule, item, place)).collect();
                Some(PropertyValue::List(items))
            }
            (Kind::Object { properties }, Raw::Object(given, skipped)) => {
                if skipped > 0 {
                    self.tell(place, Rule::More { count: skipped });
                }
                Some(PropertyValue::Object(self.members(|name| properties.get(name), given, place)))
            }
            (Kind::Array { .. } | Kind::Object { .. }, Raw::Skipped) => {
                self.tell(place, Rule::TooDeep);
                None
            }
            (_, value) => match self.plain(rule, value, place) {
                Ok((value, altered)) => {
                    if let Some(rule) = altered {
                        self.tell(place, rule);
                    }
                    Some(value)
                }
                Err(rule) => {
                    self.tell(place, rule);
                    None
                }
            },
        }
    }

    fn tell(&mut self, place: Place<'_>, rule: Rule) {
        if place.is_repeated() {
            self.changes.tell_once(place, rule);
        } else {
            self.changes.tell(place, rule);
        }
    }

    fn plain(&self, rule: &ValueRule, value: Raw, place: Place<'_>) -> Plain {
        let value = permitted(&rule.kind, value)?;
        match rule.treatment {
            Treatment::Drop => Err(Rule::Drop),
            Treatment::Keep => Ok((value, None)),
            Treatment::Scrub => without_personal_data(value, &rule.kind, telling_name(place)),
            Treatment::Hash => {
                let key = self.key.ok_or(Rule::NoKey)?;
                let hash = PropertyValue::Text(key.hash(&value.to_text()));
                Ok((hash, Some(Rule::Hashed { found: vec![] })))
            }
        }
    }
}

/// The value, if the policy permits it.
fn permitted(kind: &Kind, value: Raw) -> Result<PropertyValue, Rule> {
    match (kind, value) {
        (Kind::String { max_length, pattern }, Raw::Text(text)) => {
            let max_length = *max_length as usize;
            // Characters are no more than bytes.
            if text.len() > max_length && text.chars().count() > max_length {
                return Err(Rule::TooLong);
            }
            if pattern.as_ref().is_some_and(|pattern| !pattern.matches(&text)) {
                return Err(Rule::NoMatch);
            }
            Ok(PropertyValue::Text(text))
        }
        (Kind::Enum { values }, Raw::Text(text)) => {
            if values.contains(&text) {
                Ok(PropertyValue::Text(text))
            } else {
                Err(Rule::NotInEnum)
            }
        }
        (Kind::Boolean, Raw::Boolean(value)) => Ok(PropertyValue::Boolean(value)),
        (Kind::Integer { min, max }, value) => {
            let number = whole_number(&value).ok_or(Rule::WrongType)?;
            within(number, *min, *max)?;
            Ok(PropertyValue::Integer(number))
        }
        (Kind::Number { min, max }, Raw::Number(number)) => {
            let float = number.as_f64().filter(|float| float.is_finite()).ok_or(Rule::WrongType)?;
            within(float, *min, *max)?;
            let whole = number.as_i64().or_else(|| whole_number(&Raw::Number(number)));
            Ok(whole.map_or(PropertyValue::Number(float), PropertyValue::Integer))
        }
        _ => Err(Rule::WrongType),
    }
}

fn within<T: PartialOrd>(number: T, min: Option<T>, max: Option<T>) -> Result<(), Rule> {
    let is_within = min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max);
    if is_within { Ok(()) } else { Err(Rule::OutOfRange) }
}

/// The name under which the scrubber looks at a value: its own, or else the nearest around it that tells something, as in
/// `password: {value}`.
fn telling_name(place: Place<'_>) -> &str {
    let mut names = place.names();
    let own = names.next().unwrap_or_default();
    match names.next() {
        None => own,
        Some(around) => [own, around].into_iter().chain(names).find(|name| tells(name)).unwrap_or(own),
    }
}

/// Text loses what was found in it, and what the markers then make too long. What cannot lose a part stays: a number, and
/// a text that without it is not of its pattern any more.
fn without_personal_data(value: PropertyValue, kind: &Kind, name: &str) -> Plain {
    let text = match &value {
        PropertyValue::Text(text) => Cow::Borrowed(text.as_str()),
        // Every card number fits, and `4111111111111111.0` is an integer, too.
        PropertyValue::Integer(number) => Cow::Owned(number.to_string()),
        PropertyValue::Number(number) => Cow::Owned(number.to_string()),
        _ => return Ok((value, None)),
    };
    let Kind::String { max_length, pattern } = kind else {
        return match scrub(&text, Some(name)) {
            None => Ok((value, None)),
            Some(scrubbed) => Err(Rule::Personal { found: scrubbed.kinds() }),
        };
    };
    let Some(scrubbed) = scrub_to(&text, Some(name), *max_length as usize) else { return Ok((value, None)) };
    let found = scrubbed.kinds();
    if pattern.as_ref().is_some_and(|pattern| !pattern.matches(&scrubbed.text)) {
        return Err(Rule::Personal { found });
    }
    Ok((PropertyValue::Text(scrubbed.text), Some(Rule::Scrubbed { found })))
}

/// A whole number that every JSON reader takes for the same one (RFC 8259, section 6); `1.0` is one.
pub fn whole_number(value: &Raw) -> Option<i64> {
    const MAX_SAFE: i64 = (1 << 53) - 1;
    let Raw::Number(number) = value else { return None };
    let whole = match number.as_i64() {
        Some(whole) => whole,
        None => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            // The cast saturates, and what saturated fails the bound.
            float as i64
        }
    };
    (-MAX_SAFE..=MAX_SAFE).contains(&whole).then_some(whole)
}

#[cfg(test)]
mod tests;
