//! Enrollment: from a new authenticator to an active one.

use super::{Account, Judgement, PendingAuthenticator, Proof, Purpose, Refusal, State};
use super::{Change, ChangedBy, Client, FailureReason};
use crate::{
    Authenticator, AuthenticatorId, BackupSet, Input, Invitation, LockState, ThrottleScope, Time,
};

/// The maximum number of active authenticators. Each one adds to the chance of a guess and to the
/// time of a check.
pub const MAX_AUTHENTICATORS: usize = 10;
/// The highest counter of a new authenticator. No button was pressed more often, and a counter near its end
/// leaves no code.
pub const MAX_NEW_COUNTER: u64 = u32::MAX as u64;

/// What a pending authenticator replaces when it is confirmed.
pub(super) enum Replaced {
    /// There is none yet: it is the first.
    Nothing,
    /// It is added to the others.
    NoneOfThem,
    /// This one.
    One(AuthenticatorId),
}

impl Account {
    /// Starts a first enrollment. An earlier pending authenticator is removed.
    ///
    /// # Errors
    /// [`Refusal::AlreadySetUp`].
    pub fn set_up(&mut self, authenticator: Authenticator, now: Time) -> Result<(), Refusal> {
        match self.state() {
            State::None | State::Pending => {
                let first = PendingAuthenticator::new(authenticator, Purpose::First, now);
                self.pending = Some(first);
                Ok(())
            }
            State::Enabled | State::Paused => Err(Refusal::AlreadySetUp),
        }
    }

    /// Starts the enrollment of a further authenticator. An earlier pending one is removed.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], [`Refusal::TooManyAuthenticators`], [`Refusal::NameTaken`], or why the
    /// proof was not accepted.
    pub fn add<'code>(
        &mut self,
        authenticator: Authenticator,
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<(), Refusal> {
        self.must_be_set_up()?;
        self.must_have_room_for(authenticator.name())?;
        self.prove(proof.into(), now)?;
        self.pending = Some(PendingAuthenticator::new(authenticator, Purpose::Add, now));
        Ok(())
    }

    /// Starts the move from an active authenticator to a new one: from the only one, if none is
    /// named. The active one is valid until [`Self::confirm`]. An earlier pending one is removed.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], [`Refusal::NoSuchAuthenticator`], [`Refusal::SeveralAuthenticators`],
    /// [`Refusal::NameTaken`], or why the proof was not accepted.
    pub fn move_to<'code>(
        &mut self,
        replaced: Option<AuthenticatorId>,
        authenticator: Authenticator,
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<(), Refusal> {
        self.must_be_set_up()?;
        let replaced = self.replaced_by_move(replaced)?;
        self.must_be_free(authenticator.name(), Some(replaced))?;
        self.prove(proof.into(), now)?;
        let purpose = Purpose::Replace(replaced);
        self.pending = Some(PendingAuthenticator::new(authenticator, purpose, now));
        Ok(())
    }

    /// What a move replaces: the one that is named, else the only one.
    pub(super) fn replaced_by_move(
        &self,
        named: Option<AuthenticatorId>,
    ) -> Result<AuthenticatorId, Refusal> {
        match (named, self.authenticators.as_slice()) {
            (Some(id), _) => self.must_have(id).map(|()| id),
            (None, [only]) => Ok(only.id()),
            (None, _) => Err(Refusal::SeveralAuthenticators),
        }
    }

    /// Activates an authenticator of which the administrator has the key, such as a hardware token.
    /// No code confirms it. A pending first authenticator becomes void: it was offered for the
    /// password alone, and further ones need a code. A code that an active authenticator with the
    /// same key has used stays used. A security key is active at once too: the administrator vouches for
    /// it, and no one can take it up by the password alone.
    ///
    /// # Errors
    /// [`Refusal::TooManyAuthenticators`], [`Refusal::NameTaken`], [`Refusal::KeyTaken`],
    /// [`Refusal::CounterTooHigh`].
    pub fn bind(
        &mut self,
        mut authenticator: Authenticator,
        now: Time,
    ) -> Result<AuthenticatorId, Refusal> {
        if let Some(key) = authenticator.ssh_key() {
            self.must_be_new_key(&key)?;
        }
        must_leave_codes(&authenticator)?;
        self.must_have_room_for(authenticator.name())?;
        for twin in &self.authenticators {
            authenticator.continue_from(twin);
        }
        if self.authenticators.is_empty() {
            self.begin_enrollment();
            self.pending = None;
        }
        let added = Change::AuthenticatorAdded(authenticator.name().to_owned());
        self.notify(added, ChangedBy::Administrator, now);
        Ok(self.activate(authenticator, now))
    }

