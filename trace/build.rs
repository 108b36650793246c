//! Compiles the policy file into the Worker, so that a faulty one fails the build and not a request.

use allowlist::Policy;
use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let source = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("../allowlist/allowlist.toml");
    println!("cargo::rerun-if-changed={}", source.display());
    let text = fs::read_to_string(&source).expect("allowlist/allowlist.toml can be read");
    let policy = match Policy::from_toml(&text, &trackers::NAMES) {
        Ok(policy) => policy,
        Err(error) => {
            for fault in error.0 {
                println!("cargo::error=allowlist/allowlist.toml:{fault}");
            }
            return;
        }
    };
    let compiled = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("policy.json");
    let json = policy.to_json().expect("a policy has a JSON form");
    fs::write(compiled, json).expect("OUT_DIR can be written");
}
