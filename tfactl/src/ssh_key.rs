//! The SSH key of a simulated login, as `--key` names it.

use std::path::Path;

use tfa_client::{Failure, read_any_public_key};

/// The beginning of a fingerprint.
const SHA256: &str = "SHA256:";

/// What is sent to the daemon for the value of `--key`: a fingerprint as it is, or the line of a file.
pub(crate) fn text_of(key: &Path) -> Result<String, Failure> {
    match key.to_str().filter(|key| key.starts_with(SHA256)) {
        Some(fingerprint) => Ok(fingerprint.to_owned()),
        None => read_any_public_key(key),
    }
}
