//! The results of a fleet in `result.json`.

use serde_json::{Map, Value, json};

use crate::fleet::Measured;
use crate::fleet::load::Logins;

pub(super) fn result(measured: &Measured) -> Value {
    let Measured {
        filled,
        logins,
        load,
        crowd,
        lost,
    } = measured;
    let filled: Vec<Value> = filled
        .iter()
        .map(|filled| {
            json!({
                "accounts": filled.accounts,
                "added": filled.added,
                "seconds": filled.took.as_secs_f64(),
                "bytes": filled.bytes,
                "etcd_resident_kib": filled.resident,
            })
        })
        .collect();
    let logins: Vec<Value> = logins
        .iter()
        .map(|at| {
            let times: Map<String, Value> = at
                .times
                .iter()
                .map(|(subject, times)| {
                    let name = json!(subject).as_str().unwrap_or_default().to_owned();
                    (name, json!(times.summary()))
                })
                .collect();
            json!({ "accounts": at.accounts, "floor": at.floor(), "times": times })
        })
        .collect();
    let levels: Vec<Value> = load
        .iter()
        .map(|level| {
            json!({
                "clients": level.clients,
                "puts": level.puts.summary(),
                "one_verifier": with_processors(&level.one),
                "three_verifiers": with_processors(&level.three),
            })
        })
        .collect();
    json!({
        "filled": filled,
        "logins": logins,
        "at_once": levels,
        "many_members": {
            "members": crowd.members,
            "seconds": crowd.took.as_secs_f64(),
            "resident_kib": { "before": crowd.resident[0], "with": crowd.resident[1] },
            "allowed_kib": crowd.allowed,
            "open_files_limit": crowd.files,
            "processors_when_silent": crowd.silent,
            "login": { "before": crowd.logins[0].summary(), "with": crowd.logins[1].summary() },
        },
        "lost_verifier": {
            "killed": longest(&lost.killed),
            "stopped": longest(&lost.stopped),
        },
    })
}

fn with_processors(logins: &Logins) -> Value {
    let seconds: Map<String, Value> = logins
        .time
        .parts()
        .iter()
        .map(|(name, time)| ((*name).to_owned(), json!(time.as_secs_f64())))
        .collect();
    json!({ "logins": logins.rate.summary(), "processor_seconds": seconds })
}

fn longest(times: &crate::statistics::Times) -> Value {
    json!({ "count": times.count(), "median": times.median(), "longest": times.percentile(100.0) })
}
