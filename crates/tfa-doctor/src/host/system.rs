//! Files, the unit, the clock, the version.

use super::{Clock, HostFacts, OwnedFile, Reached};
use crate::finding::Finding;
use crate::messages;

/// The properties of the daemon's unit that keep it apart from the host, and their values. A drop-in for a
/// directory that needs the network may change others: tfad(8).
const UNIT: [(&str, &str); 18] = [
    ("NoNewPrivileges", "yes"),
    ("ProtectSystem", "strict"),
    ("ProtectHome", "yes"),
    ("PrivateTmp", "yes"),
    ("PrivateDevices", "yes"),
    ("MemoryDenyWriteExecute", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("CapabilityBoundingSet", ""),
    ("LockPersonality", "yes"),
    ("PrivateIPC", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("RestrictRealtime", "yes"),
    ("UMask", "0077"),
    ("LimitCORE", "0"),
];

/// The bits of a mode that tell what a file is, and those of a symbolic link.
const TYPE: u32 = 0o170_000;
const LINK: u32 = 0o120_000;

/// Files that others than root can write. The mode of a link means nothing.
pub(super) fn writable(host: &HostFacts) -> Vec<Finding> {
    let is_open = |file: &&OwnedFile| {
        let is_link = file.mode & TYPE == LINK;
        file.uid != 0 || (!is_link && file.mode & 0o022 != 0)
    };
    let mut faults: Vec<Finding> = Vec::new();
    for file in host.files.iter().filter(is_open) {
        let detail = format!("uid {}, mode {:o}", file.uid, file.mode & 0o7777);
        let finding = match &file.reached {
            Reached::Place => {
                Finding::beside_pam(&messages::FILE_WRITABLE, &file.path, Vec::new(), detail)
            }
            // The folders above may be the home of a user, which stays the user's.
            Reached::Link(link) => {
                let names = vec![file.path.clone()];
                Finding::beside_pam(&messages::LINK_WRITABLE, link, names, detail)
            }
            Reached::Name(named) => {
                let names = vec![file.path.clone()];
                Finding::beside_pam(&messages::NAMED_WRITABLE, named, names, detail)
            }
        };
        let same = |one: &Finding| {
            one.kind.id == finding.kind.id && one.subject.place == finding.subject.place
        };
        if !faults.iter().any(same) {
            faults.push(finding);
        }
    }
    faults
}

/// Secrets that others than root can read, or whose names they can list.
pub(super) fn readable(host: &HostFacts) -> Vec<Finding> {
    let is_open = |file: &&OwnedFile| file.mode & TYPE != LINK && file.mode & 0o055 != 0;
    let open = host.secret_files.iter().filter(is_open);
    let faults = open.map(|file| {
        let detail = format!("{:o}", file.mode & 0o7777);
        Finding::beside_pam(&messages::STATE_READABLE, &file.path, Vec::new(), detail)
    });
    faults.collect()
}

/// Properties that a drop-in has weakened.
pub(super) fn unit(host: &HostFacts) -> Option<Finding> {
    let weakened = UNIT.iter().filter_map(|(name, expected)| {
        let value = host.unit.get(*name)?;
        let settings = || (format!("{name}={value}"), format!("{name}={expected}"));
        (value != expected).then(settings)
    });
    let (changed, expected): (Vec<String>, Vec<String>) = weakened.unzip();
    let drop_ins = host.unit.get("DropInPaths").map_or("", String::as_str);
    let first = drop_ins.split(' ').next().unwrap_or_default();
    (!changed.is_empty()).then(|| {
        let changed = changed.join(", ");
        let kind = &messages::UNIT_WEAKENED;
        let mut finding = Finding::beside_pam(kind, first, Vec::new(), changed);
        finding.subject.unit_settings = expected;
        finding
    })
}

pub(super) fn not_examined(host: &HostFacts) -> Vec<Finding> {
    let missed = host.not_examined.iter();
    let fault =
        |why: &String| Finding::beside_pam(&messages::NOT_EXAMINED, "", Vec::new(), why.clone());
    missed.map(fault).collect()
}

pub(super) fn clock(host: &HostFacts) -> Option<Finding> {
    (host.clock == Clock::Free)
        .then(|| Finding::beside_pam(&messages::CLOCK, "", Vec::new(), String::new()))
}

/// The daemon that runs is not the one that is installed.
pub(super) fn version(host: &HostFacts) -> Option<Finding> {
    let (daemon, command) = host.versions.as_ref()?;
    let detail = format!("{daemon}, and that of tfactl is {command}");
    (daemon != command)
        .then(|| Finding::beside_pam(&messages::DAEMON_VERSION, "", Vec::new(), detail))
}
