//! Vars and secrets of a Worker.

use js_sys::{Object, Reflect};
use std::collections::BTreeMap;
use wasm_bindgen::JsCast;
use worker::Env;

/// Vars and secrets, by name.
pub type Vars = BTreeMap<String, String>;

/// All bindings that are text: vars and secrets. Others, such as databases, are left out.
pub fn settings(env: &Env) -> Vars {
    Object::keys(env.unchecked_ref::<Object>())
        .iter()
        .filter_map(|name| {
            let value = Reflect::get(env, &name).ok()?.as_string()?;
            Some((name.as_string()?, value))
        })
        .collect()
}

/// The environment that a Worker runs in: `development`, `staging` or `production`. Anything else is a fault.
pub fn environment(vars: &Vars, faults: &mut Vec<String>) -> String {
    match vars.get("ENVIRONMENT") {
        Some(name) if event::ENVIRONMENTS.contains(&name.as_str()) => name.clone(),
        _ => {
            faults.push(format!("ENVIRONMENT must be one of {}", event::ENVIRONMENTS.join(", ")));
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_environment_is_a_fault_and_not_a_guess() {
        for name in ["", "prod", "Production"] {
            let mut faults = Vec::new();
            environment(&Vars::from([("ENVIRONMENT".to_owned(), name.to_owned())]), &mut faults);
            assert_eq!(faults.len(), 1, "{name}");
        }
    }
}
