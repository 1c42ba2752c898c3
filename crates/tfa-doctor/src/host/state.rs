//! The state directory: the room on its file system, the log of the database, and the key beside it.

use super::disk::{self, BlockDevice};
use super::{HostFacts, STATE_DIR};
use crate::finding::{Finding, Kind, Left};
use crate::messages;

/// With less room the database may fail to commit: the log grows by up to 264 KiB at once.
const MIN_BYTES: u64 = 1 << 20;
/// The log of the database may grow to this length before it begins anew.
const LOW_BYTES: u64 = 64 << 20;
/// A start of the daemon and a rotation of the key create a few files.
const LOW_INODES: u64 = 100;
/// Twice the length at which the log begins anew. It keeps the length that it had.
const MAX_LOG_BYTES: u64 = 128 << 20;

/// What is known of the state directory.
#[derive(Debug, Clone, Default)]
pub struct StateFacts {
    /// The sealing key is a file beside the database.
    pub has_key_file: bool,
    /// The host has a credential with the sealing key.
    pub has_credential: bool,
    /// The host has a TPM of version 2.
    pub has_tpm: bool,
    /// The block device of the file system, and those that it stands on. Empty if they are not known.
    pub devices: Vec<BlockDevice>,
    /// The room on the file system.
    pub room: Option<Room>,
    /// The length of the database's log in bytes.
    pub log_bytes: Option<u64>,
    /// The processes that have the database open, without the daemon.
    pub readers: Vec<Process>,
}

/// The room on a file system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Room {
    /// How many bytes root may write.
    pub bytes: u64,
    /// How many files can be created; `None` where the file system has no limit.
    pub inodes: Option<u64>,
    /// The file system can only be read.
    pub is_read_only: bool,
    /// By how many bytes the largest file of the database may grow, if the unit limits that.
    pub below_limit: Option<u64>,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The name, which the process may choose.
    pub name: String,
    /// The number.
    pub pid: u32,
}

/// The key that the records are sealed with is not here.
pub(super) fn key_lost(host: &HostFacts) -> Option<Finding> {
    let why = host.key_lost.as_ref()?;
    // The daemon says what is wrong first, and then what to do.
    let first = why.split(". ").next().unwrap_or_default().to_owned();
    let kind = &messages::KEY_LOST;
    Some(Finding::beside_pam(kind, STATE_DIR, Vec::new(), first))
}

pub(super) fn examine(host: &HostFacts) -> Vec<Finding> {
    let Some(state) = &host.state else {
        return Vec::new();
    };
    let room = state.room.iter().flat_map(room);
    room.chain(log(state)).chain(key(state)).collect()
}

fn room(room: &Room) -> Vec<Finding> {
    if room.is_read_only {
        return vec![found(&messages::STORE_READ_ONLY, STATE_DIR, String::new())];
    }
    let short_of = |left: Left, bytes: u64| {
        let kind = match bytes {
            ..MIN_BYTES => &messages::STORE_FULL,
            MIN_BYTES..LOW_BYTES => &messages::STORE_NEARLY_FULL,
            _ => return None,
        };
        Some(running_short(kind, left))
    };
    let space = short_of(Left::Bytes(room.bytes), room.bytes);
    let limit = room
        .below_limit
        .and_then(|bytes| short_of(Left::BelowLimit(bytes), bytes));
    let inodes = room.inodes.filter(|left| *left < LOW_INODES);
    let inodes = inodes.map(|left| running_short(&messages::STORE_NEARLY_FULL, Left::Inodes(left)));
    [space, limit, inodes].into_iter().flatten().collect()
}

fn running_short(kind: &'static Kind, left: Left) -> Finding {
    let place = match left {
        Left::BelowLimit(_) => messages::UNIT,
        Left::Bytes(_) | Left::Inodes(_) => STATE_DIR,
    };
    let mut finding = found(kind, place, String::new());
    finding.subject.left = Some(left);
    finding
}

fn log(state: &StateFacts) -> Option<Finding> {
    let bytes = state.log_bytes.filter(|bytes| *bytes > MAX_LOG_BYTES)?;
    let readers = state.readers.iter();
    let names = readers.map(|one| format!("{} (pid {})", one.name, one.pid));
    let place = format!("{STATE_DIR}/accounts.db-wal");
    let detail = messages::mebibytes(bytes);
    let mut finding = Finding::beside_pam(&messages::STORE_LOG, place, names.collect(), detail);
    finding.subject.pids = state.readers.iter().map(|one| one.pid).collect();
    Some(finding)
}

/// The key can be read from the disk by one who has the disk, and the host could prevent that.
fn key(state: &StateFacts) -> Option<Finding> {
    let is_plain = disk::is_encrypted(&state.devices) == Some(false);
    let is_beside = state.has_key_file && state.has_tpm && is_plain;
    let place = format!("{STATE_DIR}/key");
    let detail = if state.has_credential {
        messages::CREDENTIAL
    } else {
        ""
    };
    is_beside.then(|| found(&messages::KEY_BESIDE_DATABASE, &place, detail.to_owned()))
}

fn found(kind: &'static Kind, place: &str, detail: String) -> Finding {
    Finding::beside_pam(kind, place, Vec::new(), detail)
}
