//! One user's account.

mod attempts;
mod bound_host;
mod bound_sets;
mod changes;
mod devices;
mod enrollment;
mod enrollment_mark;
mod exemption;
mod factors;
mod failed_attempts;
mod import;
mod judge;
mod judged;
mod locks;
mod notice_readers;
mod notices;
mod offline_notices;
mod pending;
mod record;
mod restoration;
mod security_keys;
mod try_code;

use minicbor::{CborLen, Decode, Encode};

pub use attempts::{Attempts, Client};
pub use bound_host::{BoundHost, RegisteredSet};
pub use bound_sets::MAX_BOUND_HOSTS;
pub use changes::{Proof, Refusal};
pub use devices::Binding;
pub use enrollment::{MAX_AUTHENTICATORS, MAX_NEW_COUNTER};
pub use enrollment_mark::EnrollmentMark;
pub use exemption::{MAX_EXEMPTION, MAX_REASON_LENGTH, UserExemption, is_reason};
pub use failed_attempts::{FailedAttempt, FailureReason, OtherTime};
pub use import::{Import, Imported, ImportedAuthenticator, ImportedCodes};
pub use judge::{Factor, Judgement};
pub(crate) use judged::JudgedAnswers;
pub use notice_readers::VerifiedBy;
pub use notices::{Change, ChangedBy, Changes, ImportNotice, Notice, Report};
pub(crate) use notices::{Notices, OwnDialog};
pub use offline_notices::{OfflineNotice, OfflineNotices};
pub use pending::{CONFIRM_TIMEOUT, MAX_CONFIRM_TRIES, PendingAuthenticator, Purpose};
pub use record::Undecodable;
pub use restoration::Revived;

use crate::audit;
use crate::device::Devices;
use crate::{
    AuditOutcome, AuditRecord, Authenticator, AuthenticatorId, BackupSet, Invitation, KnownOrigins,
    Throttle, Time,
};

/// The stored data of one user, encoded as CBOR with numbered fields. The number of a removed field
/// is never used again.
#[derive(Clone, Encode, Decode, CborLen)]
pub struct Account {
    /// The uid that the account was set up for.
    #[n(0)]
    pub(crate) uid: u32,
    /// The keys are kept, no code is asked for.
    #[n(1)]
    pub(crate) paused: bool,
    /// The active authenticators, in the order of their activation.
    #[n(2)]
    pub(crate) authenticators: Vec<Authenticator>,
    /// An authenticator that waits for its first code, or for the first login with its key.
    #[n(3)]
    pub(crate) pending: Option<PendingAuthenticator>,
    #[n(4)]
    pub(crate) backup: Option<BackupSet>,
    #[n(5)]
    pub(crate) throttle: Throttle,
    #[n(6)]
    pub(crate) last_login: Option<Time>,
    /// The first login at which a second factor was required.
    #[n(7)]
    pub(crate) first_required: Option<Time>,
    /// The account was reset: there is no grace period for a new enrollment.
    #[cbor(n(8), default)]
    pub(crate) no_grace: bool,
    #[n(9)]
    pub(crate) invitation: Option<Invitation>,
    /// What audit mode has recorded.
    #[cbor(n(10), default)]
    pub(crate) audit_records: Vec<AuditRecord>,
    /// Wrong codes that a later login reports.
    #[n(11)]
    pub(crate) wrong_codes: Option<Attempts>,
    /// The highest id that an authenticator has or had.
    #[n(12)]
    pub(crate) highest_id: Option<AuthenticatorId>,
    /// The remembered devices.
    #[n(13)]
    pub(crate) devices: Option<Devices>,
    /// The keys and addresses from which a right code came lately.
    #[cbor(n(14), skip_if = "KnownOrigins::is_empty")]
    pub(crate) known_origins: KnownOrigins,
    /// For a limited time, no code is asked for.
    #[n(15)]
    pub(crate) exemption: Option<UserExemption>,
    /// What a later login reports, besides wrong codes.
    #[n(16)]
    pub(crate) notices: Option<Notices>,
    /// Why the last attempts failed.
    #[n(17)]
    pub(crate) failed_attempts: Option<Vec<FailedAttempt>>,
    /// The answers that were judged in the last two minutes.
    #[cbor(n(18), skip_if = "JudgedAnswers::is_empty")]
    pub(crate) judged: JudgedAnswers,
    /// The sets of codes that are bound to members of the fleet.
    #[n(19)]
    pub(crate) bound_sets: Option<Vec<BoundHost>>,
    /// A right code or a security key was accepted since the record was loaded.
    #[cbor(skip)]
    pub(crate) code_accepted: bool,
}

