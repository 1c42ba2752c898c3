//! The upkeep of a filled store: a backup, its restoration, and a rotation of the key. All on a copy: the
//! logins are measured on the store as it was filled.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tfa_core::{Account, Time};
use tfa_store::{
    BackupOptions, KeyRotation, RestoreOptions, StateDir, ask_for_rotation, back_up, restore,
};
use tfa_tests::OrFail;

use super::folder;

/// What the upkeep of a store took.
#[derive(Serialize, Deserialize)]
pub(crate) struct Upkeep {
    pub(crate) backup: Duration,
    /// The size of the backup.
    pub(crate) bytes: u64,
    pub(crate) restoration: Duration,
    pub(crate) rotation: Duration,
}

/// Measures the upkeep of a store that was closed.
pub(super) fn measure(filled: &Path) -> Upkeep {
    let copy = filled.with_extension("upkeep");
    folder::copy(filled, &copy);
    let state_dir = StateDir {
        path: copy.clone(),
        credentials: None,
    };
    let target = filled.with_extension("backup");
    let _ = fs::remove_file(&target);

    let start = Instant::now();
    let options = BackupOptions {
        target: &target,
        passphrase: None,
        now: 0,
        host: "bench",
    };
    let mut can_be_read = |_: &str, record: &[u8]| Account::decode(record).is_ok();
    back_up(&state_dir, &options, &mut can_be_read, &mut |_, _| true).or_fail("make a backup");
    let backup = start.elapsed();
    let bytes = fs::metadata(&target)
        .or_fail("read the size of the backup")
        .len();

    let start = Instant::now();
    let options = RestoreOptions {
        source: &target,
        passphrase: None,
        force: false,
        now: 0,
        max_age: Duration::MAX,
    };
    let mut revise = |_: &str, record: &[u8], _| {
        let mut account = Account::decode(record).ok()?;
        let _ = account.restore_at(Time::from_secs(0), false);
        Some(account.encode())
    };
    restore(
        &state_dir,
        &options,
        &mut revise,
        &mut || Ok(()),
        &mut |_, _| true,
    )
    .or_fail("restore a backup");
    let restoration = start.elapsed();

    ask_for_rotation(&state_dir).or_fail("ask for a rotation");
    let opened = tfa_store::open(&state_dir, |_| None).or_fail("open the restored store");
    let rotation = KeyRotation::new(Arc::new(opened.store), state_dir);
    let start = Instant::now();
    let rotated = rotation.run(&mut |_, _| true).or_fail("rotate the key");
    assert!(rotated.is_some(), "no rotation was asked for");
    let took = start.elapsed();
    drop(rotation);
    for path in [&copy, &target] {
        let removed = if path.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        };
        removed.or_fail("remove what the upkeep has left");
    }
    Upkeep {
        backup,
        bytes,
        restoration,
        rotation: took,
    }
}
