//! The policy that is in force: the one that an administrator has published in the store, else that of the
//! files of this host.
//!
//! Each read of a record meets the stamp of the policy (`tfa_store::PolicyStamp`), so a login knows whether
//! the policy that it was judged by is the newest one. The text is read only when the stamp is another one.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tfa_core::PublishedPolicy;
use tfa_store::{
    Commit, DaemonStore, DocumentChange, DocumentId, DocumentKind, PolicyStamp, Revision, StateDir,
    StoreError,
};

use crate::config::Config;
use crate::host::clock;
use crate::log::{DaemonEvent, Journal};
use crate::messages;
use crate::policy_serial::{HighestSerial, SerialError};

/// How often a policy is read again because another one was published meanwhile.
const MAX_CHANGES: u32 = 16;

/// Why no policy can be used. It refuses every login.
#[derive(Debug, Clone)]
pub enum PolicyError {
    /// Which one is the newest is not known.
    Store(StoreError),
    /// The published one cannot be used. The text says why, and what to do.
    Unusable(String),
    /// The published one is older than one that was met. The text says what to do.
    Older(String),
}

impl PolicyError {
    /// Whether the store has not answered, where it may later.
    pub fn is_without_answer(&self) -> bool {
        matches!(self, Self::Store(StoreError::Unavailable { .. }))
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(formatter),
            Self::Unusable(text) | Self::Older(text) => formatter.write_str(text),
        }
    }
}

impl From<StoreError> for PolicyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A published policy, with the revision of its document.
#[derive(Debug, Clone)]
pub struct Published {
    /// The policy.
    pub policy: PublishedPolicy,
    /// The revision.
    pub revision: Revision,
}

/// The policy in force, which is read anew when another one was published.
pub struct Publication {
    /// `None` where nothing can be published: in tests of other parts.
    store: Option<Arc<dyn DaemonStore>>,
    journal: Arc<Journal>,
    in_force: RwLock<InForce>,
    /// Held while another one is put in force.
    changing: Mutex<()>,
    /// The file that exists while a policy is published, for `tfad --check`.
    mark: Option<PathBuf>,
    serial: HighestSerial,
}

/// The name of that file, beside the login socket.
pub const MARK: &str = "policy-published";

#[derive(Clone)]
struct InForce {
    /// The configuration of the files.
    local: Arc<Config>,
    /// That by which logins are judged. Where it cannot be made, the last one that could.
    config: Arc<Config>,
    /// Of which stamp it is; `None` until the store was read.
    stamp: Option<PolicyStamp>,
    published: Option<Arc<Published>>,
    unusable: Option<String>,
    /// It is unusable because it is older than one that was met.
    is_older: bool,
    /// `config` is the newest one that was read from the store.
    is_newest_read: bool,
}

impl InForce {
    fn error(&self) -> Option<PolicyError> {
        let why = self.unusable.clone()?;
        Some(match self.is_older {
            true => PolicyError::Older(why),
            false => PolicyError::Unusable(why),
        })
    }
}

impl fmt::Debug for Publication {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Publication")
    }
}

impl Publication {
    /// The policy of the files, until a published one was read from that store.
    #[must_use]
    pub fn new(journal: Arc<Journal>, local: Config, store: Option<Arc<dyn DaemonStore>>) -> Self {
        let local = Arc::new(local);
        Self {
            store,
            journal,
            in_force: RwLock::new(InForce {
                config: Arc::clone(&local),
                local,
                stamp: None,
                published: None,
                unusable: None,
                is_older: false,
                is_newest_read: false,
            }),
            changing: Mutex::default(),
            mark: None,
            serial: HighestSerial::new(None),
        }
    }

    /// The same with a file that keeps the highest number of a policy that was met.
    #[must_use]
    pub fn keeping_serial_in(self, state_dir: &StateDir) -> Self {
        let serial = HighestSerial::new(Some(state_dir));
        Self { serial, ..self }
    }

    /// The same with a file that exists while a policy is published.
    #[must_use]
    pub fn marked_by(self, mark: PathBuf) -> Self {
        let mark = Some(mark);
        Self { mark, ..self }
    }

