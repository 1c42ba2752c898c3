//! What the tests share, created once: the C programs, and a store with all users.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use super::built;
use crate::inside::fill;
use crate::user::User;
use crate::{backup, programs};

/// The number of users: as many as the largest run needs, and not more, because `/etc/passwd` is read
/// line by line.
pub(super) const USERS: u32 = 24;

/// The age of a file that the daemon takes for unchanged, and a second more for rounding.
const SETTLED_AFTER: Duration = Duration::from_secs(4);

pub(super) struct Prepared {
    /// The folder of the C programs.
    pub(super) programs: PathBuf,
    /// A state directory of the daemon. Each test copies it.
    pub(super) store: PathBuf,
    /// The folder of the files in `/etc` that name users. They were written some time ago: the daemon does
    /// not keep users of a file that has just changed.
    pub(super) users: PathBuf,
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
            users: folder.join("users"),
            backup_code: backup::codes().1[0].to_printed(),
        };
        programs::compile(&prepared.programs);
        write_users(&prepared.users);
        fill::fill_ours(&prepared.store, USERS);
        wait_until_settled(&prepared.users);
        prepared
    })
}

fn write_users(folder: &Path) {
    let users: String = User::first(USERS).map(User::passwd_line).collect();
    let root = "root:x:0:0:root:/root:/bin/sh\n";
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("passwd"), format!("{root}{users}")).unwrap();
    fs::write(folder.join("group"), "root:x:0:\n").unwrap();
    let sources = "passwd: files\ngroup: files\n";
    fs::write(folder.join("nsswitch.conf"), sources).unwrap();
}

fn wait_until_settled(folder: &Path) {
    let written = fs::metadata(folder.join("nsswitch.conf")).unwrap();
    let written = written.modified().unwrap();
    while written.elapsed().unwrap_or_default() < SETTLED_AFTER {
        thread::sleep(Duration::from_millis(50));
    }
}