    /// Returns the pending authenticator as confirmed, with the step of the code used, if the input
    /// is a code of it.
    ///
    /// # Errors
    /// [`Refusal::NothingPending`], [`Refusal::PendingWithdrawn`], [`Refusal::WrongCode`],
    /// [`Refusal::AlreadyUsed`], [`Refusal::NotACode`], [`Refusal::NeedsLoginWithKey`].
    pub fn check_pending(&mut self, input: &Input, now: Time) -> Result<Authenticator, Refusal> {
        let Some(pending) = &mut self.pending else {
            return Err(Refusal::NothingPending);
        };
        let confirmed = pending.prove(input, now);
        if let Err(Refusal::NothingPending | Refusal::PendingWithdrawn) = confirmed {
            self.pending = None;
        }
        confirmed
    }

    /// Activates the pending authenticator: as the first, as a further one, or in place of another.
    /// A first enrollment needs its backup codes. Later ones keep the old set.
    ///
    /// # Errors
    /// As [`Self::check_pending`]; [`Refusal::TooManyAuthenticators`], [`Refusal::NameTaken`] or
    /// [`Refusal::NothingPending`] if the account has changed in the meantime.
    pub fn confirm(
        &mut self,
        input: &Input,
        first_codes: Option<BackupSet>,
        now: Time,
    ) -> Result<(), Refusal> {
        let replaced = self
            .replaced_by_pending()
            .inspect_err(|_| self.pending = None)?;
        let confirmed = self.check_pending(input, now)?;
        match replaced {
            Replaced::Nothing => {
                // Every user who enrolls has backup codes.
                self.backup = Some(first_codes.ok_or(Refusal::NothingPending)?);
                self.begin_enrollment();
            }
            Replaced::NoneOfThem => {
                self.must_have_room_for(confirmed.name())?;
                let added = Change::AuthenticatorAdded(confirmed.name().to_owned());
                self.notify(added, ChangedBy::Owner, now);
            }
            Replaced::One(id) => {
                self.must_be_free(confirmed.name(), Some(id))?;
                let old = self.authenticator(id).map(Authenticator::name);
                let replaced = Change::AuthenticatorReplaced {
                    old: old.unwrap_or_default().to_owned(),
                    new: confirmed.name().to_owned(),
                };
                self.notify(replaced, ChangedBy::Owner, now);
                self.authenticators.retain(|one| one.id() != id);
                self.forget_devices();
            }
        }
        self.activate(confirmed, now);
        self.pending = None;
        self.code_accepted = true;
        Ok(())
    }

    /// What the pending authenticator replaces. Its purpose must still fit the account: an
    /// administrator may have bound or removed authenticators in the meantime.
    ///
    /// # Errors
    /// [`Refusal::NothingPending`] if it does not fit, or nothing is pending.
    pub(super) fn replaced_by_pending(&self) -> Result<Replaced, Refusal> {
        let pending = self.pending.as_ref().ok_or(Refusal::NothingPending)?;
        match (pending.purpose(), self.authenticators.as_slice()) {
            (Some(Purpose::First) | None, []) => Ok(Replaced::Nothing),
            (Some(Purpose::Add), [_, ..]) => Ok(Replaced::NoneOfThem),
            (Some(Purpose::Replace(id)), _) if self.authenticator(id).is_some() => {
                Ok(Replaced::One(id))
            }
            // In an older record it is a move from the only authenticator.
            (None, [only]) => Ok(Replaced::One(only.id())),
            _ => Err(Refusal::NothingPending),
        }
    }

