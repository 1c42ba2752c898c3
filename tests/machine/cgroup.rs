//! The control groups of machines. systemd in a machine takes over the group in which it was
//! started, so every machine needs its own group.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

const PREFIX: &str = "tfa-";

/// Creates the groups for `systemd-nspawn`. Empty if the host runs systemd, because nspawn then
/// asks it for a scope.
pub(crate) fn groups_for(machine: &str) -> Vec<PathBuf> {
    if host_runs_systemd() {
        return Vec::new();
    }
    hierarchies()
        .into_iter()
        .map(|root| root.join(machine))
        .collect()
}

/// Whether the init of the host is systemd.
pub(crate) fn host_runs_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Returns the groups of a process, as directories.
pub(crate) fn groups_of(pid: u32) -> Vec<PathBuf> {
    let membership = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let path_in = |unified: bool| {
        membership.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let controllers = fields.next()?;
            let path = fields.next()?;
            let wanted = if unified {
                controllers.is_empty()
            } else {
                controllers == "name=systemd"
            };
            wanted.then(|| path.trim_start_matches('/').to_owned())
        })
    };
    mounts()
        .into_iter()
        .filter_map(|mount| Some(mount.folder.join(path_in(mount.unified)?)))
        .collect()
}

/// The name of the machine with this number in this run. Its group has the same name.
pub(crate) fn name_of(number: u32) -> String {
    format!("{PREFIX}{}-{number}", process::id())
}

/// Removes the groups of killed runs, and kills the processes in them.
pub(crate) fn clear_dead() {
    let groups = hierarchies()
        .into_iter()
        .filter_map(|root| fs::read_dir(root).ok());
    for group in groups.flatten().flatten() {
        let name = group.file_name().into_string().unwrap_or_default();
        let owner = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::write(group.path().join("cgroup.kill"), "1");
            remove(&group.path());
        }
    }
}

/// Removes a group and the groups below it. They are empty after the machine has ended.
pub(crate) fn remove(group: &Path) {
    let Ok(entries) = fs::read_dir(group) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}

fn hierarchies() -> Vec<PathBuf> {
    mounts().into_iter().map(|mount| mount.folder).collect()
}

struct Mount {
    folder: PathBuf,
    unified: bool,
}

/// The hierarchies in which systemd creates groups for its units: the unified one and, on older
/// hosts, the one called `systemd`.
fn mounts() -> Vec<Mount> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    table
        .lines()
        .filter_map(|line| {
            let (place, source) = line.split_once(" - ")?;
            let folder = PathBuf::from(place.split(' ').nth(4)?);
            let kind = source.split(' ').next()?;
            let named = source.split([' ', ',']).any(|word| word == "name=systemd");
            match kind {
                "cgroup2" => Some(Mount {
                    folder,
                    unified: true,
                }),
                "cgroup" if named => Some(Mount {
                    folder,
                    unified: false,
                }),
                _ => None,
            }
        })
        .collect()
}
