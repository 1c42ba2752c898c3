//! Randomness from the kernel.

use std::fmt;

use rand::TryRng;
use rand::rngs::SysRng;
use tfa_core::{AttemptId, Secret};
use zeroize::Zeroize;

/// The kernel gives no random bytes. Nothing may be made of the bytes that are there.
#[derive(Debug)]
pub struct NoRandomness(String);

impl fmt::Display for NoRandomness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the kernel gives no random bytes: {}", self.0)
    }
}

impl std::error::Error for NoRandomness {}

/// Fills a buffer with random bytes.
///
/// # Errors
/// [`NoRandomness`].
pub fn fill(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    SysRng
        .try_fill_bytes(bytes)
        .map_err(|error| NoRandomness(error.to_string()))
}

/// What `draw` makes of random bytes; nothing, if the kernel stops giving them.
///
/// # Errors
/// As [`fill`].
pub fn drawn<T>(draw: impl FnOnce(&mut dyn FnMut(&mut [u8])) -> T) -> Result<T, NoRandomness> {
    let mut filled = Ok(());
    let drawn = draw(&mut |bytes| {
        if filled.is_ok() {
            filled = fill(bytes);
        }
    });
    filled.map(|()| drawn)
}

/// The bytes of the id of a new attempt.
///
/// # Errors
/// As [`fill`].
pub fn attempt_bytes() -> Result<[u8; AttemptId::LENGTH], NoRandomness> {
    let mut bytes = [0; AttemptId::LENGTH];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// The id of a new attempt.
///
/// # Errors
/// As [`fill`].
pub fn attempt_id() -> Result<AttemptId, NoRandomness> {
    attempt_bytes().map(AttemptId::new)
}

/// A new secret for an authenticator.
///
/// # Errors
/// As [`fill`].
pub fn secret() -> Result<Secret, NoRandomness> {
    let mut bytes = [0; Secret::LENGTH];
    fill(&mut bytes)?;
    let secret = Secret::new(&bytes);
    bytes.zeroize();
    secret.ok_or_else(|| NoRandomness("a secret of the standard length was refused".to_owned()))
}
