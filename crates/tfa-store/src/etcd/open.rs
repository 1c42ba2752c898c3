//! Opens the store in etcd, with the sealing key of this host.
//!
//! The first verifier puts the mark of the store, with the fingerprint of its key. A host that has used a
//! store notes it in the file `etcd.id`. From then on it accepts no other one, no empty etcd, and no
//! database in its place.

use super::attempt::{CommitAttempt, Outcome};
use super::change_id::ChangeId;
use super::kv::{Compare, Kv, Txn, Write};
use super::mark::{Mark, MarkState, other_store, replaced};
use super::remembered::{ETCD_MARKER, remember_store};
use super::store::{EtcdStore, MAX_ROUNDS, contended};
use crate::key::KEY_FILE;
use crate::key_choice::KeySources;
use crate::member::refuse_member;
use crate::sqlite::{DATABASE, Database};
use crate::state_dir::LockedDir;
use crate::{KeyId, Notice, Sealed, SealingKey, StateDir, StoreError};

/// A store in etcd that was opened.
pub struct Opened<K> {
    /// The store.
    pub store: Sealed<EtcdStore<K>>,
    /// What should be logged, the most important first.
    pub notices: Vec<Notice>,
}

/// Opens the store, and creates it if etcd has none and this host has used none.
///
/// Without the key that sealed the records it opens without a key: [`Notice::KeyLost`] is among the
/// notices. See [`Sealed`] for what it still does.
///
/// # Errors
/// [`StoreError::Superseded`] if etcd has another store than this host has used, or none;
/// [`StoreError::Unsafe`] if the accounts of this host are in a database, or if others can write to the
/// state directory; [`StoreError::Unavailable`], [`StoreError::KeyUnusable`] at the first start, and the
/// causes in the environment.
pub fn open<K: Kv>(state_dir: &StateDir, kv: K) -> Result<Opened<K>, StoreError> {
    let directory = LockedDir::open(&state_dir.path)?;
    refuse_member(&directory)?;
    for name in [KEY_FILE, ETCD_MARKER] {
        directory.remove_drafts(name)?;
    }
    let keys = KeySources {
        directory: &directory,
        credentials: state_dir.credentials.as_deref(),
    };
    let noted = directory.read(ETCD_MARKER)?;
    if noted.is_none() {
        // In etcd they would be users without a record, whom no login asks for a code.
        refuse_database(&directory, |database| {
            format!(
                "{database} has accounts or documents of a fleet, which are not in etcd. Logins are refused. Set kind = \"sqlite\" in \
                 [store] again, restart tfad, and run `tfactl store migrate --to etcd`; or put {database} and \
                 its -wal and -shm files aside, to start in etcd without them"
            )
        })?;
    }
    let mut store = EtcdStore::new(kv, "");
    let mut notices = Vec::new();
    let mark = match store.mark()? {
        Some((state, _)) => state.complete()?,
        None if noted.is_some() => return Err(replaced()),
        None => {
            let (key, from) = keys.first_key()?;
            let (mark, is_own) = store.make_mark(&key)?;
            if is_own {
                let key = mark.key;
                notices.push(Notice::MadeInEtcd { key, from });
            }
            mark
        }
    };
    if noted.is_some_and(|noted| noted != mark.line().as_bytes()) {
        return Err(other_store());
    }
    remember_store(&directory, &mark)?;
    store.expect(mark);
    let store = match keys.find(mark.key) {
        Ok(key) => Sealed::new(store, key),
        Err(_) => {
            let remedy = key_lost(mark.key, &directory);
            notices.push(Notice::KeyLost {
                remedy: remedy.clone(),
            });
            Sealed::without_key(store, remedy)
        }
    };
    Ok(Opened { store, notices })
}

/// Refuses if this host has accounts in its database. `remedy` names the way out, given the path of the
/// database.
pub(crate) fn refuse_database(
    directory: &LockedDir,
    remedy: impl FnOnce(&str) -> String,
) -> Result<(), StoreError> {
    if !directory.has(DATABASE)? || Database::open(directory)?.is_empty()? {
        return Ok(());
    }
    let database = directory.join(DATABASE);
    Err(StoreError::Unsafe {
        remedy: remedy(&database.display().to_string()),
    })
}

fn key_lost(key: KeyId, directory: &LockedDir) -> String {
    format!(
        "the key that sealed the accounts in etcd (fingerprint {key}) is neither the file {0} nor the \
         systemd credential tfad.key. Users who have enrolled are refused. Copy the file from a verifier \
         that has it to {0} (mode 600), and restart tfad",
        directory.join(KEY_FILE).display()
    )
}

impl<K: Kv> EtcdStore<K> {
    /// The mark that etcd has, and its revision.
    pub(crate) fn mark(&self) -> Result<Option<(MarkState, i64)>, StoreError> {
        let [entry] = self.get([self.layout.mark()])?;
        match entry {
            None => Ok(None),
            Some(entry) => match MarkState::decode(&entry.value) {
                Some(state) => Ok(Some((state, entry.revision))),
                None => Err(StoreError::Superseded {
                    why: "the mark of the store in etcd is not one of this version of tfad. Logins are \
                          refused. Bring the data of etcd back, or install the newer tfad"
                        .to_owned(),
                }),
            },
        }
    }

    /// Puts the mark of a new store, and returns it, or the mark that another verifier puts meanwhile,
    /// and whether it is the own one.
    fn make_mark(&self, key: &SealingKey) -> Result<(Mark, bool), StoreError> {
        if self.has_accounts()? {
            return Err(StoreError::Superseded {
                why: "etcd has accounts under this prefix, and the mark of their store is gone. Logins \
                      are refused. Bring the data of etcd back, or use another prefix in tfa-fleet.toml"
                    .to_owned(),
            });
        }
        for _ in 0..MAX_ROUNDS {
            let id = ChangeId::random()?;
            let mark = Mark::new(id, key.id());
            let place = self.layout.mark();
            let attempt = CommitAttempt::new(
                id,
                Txn {
                    compares: vec![Compare::Revision(place.clone(), 0)],
                    then: vec![Write::Put(place.clone(), mark.encode())],
                    otherwise: vec![place],
                },
            );
            if let Outcome::Applied(_) = self.make(attempt)? {
                return Ok((mark, true));
            }
            if let Some((state, _)) = self.mark()? {
                return Ok((state.complete()?, false));
            }
        }
        Err(contended("the mark of the store"))
    }
}