/// The state of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The user has not enrolled.
    None,
    /// A first authenticator waits for its first code, or for the first login with its key.
    Pending,
    /// Codes are asked for.
    Enabled,
    /// The keys are kept, no code is asked for.
    Paused,
}

impl Account {
    /// An account without enrollment.
    #[must_use]
    pub fn new(uid: u32) -> Self {
        Self {
            uid,
            paused: false,
            authenticators: Vec::new(),
            pending: None,
            backup: None,
            throttle: Throttle::default(),
            last_login: None,
            first_required: None,
            no_grace: false,
            invitation: None,
            audit_records: Vec::new(),
            wrong_codes: None,
            highest_id: None,
            devices: None,
            known_origins: KnownOrigins::default(),
            exemption: None,
            notices: None,
            failed_attempts: None,
            judged: JudgedAnswers::default(),
            bound_sets: None,
            code_accepted: false,
        }
    }

    /// The uid that the account was set up for.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Assigns the account to another uid. Only the administrator can know that the user is the
    /// same. The devices of the account are forgotten, and the answers of its last logins.
    pub fn set_uid(&mut self, uid: u32) {
        self.forget_devices();
        self.judged = JudgedAnswers::default();
        self.bound_sets = self.void_bound_sets();
        self.uid = uid;
    }

    /// Whether a right code, a right backup code or a security key was accepted since the record was
    /// loaded. It is not stored.
    #[must_use]
    pub fn has_accepted_code(&self) -> bool {
        self.code_accepted
    }

    /// The state of the account.
    #[must_use]
    pub fn state(&self) -> State {
        match (self.authenticators.is_empty(), self.paused) {
            (true, _) if self.pending.is_some() => State::Pending,
            (true, _) => State::None,
            (false, true) => State::Paused,
            (false, false) => State::Enabled,
        }
    }

