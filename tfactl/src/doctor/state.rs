//! What is known of the state directory, without opening a file in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::{FsFlags, statvfs};
use tfa_doctor::{Process, Room, STATE_DIR, StateFacts};

use super::bounded::text;
use super::disk;
use super::missed::Missed;
use crate::messages;

/// The files of the database, the log among them.
const DATABASE: [&str; 3] = ["accounts.db", "accounts.db-wal", "accounts.db-shm"];
/// Where systemd looks for credentials of the unit.
const CREDENTIALS: [&str; 3] = [
    "/etc/credstore*/tfad.key",
    "/run/credstore*/tfad.key",
    "/usr/lib/credstore*/tfad.key",
];
const TPMS: &str = "/sys/class/tpm/tpm*/tpm_version_major";

/// Collects the facts, with the properties of the unit. `None` if there is no state directory.
pub(super) fn collect(
    unit: &BTreeMap<String, String>,
    is_container: Option<bool>,
    missed: &Missed,
) -> Option<StateFacts> {
    let directory = missed.existing(Path::new(STATE_DIR), fs::canonicalize(STATE_DIR))?;
    let file = |name: &str| directory.join(name);
    let bytes = |name: &str| {
        let path = file(name);
        let found = missed.existing(&path, fs::symlink_metadata(&path));
        found.map(|metadata| metadata.len())
    };
    let largest = DATABASE.iter().filter_map(|name| bytes(name)).max();
    let limit = unit.get("LimitFSIZE").and_then(|limit| limit.parse().ok());
    let below_limit = limit.map(|limit: u64| limit.saturating_sub(largest.unwrap_or_default()));
    let devices = disk::devices_below(&directory);
    let first = devices.first().map(|device| device.name.clone());
    let daemon = unit.get("MainPID").and_then(|pid| pid.parse().ok());
    Some(StateFacts {
        has_key_file: bytes("key").is_some(),
        has_credential: CREDENTIALS
            .iter()
            .any(|pattern| !missed.paths(pattern).is_empty()),
        has_tpm: is_container == Some(false) && has_tpm(missed),
        room: room(&directory, first.as_deref(), below_limit, missed),
        devices,
        log_bytes: bytes("accounts.db-wal"),
        readers: readers(&DATABASE.map(file), daemon),
    })
}

/// A container has the TPM of its host in /sys, and systemd does not use it there.
fn has_tpm(missed: &Missed) -> bool {
    let versions = missed.texts(&[TPMS]);
    versions.iter().any(|(_, version)| version.trim() == "2")
}

fn room(
    directory: &Path,
    device: Option<&str>,
    below_limit: Option<u64>,
    missed: &Missed,
) -> Option<Room> {
    let found = statvfs(directory).map_err(|error| messages::file_not_read(STATE_DIR, &error));
    let found = missed.known(found)?;
    // ext4 keeps some clusters even from root.
    let kept = device.and_then(|name| {
        let text = missed.text(format!("/sys/fs/ext4/{name}/reserved_clusters"))?;
        text.trim().parse::<u64>().ok()
    });
    let blocks = found.blocks_free().saturating_sub(kept.unwrap_or_default());
    Some(Room {
        bytes: blocks.saturating_mul(found.fragment_size()),
        inodes: (found.files() > 0).then(|| found.files_free()),
        is_read_only: found.flags().contains(FsFlags::ST_RDONLY),
        below_limit,
    })
}

/// The processes that have one of these files open, without the daemon. Links of /proc are read and not
/// followed: the files of others may be on a file system that hangs.
fn readers(files: &[PathBuf], daemon: Option<u32>) -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let others = pids.filter(|pid| Some(*pid) != daemon);
    let has_open = |pid: &u32| {
        let links = fs::read_dir(format!("/proc/{pid}/fd"));
        let mut targets = links
            .into_iter()
            .flatten()
            .filter_map(|link| fs::read_link(link.ok()?.path()).ok());
        targets.any(|target| files.contains(&target))
    };
    let named = |pid| {
        let name = text(format!("/proc/{pid}/comm"));
        let name = name.ok().flatten().unwrap_or_default();
        let name = name.trim_end_matches('\n').to_owned();
        Process { name, pid }
    };
    others.filter(has_open).map(named).collect()
}
