//! Where things lie in the machine.

use std::path::{Path, PathBuf};

/// The programs of the bench.
pub(crate) const PROGRAMS: &str = "/usr/local/lib/tfa-bench";

/// The name on the bus of the service that answers with fixed bytes.
pub(crate) const ECHO: &str = "org.tfad.Bench1";
/// Where it listens beside the bus.
pub(crate) const ECHO_SOCKET: &str = "/run/tfa-bench.socket";

/// The file that says which store the daemon serves; its unit's drop-in reads it at each start.
pub(crate) const SERVED: &str = "/etc/tfa-bench.store";

/// A program of the bench.
pub(crate) fn program(name: &str) -> PathBuf {
    Path::new(PROGRAMS).join(name)
}

/// The daemon's state directory with so many users.
pub(crate) fn ours(users: u32) -> PathBuf {
    Path::new("/var/lib/tfa").join(users.to_string())
}

/// A state directory for a store that no daemon serves.
pub(crate) fn store_alone() -> PathBuf {
    Path::new("/var/lib/tfa-bench/store").to_owned()
}

/// The folder of google-authenticator's secret files for so many users.
pub(crate) fn google(users: u32) -> PathBuf {
    Path::new("/var/lib/google").join(users.to_string())
}

/// The folder of `pam_oath`'s users file for so many users.
pub(crate) fn oath(users: u32) -> PathBuf {
    Path::new("/var/lib/oath").join(users.to_string())
}

/// Where the copy of a folder lies from which it is put back.
pub(crate) fn pristine(folder: &Path) -> PathBuf {
    let name: Vec<_> = folder
        .iter()
        .skip(1)
        .map(|part| part.to_string_lossy())
        .collect();
    Path::new("/var/lib/tfa-bench/pristine").join(name.join("-"))
}

/// The PAM service of a peer that has its store's place in its options.
pub(crate) fn service(peer: &str, users: u32) -> String {
    format!("bench-{peer}-{users}")
}
