//! The block devices below a folder, from /sys.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use libc::{major, minor};
use tfa_doctor::BlockDevice;

use super::bounded;

/// How many devices are looked at.
const MAX_DEVICES: usize = 64;

/// The device of the file system of a folder, and those that it stands on. Empty if they are not known,
/// as with a file system of the network.
pub(super) fn devices_below(folder: &Path) -> Vec<BlockDevice> {
    let mut waiting: VecDeque<PathBuf> = entry_of(folder).into_iter().collect();
    let mut devices: Vec<BlockDevice> = Vec::new();
    while let Some(device) = waiting.pop_front().and_then(|entry| read(&entry)) {
        let entries = device
            .below
            .iter()
            .map(|name| Path::new("/sys/class/block").join(name));
        waiting.extend(entries);
        if devices.len() == MAX_DEVICES {
            return Vec::new();
        }
        devices.push(device);
    }
    devices
}

/// The entry in /sys of the device of a folder's file system.
fn entry_of(folder: &Path) -> Option<PathBuf> {
    let mut number = fs::metadata(folder).ok()?.dev();
    // btrfs has a number of its own for each subvolume.
    if major(number) == 0 {
        number = fs::metadata(source_of_btrfs(folder)?).ok()?.rdev();
    }
    let entry = format!("/sys/dev/block/{}:{}", major(number), minor(number));
    fs::canonicalize(entry).ok()
}

/// The block device that is mounted at a folder, if its file system is btrfs.
fn source_of_btrfs(folder: &Path) -> Option<String> {
    let mounts = text("/proc/self/mountinfo")?;
    source_in(&mounts, folder)
}

fn source_in(mounts: &str, folder: &Path) -> Option<String> {
    let found = mounts.lines().filter_map(|line| {
        let (mount, source) = line.split_once(" - ")?;
        let point = mount.split(' ').nth(4)?;
        folder.starts_with(point).then_some((point.len(), source))
    });
    // The last one with the longest path is the one that is seen.
    let (_, source) = found.max_by_key(|(length, _)| *length)?;
    let mut words = source.split(' ');
    let is_btrfs = words.next()? == "btrfs";
    let device = words.next()?.to_owned();
    (is_btrfs && device.starts_with("/dev/")).then_some(device)
}

fn read(entry: &Path) -> Option<BlockDevice> {
    let entry = fs::canonicalize(entry).ok()?;
    let name = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
    let below = if entry.join("partition").exists() {
        vec![name(entry.parent()?)?]
    } else {
        let slaves = fs::read_dir(entry.join("slaves"))
            .into_iter()
            .flatten()
            .flatten();
        slaves
            .filter_map(|slave| slave.file_name().into_string().ok())
            .collect()
    };
    let dm_uuid = text(entry.join("dm/uuid")).map(|uuid| uuid.trim().to_owned());
    Some(BlockDevice {
        name: name(&entry)?,
        dm_uuid,
        below,
    })
}

/// What is not known here leaves the encryption of the disk unknown.
fn text(path: impl AsRef<Path>) -> Option<String> {
    bounded::text(path).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_of_btrfs_is_that_of_the_innermost_mount() {
        let mounts = "22 1 0:20 /root / rw,relatime shared:1 - btrfs /dev/sda2 rw,subvol=/root\n\
                      23 22 0:21 /var /var rw,relatime - btrfs /dev/mapper/luks rw,subvol=/var\n\
                      24 22 0:22 / /var/lib/other rw - tmpfs tmpfs rw\n";
        let source = |folder: &str| source_in(mounts, Path::new(folder));
        assert_eq!(source("/var/lib/tfa").as_deref(), Some("/dev/mapper/luks"));
        assert_eq!(source("/etc").as_deref(), Some("/dev/sda2"));
        assert_eq!(source("/var/lib/other/tfa"), None);
        assert_eq!(source_in("", Path::new("/var")), None);
    }
}
