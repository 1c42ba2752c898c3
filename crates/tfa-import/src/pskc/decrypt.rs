//! Encrypted keys of a container: PBKDF2 (RFC 8018), AES-128-CBC, and a MAC that is checked first.

use aes::Aes128;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac;
use roxmltree::Node;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Unlock;
use super::xml::{child, number_of, text};
use crate::{What, key};

/// The bytes of a block, of the key and of the initialization vector.
const BLOCK: usize = 16;
/// The most iterations of PBKDF2 that a file can ask for: some seconds.
const MAX_ITERATIONS: u32 = 10_000_000;
/// The longest salt, in bytes.
const MAX_SALT: usize = 1024;

/// What decrypts the keys of one container.
pub(super) struct Decryption {
    key: Zeroizing<[u8; BLOCK]>,
    mac: MacMethod,
    mac_key: Zeroizing<Vec<u8>>,
}

/// The MAC of a container.
#[derive(Clone, Copy)]
enum MacMethod {
    Sha1,
    Sha256,
}

impl Decryption {
    /// The decryption of a container, or why its keys cannot be decrypted.
    pub(super) fn of(container: Node<'_, '_>, unlock: Unlock<'_>) -> Result<Self, What> {
        let about = child(container, "EncryptionKey").ok_or(What::Malformed("an EncryptionKey"))?;
        let derived = child(about, "DerivedKey");
        if derived.is_none() && child(about, "KeyName").is_none() {
            return Err(What::Unsupported("encryption to a certificate"));
        }
        let key = match (unlock, derived) {
            (Unlock::Nothing, _) => return Err(What::Encrypted),
            (Unlock::Passphrase(passphrase), Some(derived)) => derived_key(derived, passphrase)?,
            (Unlock::Passphrase(_), None) => {
                return Err(What::Unsupported(
                    "a passphrase for a container with a key of its own",
                ));
            }
            (Unlock::Key(key), _) => {
                let key = key
                    .try_into()
                    .map_err(|_| What::Malformed("a key of 16 bytes"))?;
                Zeroizing::new(key)
            }
        };
        let method = child(container, "MACMethod").ok_or(What::Malformed("a MACMethod"))?;
        let mac = mac_method(method)?;
        let mac_key = match child(method, "MACKey") {
            Some(encrypted) => decrypted(&key, &ciphertext(encrypted)?)?,
            None => Zeroizing::new(key.to_vec()),
        };
        Ok(Self { key, mac, mac_key })
    }

    /// The secret of a key, once its MAC is right.
    pub(super) fn secret(&self, secret: Node<'_, '_>) -> Result<Zeroizing<Vec<u8>>, What> {
        let encrypted = child(secret, "EncryptedValue").ok_or(What::NoKey)?;
        let ciphertext = ciphertext(encrypted)?;
        let mac = text(secret, "ValueMAC").and_then(key::base64);
        let mac = mac.ok_or(What::Malformed("a ValueMAC in base64"))?;
        let is_right = match self.mac {
            MacMethod::Sha1 => verified(
                Hmac::<Sha1>::new_from_slice(&self.mac_key),
                &ciphertext,
                &mac,
            ),
            MacMethod::Sha256 => verified(
                Hmac::<Sha256>::new_from_slice(&self.mac_key),
                &ciphertext,
                &mac,
            ),
        };
        if !is_right {
            return Err(What::WrongPassphrase);
        }
        decrypted(&self.key, &ciphertext)
    }
}

fn verified<M: Mac, E>(mac: Result<M, E>, message: &[u8], expected: &[u8]) -> bool {
    let mac = mac.map(|mac| mac.chain_update(message));
    mac.is_ok_and(|mac| mac.verify_slice(expected).is_ok())
}

fn mac_method(method: Node<'_, '_>) -> Result<MacMethod, What> {
    match fragment(method) {
        Some("hmac-sha1") => Ok(MacMethod::Sha1),
        Some("hmac-sha256") => Ok(MacMethod::Sha256),
        _ => Err(What::Unsupported("the MAC")),
    }
}

/// What follows the `#` of an algorithm.
fn fragment<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    node.attribute("Algorithm")?.rsplit('#').next()
}

/// The ciphertext of an encrypted value, with its initialization vector before it.
fn ciphertext(encrypted: Node<'_, '_>) -> Result<Zeroizing<Vec<u8>>, What> {
    let method = child(encrypted, "EncryptionMethod").and_then(fragment);
    if method != Some("aes128-cbc") {
        return Err(What::Unsupported("the encryption"));
    }
    let data = child(encrypted, "CipherData");
    let value = data.and_then(|data| text(data, "CipherValue"));
    let value = value.and_then(key::base64);
    value.ok_or(What::Malformed("a CipherValue in base64"))
}

/// Decrypts, and removes the padding of XML Encryption: its last byte is its length.
fn decrypted(key: &[u8; BLOCK], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, What> {
    let (iv, blocks) = ciphertext
        .split_first_chunk::<BLOCK>()
        .ok_or(What::WrongPassphrase)?;
    let mut plain = Zeroizing::new(blocks.to_vec());
    let cipher = cbc::Decryptor::<Aes128>::new(key.into(), iv.into());
    let padded = cipher.decrypt_padded::<NoPadding>(&mut plain);
    let length = padded.ok().and_then(|padded| {
        let padding = usize::from(*padded.last()?);
        let is_padding = (1..=BLOCK).contains(&padding);
        is_padding
            .then(|| padded.len().checked_sub(padding))
            .flatten()
    });
    plain.truncate(length.ok_or(What::WrongPassphrase)?);
    Ok(plain)
}

/// The key that PBKDF2 derives from the passphrase.
fn derived_key(derived: Node<'_, '_>, passphrase: &[u8]) -> Result<Zeroizing<[u8; BLOCK]>, What> {
    let method = child(derived, "KeyDerivationMethod").ok_or(What::Malformed("a derivation"))?;
    if fragment(method) != Some("pbkdf2") {
        return Err(What::Unsupported("the key derivation"));
    }
    let parameters = child(method, "PBKDF2-params").ok_or(What::Malformed("PBKDF2-params"))?;
    let salt = child(parameters, "Salt").and_then(|salt| text(salt, "Specified"));
    let salt = salt
        .and_then(key::base64)
        .filter(|salt| salt.len() <= MAX_SALT);
    let salt = salt.ok_or(What::BadOption("Salt"))?;
    let iterations = text(parameters, "IterationCount").and_then(number_of);
    let iterations = iterations.and_then(|count| u32::try_from(count).ok());
    let iterations = iterations.filter(|count| (1..=MAX_ITERATIONS).contains(count));
    let iterations = iterations.ok_or(What::BadOption("IterationCount"))?;
    let length = text(parameters, "KeyLength").map(number_of);
    if length.is_some_and(|length| length != Some(16)) {
        return Err(What::Unsupported("a key of this length"));
    }
    let mut key = Zeroizing::new([0; BLOCK]);
    let random_function =
        child(parameters, "PRF").and_then(|function| function.attribute("Algorithm"));
    match random_function.map(|name| name.rsplit(['#', '-']).next().unwrap_or_default()) {
        None | Some("sha1") => pbkdf2_hmac::<Sha1>(passphrase, &salt, iterations, &mut *key),
        Some("sha256") => pbkdf2_hmac::<Sha256>(passphrase, &salt, iterations, &mut *key),
        Some(_) => return Err(What::Unsupported("the function of PBKDF2")),
    }
    Ok(key)
}