    /// Whether the account holds nothing that must be stored.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.has_no_content() && !self.was_enrolled()
    }

    /// Whether the account holds nothing but that the user has had an authenticator, if that.
    #[must_use]
    pub fn has_no_content(&self) -> bool {
        self.state() == State::None
            && self.backup.is_none()
            && self.throttle.is_clear()
            && self.first_required.is_none()
            && !self.no_grace
            && self.invitation.is_none()
            && self.audit_records.is_empty()
            && self.exemption.is_none()
    }

    /// What remains of the account for another uid, if it has neither an enrollment nor what an administrator or a
    /// grace period has set: whether the user has had an authenticator. That limits an import, and is no reason to
    /// refuse a user who has the name or the uid now. An authenticator that waits for its first code is none either: a
    /// host of a fleet that tells a wrong uid can have one offered.
    #[must_use]
    pub fn mark_for(&self, uid: u32) -> Option<Self> {
        let mark = Self {
            highest_id: self.highest_id,
            ..Self::new(uid)
        };
        (!self.refuses_other_uids()).then_some(mark)
    }

    /// Whether it refuses a user of the same name with another uid, and one of the same uid with another name.
    #[must_use]
    pub fn refuses_other_uids(&self) -> bool {
        !self.authenticators.is_empty()
            || self.backup.is_some()
            || self.first_required.is_some()
            || self.no_grace
            || self.invitation.is_some()
            || self.exemption.is_some()
    }

    /// Whether the user has had an authenticator at some time. A record of nothing else is kept for it: without it,
    /// an import would bring back a key that its owner has removed, with its used codes.
    #[must_use]
    pub fn was_enrolled(&self) -> bool {
        self.highest_id.is_some()
    }

    /// The active authenticators.
    #[must_use]
    pub fn authenticators(&self) -> &[Authenticator] {
        &self.authenticators
    }

    /// The active authenticator of this id.
    #[must_use]
    pub fn authenticator(&self, id: AuthenticatorId) -> Option<&Authenticator> {
        self.authenticators.iter().find(|one| one.id() == id)
    }

    /// The active authenticator of this name, in either case.
    #[must_use]
    pub fn authenticator_named(&self, name: &str) -> Option<&Authenticator> {
        let name = name.to_lowercase();
        self.authenticators
            .iter()
            .find(|one| one.name().to_lowercase() == name)
    }

    /// The id of the next authenticator.
    pub(crate) fn next_id(&self) -> AuthenticatorId {
        self.highest_id
            .map_or(AuthenticatorId::FIRST, AuthenticatorId::following)
    }

    /// The authenticator that waits for its first code.
    #[must_use]
    pub fn pending(&self) -> Option<&PendingAuthenticator> {
        self.pending.as_ref()
    }

    /// The backup codes.
    #[must_use]
    pub fn backup(&self) -> Option<&BackupSet> {
        self.backup.as_ref()
    }

    /// How many backup codes are left.
    #[must_use]
    pub fn backup_codes_left(&self) -> usize {
        self.backup.as_ref().map_or(0, BackupSet::left)
    }

    /// The counters of wrong codes.
    #[must_use]
    pub fn throttle(&self) -> &Throttle {
        &self.throttle
    }

    /// The last login with a right code or a security key.
    #[must_use]
    pub fn last_login(&self) -> Option<Time> {
        self.last_login
    }

    /// The first recorded login at which a second factor was required.
    #[must_use]
    pub fn first_required(&self) -> Option<Time> {
        self.first_required
    }

    /// Records a login at which a second factor is required. The earliest one counts, so that a
    /// time that was recorded while the clock was ahead does not extend the grace period.
    pub fn require(&mut self, now: Time) {
        let first = self.first_required.map_or(now, |first| first.min(now));
        self.first_required = Some(first);
    }

    /// Whether the user must enroll without a grace period, because the account was reset.
    #[must_use]
    pub fn has_no_grace(&self) -> bool {
        self.no_grace
    }

    /// The unused invitation.
    #[must_use]
    pub fn invitation(&self) -> Option<&Invitation> {
        self.invitation.as_ref()
    }

    /// Sets an invitation. An earlier one becomes void, and so does a first authenticator that
    /// waits for its first code.
    pub fn invite(&mut self, invitation: Invitation) {
        if self.authenticators.is_empty() {
            self.pending = None;
        }
        self.invitation = Some(invitation);
    }

    /// What audit mode has recorded.
    #[must_use]
    pub fn audit_records(&self) -> &[AuditRecord] {
        &self.audit_records
    }

    /// Records the outcome that a login would have had without audit mode.
    pub fn record_audit(&mut self, outcome: AuditOutcome, service: &str, from: &str, now: Time) {
        audit::record(&mut self.audit_records, outcome, service, from, now);
    }

    /// Ends the grace period for good. The user may have been enrolled before.
    pub fn forbid_grace(&mut self) {
        self.no_grace = true;
    }

    /// Removes all data except what limits the grace period: an enrolled user has none afterwards. An
    /// exemption ends.
    pub fn reset(&mut self) {
        *self = Self {
            first_required: self.first_required,
            no_grace: self.no_grace || !self.authenticators.is_empty(),
            highest_id: self.highest_id,
            bound_sets: self.void_bound_sets(),
            ..Self::new(self.uid)
        };
    }

    /// The time of a used or void step that lies too far ahead of now: the clock was ahead when it
    /// became so. The next check of a code sets it aside.
    #[must_use]
    pub fn used_ahead(&self, now: Time) -> Option<Time> {
        let mut ahead = self.authenticators.iter().map(|one| one.used_ahead(now));
        ahead.find_map(|moment| moment)
    }
}
