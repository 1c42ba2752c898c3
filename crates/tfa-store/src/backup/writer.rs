//! Writes a backup.

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::format::{END, Entry, Header, MAGIC, MAX_HOST, RECORD};
use super::passphrase::WrappedKey;
use super::target::Target;
use super::{BackupError, Passphrase, Progress};
use crate::key::NEXT_KEY_FILE;
use crate::key_choice::KeySources;
use crate::seal::{Sealing, seal_as, unseal};
use crate::sqlite::{DATABASE, Database};
use crate::state_dir::LockedDir;
use crate::{KeyId, Record, SealingKey, StateDir, StoreError};

/// How many records are written between two reports.
const STEP: u64 = 1000;

/// How to make a backup.
pub struct BackupOptions<'a> {
    /// The file, which must not exist.
    pub target: &'a Path,
    /// Puts the sealing key into the file, encrypted to this passphrase.
    pub passphrase: Option<&'a Passphrase>,
    /// Seconds since 1970.
    pub now: u64,
    /// The name of this host.
    pub host: &'a str,
}

/// A backup that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupWritten {
    /// How many records it has.
    pub records: u64,
    /// The fingerprint of the key that seals them.
    pub key: KeyId,
}

/// Whether a record can be read; the arguments are the user and the record.
pub type Check<'a> = dyn FnMut(&str, &[u8]) -> bool + 'a;

/// Makes a backup of the store in a state directory, which a daemon may be serving. The records are
/// those of one moment. Each of them opens with the sealing key, can be read, and has a uid of its own:
/// the backup can be restored.
///
/// # Errors
/// [`BackupError`]. No file is left.
pub fn back_up(
    state_dir: &StateDir,
    options: &BackupOptions<'_>,
    can_be_read: &mut Check<'_>,
    progress: &mut Progress<'_>,
) -> Result<BackupWritten, BackupError> {
    if !state_dir.path.join(DATABASE).exists() {
        return Err(BackupError::NoStore);
    }
    let target = Target::create(options.target)?;
    let (database, key) = {
        let directory = LockedDir::open(&state_dir.path)?;
        refuse_rotation(&directory)?;
        let database = Database::open(&directory)?;
        let keys = KeySources {
            directory: &directory,
            credentials: state_dir.credentials.as_deref(),
        };
        let key = keys.find(database.key()?)?;
        (database, key)
    };
    let snapshot = database.snapshot()?;
    if snapshot.key() != key.id() {
        return Err(StoreError::Superseded {
            why: "the sealing key has just changed: make the backup again".to_owned(),
        }
        .into());
    }
    let records = snapshot.records();
    let fits = |(at, c): &(usize, char)| at + c.len_utf8() <= MAX_HOST;
    let host = options.host.char_indices().take_while(fits);
    let host = host.map(|(_, c)| c).collect();
    let wrap = |passphrase| WrappedKey::wrap(&key, passphrase);
    let header = Header {
        created: options.now,
        host,
        key: key.id().as_bytes().to_vec(),
        records,
        revision: snapshot.revision(),
        wrapped: options.passphrase.map(wrap).transpose()?,
    };
    let mut output = Output {
        file: BufWriter::new(target.file()),
        digest: Sha256::new(),
        target: &target,
    };
    output.header(&header)?;
    let (mut done, mut damaged, mut uids) = (0, Vec::new(), HashSet::new());
    let mut failed = None;
    snapshot.for_each(&mut |user, uid, revision, sealed| {
        let copy = Record::new(Zeroizing::new(sealed.to_vec()));
        let record = unseal(&key, user, copy);
        let can_be_read = record.is_ok_and(|record| can_be_read(user, record.as_bytes()));
        if !can_be_read || !uids.insert(uid) {
            damaged.push(user.to_owned());
        }
        let entry = Entry {
            user: user.to_owned(),
            uid,
            revision,
            sealed: sealed.to_vec(),
        };
        let mut written = output.record(&entry);
        done += 1;
        if written.is_ok() && done % STEP == 0 && !progress(done, records) {
            written = Err(BackupError::Cancelled);
        }
        failed = written.err();
        failed.is_none()
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    if !damaged.is_empty() {
        return Err(BackupError::RecordsDamaged(damaged));
    }
    output.finish(&key)?;
    if !progress(done, records) {
        return Err(BackupError::Cancelled);
    }
    // A rotation that began meanwhile waits for the end of the snapshot. After it, no key of this host
    // opens the file.
    let directory = LockedDir::open(&state_dir.path)?;
    refuse_rotation(&directory)?;
    target.publish()?;
    Ok(BackupWritten {
        records,
        key: key.id(),
    })
}

fn refuse_rotation(directory: &LockedDir) -> Result<(), BackupError> {
    match directory.has(NEXT_KEY_FILE)? {
        true => Err(BackupError::Rotating),
        false => Ok(()),
    }
}

struct Output<'t> {
    file: BufWriter<&'t std::fs::File>,
    digest: Sha256,
    target: &'t Target,
}

impl Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.digest.update(bytes);
        self.file
            .write_all(bytes)
            .map_err(|error| self.target.failed(&error))
    }

    fn length(&mut self, length: usize) -> Result<(), BackupError> {
        // Every length was checked where it was stored.
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.write(&length.to_be_bytes())
    }

    fn header(&mut self, header: &Header) -> Result<(), BackupError> {
        let mut bytes = Vec::new();
        let _: Result<(), minicbor::encode::Error<std::convert::Infallible>> =
            minicbor::encode(header, &mut bytes);
        self.write(MAGIC)?;
        self.length(bytes.len())?;
        self.write(&bytes)
    }

    fn record(&mut self, entry: &Entry) -> Result<(), BackupError> {
        let name_length = u16::try_from(entry.user.len()).unwrap_or(u16::MAX);
        self.write(&[RECORD])?;
        self.write(&name_length.to_be_bytes())?;
        self.write(entry.user.as_bytes())?;
        self.write(&entry.uid.to_be_bytes())?;
        self.write(&entry.revision.to_be_bytes())?;
        self.length(entry.sealed.len())?;
        self.write(&entry.sealed)
    }

    fn finish(mut self, key: &SealingKey) -> Result<(), BackupError> {
        self.write(&[END])?;
        let checksum = self.digest.clone().finalize();
        self.write(&checksum)?;
        let sealed = seal_as(Sealing::BackupChecksum, key, &checksum)?;
        self.write(&sealed)?;
        self.file
            .flush()
            .map_err(|error| self.target.failed(&error))
    }
}
