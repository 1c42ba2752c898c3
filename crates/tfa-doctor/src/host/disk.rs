//! Whether a disk is encrypted by dm-crypt.

/// A block device, as /sys shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockDevice {
    /// The kernel's name: `dm-0`, `sda2`.
    pub name: String,
    /// The UUID of a device of the device mapper. That of dm-crypt begins with `CRYPT-`.
    pub dm_uuid: Option<String>,
    /// The names of the devices that it stands on: the disk of a partition, the parts of an array.
    pub below: Vec<String>,
}

/// How many devices stand on each other at most.
const MAX_DEPTH: usize = 16;
/// The names of disks that keep what they are given as it is, as far as this host can tell.
const DISKS: [&str; 6] = ["sd", "nvme", "vd", "xvd", "hd", "mmcblk"];

/// Whether everything on the first of these devices passes dm-crypt. `None` if that is not known, as
/// with a loop device, a network block device or ZFS.
pub(super) fn is_encrypted(devices: &[BlockDevice]) -> Option<bool> {
    let first = devices.first()?;
    passes_crypt(first, devices, MAX_DEPTH)
}

fn passes_crypt(device: &BlockDevice, devices: &[BlockDevice], depth: usize) -> Option<bool> {
    let is_crypt = |uuid: &String| uuid.starts_with("CRYPT-");
    if device.dm_uuid.as_ref().is_some_and(is_crypt) {
        return Some(true);
    }
    if device.below.is_empty() {
        let is_disk = DISKS.iter().any(|disk| device.name.starts_with(disk));
        return is_disk.then_some(false);
    }
    let depth = depth.checked_sub(1)?;
    let mut is_encrypted = Some(true);
    for name in &device.below {
        let below = devices.iter().find(|one| one.name == *name);
        match below.and_then(|below| passes_crypt(below, devices, depth)) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => is_encrypted = None,
        }
    }
    is_encrypted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Devices from `NAME UUID BELOW,BELOW`.
    fn devices(lines: &[&str]) -> Vec<BlockDevice> {
        let device = |line: &&str| {
            let words: Vec<&str> = line.split(' ').collect();
            let [name, uuid, below] = words[..] else {
                panic!("{line}");
            };
            let names = below.split(',').filter(|name| *name != "-");
            BlockDevice {
                name: name.to_owned(),
                dm_uuid: (uuid != "-").then(|| uuid.to_owned()),
                below: names.map(str::to_owned).collect(),
            }
        };
        lines.iter().map(device).collect()
    }

    #[test]
    fn everything_must_pass_dm_crypt() {
        for (lines, expected) in [
            (&["sda2 - sda", "sda - -"][..], Some(false)),
            (
                &["dm-0 CRYPT-LUKS2-ab-x sda2", "sda2 - sda", "sda - -"],
                Some(true),
            ),
            // LVM on dm-crypt, and on a plain partition.
            (
                &["dm-1 LVM-x dm-0", "dm-0 CRYPT-LUKS2-ab-x sda2"],
                Some(true),
            ),
            (&["dm-1 LVM-x sda2", "sda2 - sda", "sda - -"], Some(false)),
            // An array with one encrypted half.
            (
                &[
                    "md0 - dm-0,sdb1",
                    "dm-0 CRYPT-PLAIN-x sda1",
                    "sdb1 - sdb",
                    "sdb - -",
                ],
                Some(false),
            ),
            (
                &["md0 - dm-0,loop0", "dm-0 CRYPT-PLAIN-x sda1", "loop0 - -"],
                None,
            ),
            (&["loop0 - -"], None),
            (&["zd0 - -"], None),
            (&["dm-0 LVM-x dm-1"], None),
            (&["dm-0 LVM-x dm-0"], None),
            (&[], None),
        ] {
            assert_eq!(is_encrypted(&devices(lines)), expected, "{lines:?}");
        }
    }
}
