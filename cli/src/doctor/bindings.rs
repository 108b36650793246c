//! The Workers' configurations: what Dispatcher, Trace and Console need to reach each other and the warehouse.

use super::findings::Findings;
use crate::wrangler::{Worker, is_placeholder};
use std::path::Path;

const AREA: &str = "bindings";

/// The three files, of one environment.
pub struct Configurations {
    pub dispatcher: Worker,
    pub trace: Worker,
    pub console: Worker,
}

/// Reads and judges them; nothing where one cannot be read.
pub fn look(env: Option<&str>, findings: &mut Findings) -> Option<Configurations> {
    let mut read = |path: &str| match Worker::read(Path::new(path), env) {
        Ok(worker) => Some(worker),
        Err(error) => {
            findings.fault(AREA, path, error, "mend the file, or name another environment with --env");
            None
        }
    };
    let (dispatcher, trace) = (read("wrangler.toml"), read("trace/wrangler.toml"));
    let console = read("console/wrangler.toml");
    let all = Configurations { dispatcher: dispatcher?, trace: trace?, console: console? };
    judge(&all, env, findings);
    Some(all)
}

/// Judges them. Without an environment it is development's, whose ids are nowhere but on this machine.
pub fn judge(all: &Configurations, env: Option<&str>, findings: &mut Findings) {
    let is_deployed = env.is_some();
    environment(all, env, findings);
    warehouse(&all.dispatcher, is_deployed, findings);
    services(all, findings);
    policies(&all.trace, is_deployed, findings);
}

fn environment(all: &Configurations, env: Option<&str>, findings: &mut Findings) {
    let expected = env.unwrap_or("development");
    for worker in [&all.dispatcher, &all.trace, &all.console] {
        match worker.var("ENVIRONMENT") {
            Some(name) if name == expected => findings.ok(AREA, &worker.file, format!("environment {name}")),
            _ => findings.fault(
                AREA,
                &worker.file,
                format!("ENVIRONMENT is not `{expected}`"),
                "say it in the environment's [vars]: they are not inherited",
            ),
        }
    }
}

fn warehouse(dispatcher: &Worker, is_deployed: bool, findings: &mut Findings) {
    let names = dispatcher.var("WAREHOUSE").unwrap_or("d1");
    for name in names.split(',').map(str::trim) {
        match name {
            "d1" => match dispatcher.binding("d1_databases", "D1", "database_id") {
                None => findings.fault(
                    AREA,
                    "D1",
                    "WAREHOUSE says d1, and there is no such binding",
                    "add [[d1_databases]] with binding = \"D1\", or say another WAREHOUSE",
                ),
                Some(id) if is_deployed && is_placeholder(id) => findings.fault(
                    AREA,
                    "D1",
                    "its id is still the placeholder",
                    "make it with `npx wrangler d1 create`, and write its id into wrangler.toml",
                ),
                Some(_) => findings.ok(AREA, "D1", "is bound"),
            },
            "bigquery" => findings.ok(AREA, "BigQuery", "needs no binding; its key is a secret"),
            _ => findings.fault(
                AREA,
                "WAREHOUSE",
                format!("`{name}` is no warehouse"),
                "say d1, bigquery, or both with a comma",
            ),
        }
    }
}

/// Whether the warehouse that is looked at is one that is written to.
pub fn written(dispatcher: &Worker, is_bigquery: bool, findings: &mut Findings) {
    let asked = if is_bigquery { "bigquery" } else { "d1" };
    let names = dispatcher.var("WAREHOUSE").unwrap_or("d1");
    if names.split(',').all(|name| name.trim() != asked) {
        let mend = format!("look at it with --warehouse {names}");
        findings.warn(
            AREA,
            "WAREHOUSE",
            format!("Dispatcher writes to {names}, and {asked} is looked at"),
            mend,
        );
    }
}

fn services(all: &Configurations, findings: &mut Findings) {
    let Configurations { dispatcher, trace, console } = all;
    let service = dispatcher.binding("services", "TRACE", "service").map(str::to_owned);
    match (service, trace.name()) {
        (Some(service), name) if name.as_ref() == Some(&service) => {
            findings.ok(AREA, "TRACE", format!("Dispatcher calls {service}"))
        }
        (service, name) => findings.fault(
            AREA,
            "TRACE",
            format!(
                "Dispatcher calls {}, and Trace is {}",
                service.as_deref().unwrap_or("nothing"),
                name.as_deref().unwrap_or("without a name")
            ),
            "make `service` under [[services]] of wrangler.toml the name of Trace in this environment",
        ),
    }
    let of = |worker: &Worker| worker.entry("durable_objects.bindings", "name", "OUTBOX").cloned();
    match of(dispatcher) {
        Some(outbox) if outbox.get("class_name").and_then(toml::Value::as_str) == Some("Outbox") => {
            findings.ok(AREA, "OUTBOX", "Dispatcher has it")
        }
        _ => findings.fault(
            AREA,
            "OUTBOX",
            "Dispatcher does not have it",
            "add [[durable_objects.bindings]] with name = \"OUTBOX\" and class_name = \"Outbox\"",
        ),
    }
    let script = of(console).and_then(|outbox| outbox.get("script_name")?.as_str().map(str::to_owned));
    match (script, dispatcher.name()) {
        (Some(script), name) if name.as_ref() == Some(&script) => {
            findings.ok(AREA, "Console", format!("asks the Outbox of {script}"))
        }
        (_, name) => findings.fault(
            AREA,
            "Console",
            "does not ask Dispatcher's Outbox",
            format!(
                "make script_name of OUTBOX in console/wrangler.toml {}",
                name.as_deref().unwrap_or("Dispatcher's name")
            ),
        ),
    }
    for var in ["OUTBOX_JURISDICTION", "OUTBOX_LOCATION"] {
        let of = |worker: &Worker| worker.var(var).unwrap_or_default().to_owned();
        if of(dispatcher) != of(console) {
            findings.fault(
                AREA,
                var,
                "Console has another one than Dispatcher, and so asks other shards",
                "say the same in both files",
            );
        }
    }
}

fn policies(trace: &Worker, is_deployed: bool, findings: &mut Findings) {
    match trace.binding("kv_namespaces", "POLICY", "id") {
        None => findings.ok(AREA, "POLICY", "there is none: the policy changes by deploys alone"),
        Some(id) if is_deployed && is_placeholder(id) => findings.fault(AREA, "POLICY", "its id is still the placeholder", "make it with `npx wrangler kv namespace create POLICY`, and write its id into trace/wrangler.toml"),
        Some(_) => findings.ok(AREA, "POLICY", "is bound"),
    }
}
