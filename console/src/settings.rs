//! Console's settings, read once per isolate.

use crate::auth::Token;
use edge::shard::ShardSettings;
use std::cell::OnceCell;
use std::rc::Rc;
use worker::Env;

/// What the operator chose.
pub struct Settings {
    /// `development`, `staging` or `production`.
    pub environment: String,
    /// Without one, Console is off.
    pub token: Option<Token>,
    /// Where the shards are: as Dispatcher has it.
    pub shards: ShardSettings,
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
    let shards = ShardSettings::read(vars, &mut faults);
    edge::report::check(vars, &mut faults);
    let token = vars.get("CONSOLE_TOKEN").and_then(|token| Token::new(token));
    if faults.is_empty() { Ok(Settings { environment, token, shards }) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(pairs: &[(&str, &str)]) -> edge::settings::Vars {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn without_a_token_that_is_long_enough_console_is_off() {
        let has_token = |vars| read(&vars).ok().unwrap().token.is_some();
        assert!(!has_token(vars(&[("ENVIRONMENT", "staging")])));
        assert!(!has_token(vars(&[("ENVIRONMENT", "staging"), ("CONSOLE_TOKEN", "short")])));
        assert!(has_token(vars(&[("ENVIRONMENT", "staging"), ("CONSOLE_TOKEN", &"long".repeat(8))])));
    }

    #[test]
    fn every_fault_is_listed_at_once() {
        let faults = read(&vars(&[("OUTBOX_JURISDICTION", "moon")])).err().unwrap();
        assert_eq!(faults.len(), 2, "{faults:?}");
    }
}
