//! Where the daemon's credentials are. systemd keeps those of a running unit in a folder that root can
//! read; the sealing key may be one of them.

use std::path::{Path, PathBuf};

const OF_THE_UNIT: &str = "/run/credentials/tfad.service";

/// The name of the sealing key as a credential.
const KEY: &str = "tfad.key";
/// Where systemd looks for the credentials of a unit.
const STORES: [&str; 6] = [
    "/etc/credstore.encrypted",
    "/etc/credstore",
    "/run/credstore.encrypted",
    "/run/credstore",
    "/usr/lib/credstore.encrypted",
    "/usr/lib/credstore",
];

/// Whether the sealing key is a credential, which cannot be read before the daemon runs.
pub(super) fn is_key_unavailable() -> bool {
    let is_credential = STORES
        .iter()
        .any(|store| Path::new(store).join(KEY).exists());
    is_credential && directory().is_none()
}

/// The folder of the credentials, if the daemon runs and has any.
pub(super) fn directory() -> Option<PathBuf> {
    Path::new(OF_THE_UNIT).is_dir().then(|| OF_THE_UNIT.into())
}
