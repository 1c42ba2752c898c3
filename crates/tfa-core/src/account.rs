//! One user's account, and the judgement over a code.

use std::fmt;

use minicbor::{CborLen, Decode, Encode};
use zeroize::Zeroizing;

use crate::audit;
use crate::backup::Found;
use crate::{
    AuditOutcome, AuditRecord, Authenticator, BackupSet, Credential, Invitation, LockState, Match,
    PendingAuthenticator, Throttle, ThrottleScope, Time, WrongCodes,
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
    #[n(2)]
    pub(crate) authenticators: Vec<Authenticator>,
    /// An authenticator that waits for its first code.
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
    pub(crate) wrong_codes: Option<WrongCodes>,
    /// A right code was accepted since the record was loaded.
    #[cbor(skip)]
    pub(crate) code_accepted: bool,
}

/// The state of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The user has not enrolled.
    None,
    /// A first authenticator waits for its first code.
    Pending,
    /// Codes are asked for.
    Enabled,
    /// The keys are kept, no code is asked for.
    Paused,
}

/// What a right code was a code of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// A one-time code.
    Authenticator,
    /// A backup code.
    BackupCode,
}

/// The result of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Right; the code is now used.
    Accepted(Factor),
    /// The code was used before. It does not count as a wrong code, because it tells a guesser
    /// nothing.
    AlreadyUsed,
    /// Wrong, and counted. The state tells whether a further code is accepted now.
    Wrong(LockState),
    /// Not checked: there were too many wrong codes.
    Locked(LockState),
    /// The input does not have the form of a code. It is not counted.
    NotACode,
    /// The input was empty: the user gave up.
    GaveUp,
    /// The backup codes changed in the meantime: the caller must hash the answer again and repeat
    /// the call.
    Rehash,
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
            code_accepted: false,
        }
    }

    /// The uid that the account was set up for.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Assigns the account to another uid. Only the administrator can know that the user is the
    /// same.
    pub fn set_uid(&mut self, uid: u32) {
        self.uid = uid;
    }

    /// Whether a right code, or a right backup code, was accepted since the record was loaded. It is
    /// not stored.
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
        self.state() == State::None
            && self.backup.is_none()
            && self.throttle.is_clear()
            && self.first_required.is_none()
            && !self.no_grace
            && self.invitation.is_none()
            && self.audit_records.is_empty()
    }

    /// The active authenticators.
    #[must_use]
    pub fn authenticators(&self) -> &[Authenticator] {
        &self.authenticators
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

    /// The last login with a right code.
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

    /// Removes all data except what limits the grace period: an enrolled user has none afterwards.
    pub fn reset(&mut self) {
        *self = Self {
            first_required: self.first_required,
            no_grace: self.no_grace || !self.authenticators.is_empty(),
            ..Self::new(self.uid)
        };
    }

    /// Removes all locks and counters.
    pub fn unlock(&mut self) {
        self.throttle.clear();
    }

    /// The number of digits of a code; 0 where the authenticators differ.
    #[must_use]
    pub fn digits(&self) -> u8 {
        let mut digits = self
            .authenticators
            .iter()
            .map(|one| one.parameters().digits());
        let first = digits.next().unwrap_or(0);
        if digits.all(|other| other == first) {
            first
        } else {
            0
        }
    }

    /// Checks an answer. A right code becomes used, a wrong one is counted. The caller must store
    /// the account before it lets the login proceed.
    #[must_use]
    pub fn judge(&mut self, credential: &Credential, scope: ThrottleScope, now: Time) -> Judgement {
        self.judge_from("", credential, scope, now)
    }

    /// As [`Self::judge`], with the remote host or the terminal of the answer.
    pub(crate) fn judge_from(
        &mut self,
        from: &str,
        credential: &Credential,
        scope: ThrottleScope,
        now: Time,
    ) -> Judgement {
        match self.lock_state(credential, scope, now) {
            LockState::Unlocked => {}
            closed => return Judgement::Locked(closed),
        }
        match credential {
            Credential::Empty => Judgement::GaveUp,
            Credential::Malformed => Judgement::NotACode,
            Credential::Code(code) => {
                let (mut fresh, mut used) = (false, false);
                // Each one that it fits: two may have the same key.
                for authenticator in &mut self.authenticators {
                    authenticator.put_aside_ahead(now);
                    match authenticator.check(code, now) {
                        Match::Fresh(step) => {
                            authenticator.mark_used(step, now);
                            fresh = true;
                        }
                        Match::Used => used = true,
                        Match::No => {}
                    }
                }
                if fresh {
                    self.code_accepted = true;
                    self.throttle.succeed(scope, now);
                    Judgement::Accepted(Factor::Authenticator)
                } else if used {
                    Judgement::AlreadyUsed
                } else {
                    self.wrong(from, scope, now)
                }
            }
            Credential::Backup(hashed) => {
                let found = match (&self.backup, hashed) {
                    (Some(set), Some(hashed)) => set.find(hashed),
                    (Some(_), None) => Found::OtherSet,
                    (None, _) => Found::No,
                };
                match found {
                    Found::OtherSet => Judgement::Rehash,
                    Found::Used => Judgement::AlreadyUsed,
                    Found::No => self.wrong(from, scope, now),
                    Found::At(place) => {
                        if let Some(set) = &mut self.backup {
                            set.mark_used(place);
                        }
                        self.code_accepted = true;
                        match scope {
                            ThrottleScope::Console => self.throttle.clear(),
                            ThrottleScope::Remote | ThrottleScope::OwnProgram => {
                                self.throttle.succeed(scope, now);
                            }
                        }
                        Judgement::Accepted(Factor::BackupCode)
                    }
                }
            }
        }
    }

    /// The time of a used step that lies too far ahead of now: the clock was ahead when it was
    /// used. The next check of a code sets it aside.
    #[must_use]
    pub fn used_ahead(&self, now: Time) -> Option<Time> {
        let mut ahead = self.authenticators.iter().map(|one| one.used_ahead(now));
        ahead.find_map(|moment| moment)
    }

    /// Whether an answer of this kind is checked now. After 100 wrong codes the console still
    /// accepts a backup code, subject to the timed lock.
    #[must_use]
    pub fn lock_state(
        &self,
        credential: &Credential,
        scope: ThrottleScope,
        now: Time,
    ) -> LockState {
        let counter = self.throttle.counter(scope);
        match (credential, scope) {
            (Credential::Backup(_), ThrottleScope::Console) => counter.timed_lock(now),
            _ => counter.lock_state(now),
        }
    }

    /// Counts a wrong code.
    pub(crate) fn wrong(&mut self, from: &str, scope: ThrottleScope, now: Time) -> Judgement {
        if !self.authenticators.is_empty() {
            self.record_wrong_code(from, now);
        }
        self.throttle.fail(scope, now);
        Judgement::Wrong(self.throttle.counter(scope).lock_state(now))
    }

    /// Encodes the account, for sealing.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        // The exact size is reserved first: a growing buffer would leave copies of the secrets.
        let mut bytes = Zeroizing::new(Vec::with_capacity(minicbor::len(self)));
        let mut encoder = minicbor::Encoder::new(&mut *bytes);
        // Writing to a vector cannot fail: its error type has no values.
        let _: Result<_, minicbor::encode::Error<std::convert::Infallible>> = encoder.encode(self);
        bytes
    }

    /// Decodes an account.
    ///
    /// # Errors
    /// [`Undecodable`] for anything that [`Self::encode`] did not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, Undecodable> {
        let mut decoder = minicbor::Decoder::new(bytes);
        let account: Self = decoder.decode().map_err(|_| Undecodable)?;
        if decoder.position() == bytes.len() && account.is_sound() {
            Ok(account)
        } else {
            Err(Undecodable)
        }
    }

    /// Whether every value is in its range. The costs of hashes and the parameters of codes must
    /// not be arbitrary numbers.
    fn is_sound(&self) -> bool {
        let offered = self.pending.iter().map(PendingAuthenticator::authenticator);
        self.authenticators
            .iter()
            .chain(offered)
            .all(Authenticator::is_sound)
            && self.backup.as_ref().is_none_or(BackupSet::is_sound)
            && audit::is_sound(&self.audit_records)
            && self.wrong_codes.as_ref().is_none_or(WrongCodes::is_sound)
    }
}

/// The bytes are not an account of a version that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecodable;

impl fmt::Display for Undecodable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the record is no account of a version known here")
    }
}

impl std::error::Error for Undecodable {}
