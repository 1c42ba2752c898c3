//! The daemon's configuration in force, and whether it serves logins.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::thread;
use std::time::Instant;

use tfa_store::{DaemonStore, StateDir, StoreError, UnavailableStore};

use crate::caller::Caller;
use crate::config::check;
use crate::config::{BadConfig, Config, FleetRole, Trust};
use crate::fleet::Removals;
use crate::host::host_name;
use crate::log::{DaemonEvent, Journal};
use crate::login::forgotten_devices::ForgottenDevices;
use crate::messages;
use crate::publication::Publication;
use crate::quota::{Quota, Share};
use crate::rotation::Rotation;

/// The daemon serves no login. The text says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotServing(pub String);

/// The changes a minute of a user's own account.
const MAX_CHANGES: u32 = 20;
/// The changes a minute of all users of a member of a fleet.
const MAX_CHANGES_OF_MEMBER: u32 = 120;
/// The backup codes a minute that are hashed for the logins of one user of a member, and of all of them.
const MAX_HASHES_OF_LOGINS: (u32, u32) = (20, 120);
/// The same for what a user calls, on this host or on a member.
const MAX_HASHES_OF_CALLS: (u32, u32) = (20, 60);
/// The users a day that enroll on a member and have had no record.
const MAX_NEW_USERS_OF_MEMBER: u32 = 5000;

/// What a backup code is hashed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashedFor {
    /// A login of the user with this uid, which root conducts.
    Login(u32),
    /// A call of a user, or a login that a program of the user conducts.
    Call,
}

/// What the daemon works with, apart from the accounts and the logins under way.
#[derive(Debug)]
pub struct DaemonState {
    /// The log.
    pub journal: Arc<Journal>,
    /// When devices of users were forgotten.
    pub forgotten_devices: ForgottenDevices,
    config_file: PathBuf,
    /// The policy in force.
    publication: Publication,
    /// Why the configuration at the start cannot be used.
    bad_config: RwLock<Option<String>>,
    /// What this host is in a fleet, by the first configuration that could be used. It stays until a
    /// restart.
    role: OnceLock<Option<FleetRole>>,
    /// The store, where it could not be opened at the start.
    unavailable: Option<Arc<UnavailableStore>>,
    /// Names of the policy are being looked up, for warnings.
    looks: Arc<AtomicBool>,
    /// The changes that users make of their own accounts.
    changes: Quota,
    /// The backup codes that are hashed for logins of members.
    hashes_of_logins: Quota,
    /// Those that are hashed for calls. No user uses up what logins need.
    hashes_of_calls: Quota,
    /// The records that members cause to be made.
    new_users: Quota,
    /// The rotation of the sealing key.
    rotation: Option<Arc<Rotation>>,
    /// The removals of hosts that this verifier has seen.
    removals: Arc<Removals>,
}

impl DaemonState {
    /// A state with that configuration in force. With a `bad_config` the daemon serves no login.
    #[must_use]
    pub fn new(
        journal: Arc<Journal>,
        file: PathBuf,
        config: Config,
        bad_config: Option<String>,
    ) -> Self {
        let role = match bad_config {
            None => OnceLock::from(config.role),
            Some(_) => OnceLock::new(),
        };
        Self {
            forgotten_devices: ForgottenDevices::default(),
            config_file: file,
            publication: Publication::new(Arc::clone(&journal), config, None),
            journal,
            bad_config: RwLock::new(bad_config),
            role,
            unavailable: None,
            looks: Arc::default(),
            changes: Quota::new(MAX_CHANGES, MAX_CHANGES_OF_MEMBER),
            hashes_of_logins: Quota::new(MAX_HASHES_OF_LOGINS.0, MAX_HASHES_OF_LOGINS.1),
            hashes_of_calls: Quota::new(MAX_HASHES_OF_CALLS.0, MAX_HASHES_OF_CALLS.1),
            new_users: Quota::of_members_a_day(MAX_NEW_USERS_OF_MEMBER),
            rotation: None,
            removals: Arc::default(),
        }
    }

    /// Whether a user may make one more change of the own account now. A user who knows many valid
    /// codes, those of a counter-based authenticator, could write to the store and the log without end.
    pub fn admits_change(&self, caller: &Caller, now: Instant) -> bool {
        let member = caller.host.as_ref();
        self.changes.has_room(member, caller.uid, now)
    }

