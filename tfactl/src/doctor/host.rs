//! What is known of the host beside PAM, sshd and the daemon.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use tfa_doctor::{HostFacts, OwnedFile};

use super::output::{output, succeeds};

/// The files and folders that decide about logins. A star stands for each entry of a folder.
const FILES: [&str; 13] = [
    "/etc/tfa",
    "/etc/tfa/tfad.toml",
    "/etc/tfa/tfad.toml.d",
    "/etc/tfa/tfad.toml.d/*",
    "/var/lib/tfa",
    "/var/lib/tfa/*",
    "/etc/pam.d",
    "/etc/pam.d/*",
    "/usr/lib/pam.d/*",
    "/usr/sbin/tfad",
    "/usr/lib/*/security/pam_tfa.so",
    "/usr/lib*/security/pam_tfa.so",
    "/etc/ssh/sshd_config.d",
];
/// The properties of the unit that are examined.
const PROPERTIES: &str = "NoNewPrivileges,ProtectSystem,ProtectHome,PrivateTmp,PrivateDevices,\
                          MemoryDenyWriteExecute,RestrictSUIDSGID,CapabilityBoundingSet,UMask,\
                          LimitCORE,DropInPaths,LoadState";

/// Collects what the daemon need not be asked for.
pub(super) fn collect() -> HostFacts {
    HostFacts {
        sudoers: sudoers(),
        files: files(),
        unit: unit(),
        is_clock_synchronised: clock(),
        ..HostFacts::default()
    }
}

/// Whether this host knows a group. One that cannot be looked up is not unknown.
pub(super) fn knows_group(group: &str) -> bool {
    // The exit status of a key that was not found.
    const NOT_FOUND: i32 = 2;
    let status = output("getent", &["--", "group", group]).map(|output| output.status.code());
    status != Some(Some(NOT_FOUND))
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
        let text = fs::read_to_string(&path).ok()?;
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

fn files() -> Vec<OwnedFile> {
    let paths = FILES
        .iter()
        .flat_map(|pattern| glob::glob(pattern).into_iter().flatten());
    let owned = |path: std::path::PathBuf| {
        let metadata = fs::metadata(&path).ok()?;
        Some(OwnedFile {
            path: path.into_os_string().into_string().ok()?,
            uid: metadata.uid(),
            mode: metadata.mode(),
        })
    };
    paths.flatten().filter_map(owned).collect()
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
