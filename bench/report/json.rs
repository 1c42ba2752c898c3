//! `result.json`: the results for programs. Times are in nanoseconds.

use serde_json::{Value, json};

use super::fleet_json as fleet;
use super::mark::mark_objects;
use crate::goals::Goal;
use crate::results::{OneHost, Results};

/// The whole file.
pub(crate) fn result(results: &Results, goals: &[Goal]) -> Value {
    let Results {
        host,
        quick,
        noise,
        counts,
        one_host,
        fleet,
    } = results;
    let mut figures = match one_host {
        Some(one_host) => of_one_host(one_host),
        None => json!({}),
    };
    figures["fleet"] = fleet::result(fleet);
    if !noise.is_quiet() {
        mark_objects(&mut figures);
    }
    json!({ "host": host, "quick": quick, "noise": noise, "counts": counts, "goals": goals, "figures": figures })
}

fn of_one_host(results: &OneHost) -> Value {
    let OneHost {
        filled,
        logins,
        at_once,
        load,
        sshd_clients,
        sshd,
        daemon,
        cycles,
        modules,
        administration,
    } = results;
    let filled: Vec<Value> = filled
        .iter()
        .map(|(users, filled)| {
            json!({
                "users": users,
                "seconds": filled.took.as_secs_f64(),
                "bytes": filled.bytes,
            })
        })
        .collect();
    let at_once_levels: Vec<Value> = at_once
        .levels
        .iter()
        .map(|level| {
            json!({
                "clients": level.clients,
                "stack": level.stack,
                "logins": level.logins.summary(),
            })
        })
        .collect();
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
                "logins": level.daemon.summary(),
                "store_alone": level.store.summary(),
                "processor_seconds": {
                    "daemon": level.daemon_time.as_secs_f64(),
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
    let administration: Vec<Value> = administration
        .iter()
        .map(|command| {
            json!({
                "users": command.users,
                "command": command.command,
                "first_line_seconds": command.first.as_secs_f64(),
                "seconds": command.whole.as_secs_f64(),
                "lines": command.lines,
                "peak_kib": command.peak,
            })
        })
        .collect();
    json!({
        "filled": filled,
        "logins": logins,
        "at_once": { "disk": at_once.disk.summary(), "levels": at_once_levels },
        "load": {
            "disk": load.disk.summary(),
            "levels": levels,
            "resident_kib": load.resident,
            "threads": load.threads,
        },
        "sshd": { "clients": sshd_clients, "stacks": sshd },
        "daemon": daemon,
        "modules": { "cycles": cycles, "modules": modules },
        "administration": administration,
    })
}