    /// Counts a change that took effect, or what costs as much. A refused one is not counted: a program without a
    /// code must not use up what its user needs. Returns whether it was within the quota.
    pub fn count_change(&self, caller: &Caller, now: Instant) -> bool {
        let member = caller.host.as_ref();
        self.changes.take(member, caller.uid, now) == Share::Within
    }

    /// Whether a record may be made for one more user. A member can name any number of users, and a record stays.
    /// This host makes records for users whom it knows.
    pub fn admits_new_user(&self, caller: &Caller, now: Instant) -> bool {
        let member = caller.host.as_ref();
        member.is_none() || self.new_users.has_room(member, 0, now)
    }

    /// Counts a record that was made for a user.
    pub fn count_new_user(&self, caller: &Caller, now: Instant) {
        if let member @ Some(_) = caller.host.as_ref() {
            let _: Share = self.new_users.take(member, 0, now);
        }
    }

    /// Counts a backup code that is hashed, and returns whether it is within the quota. A right code that comes again
    /// costs a hash each time, and is counted as no wrong code. Logins of this host have no quota: locks bound what
    /// is hashed for them.
    pub fn count_hash(&self, caller: &Caller, purpose: HashedFor, now: Instant) -> bool {
        let member = caller.host.as_ref();
        let share = match purpose {
            HashedFor::Login(_) if member.is_none() => Share::Within,
            HashedFor::Login(uid) => self.hashes_of_logins.take(member, uid, now),
            HashedFor::Call => self.hashes_of_calls.take(member, caller.uid, now),
        };
        share == Share::Within
    }

    /// The same with a store that could not be opened. No login is served until it is open.
    #[must_use]
    pub fn waiting_for(self, unavailable: Option<Arc<UnavailableStore>>) -> Self {
        Self {
            unavailable,
            ..self
        }
    }

    /// The same with a policy that is published in this store. The file `mark` exists while there is one.
    #[must_use]
    pub fn publishing_in(self, store: Arc<dyn DaemonStore>, mark: PathBuf) -> Self {
        let (journal, local) = (Arc::clone(&self.journal), self.publication.local());
        let publication = Publication::new(journal, Config::clone(&local), Some(store));
        Self {
            publication: publication.marked_by(mark),
            ..self
        }
    }

    /// The same with a file that keeps the highest number of a published policy that was met. It comes after
    /// [`Self::publishing_in`].
    #[must_use]
    pub fn keeping_policy_serial_in(self, state_dir: &StateDir) -> Self {
        let publication = self.publication.keeping_serial_in(state_dir);
        Self {
            publication,
            ..self
        }
    }

    /// The same with a file that keeps the removals of hosts that were seen.
    #[must_use]
    pub fn keeping_removals_in(self, state_dir: &StateDir) -> Self {
        let removals = Arc::new(Removals::kept_in(state_dir));
        Self { removals, ..self }
    }

    /// The removals of hosts that this verifier has seen.
    pub fn removals(&self) -> Arc<Removals> {
        Arc::clone(&self.removals)
    }

    /// The same with a key that can be rotated.
    #[must_use]
    pub fn rotating(self, rotation: Arc<Rotation>) -> Self {
        Self {
            rotation: Some(rotation),
            ..self
        }
    }

    /// Does the rotation of the sealing key that was asked for, if one was.
    pub fn rotate_key(&self) {
        if let Some(rotation) = &self.rotation {
            rotation.wake();
        }
    }

    /// Why no login is served, if none is.
    pub fn refusal(&self) -> Option<String> {
        let bad_config = self.bad_config.read();
        let bad_config = bad_config.unwrap_or_else(PoisonError::into_inner).clone();
        bad_config.or_else(|| Some(self.unavailable.as_ref()?.reason()?.to_string()))
    }

    /// Whether the store is with another program, which does not answer yet.
    pub fn waits_for_store(&self) -> bool {
        let reason = self.unavailable.as_ref().and_then(|it| it.reason());
        !self.has_bad_config() && matches!(reason, Some(StoreError::Unavailable { .. }))
    }

