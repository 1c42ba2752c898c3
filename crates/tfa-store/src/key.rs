//! The sealing key: 32 bytes that never leave the daemon, and where they come from.
//!
//! Either systemd hands it over as the credential `tfad.key`, or it lies in the state directory as
//! the file `key`, made at the first start. Which of them seals a given database is decided in
//! `sqlite.rs`; this file only finds, checks and makes keys.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use nix::unistd::geteuid;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::StoreError;
use super::place::StateDir;

const LENGTH: usize = 32;

/// The file of the key in the state directory.
pub(super) const KEY_FILE: &str = "key";

/// The name of the systemd credential.
pub(super) const CREDENTIAL: &str = "tfad.key";

/// What the unit sets in its place where the host has none: else systemd says at each start that it
/// could not read it.
const NO_CREDENTIAL: &[u8] = b"none";

/// The key. It cannot be printed, and is wiped on drop.
pub(super) struct SealingKey(Zeroizing<[u8; LENGTH]>);

impl SealingKey {
    pub(super) fn new(bytes: Zeroizing<[u8; LENGTH]>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// The fingerprint under which the key is known.
    pub(super) fn id(&self) -> KeyId {
        let digest = Sha256::new()
            .chain_update(b"org.tfad.tfa sealing key fingerprint 1\0")
            .chain_update(self.0.as_slice())
            .finalize();
        let mut id = [0; KeyId::LENGTH];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        KeyId(id)
    }
}

/// A sealing key's fingerprint. It tells keys apart and gives nothing of the key away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId([u8; KeyId::LENGTH]);

impl KeyId {
    pub(super) const LENGTH: usize = 16;

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What lies where a key may lie.
pub(super) enum Found {
    /// A key that can be used.
    Key(SealingKey),
    /// Nothing is there.
    Nothing,
    /// Something is there that is not used; the text says why, and what to do.
    Unusable(String),
}

/// The key that systemd hands over, if it does.
pub(super) fn from_credential(directory: Option<&Path>) -> Found {
    let Some(directory) = directory else {
        return Found::Nothing;
    };
    let path = directory.join(CREDENTIAL);
    if std::fs::read(&path).is_ok_and(|bytes| bytes == NO_CREDENTIAL) {
        return Found::Nothing;
    }
    // systemd looks after the owner and the mode of its credentials.
    read(&path, |_| Ok(())).unwrap_or_else(|error| unreadable(&path, &error))
}

/// The key in the state directory, if there is one.
pub(super) fn from_file(state: &StateDir) -> Found {
    let path = state.join(KEY_FILE);
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
    read(&path, checked).unwrap_or_else(|error| unreadable(&path, &error))
}

/// Makes a key in the state directory, where there is none yet, and has it on disk when it returns.
pub(super) fn make(state: &StateDir) -> Result<SealingKey, StoreError> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    SysRng
        .try_fill_bytes(bytes.as_mut_slice())
        .map_err(|error| StoreError::Unavailable {
            why: format!("the kernel gives no random bytes: {error}"),
        })?;
    state.make(KEY_FILE, bytes.as_slice())?;
    Ok(SealingKey::new(bytes))
}

fn read(path: &Path, check: impl Fn(&File) -> Result<(), String>) -> io::Result<Found> {
    // Not following a link, and not waiting for a writer if it is a pipe.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK)
        .open(path);
    let mut file = match file {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        other => other?,
    };
    if !file.metadata()?.is_file() {
        return Ok(Found::Unusable(format!(
            "{} is not a regular file: put the key's {LENGTH} bytes there, in a file of mode 600",
            path.display()
        )));
    }
    if let Err(remedy) = check(&file) {
        return Ok(Found::Unusable(remedy));
    }
    let mut bytes = Zeroizing::new([0; LENGTH]);
    let mut more = [0];
    let length = file.metadata()?.len();
    let whole = match file.read_exact(bytes.as_mut_slice()) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
        result => result.map(|()| true)?,
    };
    if !whole || file.read(&mut more)? != 0 {
        return Ok(Found::Unusable(format!(
            "{} has {length} bytes, a key has exactly {LENGTH} (raw, not encoded): put the right key \
             there, or delete it if nothing was ever sealed with it",
            path.display()
        )));
    }
    Ok(Found::Key(SealingKey::new(bytes)))
}

fn unreadable(path: &Path, error: &io::Error) -> Found {
    let path = path.display();
    if error.raw_os_error() == Some(nix::libc::ELOOP) {
        return Found::Unusable(format!(
            "{path} is a symbolic link, which is not followed: put the key itself there"
        ));
    }
    Found::Unusable(format!("{path} cannot be read: {error}"))
}
