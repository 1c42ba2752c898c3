//! What the tests share, made once: the programs in C, and a store with everybody in it.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::built;
use crate::inside::fill;
use crate::{backup, programs};

/// How many users there are: as many as any run has visits, and few, for `/etc/passwd` is read line by
/// line.
pub(super) const USERS: u32 = 24;

/// What was made.
pub(super) struct Prepared {
    /// The folder of the programs in C.
    pub(super) programs: PathBuf,
    /// A state directory of the daemon's, to be copied.
    pub(super) store: PathBuf,
    /// A backup code that is good once for everybody.
    pub(super) backup_code: String,
}

/// What all tests begin with.
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
