//! The owner's changes of an existing enrollment: pause, resume, remove, rename, new backup codes.
//!
//! Every change needs a proof: a code that is checked, counted and marked as used like any other.

use super::{Account, Change, ChangedBy, Factor, Judgement, State};
use crate::authenticator::stored_name;
use crate::{
    AuthenticatorId, BackupSet, Credential, Drift, Factors, LockState, ThrottleScope, Time,
};

/// The authorization of a change of an existing enrollment.
#[derive(Clone, Copy)]
pub enum Proof<'code> {
    /// A code, which is checked, counted for this scope, and marked as used.
    Typed(&'code Credential, ThrottleScope),
    /// A code was verified for this change alone, in the login through which polkit asked for the
    /// password.
    Verified,
}

impl<'code> From<&'code Credential> for Proof<'code> {
    fn from(credential: &'code Credential) -> Self {
        Self::Typed(credential, ThrottleScope::OwnProgram)
    }
}

/// Why a change was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The user has already enrolled.
    AlreadySetUp,
    /// The user has not enrolled.
    NotSetUp,
    /// The user was enrolled, and the administrator has reset the account.
    WasReset,
    /// The user had enrolled, and has removed the authenticators. An older enrollment is not imported.
    WasRemoved,
    /// The counter of a new authenticator is above [`MAX_NEW_COUNTER`](super::MAX_NEW_COUNTER), or that of an
    /// import too far from the one of the account.
    CounterTooHigh,
    /// The account is already paused, or not paused.
    WrongState(State),
    /// No authenticator waits for its first code, or no longer.
    NothingPending,
    /// The pending authenticator was removed after too many wrong codes.
    PendingWithdrawn,
    /// The code was wrong. The clocks may differ by this much.
    WrongCode(Option<Drift>),
    /// The code was used before.
    AlreadyUsed,
    /// The code may have been used before the account was moved or restored here. The authenticator shows
    /// one that is accepted from this time on.
    VoidCode(Time),
    /// The input does not have the form of a code.
    NotACode,
    /// No code is accepted now.
    Locked(LockState),
    /// The code was wrong, and no further code is accepted now.
    WrongAndLocked(LockState),
    /// A first enrollment requires an invitation, and there is no valid one.
    NoInvitation,
    /// The invitation code was wrong.
    WrongInvitation,
    /// The input does not have the form of an invitation code. It is not counted.
    NotAnInvitation,
    /// The user has no authenticator of this id or name.
    NoSuchAuthenticator,
    /// The user has several authenticators, and the change did not name one.
    SeveralAuthenticators,
    /// The user has an authenticator of this name already.
    NameTaken,
    /// The user has as many authenticators as one may have.
    TooManyAuthenticators,
    /// The authenticator is the last one, and must stay.
    LastAuthenticator,
    /// The authenticator is the last one of those that a rule accepts, and must stay.
    LastAcceptedAuthenticator,
    /// The user has codes that are bound to as many hosts as one may have.
    TooManyBoundHosts,
    /// The user has no remembered device of this id.
    NoSuchDevice,
    /// The key is not of a type that a security key has.
    NotASecurityKey,
    /// One of the user's authenticators is this security key.
    KeyTaken,
    /// The pending authenticator is a security key, which a login confirms and not a code.
    NeedsLoginWithKey,
    /// The backup codes changed in the meantime: the caller must hash the proof again and repeat
    /// the call.
    Rehash,
}

impl Account {
    /// Replaces the set of backup codes. What a code of the old set may have been used for ends: the
    /// devices are forgotten, and a pending authenticator is removed.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], or why the proof was not accepted.
    pub fn replace_backup_codes<'code>(
        &mut self,
        set: BackupSet,
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<(), Refusal> {
        self.prove(proof.into(), now)?;
        self.notify(Change::BackupCodesReplaced, ChangedBy::Owner, now);
        self.backup = Some(set);
        self.pending = None;
        self.forget_devices();
        Ok(())
    }

    /// Stops asking for codes and keeps the keys.
    ///
    /// # Errors
    /// [`Refusal::WrongState`], or why the proof was not accepted.
    pub fn pause<'code>(
        &mut self,
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<(), Refusal> {
        self.must_be(State::Enabled)?;
        self.prove(proof.into(), now)?;
        self.paused = true;
        self.notify(Change::Paused, ChangedBy::Owner, now);
        Ok(())
    }

    /// Asks for codes again.
    ///
    /// # Errors
    /// As [`Self::pause`].
    pub fn resume<'code>(
        &mut self,
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<(), Refusal> {
        self.must_be(State::Paused)?;
        self.prove(proof.into(), now)?;
        self.paused = false;
        Ok(())
    }

    /// Removes authenticators, backup codes and pending authenticators. The count of wrong codes
    /// stays, and so does what the policy and the administrator have recorded.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], or why the proof was not accepted.
    pub fn remove<'code>(
        &mut self,
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<(), Refusal> {
        self.prove(proof.into(), now)?;
        *self = Self {
            throttle: self.throttle.without_days(),
            first_required: self.first_required,
            no_grace: self.no_grace,
            invitation: self.invitation.take(),
            audit_records: std::mem::take(&mut self.audit_records),
            highest_id: self.highest_id,
            exemption: self.exemption.take(),
            bound_sets: self.void_bound_sets(),
            ..Self::new(self.uid)
        };
        Ok(())
    }

    /// Gives an authenticator another name.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], [`Refusal::NoSuchAuthenticator`], [`Refusal::NameTaken`], or why the
    /// proof was not accepted.
    pub fn rename_authenticator<'code>(
        &mut self,
        id: AuthenticatorId,
        name: &str,
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<(), Refusal> {
        self.must_be_set_up()?;
        self.must_have(id)?;
        self.must_be_free(name, Some(id))?;
        self.prove(proof.into(), now)?;
        if let Some(one) = self.authenticators.iter_mut().find(|one| one.id() == id) {
            one.rename(name);
        }
        Ok(())
    }

