//! Dispatcher's settings, read once per isolate.

use event::IpPolicy;
use std::cell::OnceCell;
use std::rc::Rc;
use worker::Env;

/// What the operator chose.
#[derive(Debug)]
pub struct Settings {
    /// `development`, `staging` or `production`.
    pub environment: String,
    /// Where events are sent to; configurable because ad blockers match paths.
    pub ingest_path: String,
    /// How much of the sender's address is kept.
    pub ip_policy: IpPolicy,
}

thread_local! {
    // Settings cannot change while an isolate lives, so this is no request's state.
    static SETTINGS: OnceCell<Rc<Result<Settings, Vec<String>>>> = const { OnceCell::new() };
}

/// The settings, or every fault in them.
pub fn settings(env: &Env) -> Rc<Result<Settings, Vec<String>>> {
    SETTINGS.with(|cell| cell.get_or_init(|| Rc::new(read(&edge::settings::settings(env)))).clone())
}

fn read(vars: &edge::settings::Vars) -> Result<Settings, Vec<String>> {
    let mut faults = Vec::new();
    let environment = edge::settings::environment(vars, &mut faults);
    let ingest_path = vars.get("INGEST_PATH").map_or("/e", String::as_str).to_owned();
    if !is_path(&ingest_path) {
        faults.push(
            "INGEST_PATH must start with / and be neither /health nor /sparrow.js, such as /e".to_owned(),
        );
    }
    let ip_policy = match vars.get("IP_POLICY").map(|text| IpPolicy::parse(text)) {
        None => IpPolicy::default(),
        Some(Some(policy)) => policy,
        Some(None) => {
            faults.push("IP_POLICY must be full, truncated or none".to_owned());
            IpPolicy::default()
        }
    };
    if faults.is_empty() { Ok(Settings { environment, ingest_path, ip_policy }) } else { Err(faults) }
}

fn is_path(path: &str) -> bool {
    path.len() > 1
        && path.starts_with('/')
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~'))
        && !matches!(path, "/health" | "/sparrow.js")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(pairs: &[(&str, &str)]) -> edge::settings::Vars {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_environment_alone_must_be_said() {
        let settings = read(&vars(&[("ENVIRONMENT", "staging")])).unwrap();
        assert_eq!((settings.ingest_path.as_str(), settings.ip_policy), ("/e", IpPolicy::Truncated));
    }

    #[test]
    fn every_fault_is_listed_at_once() {
        let faults = read(&vars(&[("INGEST_PATH", "/health"), ("IP_POLICY", "some")])).unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
    }
}
