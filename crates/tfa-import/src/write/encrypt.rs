//! The encryption of a key container to a passphrase.

use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use zeroize::Zeroizing;

/// The bytes of a block, of the key and of the initialization vector.
const BLOCK: usize = 16;
/// The bytes of the key of the MAC.
const MAC_KEY: usize = 20;

/// What encrypts the keys of one container.
pub struct Lock {
    pub(super) salt: [u8; BLOCK],
    pub(super) iterations: u32,
    key: Zeroizing<[u8; BLOCK]>,
    mac_key: Zeroizing<[u8; MAC_KEY]>,
}

/// An encrypted value with its MAC.
pub(super) struct Sealed {
    /// The initialization vector, and the ciphertext behind it.
    pub(super) ciphertext: Vec<u8>,
    pub(super) mac: Vec<u8>,
}

impl Lock {
    /// Derives the key from the passphrase by so many iterations of PBKDF2. `fill` supplies random bytes.
    pub fn new(passphrase: &[u8], iterations: u32, mut fill: impl FnMut(&mut [u8])) -> Self {
        let mut salt = [0; BLOCK];
        fill(&mut salt);
        let mut mac_key = Zeroizing::new([0; MAC_KEY]);
        fill(&mut *mac_key);
        let mut key = Zeroizing::new([0; BLOCK]);
        pbkdf2_hmac::<Sha1>(passphrase, &salt, iterations, &mut *key);
        Self {
            salt,
            iterations,
            key,
            mac_key,
        }
    }

    /// The encrypted key of the MAC.
    pub(super) fn sealed_mac_key(&self, fill: &mut dyn FnMut(&mut [u8])) -> Option<Vec<u8>> {
        self.encrypted(&*self.mac_key, fill)
    }

    /// Encrypts a value.
    pub(super) fn sealed(&self, value: &[u8], fill: &mut dyn FnMut(&mut [u8])) -> Option<Sealed> {
        let ciphertext = self.encrypted(value, fill)?;
        let mac = Hmac::<Sha1>::new_from_slice(&*self.mac_key).ok()?;
        let mac = mac.chain_update(&ciphertext).finalize().into_bytes();
        Some(Sealed {
            ciphertext,
            mac: mac.to_vec(),
        })
    }

    fn encrypted(&self, value: &[u8], fill: &mut dyn FnMut(&mut [u8])) -> Option<Vec<u8>> {
        let mut iv = [0; BLOCK];
        fill(&mut iv);
        let cipher = cbc::Encryptor::<Aes128>::new((&*self.key).into(), (&iv).into());
        // Room for the padding, which has a block at most.
        let mut buffer = Zeroizing::new(vec![0; value.len() + BLOCK]);
        let (begin, _) = buffer.split_at_mut(value.len());
        begin.copy_from_slice(value);
        let encrypted = cipher.encrypt_padded::<Pkcs7>(&mut buffer, value.len());
        Some([&iv[..], encrypted.ok()?].concat())
    }
}
