//! The file with which a further verifier gets the store of its fleet: the sealing key, which store it is, where
//! etcd is, and the token with which the host joins.
//!
//! The file is `tfa-verifier 1` and a line feed, then CBOR: the sealing key, encrypted to a passphrase as in a
//! backup, and the contents, sealed with that key.

mod adopt;
mod contents;
mod error;
mod leave;

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use minicbor::{Decode, Encode};
use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use zeroize::Zeroizing;

use crate::backup::{Passphrase, Target, WrappedKey, target_failed};
use crate::etcd::{self, Kv};
use crate::seal::{Sealing, seal_as, unseal_as};
use crate::{Record, SealingKey, StateDir};

pub use adopt::{Adoption, KeyBefore, adopt_store, adoption, undo_adoption};
pub use contents::{EtcdAccess, VerifierInvitation};
pub use error::VerifierFileError;
pub use leave::{
    BeforeLeaving, StoreLeft, leave_as_member, leave_store, leave_store_unasked, store_left,
};

const MAGIC: &[u8] = b"tfa-verifier 1\n";
/// How a file of any version begins.
const MAGIC_OF_ALL: &[u8] = b"tfa-verifier ";
/// The longest file, in bytes.
const MAX_FILE: u64 = 64 * 1024;

const CHANGED: VerifierFileError = VerifierFileError::Damaged("it is not what was written");

#[derive(Encode, Decode)]
struct Envelope {
    #[n(0)]
    key: WrappedKey,
    #[cbor(n(1), with = "minicbor::bytes")]
    sealed: Vec<u8>,
}

/// The contents of a file, with the sealing key of the store.
pub struct VerifierFile {
    /// What is told to the further verifier.
    pub invitation: VerifierInvitation,
    key: SealingKey,
}

impl VerifierFile {
    /// Writes the file of an invitation. It must not exist.
    ///
    /// # Errors
    /// [`VerifierFileError`]. There is no file then.
    pub fn write(
        path: &Path,
        state_dir: &StateDir,
        kv: impl Kv,
        mut invitation: VerifierInvitation,
        passphrase: &Passphrase,
    ) -> Result<(), VerifierFileError> {
        let (store, key) = etcd::store_and_key(state_dir, kv)?;
        invitation.store = store;
        let contents = invitation.encode();
        let envelope = Envelope {
            key: WrappedKey::wrap(&key, passphrase)?,
            sealed: seal_as(Sealing::VerifierFile, &key, &contents)?,
        };
        let mut bytes = MAGIC.to_vec();
        // Writing to a vector does not fail.
        let _ = minicbor::encode(&envelope, &mut bytes);
        let target = Target::create(path)?;
        let written = target.file().write_all(&bytes);
        written.map_err(|error| target.failed(&error))?;
        Ok(target.publish()?)
    }

    /// Checks whether this host can write such a file.
    ///
    /// # Errors
    /// [`VerifierFileError`].
    pub fn check_writable(state_dir: &StateDir, kv: impl Kv) -> Result<(), VerifierFileError> {
        etcd::store_and_key(state_dir, kv).map(drop)
    }

    /// Reads and decrypts a file.
    ///
    /// # Errors
    /// [`VerifierFileError`].
    pub fn read(path: &Path, passphrase: &Passphrase) -> Result<Self, VerifierFileError> {
        let bytes = contents_of(path)?;
        let Some(rest) = bytes.strip_prefix(MAGIC) else {
            return Err(match bytes.starts_with(MAGIC_OF_ALL) {
                true => VerifierFileError::Newer,
                false => VerifierFileError::NotOne,
            });
        };
        let envelope: Envelope = minicbor::decode(rest).map_err(|_| CHANGED)?;
        let key = envelope.key.unwrap(passphrase)?;
        let sealed = Record::new(Zeroizing::new(envelope.sealed));
        let opened = unseal_as(Sealing::VerifierFile, &key, sealed).map_err(|_| CHANGED)?;
        let invitation = VerifierInvitation::decode(opened.as_bytes()).ok_or(CHANGED)?;
        Ok(Self { invitation, key })
    }

    /// Checks that this etcd has the store of the file.
    ///
    /// # Errors
    /// [`VerifierFileError::OtherEtcd`], and the errors of the way to etcd.
    pub fn check_etcd(&self, kv: impl Kv) -> Result<(), VerifierFileError> {
        let found = etcd::store_in(kv)?;
        match found
            .is_some_and(|(store, key)| store == self.invitation.store && key == self.key.id())
        {
            true => Ok(()),
            false => Err(VerifierFileError::OtherEtcd),
        }
    }
}

fn contents_of(path: &Path) -> Result<Vec<u8>, VerifierFileError> {
    let failed = |error: &std::io::Error| VerifierFileError::from(target_failed(path, error));
    // Does not wait for the writer of a pipe.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK)
        .open(path)
        .map_err(|error| failed(&error))?;
    if !file.metadata().map_err(|error| failed(&error))?.is_file() {
        return Err(VerifierFileError::NotOne);
    }
    let mut bytes = Vec::new();
    let read = file.take(MAX_FILE).read_to_end(&mut bytes);
    read.map_err(|error| failed(&error))?;
    Ok(bytes)
}
