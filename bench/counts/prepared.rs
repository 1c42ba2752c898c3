//! What the tests share, created once: the C programs, and a store with all users.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::built;
use crate::inside::fill;
use crate::{backup, programs};

/// The number of users: as many as the largest run needs, and not more, because `/etc/passwd` is read
/// line by line.
pub(super) const USERS: u32 = 24;

pub(super) struct Prepared {
    /// The folder of the C programs.
    pub(super) programs: PathBuf,
    /// A state directory of the daemon. Each test copies it.
    pub(super) store: PathBuf,
    /// A backup code of each user.
    pub(super) backup_code: String,
}

/// Creates what the tests share, once.
pub(super) fn get() -> &'static Prepared {
    static PREPARED: OnceLock<Prepared> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let folder = built::project().join("target/bench/instructions");
        let prepared = Prepared {
            programs: folder.join("programs"),
            store: folder.join("store"),
            backup_code: backup::codes().1[0].to_printed(),
        };
        programs::compile(&prepared.programs);
        fill::fill_ours(&prepared.store, USERS);
        prepared
    })
}
