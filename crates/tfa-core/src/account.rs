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

/// What is kept of one user. Encoded as CBOR with numbered fields: a number is never used again
/// for something else.
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
    /// Shown to its owner and not yet proved.
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
    /// It was set up once and then reset: whoever has to set it up has no grace.
    #[cbor(n(8), default)]
    pub(crate) no_grace: bool,
    #[n(9)]
    pub(crate) invitation: Option<Invitation>,
    /// What audit mode saw.
    #[cbor(n(10), default)]
    pub(crate) audit_records: Vec<AuditRecord>,
    /// Wrong codes for a login to be told of.
    #[n(11)]
    pub(crate) wrong_codes: Option<WrongCodes>,
    /// A right code was accepted since the record was loaded.
    #[cbor(skip)]
    pub(crate) proved: bool,
}

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not set up.
    None,
    /// A first authenticator was offered and is not proved.
    Pending,
    /// Codes are asked for.
    Enabled,
    /// The keys are kept, no code is asked for.
    Paused,
}

/// What a right code was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// A one-time code.
    Authenticator,
    /// A backup code.
    BackupCode,
}

/// The judgement over one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Right, and now used up.
    Accepted(Factor),
    /// It was right once. Nothing can be guessed from it, so it counts as no try.
    AlreadyUsed,
    /// Wrong, and counted; whether another try is open now.
    Wrong(LockState),
    /// Not judged: too many were wrong.
    Locked(LockState),
    /// Not a code by its shape; counts as no try.
    NotACode,
    /// Nothing was typed.
    GaveUp,
    /// The backup codes changed meanwhile: hash the answer again and ask again.
    Rehash,
}

impl Account {
    /// An account with nothing set up.
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
            proved: false,
        }
    }

    /// The uid that the account was set up for.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Gives the account to another uid: by the administrator, who knows that it is the same person.
    pub fn set_uid(&mut self, uid: u32) {
        self.uid = uid;
    }

    /// Whether a right code, or a right backup code, was accepted since the record was loaded. It is
    /// not stored.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.proved
    }

    /// Where the account stands.
    #[must_use]
    pub fn state(&self) -> State {
        match (self.authenticators.is_empty(), self.paused) {
            (true, _) if self.pending.is_some() => State::Pending,
            (true, _) => State::None,
            (false, true) => State::Paused,
            (false, false) => State::Enabled,
        }
    }

    /// Whether there is nothing worth a record.
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

    /// The authenticators in force.
    #[must_use]
    pub fn authenticators(&self) -> &[Authenticator] {
        &self.authenticators
    }

    /// The authenticator that waits to be proved.
    #[must_use]
    pub fn pending(&self) -> Option<&PendingAuthenticator> {
        self.pending.as_ref()
    }

    /// The backup codes that are left.
    #[must_use]
    pub fn backup(&self) -> Option<&BackupSet> {
        self.backup.as_ref()
    }

    /// How many backup codes are left.
    #[must_use]
    pub fn backup_codes_left(&self) -> usize {
        self.backup.as_ref().map_or(0, BackupSet::left)
    }

    /// The wrong codes.
    #[must_use]
    pub fn throttle(&self) -> &Throttle {
        &self.throttle
    }

    /// When a code was last accepted at a login.
    #[must_use]
    pub fn last_login(&self) -> Option<Time> {
        self.last_login
    }

    /// The first login at which a second factor was required, as far as that was noted.
    #[must_use]
    pub fn first_required(&self) -> Option<Time> {
        self.first_required
    }

    /// Notes a login at which a second factor is required; the earliest one counts. One that was
    /// noted by a clock that was ahead gives way, or its grace would not end until that comes.
    pub fn require(&mut self, now: Time) {
        let first = self.first_required.map_or(now, |first| first.min(now));
        self.first_required = Some(first);
    }

    /// Whether somebody who has to set it up must do so at once: it was reset.
    #[must_use]
    pub fn has_no_grace(&self) -> bool {
        self.no_grace
    }

    /// The invitation that waits to be used.
    #[must_use]
    pub fn invitation(&self) -> Option<&Invitation> {
        self.invitation.as_ref()
    }

    /// Takes an invitation; one that was made before is void, and so is a first authenticator that
    /// was offered for it.
    pub fn invite(&mut self, invitation: Invitation) {
        if self.authenticators.is_empty() {
            self.pending = None;
        }
        self.invitation = Some(invitation);
    }

    /// What audit mode saw.
    #[must_use]
    pub fn audit_records(&self) -> &[AuditRecord] {
        &self.audit_records
    }

    /// Notes what would have become of a login.
    pub fn record_audit(&mut self, outcome: AuditOutcome, service: &str, from: &str, now: Time) {
        audit::record(&mut self.audit_records, outcome, service, from, now);
    }

    /// There is no grace from here on: what was forgotten may have been set up.
    pub fn forbid_grace(&mut self) {
        self.no_grace = true;
    }

    /// Forgets everything but that there is no grace any more: whoever it is required of sets it
    /// up again at the next login.
    pub fn reset(&mut self) {
        *self = Self {
            first_required: self.first_required,
            no_grace: self.no_grace || !self.authenticators.is_empty(),
            ..Self::new(self.uid)
        };
    }

    /// The administrator's way to let somebody try again.
    pub fn unlock(&mut self) {
        self.throttle.clear();
    }

    /// How many digits a code has, where all authenticators agree; else 0.
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

    /// Judges an answer and takes its consequences: a right code is used up, a wrong one counted.
    /// The yes may only be said after this account was stored.
    #[must_use]
    pub fn judge(&mut self, credential: &Credential, scope: ThrottleScope, now: Time) -> Judgement {
        self.judge_from("", credential, scope, now)
    }

    /// As [`Self::judge`], of an answer whose remote host or terminal is known.
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
                    self.proved = true;
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
                        self.proved = true;
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

    /// The moment of a used step that lies so far ahead of now that it was used under a clock that
    /// was ahead. The next code that is judged puts it aside.
    #[must_use]
    pub fn used_ahead(&self, now: Time) -> Option<Time> {
        let mut ahead = self.authenticators.iter().map(|one| one.used_ahead(now));
        ahead.find_map(|moment| moment)
    }

    /// Whether an answer of this kind is judged at all now. After 100 wrong codes the console
    /// still takes a backup code, at the pace of the timed lock.
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
            self.note_wrong_code(from, now);
        }
        self.throttle.fail(scope, now);
        Judgement::Wrong(self.throttle.counter(scope).lock_state(now))
    }

    /// The account as bytes, for sealing.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        // The exact size is reserved first: a growing buffer would leave copies of the secrets.
        let mut bytes = Zeroizing::new(Vec::with_capacity(minicbor::len(self)));
        let mut encoder = minicbor::Encoder::new(&mut *bytes);
        // Writing to a vector cannot fail: its error type has no values.
        let _: Result<_, minicbor::encode::Error<std::convert::Infallible>> = encoder.encode(self);
        bytes
    }

    /// The account out of bytes.
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

    /// Whether every part is within the range that it was made in: what hashes and codes are
    /// computed with must not be a number that happens to be there.
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

/// Bytes that are no account of a version known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecodable;

impl fmt::Display for Undecodable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the record is no account of a version known here")
    }
}

impl std::error::Error for Undecodable {}