    /// Whether no configuration that can be used was read yet.
    pub fn has_bad_config(&self) -> bool {
        let bad_config = self.bad_config.read();
        bad_config.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Checks that logins are served, by the newest policy. Otherwise policy or accounts are not known, and
    /// nothing may be changed or told by them. It blocks.
    ///
    /// # Errors
    /// [`NotServing`].
    pub fn serves(&self) -> Result<(), NotServing> {
        match self.refusal() {
            None => match self.publication.newest() {
                Ok(_) => Ok(()),
                Err(error) => Err(NotServing(error.to_string())),
            },
            Some(why) => Err(NotServing(why)),
        }
    }

    /// The policy in force, and what is published.
    pub fn publication(&self) -> &Publication {
        &self.publication
    }

    /// Whether the policy is not known: that of the files, or the published one.
    pub fn policy_is_unknown(&self) -> bool {
        self.has_bad_config() || self.publication.problem().is_some()
    }

    /// What this host is in a fleet, from the start to the end of the daemon. `None` without a fleet, and
    /// until a configuration could be used.
    pub fn role(&self) -> Option<FleetRole> {
        self.role.get().copied().flatten()
    }

    /// Whether this host is certainly in no fleet.
    pub fn is_in_no_fleet(&self) -> bool {
        self.role.get().is_some_and(Option::is_none)
    }

    /// Whether this host is a member of a fleet, or may turn out to be one with the first configuration that can be
    /// used.
    pub fn may_be_member(&self) -> bool {
        let role = self.role.get();
        role.is_none_or(|role| *role == Some(FleetRole::Member))
    }

    /// The configuration in force. One verification uses one of them from start to end.
    pub fn config(&self) -> Arc<Config> {
        self.publication.config()
    }

    /// The issuer of the keys, as authenticators show it: the configured name, else the host name.
    pub fn issuer(&self) -> String {
        self.config().issuer.clone().unwrap_or_else(host_name)
    }

    /// The configuration on disk, as a reload would read it. It reads files, and blocks.
    ///
    /// # Errors
    /// [`BadConfig`] with the places of the mistakes.
    pub fn read_config(&self) -> Result<Config, BadConfig> {
        Config::read(&self.config_file, &Trust::own())
    }

    /// Reads the configuration again. On an error the one in force stays. It reads files, and blocks.
    ///
    /// # Errors
    /// [`BadConfig`] with the places of the mistakes.
    pub fn reload(&self) -> Result<(), BadConfig> {
        let read = self.read_config();
        let why = || {
            self.bad_config
                .write()
                .unwrap_or_else(PoisonError::into_inner)
        };
        match read {
            Ok(config) => {
                if config.store != self.publication.local().store && !self.has_bad_config() {
                    let event = DaemonEvent::ConfigWarning(messages::KIND_OF_STORE_CHANGED);
                    self.journal.log_daemon(event);
                }
                if *self.role.get_or_init(|| config.role) != config.role {
                    let event = DaemonEvent::ConfigWarning(messages::ROLE_CHANGED);
                    self.journal.log_daemon(event);
                }
                self.publication.set_local(config);
                // Only now: no login may use the stand-in for the missing configuration.
                *why() = None;
                Ok(())
            }
            Err(bad) => {
                if let Some(why) = why().as_mut() {
                    *why = bad.summary();
                }
                Err(bad)
            }
        }
    }

    /// Tries to open the store again, where it could not be opened. It blocks.
    ///
    /// # Errors
    /// Why it still cannot be opened.
    pub fn reopen(&self) -> Result<(), StoreError> {
        match &self.unavailable {
            Some(unavailable) => unavailable.try_again(),
            None => Ok(()),
        }
    }

    /// Logs the warnings about the configuration in force. They take look-ups of users and groups, which
    /// may hang: a thread of their own makes them, one at a time.
    pub fn log_warnings(&self) {
        if self.looks.swap(true, Ordering::AcqRel) {
            self.journal.log_daemon(DaemonEvent::NamesPending);
            return;
        }
        let (config, journal) = (self.config(), Arc::clone(&self.journal));
        let looks = Arc::clone(&self.looks);
        let look = move || {
            for warning in check::findings(&config).warnings {
                journal.log_daemon(DaemonEvent::ConfigWarning(&warning));
            }
            looks.store(false, Ordering::Release);
        };
        let thread = thread::Builder::new().name("warnings".to_owned());
        if let Err(error) = thread.spawn(look) {
            self.looks.store(false, Ordering::Release);
            let why = error.to_string();
            self.journal.log_daemon(DaemonEvent::NamesUnavailable(&why));
        }
    }
}
