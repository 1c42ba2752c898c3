//! The sealing key: 32 bytes that never leave the daemon, and where they come from.
//!
//! Either systemd passes it as the credential `tfad.key`, or it is the file `key` in the state
//! directory, created at the first start. This file finds, checks and creates keys. Which of them
//! seals a given database is decided in `key_choice.rs`.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use nix::unistd::geteuid;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::StoreError;
use crate::state_dir::LockedDir;

/// How long a key is, in bytes.
const LENGTH: usize = 32;

/// The file of the key in the state directory.
pub(crate) const KEY_FILE: &str = "key";

/// The file of the key that a rotation introduces.
pub(crate) const NEXT_KEY_FILE: &str = "key.next";

/// The name of the systemd credential.
pub(crate) const CREDENTIAL: &str = "tfad.key";

/// The contents that the unit sets where the host has no such credential. Without them systemd would
/// log at each start that it could not read the credential.
const NO_CREDENTIAL: &[u8] = b"none";

/// A sealing key. It cannot be printed, and is wiped on drop.
pub struct SealingKey(Zeroizing<[u8; LENGTH]>);

impl SealingKey {
    /// The key of these bytes.
    pub fn new(bytes: Zeroizing<[u8; LENGTH]>) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// The key's fingerprint.
    pub(crate) fn id(&self) -> KeyId {
        let digest = Sha256::new()
            .chain_update(b"org.tfad.tfa sealing key fingerprint 1\0")
            .chain_update(self.0.as_slice())
            .finalize();
        let mut id = [0; KeyId::LENGTH];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        KeyId(id)
    }
}

/// A sealing key's fingerprint. It tells keys apart and reveals nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId([u8; KeyId::LENGTH]);

impl KeyId {
    pub(crate) const LENGTH: usize = 16;

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What is found where a key may be.
pub(crate) enum KeyLookup {
    /// A key that can be used.
    Key(SealingKey),
    /// Nothing is there.
    Missing,
    /// Something is there that is not used; the text says why, and what to do.
    Unusable(String),
}

/// The key that systemd passes as a credential, if it does.
pub(crate) fn from_credential(credentials: Option<&Path>) -> KeyLookup {
    let Some(credentials) = credentials else {
        return KeyLookup::Missing;
    };
    let path = credentials.join(CREDENTIAL);
    if std::fs::read(&path).is_ok_and(|bytes| bytes == NO_CREDENTIAL) {
        return KeyLookup::Missing;
    }
    // systemd sets the owner and the mode of its credentials.
    read(&path, |_| Ok(())).unwrap_or_else(|error| unreadable(&path, &error))
}

/// The key in the state directory, if there is one.
pub(crate) fn from_file(directory: &LockedDir) -> KeyLookup {
    read_private(&directory.join(KEY_FILE))
}

/// The key that a rotation introduces, if one is under way.
pub(crate) fn next(directory: &LockedDir) -> KeyLookup {
    read_private(&directory.join(NEXT_KEY_FILE))
}

/// A key file that only this user can read.
fn read_private(path: &Path) -> KeyLookup {
    let check = |file: &File| {
        let meta = file.metadata()?;
        let path = path.display();
        if meta.uid() != geteuid().as_raw() {
            return Ok(Err(format!(
                "{path} belongs to uid {}: run `chown {} {path}`, and find out who else may know the key",
                meta.uid(),
                geteuid()
            )));
        }
        if meta.mode() & 0o077 != 0 {
            return Ok(Err(format!(
                "{path} has mode {:04o}: run `chmod 600 {path}`, and find out who else may know the key",
                meta.mode() & 0o7777
            )));
        }
        Ok(Ok(()))
    };
    let checked =
        |file: &File| check(file).unwrap_or_else(|error: io::Error| Err(error.to_string()));
    read(path, checked).unwrap_or_else(|error| unreadable(path, &error))
}

/// Overwrites a key file that has no name any more. It is the best that can be done: on some disks the
/// old bytes stay somewhere.
pub(crate) fn overwrite(mut file: &File) {
    let _ = file.write_all(&[0; LENGTH]).and_then(|()| file.sync_all());
}

/// Creates a key in the state directory, where there is none yet. It is on disk when this returns.
pub(crate) fn create(directory: &LockedDir) -> Result<SealingKey, StoreError> {
    let key = generate()?;
    store(directory, &key)?;
    Ok(key)
}

/// Stores a key in the state directory, where there is none yet. It is on disk when this returns.
pub(crate) fn store(directory: &LockedDir, key: &SealingKey) -> Result<(), StoreError> {
    directory.create(KEY_FILE, key.bytes())
}

/// A new key.
pub(crate) fn generate() -> Result<SealingKey, StoreError> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    SysRng
        .try_fill_bytes(bytes.as_mut_slice())
        .map_err(|error| StoreError::NoRandomness {
            why: format!("the kernel gives no random bytes: {error}"),
        })?;
    Ok(SealingKey::new(bytes))
}

fn read(path: &Path, check: impl Fn(&File) -> Result<(), String>) -> io::Result<KeyLookup> {
    // Does not follow a link, and does not wait for a writer of a pipe.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK)
        .open(path);
    let mut file = match file {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(KeyLookup::Missing),
        other => other?,
    };
    if !file.metadata()?.is_file() {
        return Ok(KeyLookup::Unusable(format!(
            "{} is not a regular file: put the key's {LENGTH} bytes there, in a file of mode 600",
            path.display()
        )));
    }
    if let Err(remedy) = check(&file) {
        return Ok(KeyLookup::Unusable(remedy));
    }
    let mut bytes = Zeroizing::new([0; LENGTH]);
    let mut more = [0];
    let length = file.metadata()?.len();
    let whole = match file.read_exact(bytes.as_mut_slice()) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
        result => result.map(|()| true)?,
    };
    if !whole || file.read(&mut more)? != 0 {
        return Ok(KeyLookup::Unusable(format!(
            "{} has {length} bytes, a key has exactly {LENGTH} (raw, not encoded): put the right key \
             there, or delete it if nothing was ever sealed with it",
            path.display()
        )));
    }
    Ok(KeyLookup::Key(SealingKey::new(bytes)))
}

fn unreadable(path: &Path, error: &io::Error) -> KeyLookup {
    let path = path.display();
    if error.raw_os_error() == Some(nix::libc::ELOOP) {
        return KeyLookup::Unusable(format!(
            "{path} is a symbolic link, which is not followed: put the key itself there"
        ));
    }
    KeyLookup::Unusable(format!("{path} cannot be read: {error}"))
}