    fn in_force(&self) -> InForce {
        let in_force = self.in_force.read();
        in_force.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The configuration by which logins are judged, as far as the store was read.
    pub fn config(&self) -> Arc<Config> {
        let in_force = self.in_force.read();
        Arc::clone(&in_force.unwrap_or_else(PoisonError::into_inner).config)
    }

    /// The configuration of the files.
    pub fn local(&self) -> Arc<Config> {
        self.in_force().local
    }

    /// Why the policy in force cannot be used, as far as the store was read.
    pub fn problem(&self) -> Option<String> {
        self.in_force().unusable
    }

    /// The published policy, as far as the store was read.
    pub fn published(&self) -> Option<Arc<Published>> {
        self.in_force().published
    }

    /// Whether no newer policy was met than this one. It reads nothing.
    pub fn is_newest_met(&self, stamp: PolicyStamp) -> bool {
        let store = self.store.as_ref();
        store.is_none_or(|store| store.newest_policy_met() == stamp)
    }

    /// Whether no newer policy was met than the one of this configuration. It reads nothing.
    pub fn is_newest(&self, config: &Arc<Config>) -> bool {
        let Some(store) = &self.store else {
            return true;
        };
        let in_force = self.in_force.read();
        let in_force = in_force.unwrap_or_else(PoisonError::into_inner);
        in_force.stamp == Some(store.newest_policy_met())
            && in_force.unusable.is_none()
            && Arc::ptr_eq(&in_force.config, config)
    }

    /// The configuration of the newest policy that was met. The login that is judged by it checks with
    /// [`Self::is_newest`], after a read, that there is no newer one.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn newest_met(&self) -> Result<Arc<Config>, PolicyError> {
        let config = self.config();
        match self.is_newest(&config) {
            true => Ok(config),
            false => self.newest(),
        }
    }

    /// The newest configuration that was met, where the store has an older policy now. `None` where this daemon has not
    /// had it in force since its start.
    pub fn newest_before_older(&self) -> Option<Arc<Config>> {
        let in_force = self.in_force();
        (in_force.is_older && in_force.is_newest_read).then_some(in_force.config)
    }

    /// The configuration by which an answer is judged: that of the begin of its login, or a newer one. It
    /// reads nothing.
    ///
    /// # Errors
    /// [`PolicyError::Unusable`].
    pub fn usable(&self) -> Result<Arc<Config>, PolicyError> {
        match self.problem() {
            None => Ok(self.config()),
            Some(why) => Err(PolicyError::Unusable(why)),
        }
    }

