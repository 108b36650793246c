//! `sparrow allowlist diff`: what a changed policy would admit or stop, read from the two policies alone.

mod difference;
#[cfg(test)]
mod tests;
mod values;
mod whole;

pub use difference::{Difference, Effect};

use super::AllowlistError;
use super::invisible::visible;
use super::pair::{self, Pair};
use allowlist::Policy;
use allowlist::policy::EventRule;
use difference::Differences;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Write;

/// Stands for every event that has no property of its own of the name.
const EVERY_EVENT: &str = "(every event)";

/// Arguments of `sparrow allowlist diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: what does the change admit that is not committed yet?

    sparrow allowlist diff

Each line begins with `more`, `less` or `changes`: what it does to what leaves.
Descriptions and owners are not compared. `sparrow allowlist try` counts what it means for events.")]
pub struct Diff {
    #[command(flatten)]
    policies: pair::Arguments,
    /// Exit with 1 where there is a difference, as `git diff` does.
    #[arg(long)]
    exit_code: bool,
    /// Print the differences as JSON.
    #[arg(long)]
    json: bool,
}

/// Tells the differences; false where there are some and that is to fail.
///
/// # Errors
/// [`AllowlistError`]
pub fn run(diff: &Diff, out: &mut impl Write) -> Result<bool, AllowlistError> {
    let pair = diff.policies.read()?;
    let found = differences(&pair.old.policy, &pair.new.policy);
    if diff.json {
        let json = json!({
            "old": {"name": pair.old.name, "version": pair.old.policy.version},
            "new": {"name": pair.new.name, "version": pair.new.policy.version},
            "differences": found,
        });
        writeln!(out, "{json:#}")?;
    } else {
        out.write_all(visible(&text(&pair, &found)).as_bytes())?;
    }
    Ok(found.is_empty() || !diff.exit_code)
}

/// Sources, ids, page and browser, then what every event may have, then the events by name.
pub fn differences(old: &Policy, new: &Policy) -> Vec<Difference> {
    let mut found = Vec::new();
    whole::sources(old, new, &mut found);
    whole::identity(old, new, &mut found);
    whole::context(old, new, &mut found);
    let mut to = Differences { of: EVERY_EVENT, found: &mut found };
    let names: BTreeSet<_> = old.common.keys().chain(new.common.keys()).collect();
    for name in names {
        values::property(&mut to, &field(name), old.common.get(name), new.common.get(name));
    }
    let names: BTreeSet<_> = old.events.keys().chain(new.events.keys()).collect();
    for name in names {
        let mut to = Differences { of: name, found: &mut found };
        match (old.events.get(name), new.events.get(name)) {
            (None, Some(rule)) => to.add(Effect::More, None, format!("a new event, for {}", receivers(rule))),
            (Some(rule), None) => {
                to.add(Effect::Less, None, format!("no event any more, was for {}", receivers(rule)))
            }
            (Some(old_rule), Some(new_rule)) => event(&mut to, (old, old_rule), (new, new_rule)),
            (None, None) => {}
        }
    }
    found
}

fn field(property: &str) -> String {
    format!("properties.{property}")
}

/// Of an event that both have.
fn event(
    to: &mut Differences<'_>,
    (old, old_rule): (&Policy, &EventRule),
    (new, new_rule): (&Policy, &EventRule),
) {
    let added = |a: &EventRule, b: &EventRule| -> Vec<_> {
        trackers::NAMES.into_iter().filter(|name| a.goes_to(name) && !b.goes_to(name)).collect()
    };
    for (effect, verb, trackers) in [
        (Effect::More, "also goes to", added(new_rule, old_rule)),
        (Effect::Less, "goes no more to", added(old_rule, new_rule)),
    ] {
        if !trackers.is_empty() {
            to.add(effect, Some("trackers"), format!("{verb} {}", trackers.join(", ")));
        }
    }
    // Where the event's own rule is gone the common one counts.
    let names: BTreeSet<_> = old_rule.properties.keys().chain(new_rule.properties.keys()).collect();
    for name in names {
        values::property(to, &field(name), old.property(old_rule, name), new.property(new_rule, name));
    }
}

fn receivers(rule: &EventRule) -> String {
    let trackers: Vec<_> = trackers::NAMES.into_iter().filter(|name| rule.goes_to(name)).collect();
    match trackers.len() {
        0 => "no tracker".to_owned(),
        all if all == trackers::NAMES.len() => "every tracker".to_owned(),
        _ => trackers.join(", "),
    }
}

fn text(Pair { old, new }: &Pair, found: &[Difference]) -> String {
    let mut text = format!(
        "{} (version {}) against {} (version {})\n",
        new.name, new.policy.version, old.name, old.policy.version
    );
    if found.is_empty() {
        return text + "no difference in what is admitted\n";
    }
    text.push('\n');
    let width =
        |of: fn(&Difference) -> &str| found.iter().map(|one| of(one).chars().count()).max().unwrap_or(0);
    let (of, field) =
        (width(|one| &one.of).min(MAX_WIDTH), width(|one| one.field.as_deref().unwrap_or("")).min(MAX_WIDTH));
    for one in found {
        let effect = match one.effect {
            Effect::More => "more",
            Effect::Less => "less",
            Effect::Changes => "changes",
        };
        let name = one.field.as_deref().unwrap_or("");
        text += &format!("{effect:7}  {:of$}  {name:field$}  {}\n", one.of, one.what);
    }
    let count = |effect| found.iter().filter(|one| one.effect == effect).count();
    let (more, less, changes) = (count(Effect::More), count(Effect::Less), count(Effect::Changes));
    text + &format!("\n{more} admit more, {less} admit less, {changes} change something\n")
}

/// Most columns of a name that values are set right of; longer ones push theirs on.
const MAX_WIDTH: usize = 32;
