//! Randomness from the kernel.

use rand::TryRng;
use rand::rngs::SysRng;
use tfa_core::{Authenticator, Parameters, Secret};
use tfa_proto::Error;
use zeroize::Zeroize;

/// Fills a buffer with random bytes.
///
/// # Errors
/// [`Error::Storage`] if the kernel has none to give; nothing may be made out of what is there.
pub fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    SysRng
        .try_fill_bytes(bytes)
        .map_err(|error| Error::Storage(format!("the kernel gives no random bytes: {error}")))
}

/// What `draw` makes out of random bytes; nothing, if they run short on the way.
///
/// # Errors
/// As [`fill`].
pub fn drawn<T>(draw: impl FnOnce(&mut dyn FnMut(&mut [u8])) -> T) -> Result<T, Error> {
    let mut filled = Ok(());
    let drawn = draw(&mut |bytes| {
        if filled.is_ok() {
            filled = fill(bytes);
        }
    });
    filled.map(|()| drawn)
}

/// A new secret for an authenticator.
///
/// # Errors
/// As [`fill`].
pub fn secret() -> Result<Secret, Error> {
    let mut bytes = [0; Secret::LENGTH];
    fill(&mut bytes)?;
    let secret = Secret::new(&bytes);
    bytes.zeroize();
    secret.ok_or_else(|| Error::Storage("a secret of the standard length was refused".to_owned()))
}

/// A new authenticator of the usual kind, for a set-up inside a login.
///
/// # Errors
/// As [`fill`].
pub fn authenticator() -> Result<Authenticator, Error> {
    let (name, parameters) = ("phone".to_owned(), Parameters::default());
    Ok(Authenticator::new(name, parameters, secret()?))
}
