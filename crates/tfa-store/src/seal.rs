//! Sealing: what a record looks like on disk.
//!
//! XChaCha20-Poly1305 with a random nonce for each sealing. A sealed record opens only with the
//! same key, under the same user name, and byte for byte as it was made. It says nothing about
//! age: which of two records is the newer one is known by the revision in the store.
//!
//! Layout: version (1 byte), nonce (24 bytes), ciphertext, tag (16 bytes).

use std::fmt;

use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::key::SealingKey;
use super::{Record, StoreError};

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;

/// Why a sealed record does not open.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Too short to be a sealed record.
    Short,
    /// Sealed in a way that this program does not know.
    Version(u8),
    /// Not what was sealed under this name with this key.
    Changed,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => f.write_str("it is too short"),
            Self::Version(version) => write!(f, "its sealing has the unknown version {version}"),
            Self::Changed => f.write_str("its seal is broken"),
        }
    }
}

/// Seals a record for this user.
pub(super) fn seal(key: &SealingKey, user: &str, record: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0; NONCE];
    SysRng
        .try_fill_bytes(&mut nonce)
        .map_err(|error| StoreError::Unavailable {
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
            &context(VERSION, user),
            InOutBuf::from(body),
        )
        .map_err(|_| StoreError::Refused {
            why: "the record is too long to be sealed".into(),
        })?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Opens what [`seal`] made for this user with this key.
pub(super) fn open(key: &SealingKey, user: &str, sealed: &[u8]) -> Result<Record, Broken> {
    let (&version, rest) = sealed.split_first().ok_or(Broken::Short)?;
    if version != VERSION {
        return Err(Broken::Version(version));
    }
    let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(Broken::Short)?;
    let (body, tag) = rest.split_last_chunk::<TAG>().ok_or(Broken::Short)?;
    let mut record = Zeroizing::new(body.to_vec());
    XChaCha20Poly1305::new(key.bytes().into())
        .decrypt_inout_detached(
            &XNonce::from(*nonce),
            &context(version, user),
            InOutBuf::from(record.as_mut_slice()),
            &Tag::from(*tag),
        )
        .map_err(|_| Broken::Changed)?;
    Ok(Record::new(record))
}

/// The associated data: what the record is bound to. The length before the name keeps it apart from
/// whatever may come to stand behind it.
fn context(version: u8, user: &str) -> Vec<u8> {
    let mut context = b"org.tfad.tfa sealed account record".to_vec();
    context.push(version);
    context.extend_from_slice(&(user.len() as u64).to_be_bytes());
    context.extend_from_slice(user.as_bytes());
    context
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::new(Zeroizing::new([byte; 32]))
    }

    fn broken(key: &SealingKey, user: &str, sealed: &[u8]) -> Broken {
        match open(key, user, sealed) {
            Ok(_) => panic!("it opened"),
            Err(broken) => broken,
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_for_the_same_user(user in ".{0,40}", record: Vec<u8>) {
            let sealed = seal(&key(7), &user, &record).unwrap();
            let opened = open(&key(7), &user, &sealed).map_err(|b| b.to_string());
            prop_assert!(opened.is_ok_and(|opened| opened.as_bytes() == record));
        }

        #[test]
        fn any_flipped_bit_breaks_the_seal(record: Vec<u8>, at: prop::sample::Index, bit in 0..8_u8) {
            let mut sealed = seal(&key(7), "lea", &record).unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            broken(&key(7), "lea", &sealed);
        }

        #[test]
        fn another_length_breaks_the_seal(record: Vec<u8>, cut: prop::sample::Index, more: u8) {
            let mut sealed = seal(&key(7), "lea", &record).unwrap();
            broken(&key(7), "lea", &sealed[..cut.index(sealed.len())]);
            sealed.push(more);
            broken(&key(7), "lea", &sealed);
        }

        #[test]
        fn another_users_name_breaks_the_seal(user in ".{0,40}", other in ".{0,40}", record: Vec<u8>) {
            prop_assume!(user != other);
            let sealed = seal(&key(7), &user, &record).unwrap();
            prop_assert_eq!(broken(&key(7), &other, &sealed), Broken::Changed);
        }

        #[test]
        fn another_key_does_not_open_it(record: Vec<u8>) {
            let sealed = seal(&key(7), "lea", &record).unwrap();
            prop_assert_eq!(broken(&key(8), "lea", &sealed), Broken::Changed);
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
        assert_eq!(broken(&key(7), "lea", &sealed), Broken::Version(9));
    }
}
