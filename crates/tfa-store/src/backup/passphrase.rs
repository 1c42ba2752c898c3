//! The passphrase of a backup, and the key that is derived from it.

use argon2::{Algorithm, Argon2, Params, Version};
use minicbor::{Decode, Encode};
use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::BackupError;
use crate::seal::{Sealing, seal_as, unseal_as};
use crate::{Record, SealingKey, StoreError};

/// The memory of Argon2id for a new backup, in KiB, its passes and its lanes: the second recommended
/// choice of RFC 9106, section 4.
const MEMORY: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;

/// The most that a file may ask for: the numbers come from the file before anything in it is verified.
const MAX_MEMORY: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 64;

const SALT: usize = 16;

/// A passphrase. It cannot be printed, and is wiped on drop.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// This text.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}

/// A sealing key that is encrypted to a passphrase, with all that is needed to decrypt it.
#[derive(Encode, Decode)]
pub(crate) struct WrappedKey {
    #[n(0)]
    memory: u32,
    #[n(1)]
    passes: u32,
    #[n(2)]
    lanes: u32,
    #[cbor(n(3), with = "minicbor::bytes")]
    salt: Vec<u8>,
    #[cbor(n(4), with = "minicbor::bytes")]
    sealed: Vec<u8>,
}

impl WrappedKey {
    /// Encrypts a key.
    pub(crate) fn wrap(key: &SealingKey, passphrase: &Passphrase) -> Result<Self, BackupError> {
        let mut salt = vec![0; SALT];
        SysRng
            .try_fill_bytes(&mut salt)
            .map_err(|error| StoreError::NoRandomness {
                why: format!("the kernel gives no random bytes: {error}"),
            })?;
        let mut wrapped = Self {
            memory: MEMORY,
            passes: PASSES,
            lanes: LANES,
            salt,
            sealed: Vec::new(),
        };
        let outer = wrapped.derive(passphrase)?;
        wrapped.sealed = seal_as(Sealing::BackupKey, &outer, key.bytes())?;
        Ok(wrapped)
    }

    /// Decrypts the key.
    pub(crate) fn unwrap(&self, passphrase: &Passphrase) -> Result<SealingKey, BackupError> {
        let outer = self.derive(passphrase)?;
        let sealed = Record::new(Zeroizing::new(self.sealed.clone()));
        let opened = unseal_as(Sealing::BackupKey, &outer, sealed)
            .map_err(|_| BackupError::WrongPassphrase)?;
        let mut key = Zeroizing::new([0; 32]);
        if opened.as_bytes().len() != key.len() {
            return Err(BackupError::Damaged("its key has another length"));
        }
        key.copy_from_slice(opened.as_bytes());
        Ok(SealingKey::new(key))
    }

    fn derive(&self, passphrase: &Passphrase) -> Result<SealingKey, BackupError> {
        const WRONG: BackupError = BackupError::Damaged("the cost of its passphrase is not valid");
        if self.memory > MAX_MEMORY || self.passes > MAX_PASSES || self.lanes > MAX_LANES {
            return Err(WRONG);
        }
        let params = Params::new(self.memory, self.passes, self.lanes, None).map_err(|_| WRONG)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut key = Zeroizing::new([0; 32]);
        argon2
            .hash_password_into(passphrase.0.as_bytes(), &self.salt, key.as_mut_slice())
            .map_err(|_| WRONG)?;
        Ok(SealingKey::new(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn a_wrapped_key_opens_with_its_passphrase_alone() {
        let key = SealingKey::new(Zeroizing::new([7; 32]));
        let mut wrapped = WrappedKey::wrap(&key, &passphrase("correct horse")).unwrap();
        let opened = wrapped.unwrap(&passphrase("correct horse")).ok().unwrap();
        assert_eq!(opened.bytes(), key.bytes());
        let wrong = wrapped.unwrap(&passphrase("correct horsf"));
        assert!(matches!(wrong, Err(BackupError::WrongPassphrase)));
        wrapped.salt[0] ^= 1;
        let changed = wrapped.unwrap(&passphrase("correct horse"));
        assert!(matches!(changed, Err(BackupError::WrongPassphrase)));
        wrapped.memory = u32::MAX;
        let costly = wrapped.unwrap(&passphrase("correct horse"));
        assert!(matches!(costly, Err(BackupError::Damaged(_))));
    }
}
