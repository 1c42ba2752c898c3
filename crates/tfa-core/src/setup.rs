//! The owner's changes of the account: enroll, move to a new phone, pause, resume, remove, create
//! new backup codes, test a code.
//!
//! The caller guards a first enrollment by the password. Every change of an existing enrollment
//! needs a proof here: a code that is checked, counted and marked as used like any other.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use crate::{
    Account, Authenticator, BackupSet, Code, Credential, Factor, Input, Invitation, Judgement,
    LockState, Match, State, ThrottleScope, Time,
};

/// How long a pending authenticator waits for its first code.
pub const CONFIRM_TIMEOUT: Duration = Duration::from_secs(3600);
/// The number of wrong codes after which a pending authenticator is removed. The owner has the key
/// on the screen. A guesser must not get the backup codes that follow.
pub const MAX_CONFIRM_TRIES: u8 = 10;

/// The maximum clock difference that is detected.
const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_secs(2 * 3600);
/// The maximum clock difference ahead, in steps, that is detected for an active authenticator.
const MAX_STEPS_AHEAD: i64 = 20;

/// An authenticator that was shown to its owner and waits for its first code.
#[derive(Clone, Encode, Decode, CborLen)]
pub struct PendingAuthenticator {
    #[n(0)]
    authenticator: Authenticator,
    #[n(1)]
    made: Time,
    #[n(2)]
    wrong: u8,
}

impl PendingAuthenticator {
    /// A pending authenticator made now.
    pub(crate) fn new(authenticator: Authenticator, now: Time) -> Self {
        Self {
            authenticator,
            made: now,
            wrong: 0,
        }
    }

    /// Returns the authenticator as confirmed, if the input is a code of it. The step is then used.
    /// Wrong codes are counted. A hint that the phone is ahead marks the code as used, because it
    /// would be right later.
    ///
    /// # Errors
    /// As [`Account::check_pending`]. After [`Refusal::NothingPending`] or
    /// [`Refusal::PendingWithdrawn`] it is void.
    pub(crate) fn prove(&mut self, input: &Input, now: Time) -> Result<Authenticator, Refusal> {
        // In either direction: a clock that was ahead must not make an offer live for years.
        if self.made.distance(now) > CONFIRM_TIMEOUT {
            return Err(Refusal::NothingPending);
        }
        let Input::Code(code) = input else {
            return Err(Refusal::NotACode);
        };
        match self.authenticator.check(code, now) {
            Match::Fresh(step) => {
                let mut confirmed = self.authenticator.clone();
                confirmed.mark_used(step, now);
                return Ok(confirmed);
            }
            Match::Used => return Err(Refusal::AlreadyUsed),
            Match::No => {}
        }
        self.wrong = self.wrong.saturating_add(1);
        if self.wrong >= MAX_CONFIRM_TRIES {
            return Err(Refusal::PendingWithdrawn);
        }
        let reach = steps_in(MAX_CLOCK_DIFFERENCE, &self.authenticator);
        let off = self.authenticator.steps_off(code, now, reach, reach);
        Err(Refusal::WrongCode(off.map(|steps| {
            self.authenticator.burn(steps, now);
            drift(steps, &self.authenticator)
        })))
    }

    /// The authenticator.
    #[must_use]
    pub fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }
}

/// The difference between the clock of a phone and that of this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    /// Seconds; positive when the phone is ahead.
    pub seconds: i64,
}

/// The authorization of a change of an existing enrollment.
#[derive(Clone, Copy)]
pub enum Proof<'code> {
    /// A code, which is checked, counted, and marked as used.
    Typed(&'code Credential),
    /// A code was verified for this change alone, in the login through which polkit asked for the
    /// password.
    Verified,
}

impl<'code> From<&'code Credential> for Proof<'code> {
    fn from(credential: &'code Credential) -> Self {
        Self::Typed(credential)
    }
}

/// Why a change was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The user has already enrolled.
    AlreadySetUp,
    /// The user has not enrolled.
    NotSetUp,
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
    /// The backup codes changed in the meantime: the caller must hash the proof again and repeat
    /// the call.
    Rehash,
}

impl Account {
    /// Starts a first enrollment. An earlier pending authenticator is removed.
    ///
    /// # Errors
    /// [`Refusal::AlreadySetUp`].
    pub fn set_up(&mut self, authenticator: Authenticator, now: Time) -> Result<(), Refusal> {
        match self.state() {
            State::None | State::Pending => {
                self.pending = Some(PendingAuthenticator::new(authenticator, now));
                Ok(())
            }
            State::Enabled | State::Paused => Err(Refusal::AlreadySetUp),
        }
    }