    /// Removes an authenticator. The last one takes the backup codes with it, as [`Self::remove`]
    /// does. `required` holds the second factors that each rule accepts which requires one of the user.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], [`Refusal::NoSuchAuthenticator`], [`Refusal::LastAuthenticator`] or
    /// [`Refusal::LastAcceptedAuthenticator`] if it must stay, or why the proof was not accepted.
    pub fn remove_authenticator<'code>(
        &mut self,
        id: AuthenticatorId,
        required: &[Factors],
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<(), Refusal> {
        self.must_be_set_up()?;
        let authenticator = self.authenticator(id);
        let authenticator = authenticator.ok_or(Refusal::NoSuchAuthenticator)?;
        let is_last = self.authenticators.len() == 1;
        let is_last_of = |factors: &Factors| self.is_last_of(*factors, authenticator);
        if is_last && !required.is_empty() {
            return Err(Refusal::LastAuthenticator);
        }
        if required.iter().any(is_last_of) {
            return Err(Refusal::LastAcceptedAuthenticator);
        }
        if is_last {
            return self.remove(proof, now);
        }
        self.prove(proof.into(), now)?;
        self.withdraw(id, ChangedBy::Owner, now);
        Ok(())
    }

    /// Removes an authenticator for the administrator, without a proof. The last one stays: a reset
    /// removes it, and says what follows.
    ///
    /// # Errors
    /// [`Refusal::NoSuchAuthenticator`], [`Refusal::LastAuthenticator`].
    pub fn unbind(&mut self, id: AuthenticatorId, now: Time) -> Result<(), Refusal> {
        self.must_have(id)?;
        if self.authenticators.len() == 1 {
            return Err(Refusal::LastAuthenticator);
        }
        self.withdraw(id, ChangedBy::Administrator, now);
        Ok(())
    }

    /// Removes an authenticator, a pending one, and the devices: a code of the removed one may have
    /// proved them, and its owner may be a thief.
    fn withdraw(&mut self, id: AuthenticatorId, by: ChangedBy, now: Time) {
        if let Some(removed) = self.authenticator(id) {
            let name = removed.name().to_owned();
            self.notify(Change::AuthenticatorRemoved(name), by, now);
        }
        self.remove_with_what_it_proved(id);
    }

    /// As [`Self::withdraw`], without a notice.
    pub(super) fn remove_with_what_it_proved(&mut self, id: AuthenticatorId) {
        self.authenticators.retain(|one| one.id() != id);
        self.pending = None;
        self.forget_devices();
    }

    /// Refuses an id that no authenticator has.
    pub(super) fn must_have(&self, id: AuthenticatorId) -> Result<(), Refusal> {
        self.authenticator(id)
            .map(|_| ())
            .ok_or(Refusal::NoSuchAuthenticator)
    }

    /// Refuses a name that an authenticator other than `own` has, in either case.
    pub(super) fn must_be_free(
        &self,
        name: &str,
        own: Option<AuthenticatorId>,
    ) -> Result<(), Refusal> {
        match self.authenticator_named(&stored_name(name)) {
            Some(other) if Some(other.id()) != own => Err(Refusal::NameTaken),
            _ => Ok(()),
        }
    }

    /// Checks a proof without marking a right code as used. A wrong one is counted. This precedes
    /// work that is too costly to do for any caller.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], or why the proof was not accepted.
    pub fn check_proof(
        &mut self,
        proof: &Credential,
        scope: ThrottleScope,
        now: Time,
    ) -> Result<Factor, Refusal> {
        self.must_be_set_up()?;
        let before = self.clone();
        let verdict = self.prove_typed(proof, scope, now);
        if verdict.is_ok() {
            *self = before;
        }
        verdict
    }

    /// Checks the proof that every change of an existing enrollment needs.
    pub(super) fn prove(&mut self, proof: Proof<'_>, now: Time) -> Result<(), Refusal> {
        self.must_be_set_up()?;
        match proof {
            Proof::Verified => Ok(()),
            Proof::Typed(credential, scope) => self.prove_typed(credential, scope, now).map(|_| ()),
        }
    }

    fn prove_typed(
        &mut self,
        credential: &Credential,
        scope: ThrottleScope,
        now: Time,
    ) -> Result<Factor, Refusal> {
        match self.judge(credential, scope, now) {
            Judgement::Accepted(factor) => Ok(factor),
            // Only an answer of a login is known again. This is a change of the account.
            Judgement::AlreadyUsed | Judgement::AcceptedBefore(..) => Err(Refusal::AlreadyUsed),
            Judgement::Void(end) => Err(Refusal::VoidCode(end)),
            Judgement::Wrong(LockState::Unlocked) => Err(Refusal::WrongCode(None)),
            Judgement::Wrong(closed) => Err(Refusal::WrongAndLocked(closed)),
            Judgement::Locked(closed) => Err(Refusal::Locked(closed)),
            Judgement::NotACode | Judgement::BackupCodeNotAccepted | Judgement::GaveUp => {
                Err(Refusal::NotACode)
            }
            Judgement::Rehash => Err(Refusal::Rehash),
        }
    }

    pub(super) fn must_be_set_up(&self) -> Result<(), Refusal> {
        if self.authenticators.is_empty() {
            Err(Refusal::NotSetUp)
        } else {
            Ok(())
        }
    }

    pub(super) fn must_be(&self, state: State) -> Result<(), Refusal> {
        self.must_be_set_up()?;
        if self.state() == state {
            Ok(())
        } else {
            Err(Refusal::WrongState(self.state()))
        }
    }
}