    /// The configuration of the policy that is the newest one now. It reads the store.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn newest(&self) -> Result<Arc<Config>, PolicyError> {
        let Some(store) = &self.store else {
            return Ok(self.config());
        };
        for _ in 0..MAX_CHANGES {
            let stamp = store.newest_policy()?;
            let in_force = self.in_force();
            if in_force.stamp != Some(stamp) {
                let published = read(&**store)?;
                // Of another stamp it may be this document or the next one.
                if store.newest_policy_met() == stamp {
                    self.put_in_force(stamp, published)?;
                }
                continue;
            }
            return match in_force.error() {
                None => Ok(in_force.config),
                Some(error) => Err(error),
            };
        }
        let why = messages::POLICY_CHANGES_ALL_THE_TIME.to_owned();
        Err(StoreError::Busy { why }.into())
    }

    /// Publishes a policy in place of the one with this revision, or removes that one; `None` for any. It gets the next
    /// number, and is put in force with the next read.
    ///
    /// # Errors
    /// [`PolicyError::Unusable`] if the last number is not known; any [`StoreError`]: after one the policy is usually
    /// not changed, but may be.
    pub fn replace(
        &self,
        policy: Option<&PublishedPolicy>,
        expected: Option<Revision>,
    ) -> Result<Commit, PolicyError> {
        let store = self.store.as_ref().ok_or(StoreError::NoAccounts)?;
        let (before, revision) = match store.document(&document_id()?) {
            Ok(None) => (None, Revision::NONE),
            Ok(Some((document, revision))) => {
                (PublishedPolicy::decode(document.as_bytes()).ok(), revision)
            }
            Err(StoreError::DocumentDamaged { revision, .. }) => (None, revision),
            Err(error) => return Err(error.into()),
        };
        let is_removed = before.as_ref().is_some_and(PublishedPolicy::is_removal);
        let expected = match expected {
            // No other one is published meanwhile, with the same number.
            None if revision != Revision::NONE => Some(revision),
            Some(Revision::NONE) if is_removed => Some(revision),
            expected => expected,
        };
        let highest = self.serial.get();
        let highest = highest.map_err(|error| PolicyError::Unusable(messages::serial(&error)))?;
        let last = before.map_or(0, |before| before.serial()).max(highest);
        let document = policy.cloned().unwrap_or_else(PublishedPolicy::removed);
        // The time, so that it is the highest one also where this host has not met the last one.
        let serial = last.saturating_add(1).max(clock::now().as_secs());
        let document = document.with_serial(serial).encode();
        Ok(store.change_documents(&[DocumentChange {
            id: &document_id()?,
            expected,
            document: Some(&document),
        }])?)
    }

    /// The revision of the document of the policy, whether it can be used or not; 0 if it is too damaged to
    /// tell.
    ///
    /// # Errors
    /// As [`tfa_store::Documents::document`].
    pub fn revision(&self) -> Result<Option<Revision>, StoreError> {
        let store = self.store.as_ref().ok_or(StoreError::NoAccounts)?;
        match store.document(&document_id()?) {
            Ok(found) => Ok(found.and_then(|(document, revision)| {
                let policy = PublishedPolicy::decode(document.as_bytes());
                let is_removed = policy.is_ok_and(|policy| policy.is_removal());
                (!is_removed).then_some(revision)
            })),
            Err(StoreError::DocumentDamaged { revision, .. }) => Ok(Some(revision)),
            Err(StoreError::NoAccounts) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes another configuration of the files. Where the published policy cannot be used with it, the one
    /// before stays, and refuses.
    pub fn set_local(&self, local: Config) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.in_force();
        self.set(InForce {
            local: Arc::new(local),
            ..before
        });
    }

    /// Puts what was read in force, or refuses under it.
    ///
    /// # Errors
    /// [`PolicyError::Unusable`] where its number cannot be kept. Nothing is in force then, and the next login tries again.
    fn put_in_force(&self, stamp: PolicyStamp, read: Read) -> Result<(), PolicyError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.in_force();
        if before.stamp.is_some_and(|before| before >= stamp) {
            return Ok(());
        }
        let is_first = before.stamp.is_none();
        let (published, unusable, is_older) = match self.checked(read)? {
            Read::NoStore | Read::None(_) => (None, None, false),
            Read::Published(published) => (Some(Arc::new(published)), None, false),
            Read::Unknown(why) => (None, Some(why), false),
            Read::Older(why) => (None, Some(why), true),
        };
        let was_known = is_first && published.is_none() && unusable.is_none();
        self.set(InForce {
            stamp: Some(stamp),
            published,
            unusable,
            is_older,
            ..before
        });
        let now = self.in_force();
        match (&now.unusable, &now.published) {
            (Some(why), _) => self.journal.log_daemon(DaemonEvent::PolicyUnusable(why)),
            (None, published) if !was_known => {
                let published = published.as_deref();
                self.journal
                    .log_daemon(DaemonEvent::PolicyInForce(published));
            }
            (None, _) => {}
        }
        Ok(())
    }

    /// Refuses a policy that is older than one that was met, and keeps the number of the newest one.
    fn checked(&self, read: Read) -> Result<Read, PolicyError> {
        let serial = match &read {
            Read::NoStore | Read::Unknown(_) | Read::Older(_) => return Ok(read),
            Read::None(serial) => *serial,
            Read::Published(published) => published.policy.serial(),
        };
        match self.serial.admit(serial) {
            Ok(()) => Ok(read),
            // It passes, when the disk has room again.
            Err(error @ SerialError::File(_)) => {
                Err(PolicyError::Unusable(messages::serial(&error)))
            }
            Err(error @ SerialError::Older { .. }) => Ok(Read::Older(messages::serial(&error))),
            Err(error @ SerialError::Damaged) => Ok(Read::Unknown(messages::serial(&error))),
        }
    }

    /// Makes the configuration anew of what is given.
    fn set(&self, mut next: InForce) {
        match next.published.as_deref() {
            Some(Published { policy, revision }) => {
                match next.local.with_published(&policy.text, &policy.zone) {
                    Ok(config) => {
                        (next.config, next.unusable) = (Arc::new(config), None);
                        next.is_newest_read = true;
                    }
                    Err(bad) => {
                        next.is_newest_read = false;
                        let problem = bad.lines().next().unwrap_or_default();
                        next.unusable = Some(messages::unusable_policy(*revision, &problem));
                    }
                }
            }
            None if next.unusable.is_none() => {
                next.config = Arc::clone(&next.local);
                next.is_newest_read = next.stamp.is_some();
            }
            None => next.is_newest_read &= next.is_older,
        }
        if let Some(mark) = &self.mark {
            // Without it a check of the files says less.
            let _ = match next.published.is_some() || next.unusable.is_some() {
                true => fs::write(mark, ""),
                false => fs::remove_file(mark),
            };
        }
        *self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner) = next;
    }
}

/// What the store has as the published policy.
enum Read {
    /// This host has no accounts: the verifiers of a member have the policy.
    NoStore,
    /// None is published. The number is that of the removal of the last one; 0 without a document.
    None(u64),
    Published(Published),
    /// A document that this version cannot read. The text says what to do.
    Unknown(String),
    /// One that is older than one that was met. The text says what to do.
    Older(String),
}

/// The id of the one document of the policy.
fn document_id() -> Result<DocumentId, StoreError> {
    DocumentId::new(DocumentKind::Policy, "")
}

fn read(store: &dyn DaemonStore) -> Result<Read, StoreError> {
    Ok(match store.document(&document_id()?) {
        Err(StoreError::NoAccounts) => Read::NoStore,
        Ok(None) => Read::None(0),
        Ok(Some((document, revision))) => match PublishedPolicy::decode(document.as_bytes()) {
            Ok(policy) if policy.is_removal() => Read::None(policy.serial()),
            Ok(policy) => Read::Published(Published { policy, revision }),
            Err(error) => Read::Unknown(messages::unusable_policy(revision, &error.to_string())),
        },
        Err(StoreError::DocumentDamaged { why, revision, .. }) => {
            Read::Unknown(messages::unusable_policy(revision, &why))
        }
        Err(error) => return Err(error),
    })
}