    /// Activates a first authenticator that was confirmed in a login, with its backup codes. The
    /// invitation is used up. A pending authenticator becomes void, and so do wrong invitation
    /// codes in a row.
    pub(crate) fn activate_first(
        &mut self,
        confirmed: Authenticator,
        first_codes: BackupSet,
        scope: ThrottleScope,
        now: Time,
    ) {
        self.code_accepted = true;
        self.authenticators.clear();
        self.forget_devices();
        self.backup = Some(first_codes);
        self.begin_enrollment();
        self.activate(confirmed, now);
        self.pending = None;
        self.end_row(scope, now);
    }

    /// Ends what concerns a user without an authenticator: the invitation and the grace period.
    pub(super) fn begin_enrollment(&mut self) {
        self.paused = false;
        self.invitation = None;
        self.first_required = None;
        self.no_grace = false;
    }

    /// Adds an authenticator to the active ones, under the next id.
    pub(super) fn activate(
        &mut self,
        mut authenticator: Authenticator,
        now: Time,
    ) -> AuthenticatorId {
        let id = self.next_id();
        authenticator.set_id(id);
        authenticator.set_created(now);
        self.highest_id = Some(id);
        self.authenticators.push(authenticator);
        id
    }

    /// Refuses one authenticator more than [`MAX_AUTHENTICATORS`], or a second one of a name.
    pub(super) fn must_have_room_for(&self, name: &str) -> Result<(), Refusal> {
        if self.authenticators.len() >= MAX_AUTHENTICATORS {
            return Err(Refusal::TooManyAuthenticators);
        }
        self.must_be_free(name, None)
    }

    /// Checks an invitation code. A wrong one of the right form is counted like a wrong code.
    ///
    /// # Errors
    /// [`Refusal::NoInvitation`], [`Refusal::WrongInvitation`], [`Refusal::NotAnInvitation`],
    /// [`Refusal::WrongAndLocked`], [`Refusal::Locked`].
    pub fn check_invitation(
        &mut self,
        code: &Input,
        scope: ThrottleScope,
        now: Time,
    ) -> Result<(), Refusal> {
        let Some(invitation) = self.open_invitation(now) else {
            return Err(Refusal::NoInvitation);
        };
        match self.lock_state(scope, now) {
            LockState::Unlocked => {}
            closed => return Err(Refusal::Locked(closed)),
        }
        if invitation.is_code(code) {
            return Ok(());
        }
        if !matches!(code, Input::Backup(_)) {
            return Err(Refusal::NotAnInvitation);
        }
        match self.wrong(FailureReason::WrongCode, Client::OWN_PROGRAM, scope, now) {
            Judgement::Wrong(closed) if closed != LockState::Unlocked => {
                Err(Refusal::WrongAndLocked(closed))
            }
            _ => Err(Refusal::WrongInvitation),
        }
    }

    /// Whether there is a valid invitation.
    #[must_use]
    pub fn is_invited(&self, now: Time) -> bool {
        self.open_invitation(now).is_some()
    }

    /// The valid invitation.
    pub(crate) fn open_invitation(&self, now: Time) -> Option<&Invitation> {
        self.invitation
            .as_ref()
            .filter(|invitation| invitation.is_open(now))
    }

    /// Removes the pending authenticator.
    ///
    /// # Errors
    /// [`Refusal::NothingPending`].
    pub fn abandon(&mut self) -> Result<(), Refusal> {
        self.pending
            .take()
            .map(|_| ())
            .ok_or(Refusal::NothingPending)
    }
}

/// Refuses a new authenticator whose counter is above [`MAX_NEW_COUNTER`].
pub(super) fn must_leave_codes(authenticator: &Authenticator) -> Result<(), Refusal> {
    match authenticator.counter() {
        Some(next) if next.value() > MAX_NEW_COUNTER => Err(Refusal::CounterTooHigh),
        _ => Ok(()),
    }
}
