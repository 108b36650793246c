//! Secrets: that they are there. On this machine in `.dev.vars`, at Cloudflare by their names, which is all that Cloudflare tells.

use super::bindings::Configurations;
use super::findings::Findings;
use super::{Doctor, settings};
use crate::allowlist::explain::settings::placeholders;
use crate::wrangler::Worker;
use allowlist::Policy;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use trackers::settings::Settings;

const AREA: &str = "secrets";

/// Judges what Trace, Console and Dispatcher have.
pub fn look(
    doctor: &Doctor,
    configurations: Option<&Configurations>,
    policy: Option<&Policy>,
    findings: &mut Findings,
) {
    let Some(Configurations { dispatcher, trace, console }) = configurations else { return };
    let needs_hash_key = policy.is_some_and(Policy::needs_hash_key);
    if let Some(settings) = known(doctor, trace, &doctor.settings, findings) {
        vendors(&settings, findings);
        if needs_hash_key {
            needed(
                &settings,
                "POLICY_HASH_KEY",
                &trace.file,
                "the policy hashes; `openssl rand -hex 32` makes one",
                findings,
            );
        }
    }
    if let Some(settings) = known(doctor, console, Path::new("console/.dev.vars"), findings) {
        needed(
            &settings,
            "CONSOLE_TOKEN",
            &console.file,
            "without it Console is off; `openssl rand -base64 32` makes one",
            findings,
        );
    }
    let writes = dispatcher.var("WAREHOUSE").is_some_and(|names| names.contains("bigquery"));
    if writes
        && dispatcher.var("BIGQUERY_ENDPOINT").is_none_or(str::is_empty)
        && let Some(settings) = known(doctor, dispatcher, Path::new(".dev.vars"), findings)
    {
        needed(
            &settings,
            "BIGQUERY_KEY",
            &dispatcher.file,
            "it is the service account's key file, whole",
            findings,
        );
    }
}

/// What a Worker has: vars as they are, and secrets; of those at Cloudflare something of their form.
fn known(doctor: &Doctor, worker: &Worker, file: &Path, findings: &mut Findings) -> Option<Settings> {
    let mut known: Settings =
        worker.vars().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if doctor.source.remote {
        let names = match names(worker, doctor.source.env.as_deref()) {
            Ok(names) => names,
            Err(why) => {
                findings.fault(AREA, &worker.file, why, "sign in with `npx wrangler login`, or set CLOUDFLARE_API_TOKEN; and deploy the Worker first");
                return None;
            }
        };
        let mut placeholders = placeholders();
        known.extend(names.into_iter().map(|name| {
            let value = placeholders.remove(&name).unwrap_or_else(|| "0".repeat(32));
            (name, value)
        }));
        return Some(known);
    }
    match settings(file) {
        Ok(settings) => {
            known.extend(settings);
            Some(known)
        }
        Err(why) => {
            findings.fault(
                AREA,
                file.display(),
                why,
                "`make dev` makes it from the example beside it; --remote looks at Cloudflare's instead",
            );
            None
        }
    }
}

/// Names of the secrets at Cloudflare.
fn names(worker: &Worker, env: Option<&str>) -> Result<BTreeSet<String>, String> {
    let mut wrangler = Command::new("npx");
    wrangler.args(["wrangler", "secret", "list", "--format", "json", "-c", &worker.file]);
    if let Some(env) = env {
        wrangler.args(["--env", env]);
    }
    let output = wrangler.output().map_err(|error| format!("npx cannot be started ({error})"))?;
    let list: Option<Vec<Value>> =
        serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success());
    let list = list.ok_or("`npx wrangler secret list` does not tell the secrets")?;
    Ok(list.iter().filter_map(|secret| secret["name"].as_str().map(str::to_owned)).collect())
}

fn needed(settings: &Settings, name: &str, file: &str, why: &str, findings: &mut Findings) {
    if settings.get(name).is_some_and(|value| !value.is_empty()) {
        findings.ok(AREA, name, "is there");
    } else {
        findings.fault(
            AREA,
            name,
            "is missing",
            format!("{why}, and `npx wrangler secret put {name} -c {file}` keeps it (here: .dev.vars)"),
        );
    }
}

/// Faults of trackers' settings name settings and repeat no value.
fn vendors(settings: &Settings, findings: &mut Findings) {
    match trackers::configure(settings) {
        Ok(trackers) if trackers.is_empty() => findings.warn(
            AREA,
            "trackers",
            "none has settings: events go to the warehouse alone",
            "set those of a vendor; README's `Trackers` lists them",
        ),
        Ok(trackers) => {
            let names: Vec<_> = trackers.iter().map(|tracker| tracker.name()).collect();
            findings.ok(AREA, "trackers", format!("{} have what they need", names.join(", ")));
        }
        Err(faults) => {
            for fault in faults.0 {
                findings.fault(AREA, "trackers", fault, "set it in [vars] of trace/wrangler.toml, or `npx wrangler secret put … -c trace/wrangler.toml` (here: trace/.dev.vars)");
            }
        }
    }
}
