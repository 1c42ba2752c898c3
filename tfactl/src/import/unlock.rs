//! What opens an encrypted key container: a passphrase or a key, from a file.

use std::path::Path;

use data_encoding::HEXLOWER_PERMISSIVE;
use tfa_client::Failure;
use tfa_import::Unlock;
use zeroize::Zeroizing;

use super::source;
use crate::messages;

/// The largest file, in bytes.
const MAX_LENGTH: usize = 4096;

/// A passphrase or a key, or none of them.
pub(super) enum Opener {
    Nothing,
    Passphrase(Zeroizing<Vec<u8>>),
    Key(Zeroizing<Vec<u8>>),
}

impl Opener {
    pub(super) fn as_unlock(&self) -> Unlock<'_> {
        match self {
            Self::Nothing => Unlock::Nothing,
            Self::Passphrase(passphrase) => Unlock::Passphrase(passphrase),
            Self::Key(key) => Unlock::Key(key),
        }
    }
}

/// Reads the file that is given. The passphrase is its first line.
pub(super) fn read(passphrase: Option<&Path>, key: Option<&Path>) -> Result<Opener, Failure> {
    match (passphrase, key) {
        (None, None) => Ok(Opener::Nothing),
        (Some(path), _) => Ok(Opener::Passphrase(first_line(path)?)),
        (None, Some(path)) => {
            let key = HEXLOWER_PERMISSIVE.decode(&first_line(path)?);
            let key = key.map_err(|_| Failure::Refused(messages::container_key_not_hex(path)))?;
            Ok(Opener::Key(Zeroizing::new(key)))
        }
    }
}

/// The first line of a file, which is not empty.
fn first_line(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let shown = path.display().to_string();
    let content = source::read(path, MAX_LENGTH, source::is_of_administrator);
    let content = content.map_err(|why| {
        let problem = messages::import_unreadable(&shown, &why);
        Failure::Refused(messages::wrong_lines(&[problem]))
    })?;
    let mut line = content.bytes;
    let end = line.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    if let Some(end) = end {
        line.truncate(end);
    }
    if line.is_empty() {
        return Err(Failure::Refused(messages::no_passphrase(path)));
    }
    Ok(line)
}