    /// Starts the move to a new authenticator. The present ones stay active until
    /// [`Self::confirm`].
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], or why the proof was not accepted.
    pub fn move_to<'code>(
        &mut self,
        authenticator: Authenticator,
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<(), Refusal> {
        self.prove(proof.into(), now)?;
        self.pending = Some(PendingAuthenticator::new(authenticator, now));
        Ok(())
    }

    /// Returns the pending authenticator as confirmed, with the step of the code used, if the input
    /// is a code of it.
    ///
    /// # Errors
    /// [`Refusal::NothingPending`], [`Refusal::PendingWithdrawn`], [`Refusal::WrongCode`],
    /// [`Refusal::AlreadyUsed`], [`Refusal::NotACode`].
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

    /// Activates the pending authenticator in place of all others. A first enrollment needs its
    /// backup codes. A move keeps the old ones.
    ///
    /// # Errors
    /// As [`Self::check_pending`].
    pub fn confirm(
        &mut self,
        input: &Input,
        first_codes: Option<BackupSet>,
        now: Time,
    ) -> Result<(), Refusal> {
        let confirmed = self.check_pending(input, now)?;
        if self.authenticators.is_empty() {
            // Every enrolled user has backup codes.
            self.backup = Some(first_codes.ok_or(Refusal::NothingPending)?);
            self.paused = false;
            self.invitation = None;
            self.first_required = None;
            self.no_grace = false;
        }
        self.authenticators = vec![confirmed];
        self.pending = None;
        self.code_accepted = true;
        Ok(())
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
        self.authenticators = vec![confirmed];
        self.backup = Some(first_codes);
        self.paused = false;
        self.pending = None;
        self.invitation = None;
        self.first_required = None;
        self.no_grace = false;
        self.throttle.succeed(scope, now);
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
        match self.throttle.counter(scope).lock_state(now) {
            LockState::Unlocked => {}
            closed => return Err(Refusal::Locked(closed)),
        }
        if invitation.is_code(code) {
            return Ok(());
        }
        if !matches!(code, Input::Backup(_)) {
            return Err(Refusal::NotAnInvitation);
        }
        match self.wrong("", scope, now) {
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

    /// Replaces the set of backup codes.
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
        self.backup = Some(set);
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
            ..Self::new(self.uid)
        };
        Ok(())
    }

    /// Checks a code without marking it as used. A wrong one is counted. The refusal may tell that
    /// a clock is off.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], or what is wrong with the code.
    pub fn try_code(&mut self, credential: &Credential, now: Time) -> Result<Factor, Refusal> {
        self.must_be_set_up()?;
        let Credential::Code(code) = credential else {
            return self.check_proof(credential, now);
        };
        match self.lock_state(credential, ThrottleScope::OwnProgram, now) {
            LockState::Unlocked => {}
            closed => return Err(Refusal::Locked(closed)),
        }
        let mut found = Match::No;
        for authenticator in &self.authenticators {
            match authenticator.check(code, now) {
                Match::Fresh(_) => return Ok(Factor::Authenticator),
                Match::Used => found = Match::Used,
                Match::No => {}
            }
        }
        if found == Match::Used {
            return Err(Refusal::AlreadyUsed);
        }
        let drift = self.find_drift(code, now);
        let _: Judgement = self.wrong("", ThrottleScope::OwnProgram, now);
        Err(Refusal::WrongCode(drift))
    }

    /// The clock difference of the phone that shows this code. The message tells when the code is
    /// right, so the code is marked as used.
    fn find_drift(&mut self, code: &Code, now: Time) -> Option<Drift> {
        self.authenticators.iter_mut().find_map(|authenticator| {
            let back = steps_in(MAX_CLOCK_DIFFERENCE, authenticator);
            let steps = authenticator.steps_off(code, now, back, MAX_STEPS_AHEAD)?;
            authenticator.burn(steps, now);
            Some(drift(steps, authenticator))
        })
    }

    /// Checks a proof without marking a right code as used. A wrong one is counted. This precedes
    /// work that is too costly to do for any caller.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], or why the proof was not accepted.
    pub fn check_proof(&mut self, proof: &Credential, now: Time) -> Result<Factor, Refusal> {
        self.must_be_set_up()?;
        let before = self.clone();
        let verdict = self.prove_typed(proof, now);
        if verdict.is_ok() {
            *self = before;
        }
        verdict
    }

    /// Checks the proof that every change of an existing enrollment needs.
    fn prove(&mut self, proof: Proof<'_>, now: Time) -> Result<(), Refusal> {
        self.must_be_set_up()?;
        match proof {
            Proof::Verified => Ok(()),
            Proof::Typed(credential) => self.prove_typed(credential, now).map(|_| ()),
        }
    }

    fn prove_typed(&mut self, credential: &Credential, now: Time) -> Result<Factor, Refusal> {
        match self.judge(credential, ThrottleScope::OwnProgram, now) {
            Judgement::Accepted(factor) => Ok(factor),
            Judgement::AlreadyUsed => Err(Refusal::AlreadyUsed),
            Judgement::Wrong(LockState::Unlocked) => Err(Refusal::WrongCode(None)),
            Judgement::Wrong(closed) => Err(Refusal::WrongAndLocked(closed)),
            Judgement::Locked(closed) => Err(Refusal::Locked(closed)),
            Judgement::NotACode | Judgement::GaveUp => Err(Refusal::NotACode),
            Judgement::Rehash => Err(Refusal::Rehash),
        }
    }

    fn must_be_set_up(&self) -> Result<(), Refusal> {
        if self.authenticators.is_empty() {
            Err(Refusal::NotSetUp)
        } else {
            Ok(())
        }
    }

    fn must_be(&self, state: State) -> Result<(), Refusal> {
        self.must_be_set_up()?;
        if self.state() == state {
            Ok(())
        } else {
            Err(Refusal::WrongState(self.state()))
        }
    }
}

fn steps_in(while_: Duration, authenticator: &Authenticator) -> i64 {
    let period = u64::from(authenticator.parameters().period());
    i64::try_from(while_.as_secs().checked_div(period).unwrap_or(0)).unwrap_or(0)
}

fn drift(steps: i64, authenticator: &Authenticator) -> Drift {
    Drift {
        seconds: steps.saturating_mul(i64::from(authenticator.parameters().period())),
    }
}
