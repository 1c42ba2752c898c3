//! Reads a backup, which may hold anything.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc::{ELOOP, O_NOFOLLOW, O_NONBLOCK};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::BackupError;
use super::format::{
    CHECKSUM, Checksum, END, Entry, Header, MAGIC, MAGIC_OF_ALL, MAX_HEADER, MAX_HOST, RECORD,
};
use super::target::failed;
use super::trust::changeable_by_others;
use crate::limits::{MAX_STORED_BYTES, check_user};
use crate::seal::{SEAL_BYTES, Sealing, unseal_as};
use crate::{KeyId, Record, SealingKey};

const CUT_OFF: BackupError = BackupError::Damaged("it is cut off");
const CHANGED: BackupError = BackupError::Damaged("it is not what was written");

/// A backup that is read from its begin to its end.
pub(super) struct Input {
    file: BufReader<File>,
    digest: Sha256,
    pub(super) header: Header,
    pub(super) key: KeyId,
    /// Of the whole file, after the last record.
    pub(super) checksum: Checksum,
}

impl Input {
    /// Opens a file, and reads its header. Only root and the user of this process may have chosen which backup
    /// the file is: also an older one is genuine.
    pub(super) fn open(path: &Path) -> Result<Self, BackupError> {
        // Does not wait for the writer of a pipe.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(O_NOFOLLOW | O_NONBLOCK)
            .open(path)
            .map_err(|error| match error.raw_os_error() {
                Some(ELOOP) => BackupError::Link(path.to_owned()),
                _ => failed(path, &error),
            })?;
        let meta = file.metadata().map_err(|error| failed(path, &error))?;
        if !meta.is_file() {
            return Err(BackupError::NotABackup);
        }
        let changeable = changeable_by_others(path).map_err(|error| failed(path, &error))?;
        if let Some(changeable) = changeable {
            return Err(BackupError::OfOthers(changeable));
        }
        let mut raw = Raw {
            file: BufReader::new(file),
            digest: Sha256::new(),
        };
        let magic = raw.bytes(MAGIC.len()).map_err(|error| match error {
            BackupError::Damaged(_) => BackupError::NotABackup,
            other => other,
        })?;
        if magic != MAGIC {
            return Err(match magic.starts_with(MAGIC_OF_ALL) {
                true => BackupError::Newer,
                false => BackupError::NotABackup,
            });
        }
        let length = raw.number()?;
        if length > MAX_HEADER {
            return Err(CHANGED);
        }
        let bytes = raw.bytes(length as usize)?;
        let header: Header = minicbor::decode(&bytes).map_err(|_| CHANGED)?;
        let key = KeyId::from_bytes(&header.key).ok_or(CHANGED)?;
        if header.host.len() > MAX_HOST {
            return Err(CHANGED);
        }
        let Raw { file, digest } = raw;
        Ok(Self {
            file,
            digest,
            header,
            key,
            checksum: Checksum::default(),
        })
    }

    /// The next record; `None` after the last one, when the checksum of the file is right.
    pub(super) fn next(&mut self, key: &SealingKey) -> Result<Option<Entry>, BackupError> {
        let mut raw = Raw {
            file: &mut self.file,
            digest: std::mem::take(&mut self.digest),
        };
        let entry = match raw.array::<1>()? {
            [RECORD] => Some(entry(&mut raw)?),
            [END] => None,
            _ => return Err(CHANGED),
        };
        self.digest = raw.digest;
        if entry.is_none() {
            self.finish(key)?;
        }
        Ok(entry)
    }

    /// Compares the checksums at the end of the file.
    fn finish(&mut self, key: &SealingKey) -> Result<(), BackupError> {
        let computed = std::mem::take(&mut self.digest).finalize();
        let mut raw = Raw {
            file: &mut self.file,
            digest: Sha256::new(),
        };
        let written: Checksum = raw.array()?;
        if written.as_slice() != computed.as_slice() {
            return Err(CHANGED);
        }
        let sealed = Record::new(Zeroizing::new(raw.bytes(CHECKSUM + SEAL_BYTES)?));
        let opened = unseal_as(Sealing::BackupChecksum, key, sealed).map_err(|_| CHANGED)?;
        if opened.as_bytes() != computed.as_slice() {
            return Err(CHANGED);
        }
        match raw.array::<1>() {
            Err(BackupError::Damaged(_)) => {}
            _ => return Err(BackupError::Damaged("something follows its end")),
        }
        self.checksum = written;
        Ok(())
    }
}

fn entry<R: Read>(raw: &mut Raw<R>) -> Result<Entry, BackupError> {
    let name_length = u16::from_be_bytes(raw.array()?);
    let user = String::from_utf8(raw.bytes(name_length.into())?).map_err(|_| CHANGED)?;
    check_user(&user).map_err(|_| CHANGED)?;
    let uid = raw.number()?;
    let revision = u64::from_be_bytes(raw.array()?);
    let length = raw.number()? as usize;
    if length > MAX_STORED_BYTES {
        return Err(CHANGED);
    }
    let sealed = raw.bytes(length)?;
    Ok(Entry {
        user,
        uid,
        revision,
        sealed,
    })
}

/// The bytes of a file, and the digest of those that were read.
struct Raw<R> {
    file: R,
    digest: Sha256,
}

impl<R: Read> Raw<R> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        self.file
            .read_exact(bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => CUT_OFF,
                _ => BackupError::File(format!("the backup cannot be read: {error}")),
            })?;
        self.digest.update(bytes);
        Ok(())
    }

    /// So many bytes; the caller has bounded them.
    fn bytes(&mut self, length: usize) -> Result<Vec<u8>, BackupError> {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BackupError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u32, BackupError> {
        Ok(u32::from_be_bytes(self.array()?))
    }
}
