//! Faults of the state directory.

use super::{list, remedy, set_in_unit};
use crate::finding::{Kind, Left, Severity, Subject};
use crate::shell::quoted;

/// The place of a limit of the unit.
pub(crate) const UNIT: &str = "tfad.service";
/// The detail of a key that is in a credential, too.
pub(crate) const CREDENTIAL: &str = "credential";

fn kibibytes(bytes: u64) -> String {
    match bytes < 10 << 20 {
        true => format!("{} KiB", bytes >> 10),
        false => mebibytes(bytes),
    }
}

/// A number of bytes.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

pub(crate) const STATE_READABLE: Kind = Kind {
    id: "state-readable",
    severity: Severity::Risk,
    why: "Who has read the sealing key and a copy of the database can compute the codes of every user.",
    what: |subject| {
        let (place, mode) = (&subject.place, &subject.detail);
        format!("{place} can be read by others than root (mode {mode}).")
    },
    remedy: |subject| {
        remedy(
            "Let only root read it. If it is a key and others may have read it, make a new one with \"tfactl key rotate\".",
            &[&format!("chmod go= {}", quoted(&subject.place))],
        )
    },
};

pub(crate) const STORE_FULL: Kind = Kind {
    id: "store-full",
    severity: Severity::LockOut,
    why: "A code is accepted only after its use was stored, so every code is refused.",
    what: short_of_room,
    remedy: make_room,
};

pub(crate) const STORE_NEARLY_FULL: Kind = Kind {
    id: "store-nearly-full",
    severity: Severity::Risk,
    why: "When nothing is left, every code is refused, because its use cannot be stored.",
    what: short_of_room,
    remedy: make_room,
};

fn short_of_room(subject: &Subject) -> String {
    let place = &subject.place;
    match subject.left {
        Some(Left::BelowLimit(bytes)) => {
            let left = kibibytes(bytes);
            format!("{place}: LimitFSIZE leaves {left} for the files of the database.")
        }
        Some(Left::Inodes(count)) => {
            format!("{place}: the file system has {count} inodes left for root.")
        }
        Some(Left::Bytes(bytes)) => {
            let left = kibibytes(bytes);
            format!("{place}: the file system has {left} left for root.")
        }
        None => format!("{place}: the file system has little room left."),
    }
}

fn make_room(subject: &Subject) -> crate::Remedy {
    match subject.left {
        Some(Left::BelowLimit(_)) => crate::Remedy {
            text: "Take the limit away, in a drop-in that is read last.".to_owned(),
            commands: set_in_unit(["LimitFSIZE=infinity"]),
        },
        Some(Left::Inodes(_)) => remedy(
            "Delete files that are not needed. The second command shows where they are.",
            &[
                "df -i /var/lib/tfa",
                "du --inodes -xS /var | sort -n | tail",
            ],
        ),
        Some(Left::Bytes(_)) | None => remedy(
            "Delete what is not needed, or enlarge the file system. The second command shows what is large.",
            &["df -h /var/lib/tfa", "du -xh -d 3 /var | sort -h | tail"],
        ),
    }
}

pub(crate) const STORE_READ_ONLY: Kind = Kind {
    id: "store-read-only",
    severity: Severity::LockOut,
    why: "A code is accepted only after its use was stored, so every code is refused.",
    what: |subject| format!("{}: the file system is read-only.", subject.place),
    remedy: |_| {
        remedy(
            "Look for the cause in the log of the kernel. Then make it writable.",
            &[
                "dmesg | tail -n 50",
                "mount -o remount,rw \"$(findmnt -no TARGET -T /var/lib/tfa)\"",
                "systemctl reload tfad",
            ],
        )
    },
};

pub(crate) const STORE_LOG: Kind = Kind {
    id: "store-log",
    severity: Severity::Risk,
    why: "A log that cannot begin anew grows until the disk is full. Then every code is refused.",
    what: |subject| {
        let (place, length) = (&subject.place, &subject.detail);
        match subject.names.as_slice() {
            [] => format!(
                "{place}: the log of the database has grown to {length}. No other process has it open now."
            ),
            names => format!(
                "{place}: the log of the database has grown to {length}. It is open in {}.",
                list(names)
            ),
        }
    },
    remedy: |subject| {
        let pids = subject.pids.iter().take(4);
        let mut commands: Vec<String> = pids.map(|pid| format!("kill {pid}")).collect();
        commands.push("systemctl restart tfad".to_owned());
        crate::Remedy {
            text: "End what has the database open, such as a copy program or an sqlite3. The \
                   daemon shortens the log when it stops."
                .to_owned(),
            commands,
        }
    },
};

pub(crate) const KEY_LOST: Kind = Kind {
    id: "key-lost",
    severity: Severity::LockOut,
    why: "Users who have enrolled are refused, until their records can be opened again.",
    what: |subject| {
        let (place, why) = (&subject.place, subject.detail.trim_end_matches('.'));
        format!("{place}: {why}.")
    },
    remedy: |_| {
        remedy(
            "Put the key back (/var/lib/tfa/key, mode 600, or credential tfad.key), and restart tfad. Else restore a backup that has it: \"mkdir -p /root/lost && mv \
             /var/lib/tfa/{accounts.db,key}* /root/lost && tfactl restore FILE\". Else \"tfactl reset \
             USER\" for each user.",
            &["systemctl restart tfad"],
        )
    },
};

pub(crate) const KEY_BESIDE_DATABASE: Kind = Kind {
    id: "key-beside-database",
    severity: Severity::Advice,
    why: "The disk or a copy of it is enough to read every key of a user.",
    what: |subject| {
        let place = &subject.place;
        if subject.detail == CREDENTIAL {
            format!(
                "{place}: the sealing key is in the clear on a disk that is not encrypted, although \
                 there is a credential."
            )
        } else {
            format!(
                "{place}: the sealing key is in the clear on a disk that is not encrypted, and this \
                 host has a TPM."
            )
        }
    },
    remedy: |subject| {
        // The key is deleted only if the credential has it.
        let delete = "cd /var/lib/tfa && systemd-creds decrypt /etc/credstore.encrypted/tfad.key | cmp - key \
                      && rm key";
        if subject.detail == CREDENTIAL {
            remedy(
                "Delete the file, if the credential has the same key. If they differ, keep both, and see \
                 SEALING KEY in tfad(8).",
                &[delete],
            )
        } else {
            remedy(
                "Keep the key elsewhere first, with \"tfactl backup --with-key\". Then seal it to the TPM, \
                 and delete the file.",
                &[
                    "mkdir -p -m 700 /etc/credstore.encrypted",
                    "systemd-creds encrypt -T --name=tfad.key /var/lib/tfa/key \
                     /etc/credstore.encrypted/tfad.key",
                    "systemctl restart tfad",
                    delete,
                ],
            )
        }
    },
};
