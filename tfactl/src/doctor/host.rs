//! What is known of the host beside PAM, sshd and the daemon.

use std::collections::BTreeMap;
use std::path::Path;

use tfa_doctor::HostFacts;
use tfa_pam_host::{ModuleFile, PamHost};

use super::bounded::{self, in_time};
use super::output::{output, succeeds};
use super::{bus, groups, owned_files, selinux, state, sudo, ways};
use crate::messages;

/// The file name of the PAM module.
const MODULE: &str = "pam_tfa.so";
/// The properties of the unit that are examined.
const PROPERTIES: &str = "NoNewPrivileges,ProtectSystem,ProtectHome,PrivateTmp,PrivateDevices,\
                          MemoryDenyWriteExecute,RestrictSUIDSGID,CapabilityBoundingSet,UMask,\
                          LimitCORE,LimitFSIZE,MainPID,DropInPaths,LoadState";

/// Collects what the daemon need not be asked for.
pub(super) fn collect() -> HostFacts {
    let mut missed = Vec::new();
    let (unit, is_masked) = unit(&mut missed);
    let of_unit = unit.clone();
    let state = move || state::collect(&of_unit);
    let sudoers = examined(&mut missed, "/etc/sudoers", sudo::files);
    let files = examined(&mut missed, "the owners of files", owned_files::collect);
    let state = examined(&mut missed, "/var/lib/tfa", state);
    let modules = examined(&mut missed, MODULE, modules);
    let bus = examined(&mut missed, "D-Bus", bus::collect);
    let group_cache = examined(&mut missed, "nscd and sssd", groups::caches);
    let other_ways = ways::collect();
    let selinux_log = examined(&mut missed, "SELinux", selinux::collect);
    HostFacts {
        sudoers: sudoers.unwrap_or_default(),
        name: bounded::text("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned()),
        sudo_rules: sudo::rules(),
        files: files.unwrap_or_default(),
        state: state.flatten(),
        modules: modules.unwrap_or_default(),
        bus: bus.flatten(),
        group_cache,
        selinux_log: selinux_log.flatten(),
        unit,
        is_masked,
        installed_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        is_clock_synchronised: clock(),
        other_ways,
        not_examined: missed,
        ..HostFacts::default()
    }
}

/// Facts of one subject. If they do not come in time, the subject is missed, and the rest is examined.
pub(super) fn examined<T: Send + 'static>(
    missed: &mut Vec<String>,
    subject: &str,
    collect: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let facts = in_time(collect);
    if facts.is_none() {
        missed.push(messages::took_too_long(subject));
    }
    facts
}

fn modules() -> Vec<ModuleFile> {
    PamHost::new().files_of(MODULE)
}

/// The properties of the unit, and whether it is masked.
fn unit(missed: &mut Vec<String>) -> (BTreeMap<String, String>, bool) {
    let property = format!("--property={PROPERTIES}");
    let shown = output("systemctl", &["show", "tfad.service", &property]);
    let text = match shown {
        Ok(shown) => String::from_utf8_lossy(&shown.stdout).into_owned(),
        Err(why) => {
            // Without systemd there is no unit.
            if Path::new("/run/systemd/system").exists() {
                missed.push(why);
            }
            String::new()
        }
    };
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let properties: BTreeMap<String, String> = pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    // A masked unit has the defaults of systemd.
    match properties.get("LoadState").map(String::as_str) {
        Some("loaded") => (properties, false),
        state => (BTreeMap::new(), state == Some("masked")),
    }
}

/// `None` in a container, which has the clock of its host, and if it is not known.
fn clock() -> Option<bool> {
    if succeeds("systemd-detect-virt", &["--container", "--quiet"]) {
        return None;
    }
    let call = ["show", "--property=NTPSynchronized", "--value"];
    let shown = output("timedatectl", &call).ok()?;
    match shown.stdout.trim_ascii() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}
