//! Dispatcher's settings, read once per isolate.

use crate::shard::WarehouseSettings;
use edge::otlp::Tracing;
use edge::shard::ShardSettings;
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
    /// The Outbox's.
    pub outbox: outbox::Settings,
    /// Where its shards are.
    pub shards: ShardSettings,
    /// Where rows go.
    pub warehouses: WarehouseSettings,
    /// Where spans go, if anywhere.
    pub tracing: Option<Rc<Tracing>>,
}

/// Shards in each environment, where nothing is said.
fn default_shards(environment: &str) -> u32 {
    if environment == "production" { 8 } else { 1 }
}

thread_local! {
    // Settings cannot change while an isolate lives, so this is no request's state.
    static SETTINGS: OnceCell<Shared> = const { OnceCell::new() };
}

/// The settings, or every fault in them.
pub type Shared = Result<Rc<Settings>, Rc<Vec<String>>>;

/// The settings of this isolate.
pub fn settings(env: &Env) -> Shared {
    let read = || read(&edge::settings::settings(env)).map(Rc::new).map_err(Rc::new);
    SETTINGS.with(|cell| cell.get_or_init(read).clone())
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
    let outbox = outbox::Settings::read(vars, default_shards(&environment), &mut faults);
    let shards = ShardSettings::read(vars, &mut faults);
    let warehouses = WarehouseSettings::read(vars, &outbox.warehouses, &environment, &mut faults);
    edge::report::check(vars, &mut faults);
    let tracing = Tracing::read(vars, "sparrow-dispatcher", &environment, &mut faults);
    if faults.is_empty() {
        Ok(Settings { environment, ingest_path, ip_policy, outbox, shards, warehouses, tracing })
    } else {
        Err(faults)
    }
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
        let wrong = [
            ("INGEST_PATH", "/health"),
            ("IP_POLICY", "some"),
            ("OUTBOX_SHARDS", "0"),
            ("OUTBOX_JURISDICTION", "moon"),
            ("RAW_RETENTION_DAYS", "-1"),
            ("OTLP_ENDPOINT", "otlp.example"),
        ];
        let faults = read(&vars(&wrong)).unwrap_err();
        assert_eq!(faults.len(), 7, "{faults:?}");
    }
}
