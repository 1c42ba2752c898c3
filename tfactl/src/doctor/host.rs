//! What is known of the host beside PAM, sshd and the daemon.

use std::collections::BTreeMap;
use std::fs;

use tfa_client::Terminal;
use tfa_doctor::HostFacts;
use tfa_pam_host::{ModuleFile, PamHost};

use super::bounded::{in_time, text};
use super::output::{output, succeeds};
use super::{bus, groups, owned_files, selinux, state};
use crate::messages;

/// The file name of the PAM module.
const MODULE: &str = "pam_tfa.so";
/// The properties of the unit that are examined.
const PROPERTIES: &str = "NoNewPrivileges,ProtectSystem,ProtectHome,PrivateTmp,PrivateDevices,\
                          MemoryDenyWriteExecute,RestrictSUIDSGID,CapabilityBoundingSet,UMask,\
                          LimitCORE,LimitFSIZE,MainPID,DropInPaths,LoadState";

/// Collects what the daemon need not be asked for.
pub(super) fn collect(terminal: &Terminal) -> HostFacts {
    let unit = unit();
    let of_unit = unit.clone();
    let state = move || state::collect(&of_unit);
    HostFacts {
        sudoers: examined(terminal, "/etc/sudoers", sudoers).unwrap_or_default(),
        files: examined(terminal, "owners of files", owned_files::collect).unwrap_or_default(),
        state: examined(terminal, "/var/lib/tfa", state).flatten(),
        modules: examined(terminal, MODULE, modules).unwrap_or_default(),
        bus: examined(terminal, "D-Bus", bus::collect).flatten(),
        group_cache: examined(terminal, "nscd and sssd", groups::caches),
        selinux_log: examined(terminal, "SELinux", selinux::collect).flatten(),
        unit,
        installed_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        is_clock_synchronised: clock(),
        ..HostFacts::default()
    }
}

/// Facts of one subject. If they do not come in time, the subject is named, and the rest is examined.
pub(super) fn examined<T: Send + 'static>(
    terminal: &Terminal,
    subject: &str,
    collect: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let facts = in_time(collect);
    if facts.is_none() {
        terminal.error(&messages::not_examined(subject));
    }
    facts
}

fn modules() -> Vec<ModuleFile> {
    PamHost::new().files_of(MODULE)
}

fn sudoers() -> Vec<(String, String)> {
    let main = ["/etc/sudoers".into()].into_iter();
    let entries = fs::read_dir("/etc/sudoers.d")
        .into_iter()
        .flatten()
        .flatten();
    let mut paths: Vec<_> = main.chain(entries.map(|entry| entry.path())).collect();
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let text = text(&path)?;
        Some((path.into_os_string().into_string().ok()?, text))
    };
    let texts = paths.into_iter().filter_map(read);
    // sudo ignores such names in the folder.
    let is_read = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        !name.contains('.') && !name.ends_with('~')
    };
    texts.filter(|(path, _)| is_read(path)).collect()
}

fn unit() -> BTreeMap<String, String> {
    let property = format!("--property={PROPERTIES}");
    let shown = output("systemctl", &["show", "tfad.service", &property]);
    let text = shown.map(|shown| String::from_utf8_lossy(&shown.stdout).into_owned());
    let text = text.unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let properties: BTreeMap<String, String> = pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    // A masked unit has the defaults of systemd.
    let is_loaded = properties
        .get("LoadState")
        .is_some_and(|state| state == "loaded");
    if is_loaded {
        properties
    } else {
        BTreeMap::new()
    }
}

/// `None` in a container, which has the clock of its host, and if it is not known.
fn clock() -> Option<bool> {
    if succeeds("systemd-detect-virt", &["--container", "--quiet"]) {
        return None;
    }
    let shown = output(
        "timedatectl",
        &["show", "--property=NTPSynchronized", "--value"],
    )?;
    match shown.stdout.trim_ascii() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}
