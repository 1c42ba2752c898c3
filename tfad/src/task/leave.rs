//! Takes this host out of its fleet, and tells before what it is there.

use std::path::Path;

use tfa_core::Mode;
use tfa_store::{
    StateDir, StoreLeft, VerifierFileError, etcd, is_member, is_migrating, leave_as_member,
    leave_store, leave_store_unasked, store_left,
};

use super::report::Report;
use super::service::Service;
use super::{CONFIG, MIGRATING, Request};
use crate::config::{Config, FleetRole, StoreKind, Trust};
use crate::fleet::{self, BoundStore};

const NOT_READ: &str = "the configuration has an error, so what this host is in its fleet is not known. Correct it \
                        first: tfad --check";

const NAMED_ELSEWHERE: &str = "another file of the configuration than fleet.toml and store.toml in \
                               /etc/tfa/tfad.toml.d names the role of this host or its store. Remove role from \
                               [fleet] and kind from [store] there first: grep -rE 'role|kind' /etc/tfa";

/// Follows an error of the store.
const WITHOUT_ETCD: &str =
    "If etcd is lost, or this host is not to reach it again: tfactl fleet leave --without-etcd";

/// Does one of these tasks. `None` if the name is that of another one.
pub(super) fn run(state_dir: &StateDir, request: &Request, report: &Report) -> Option<bool> {
    let asks_etcd = !request.without_etcd;
    let done = match request.name.as_str() {
        "look-at-leaving" => look(state_dir, asks_etcd, report),
        "leave-fleet" => leave(state_dir, asks_etcd, report),
        _ => return None,
    };
    if let Err(why) = &done {
        report.refuse("refused", why);
    }
    Some(done.is_ok())
}

/// Tells what this host is, what becomes of its store, and what its policy is without the fleet.
fn look(state_dir: &StateDir, asks_etcd: bool, report: &Report) -> Result<(), String> {
    if is_migrating(state_dir) {
        return Err(MIGRATING.to_owned());
    }
    let config = Config::read(Path::new(CONFIG), &Trust::own());
    let config = config.map_err(|_| NOT_READ.to_owned())?;
    let kind = match config.role {
        _ if is_member(state_dir) => "member",
        _ if etcd::is_used(state_dir) => "verifier",
        Some(FleetRole::Member) => "member",
        Some(FleetRole::Verifier) => "database",
        None => "none",
    };
    report.result("kind", kind);
    if kind == "verifier" {
        let store = match asks_etcd {
            true => look_into_etcd(state_dir)?,
            false => "not-asked",
        };
        report.result("store", store);
        // An interrupted command has taken the role away: the daemon refuses until it is run again.
        if config.role.is_none() {
            report.result("interrupted", "yes");
        }
    }
    let mode = match config.policy.otherwise.mode {
        Mode::Off => "off",
        Mode::Optional => "optional",
        Mode::Required => "required",
    };
    report.result("mode", mode);
    report.result("rules", config.policy.rules.len());
    Ok(())
}

fn look_into_etcd(state_dir: &StateDir) -> Result<&'static str, String> {
    let kv = fleet::etcd().map_err(|error| format!("{error}. {WITHOUT_ETCD}"))?;
    let left = store_left(state_dir, kv).map_err(|error| match error {
        VerifierFileError::Store(_) => format!("{error}. {WITHOUT_ETCD}"),
        error => error.to_string(),
    })?;
    Ok(match left {
        StoreLeft::InUse => "in-use",
        StoreLeft::Moved => "moved",
        StoreLeft::Replaced => "replaced",
    })
}

/// Stops the daemon, and removes what this host has of the fleet in the state directory. `tfactl` has taken the role out
/// of the configuration, and starts the daemon.
fn leave(state_dir: &StateDir, asks_etcd: bool, report: &Report) -> Result<(), String> {
    let config = Config::read(Path::new(CONFIG), &Trust::own());
    let config = config.map_err(|_| NOT_READ.to_owned())?;
    if config.role.is_some() || config.store == StoreKind::Etcd {
        return Err(NAMED_ELSEWHERE.to_owned());
    }
    let mut service = Service::default();
    if is_member(state_dir) {
        let mut before = || {
            service.stop()?;
            BoundStore::remove_all(state_dir)
        };
        return leave_as_member(state_dir, &mut before).map_err(|error| error.to_string());
    }
    if etcd::is_used(state_dir) {
        let mut stop = || service.stop();
        let left = if asks_etcd {
            let kv = fleet::etcd().map_err(|error| error.to_string())?;
            leave_store(state_dir, kv, &mut stop)
        } else {
            leave_store_unasked(state_dir, &mut stop)
        };
        if let Some(name) = left.map_err(|error| error.to_string())? {
            report.result("key", state_dir.path.join(name).display());
        }
    }
    Ok(())
}
