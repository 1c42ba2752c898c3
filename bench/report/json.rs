//! `result.json`: the results for programs. Times are in nanoseconds.

use serde_json::{Value, json};

use crate::goals::Goal;
use crate::results::Results;
use crate::statistics::Rate;

/// The whole file.
pub(crate) fn result(results: &Results, goals: &[Goal]) -> Value {
    let Results {
        host,
        quick,
        logins,
        load,
        sshd,
        daemon,
        modules,
    } = results;
    let logins: Vec<Value> = logins
        .iter()
        .map(|at| {
            let times: serde_json::Map<String, Value> = at
                .times
                .iter()
                .map(|(subject, times)| {
                    let name = json!(subject).as_str().unwrap_or_default().to_owned();
                    (name, json!(times.summary()))
                })
                .collect();
            json!({ "users": at.users, "times": times })
        })
        .collect();
    let levels: Vec<Value> = load
        .levels
        .iter()
        .map(|level| {
            json!({
                "clients": level.clients,
                "logins": rate(&level.daemon),
                "bus_alone": rate(&level.stub),
                "store_alone": rate(&level.store),
                "processor_seconds": {
                    "daemon": level.daemon_time.as_secs_f64(),
                    "bus": level.bus_time.as_secs_f64(),
                    "clients": level.clients_time.as_secs_f64(),
                },
            })
        })
        .collect();
    let sshd: Vec<Value> = sshd
        .iter()
        .map(|stack| json!({ "stack": stack.stack, "until_last": stack.times.summary() }))
        .collect();
    let daemon: Vec<Value> = daemon
        .iter()
        .map(|at| {
            json!({
                "users": at.users,
                "start_to_answer": at.start.summary(),
                "activated_login": at.activation.summary(),
                "resident_kib": { "started": at.started, "used": at.used, "loaded": at.loaded },
                "threads": at.threads,
                "wake_ups": at.wake_ups,
                "quiet_seconds": at.quiet.as_secs(),
            })
        })
        .collect();
    let modules: Vec<Value> = modules
        .iter()
        .map(|module| {
            json!({
                "name": module.name,
                "bytes": module.bytes,
                "load": module.load.summary(),
                "before_cycles": module.before,
                "after_cycles": module.after,
            })
        })
        .collect();
    json!({
        "host": host,
        "quick": quick,
        "goals": goals,
        "logins": logins,
        "load": {
            "disk": rate(&load.disk),
            "levels": levels,
            "resident_kib": load.resident,
            "threads": load.threads,
        },
        "sshd": sshd,
        "daemon": daemon,
        "modules": modules,
    })
}

fn rate(rate: &Rate) -> Value {
    json!({ "per_second": rate.per_second(), "times": rate.times.summary() })
}
