//! The cache of layers. A layer is a directory. The hash of what it is made of is its key. It is
//! created once, and many machines and runs boot from it.
//!
//! The cache is `/var/cache/tfa-tests`, or the directory that `TFA_TEST_CACHE` names. A layer is
//! created under a temporary name while its lock is held, and then renamed. A run that boots from
//! it holds a shared lock.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::failure::OrFail;

/// The layers that this run uses, and their shared locks.
static OPEN: Mutex<BTreeMap<String, File>> = Mutex::new(BTreeMap::new());

/// The directory of the cache.
pub(crate) fn cache() -> PathBuf {
    let folder = env::var_os("TFA_TEST_CACHE")
        .map_or_else(|| PathBuf::from("/var/cache/tfa-tests"), PathBuf::from);
    let doing = format!("make {} (the machines need root)", folder.display());
    fs::create_dir_all(&folder).or_fail(&doing);
    folder
}

/// Returns the layer of this kind and key. `make` creates it if it does not exist.
pub(crate) fn layer(kind: &str, key: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let name = format!("{kind}-{key}");
    let folder = cache().join(&name);
    // Held while a layer is created, so that other tests that need it wait. If `make` fails, the
    // next test tries again and fails with the same reason.
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !open.contains_key(&name) {
        open.insert(name.clone(), shared(kind, &name, &folder, make));
    }
    folder
}

fn shared(kind: &str, name: &str, folder: &Path, make: impl FnOnce(&Path)) -> File {
    let lock = lock_of(folder);
    let mut make = Some(make);
    loop {
        lock.lock_shared().or_fail("share a layer's lock");
        if folder.is_dir() {
            return lock;
        }
        lock.unlock().or_fail("unlock a layer");
        lock.lock().or_fail("lock a layer");
        if !folder.is_dir() {
            let make = make
                .take()
                .or_fail("keep a layer that another run clears away");
            clear_unused(kind, name);
            let unfinished = folder.with_extension("unfinished");
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished).or_fail("clear an unfinished layer");
            }
            make(&unfinished);
            fs::rename(&unfinished, folder).or_fail("put a finished layer in place");
        }
        lock.unlock().or_fail("unlock a layer");
    }
}

/// Removes the other layers of a kind that no run uses. They belong to an older recipe or package.
fn clear_unused(kind: &str, name: &str) {
    for entry in fs::read_dir(cache()).into_iter().flatten().flatten() {
        let folder = entry.path();
        let other = entry.file_name().into_string().unwrap_or_default();
        let of_kind = other
            .strip_prefix(kind)
            .is_some_and(|rest| rest.starts_with('-'));
        if !of_kind || other.starts_with(name) || other.contains('.') {
            continue;
        }
        if lock_of(&folder).try_lock().is_ok() {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

fn lock_of(folder: &Path) -> File {
    let path = folder.with_extension("lock");
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .or_fail(&format!("open {}", path.display()))
}

/// A short hash of some content.
pub(crate) fn digest(content: &[u8]) -> String {
    let mut sum = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .or_fail("run sha256sum");
    let mut stdin = sum.stdin.take().or_fail("feed sha256sum");
    stdin.write_all(content).or_fail("feed sha256sum");
    drop(stdin);
    let told = sum.wait_with_output().or_fail("run sha256sum").stdout;
    String::from_utf8_lossy(&told).chars().take(12).collect()
}
