//! The format of a sealed record.
//!
//! XChaCha20-Poly1305 with a random nonce for each sealing. The associated data is the format version
//! and the user name. A sealed record opens only with the same key, under the same user name and
//! unchanged. It says nothing about age: the revision in the store tells which record is newer.
//!
//! Layout: version (1 byte), nonce (24 bytes), ciphertext, tag (16 bytes).

use std::fmt;

use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use rand::TryRng;
use rand::rngs::SysRng;

use crate::{DocumentId, Record, SealingKey, StoreError};

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;

/// How much longer a sealed record is, in bytes.
pub(crate) const SEAL_BYTES: usize = 1 + NONCE + TAG;

/// Why a sealed record does not open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SealError {
    /// Too short to be a sealed record.
    Short,
    /// Sealed in a format that this program does not know.
    Version(u8),
    /// Not what was sealed for this user with this key.
    Changed,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => f.write_str("it is too short"),
            Self::Version(version) => write!(
                f,
                "its seal has the version {version}: if a newer tfad has written it, install that one again"
            ),
            Self::Changed => f.write_str("its seal is broken"),
        }
    }
}

/// What is sealed. Bytes that were sealed as one thing do not open as another.
#[derive(Clone, Copy)]
pub(crate) enum Sealing<'a> {
    /// The record of this user.
    Record(&'a str),
    /// This document.
    Document(&'a DocumentId),
    /// The checksum of a backup.
    BackupChecksum,
    /// The sealing key inside a backup.
    BackupKey,
    /// The contents of the file for a further verifier.
    VerifierFile,
}

/// Seals a record for this user.
pub(crate) fn seal(key: &SealingKey, user: &str, record: &[u8]) -> Result<Vec<u8>, StoreError> {
    seal_as(Sealing::Record(user), key, record)
}

/// Opens in place what [`seal`] made for this user with this key.
pub(crate) fn unseal(key: &SealingKey, user: &str, sealed: Record) -> Result<Record, SealError> {
    unseal_as(Sealing::Record(user), key, sealed)
}

/// Seals bytes.
pub(crate) fn seal_as(
    what: Sealing<'_>,
    key: &SealingKey,
    record: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0; NONCE];
    SysRng
        .try_fill_bytes(&mut nonce)
        .map_err(|error| StoreError::NoRandomness {
            why: format!("the kernel gives no random bytes: {error}"),
        })?;
    // The whole capacity at once: a growing vector would leave plaintext in freed memory.
    let mut sealed = Vec::with_capacity(1 + NONCE + record.len() + TAG);
    sealed.push(VERSION);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(record);
    let body = sealed.get_mut(1 + NONCE..).unwrap_or_default();
    let tag = XChaCha20Poly1305::new(key.bytes().into())
        .encrypt_inout_detached(
            &XNonce::from(nonce),
            &what.context(VERSION),
            InOutBuf::from(body),
        )
        .map_err(|_| StoreError::Invalid {
            why: "the record is too long to be sealed".into(),
        })?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Opens in place what [`seal_as`] made of the same with this key.
pub(crate) fn unseal_as(
    what: Sealing<'_>,
    key: &SealingKey,
    sealed: Record,
) -> Result<Record, SealError> {
    let mut bytes = sealed.into_bytes();
    let (&mut version, rest) = bytes.split_first_mut().ok_or(SealError::Short)?;
    if version != VERSION {
        return Err(SealError::Version(version));
    }
    let (nonce, rest) = rest
        .split_first_chunk_mut::<NONCE>()
        .ok_or(SealError::Short)?;
    let (body, tag) = rest.split_last_chunk_mut::<TAG>().ok_or(SealError::Short)?;
    XChaCha20Poly1305::new(key.bytes().into())
        .decrypt_inout_detached(
            &XNonce::from(*nonce),
            &what.context(version),
            InOutBuf::from(body),
            &Tag::from(*tag),
        )
        .map_err(|_| SealError::Changed)?;
    let end = bytes.len() - TAG;
    bytes.truncate(end);
    bytes.drain(..1 + NONCE);
    Ok(Record::new(bytes))
}

impl Sealing<'_> {
    /// The associated data that the sealed bytes are bound to. The length before each name keeps the
    /// name apart from what follows, also in a later version.
    fn context(self, version: u8) -> Vec<u8> {
        let (title, names): (&str, [Option<&str>; 2]) = match self {
            Self::Record(user) => ("org.tfad.tfa sealed account record", [Some(user), None]),
            Self::Document(id) => (
                "org.tfad.tfa sealed document",
                [Some(id.kind().word()), Some(id.name())],
            ),
            Self::BackupChecksum => ("org.tfad.tfa sealed checksum of a backup", [None; 2]),
            Self::BackupKey => ("org.tfad.tfa sealed key of a backup", [None; 2]),
            Self::VerifierFile => ("org.tfad.tfa sealed file for a verifier", [None; 2]),
        };
        let mut context = title.as_bytes().to_vec();
        context.push(version);
        for name in names.into_iter().flatten() {
            context.extend_from_slice(&(name.len() as u64).to_be_bytes());
            context.extend_from_slice(name.as_bytes());
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zeroize::Zeroizing;

    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::new(Zeroizing::new([byte; 32]))
    }

    fn open(key: &SealingKey, user: &str, sealed: &[u8]) -> Result<Record, SealError> {
        unseal(key, user, Record::new(Zeroizing::new(sealed.to_vec())))
    }

    fn error(key: &SealingKey, user: &str, sealed: &[u8]) -> SealError {
        match open(key, user, sealed) {
            Ok(_) => panic!("it opened"),
            Err(error) => error,
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_for_the_same_user(user in ".{0,40}", record: Vec<u8>) {
            let sealed = seal(&key(7), &user, &record).unwrap();
            let opened = open(&key(7), &user, &sealed).map_err(|error| error.to_string());
            prop_assert!(opened.is_ok_and(|opened| opened.as_bytes() == record));
        }

        #[test]
        fn any_flipped_bit_breaks_the_seal(record: Vec<u8>, at: prop::sample::Index, bit in 0..8_u8) {
            let mut sealed = seal(&key(7), "lea", &record).unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            error(&key(7), "lea", &sealed);
        }

        #[test]
        fn another_length_breaks_the_seal(record: Vec<u8>, cut: prop::sample::Index, more: u8) {
            let mut sealed = seal(&key(7), "lea", &record).unwrap();
            error(&key(7), "lea", &sealed[..cut.index(sealed.len())]);
            sealed.push(more);
            error(&key(7), "lea", &sealed);
        }

        #[test]
        fn another_users_name_breaks_the_seal(user in ".{0,40}", other in ".{0,40}", record: Vec<u8>) {
            prop_assume!(user != other);
            let sealed = seal(&key(7), &user, &record).unwrap();
            prop_assert_eq!(error(&key(7), &other, &sealed), SealError::Changed);
        }

        #[test]
        fn another_key_does_not_open_it(record: Vec<u8>) {
            let sealed = seal(&key(7), "lea", &record).unwrap();
            prop_assert_eq!(error(&key(8), "lea", &sealed), SealError::Changed);
        }

        #[test]
        fn two_sealings_differ_in_nonce_and_body(record in prop::collection::vec(any::<u8>(), 16..99)) {
            let one = seal(&key(7), "lea", &record).unwrap();
            let two = seal(&key(7), "lea", &record).unwrap();
            prop_assert!(one[1..25] != two[1..25]);
            prop_assert!(one[25..] != two[25..]);
        }
    }

    #[test]
    fn an_unknown_version_is_named() {
        let mut sealed = seal(&key(7), "lea", b"record").unwrap();
        sealed[0] = 9;
        assert_eq!(error(&key(7), "lea", &sealed), SealError::Version(9));
    }
}
