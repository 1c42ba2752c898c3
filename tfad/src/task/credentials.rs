//! Where the daemon's credentials are. systemd keeps those of a running unit in a folder that root can
//! read; the sealing key may be one of them.

use std::path::{Path, PathBuf};

const OF_THE_UNIT: &str = "/run/credentials/tfad.service";

/// The folder of the credentials, if the daemon runs and has any.
pub(super) fn directory() -> Option<PathBuf> {
    Path::new(OF_THE_UNIT).is_dir().then(|| OF_THE_UNIT.into())
}
