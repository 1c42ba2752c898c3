//! Paths and names in the machine.

use std::path::{Path, PathBuf};

/// The folder of the programs of the bench.
pub(crate) const PROGRAMS: &str = "/usr/local/lib/tfa-bench";

/// The bus name of the service with fixed answers.
pub(crate) const STUB: &str = "org.tfad.Bench1";
/// The socket of that service, without the bus.
pub(crate) const STUB_SOCKET: &str = "/run/tfa-bench.socket";

/// The service of logins at the socket of the daemon, without PAM.
pub(crate) const LOAD_SERVICE: &str = "bench-load";

/// The file that names the store of the daemon. The drop-in of its unit reads it at each start.
pub(crate) const SERVED: &str = "/etc/tfa-bench.store";

/// `pam_oath` with a file for each user, in names of folders and services.
pub(crate) const OATH_EACH: &str = "oath-each";

pub(crate) fn program(name: &str) -> PathBuf {
    Path::new(PROGRAMS).join(name)
}

/// The state directory of the daemon for this number of users.
pub(crate) fn ours(users: u32) -> PathBuf {
    Path::new("/var/lib/tfa").join(users.to_string())
}

/// The state directory of a store that is measured without a daemon.
pub(crate) fn store_alone() -> PathBuf {
    Path::new("/var/lib/tfa-bench/store").to_owned()
}

/// The folder with the secret files of google-authenticator for this number of users.
pub(crate) fn google(users: u32) -> PathBuf {
    Path::new("/var/lib/google").join(users.to_string())
}

/// The folder with the users file of `pam_oath` for this number of users.
pub(crate) fn oath(users: u32) -> PathBuf {
    Path::new("/var/lib/oath").join(users.to_string())
}

/// The folder with a users file of `pam_oath` for each user.
pub(crate) fn oath_each(users: u32) -> PathBuf {
    Path::new("/var/lib")
        .join(OATH_EACH)
        .join(users.to_string())
}

/// The folder with the files of google-authenticator that are imported.
pub(crate) fn imported() -> PathBuf {
    Path::new("/var/lib/tfa-bench/imported").to_owned()
}

/// The copy from which a folder is restored.
pub(crate) fn saved_copy(folder: &Path) -> PathBuf {
    let name: Vec<_> = folder
        .iter()
        .skip(1)
        .map(|part| part.to_string_lossy())
        .collect();
    Path::new("/var/lib/tfa-bench/pristine").join(name.join("-"))
}

/// The PAM service of a peer whose options name its store.
pub(crate) fn service(peer: &str, users: u32) -> String {
    format!("bench-{peer}-{users}")
}
