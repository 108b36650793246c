//! The policy in force: the deployed one, or the one in KV that stands in for it.
//!
//! An isolate looks into KV at its start and then at most every [`DEFAULT_REFRESH_MS`], before it answers. KV is
//! eventually consistent, so for a while two isolates may serve two policies: every outcome names its own.
//! A policy that cannot be served is passed over and told of. Where none can that KV names, an isolate that has served one
//! goes on with it, and a new one serves nothing until one can: the deployed policy might let out what a newer one keeps
//! back, and keep back for good what a newer one lets out.

mod look;
mod store;

use crate::setup::Setup;
use edge::report;
use edge::settings::Vars;
use event::Millis;
use look::{Finding, Found, look};
use std::cell::RefCell;
use std::rc::Rc;
use store::Store;
use worker::{Context, Env};

/// Twenty seconds: a policy has to be in force within a minute of KV's having it.
const DEFAULT_REFRESH_MS: i64 = 20_000;
/// More would break the promise of a minute.
const MAX_REFRESH_MS: i64 = 60_000;

/// The setup of a request, or every fault in the settings.
pub type Shared = Rc<Result<Setup, Vec<String>>>;

/// What an isolate serves with until it looks again.
struct Serving {
    setup: Shared,
    /// Of the deployed policy.
    deployed: String,
    /// When it last looked. Without KV or with faulty settings it never looks again: neither can change.
    looked: Option<Millis>,
    refresh: i64,
    /// What the last look found, told of once.
    findings: Vec<Finding>,
}

thread_local! {
    // No request's state: which policy is in force is the same for all of them.
    static SERVING: RefCell<Option<Serving>> = const { RefCell::new(None) };
}

/// Which policy counts cannot be said, and why stands in the log.
#[derive(Debug, thiserror::Error)]
#[error("which policy counts is not known; the log says why")]
pub struct NotKnown;

/// The setup with the policy in force.
///
/// # Errors
/// [`NotKnown`], in a new isolate.
pub async fn setup(env: &Env, ctx: &Context) -> Result<Shared, NotKnown> {
    let now = edge::clock::now();
    match SERVING.with_borrow_mut(|serving| serving.as_mut().map(|serving| serving.take_turn(now))) {
        None => start(env, ctx, now).await,
        Some((setup, None)) => Ok(setup),
        Some((setup, Some(deployed))) => Ok(renew(env, setup, &deployed, now).await),
    }
}

impl Serving {
    /// What to serve with, and the deployed version for whoever is to look now. The others need not wait.
    fn take_turn(&mut self, now: Millis) -> (Shared, Option<String>) {
        let is_due = self.looked.is_some_and(|looked| now.0 - looked.0 >= self.refresh);
        if is_due {
            self.looked = Some(now);
        }
        (self.setup.clone(), is_due.then(|| self.deployed.clone()))
    }
}

async fn start(env: &Env, ctx: &Context, now: Millis) -> Result<Shared, NotKnown> {
    let vars = edge::settings::settings(env);
    let (mut setup, refresh) = match (Setup::deployed(&vars), refresh(&vars)) {
        (Ok(setup), Ok(refresh)) => (setup, refresh),
        (setup, refresh) => {
            let faults = setup.err().into_iter().flatten().chain(refresh.err());
            return Ok(serve(Rc::new(Err(faults.collect())), String::new(), None, 0, Vec::new()));
        }
    };
    let deployed = setup.policy.version.clone();
    let Some(store) = Store::of(env) else {
        return Ok(serve(Rc::new(Ok(setup)), deployed, None, refresh, Vec::new()));
    };
    let look = look(&store, &vars, &deployed, &deployed).await.map_err(|error| {
        Finding::unavailable(&error).tell();
        NotKnown
    })?;
    ctx.wait_until(report::task(
        "note deployed policy".into(),
        ctx.into(),
        note_deployed(store, deployed.clone()),
    ));
    look.findings.iter().for_each(Finding::tell);
    match look.found {
        Found::Same => {}
        Found::Other(other) => {
            tell_of_change(&other);
            setup = *other;
        }
        Found::None => return Err(NotKnown),
    }
    Ok(serve(Rc::new(Ok(setup)), deployed, Some(now), refresh, look.findings))
}

fn serve(
    setup: Shared,
    deployed: String,
    looked: Option<Millis>,
    refresh: i64,
    findings: Vec<Finding>,
) -> Shared {
    let serving = Serving { setup: setup.clone(), deployed, looked, refresh, findings };
    // Of two requests that found nothing the one that looked later knows better.
    SERVING.with_borrow_mut(|before| {
        if before.as_ref().is_none_or(|before| before.looked <= looked) {
            *before = Some(serving);
        }
    });
    setup
}

/// Looks again. What KV cannot say now it will say later; until then the policy stays.
async fn renew(env: &Env, served: Shared, deployed: &str, now: Millis) -> Shared {
    let (Ok(setup), Some(store)) = (&*served, Store::of(env)) else { return served };
    let vars = edge::settings::settings(env);
    let look = match look(&store, &vars, deployed, &setup.policy.version).await {
        Ok(look) => look,
        Err(error) => {
            Finding::unavailable(&error).tell();
            return served;
        }
    };
    SERVING.with_borrow_mut(|serving| {
        // Whoever looked later knows better.
        let Some(serving) = serving.as_mut().filter(|serving| serving.looked == Some(now)) else {
            return served;
        };
        look.findings.iter().filter(|one| !serving.findings.contains(one)).for_each(Finding::tell);
        serving.findings = look.findings;
        if let Found::Other(other) = look.found {
            tell_of_change(&other);
            serving.setup = Rc::new(Ok(*other));
        }
        serving.setup.clone()
    })
}

fn tell_of_change(setup: &Setup) {
    edge::log::info("policy_taken", serde_json::json!({"policy": setup.policy.version}));
}

async fn note_deployed(store: Store, version: String) {
    if let Err(error) = store.note_deployed(&version).await {
        Finding::unavailable(&error).tell();
    }
}

/// An empty setting counts as left out.
fn refresh(vars: &Vars) -> Result<i64, String> {
    match vars.get("POLICY_REFRESH_MS").map_or("", String::as_str) {
        "" => Ok(DEFAULT_REFRESH_MS),
        text => {
            let ms = text.parse().ok().filter(|ms| (1..=MAX_REFRESH_MS).contains(ms));
            ms.ok_or_else(|| format!("POLICY_REFRESH_MS must be a whole number from 1 to {MAX_REFRESH_MS}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_at_a_time_looks_and_the_others_go_on() {
        let setup = Rc::new(Err(Vec::new()));
        let mut serving = Serving {
            setup,
            deployed: "1-a".into(),
            looked: Some(Millis(0)),
            refresh: 20_000,
            findings: Vec::new(),
        };
        let mut looks = |now| serving.take_turn(Millis(now)).1;
        assert_eq!(looks(19_999), None);
        assert_eq!(looks(20_000), Some("1-a".to_owned()));
        assert_eq!(looks(20_001), None);
        serving.looked = None;
        assert_eq!(serving.take_turn(Millis(i64::MAX)).1, None, "there is nowhere to look");
    }

    #[test]
    fn the_refresh_keeps_the_promise_of_a_minute() {
        let refresh = |text: &str| refresh(&Vars::from([("POLICY_REFRESH_MS".into(), text.into())]));
        assert_eq!([refresh(""), refresh("100")], [Ok(20_000), Ok(100)]);
        for text in ["0", "-1", "60001", "20s"] {
            assert!(refresh(text).unwrap_err().contains("POLICY_REFRESH_MS"), "{text}");
        }
    }
}
