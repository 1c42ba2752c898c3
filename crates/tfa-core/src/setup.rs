//! What an owner does with the account: set up, move to a new phone, pause, resume, remove, new
//! backup codes, trying a code.
//!
//! The first set-up is guarded by whoever calls (the password again); every change of an
//! existing set-up needs a proof here: a code that is judged, counted and used up like any other.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use crate::{
    Account, Authenticator, BackupSet, Code, Credential, Factor, Input, Invitation, Judgement,
    LockState, Match, State, ThrottleScope, Time,
};

/// How long an offer waits for its proof.
pub const CONFIRM_TIMEOUT: Duration = Duration::from_secs(3600);
/// How many wrong codes withdraw an offer. Its owner has the key on the screen; somebody who has
/// not must not guess their way to the backup codes that a proof brings.
pub const MAX_CONFIRM_TRIES: u8 = 10;

/// How far a clock difference is looked for.
const CLOCK_SEARCH: Duration = Duration::from_secs(2 * 3600);
/// How many steps ahead a clock difference is looked for once an authenticator is in force.
const STEPS_AHEAD: i64 = 20;

/// An authenticator that was shown to its owner and not yet proved.
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
    /// An offer made now.
    pub(crate) fn new(authenticator: Authenticator, now: Time) -> Self {
        Self {
            authenticator,
            made: now,
            wrong: 0,
        }
    }

    /// Whether a code proves it, and which step of it is then used up. Wrong codes are counted. A
    /// hint that the phone is ahead kills the code that it was given for, which would else be
    /// right later.
    ///
    /// # Errors
    /// As [`Account::check_pending`]; after [`Refusal::NothingPending`] or
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
                let mut proved = self.authenticator.clone();
                proved.mark_used(step, now);
                return Ok(proved);
            }
            Match::Used => return Err(Refusal::AlreadyUsed),
            Match::No => {}
        }
        self.wrong = self.wrong.saturating_add(1);
        if self.wrong >= MAX_CONFIRM_TRIES {
            return Err(Refusal::PendingWithdrawn);
        }
        let reach = steps_in(CLOCK_SEARCH, &self.authenticator);
        let off = self.authenticator.steps_off(code, now, reach, reach);
        Err(Refusal::WrongCode(off.map(|steps| {
            self.authenticator.burn(steps, now);
            drift(steps, &self.authenticator)
        })))
    }

    /// What was offered.
    #[must_use]
    pub fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }
}

/// How far a phone's clock is from this host's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    /// Seconds; positive when the phone is ahead.
    pub seconds: i64,
}

/// What a change of an existing set-up stands on.
#[derive(Clone, Copy)]
pub enum Proof<'code> {
    /// A code to judge, to count and to use up.
    Typed(&'code Credential),
    /// A code of the owner's that was judged and used up for this change alone: in the login through
    /// which polkit asked for the password.
    Verified,
}

impl<'code> From<&'code Credential> for Proof<'code> {
    fn from(credential: &'code Credential) -> Self {
        Self::Typed(credential)
    }
}

/// Why the owner's wish was not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is set up already.
    AlreadySetUp,
    /// It is not set up.
    NotSetUp,
    /// It is paused already, or not paused.
    WrongState(State),
    /// Nothing waits to be confirmed, or no longer.
    NothingPending,
    /// The offer was withdrawn after too many wrong codes.
    PendingWithdrawn,
    /// The code was wrong; the clocks may differ by so much.
    WrongCode(Option<Drift>),
    /// The code was used before.
    AlreadyUsed,
    /// What was typed is not a code.
    NotACode,
    /// No code is judged for now.
    Locked(LockState),
    /// It was wrong, and no further one is judged for now.
    WrongAndLocked(LockState),
    /// A first set-up takes an invitation, and there is none that is good now.
    NoInvitation,
    /// That is not the word of the invitation.
    WrongInvitation,
    /// What was typed has not the form of an invitation's word; it counts as no try.
    NotAnInvitation,
    /// The backup codes changed meanwhile: hash the proof again and ask again.
    Rehash,
}

impl Account {
    /// Offers a first authenticator. One that was offered before is withdrawn.
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

    /// Offers an authenticator that is to take the place of those in force, which go on working
    /// until [`Self::confirm`].
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], or why the proof does not hold.
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

    /// Whether a code proves the offered authenticator, which it then is with that step used up.
    ///
    /// # Errors
    /// [`Refusal::NothingPending`], [`Refusal::PendingWithdrawn`], [`Refusal::WrongCode`],
    /// [`Refusal::AlreadyUsed`], [`Refusal::NotACode`].
    pub fn check_pending(&mut self, input: &Input, now: Time) -> Result<Authenticator, Refusal> {
        let Some(pending) = &mut self.pending else {
            return Err(Refusal::NothingPending);
        };
        let proved = pending.prove(input, now);
        if let Err(Refusal::NothingPending | Refusal::PendingWithdrawn) = proved {
            self.pending = None;
        }
        proved
    }

    /// Puts the offered authenticator in force, alone. A first set-up takes the backup codes that
    /// go with it; after a move the old ones stay.
    ///
    /// # Errors
    /// As [`Self::check_pending`].
    pub fn confirm(
        &mut self,
        input: &Input,
        first_codes: Option<BackupSet>,
        now: Time,
    ) -> Result<(), Refusal> {
        let proved = self.check_pending(input, now)?;
        if self.authenticators.is_empty() {
            // Nobody is set up without a way back in.
            self.backup = Some(first_codes.ok_or(Refusal::NothingPending)?);
            self.paused = false;
            self.invitation = None;
            self.first_required = None;
            self.no_grace = false;
        }
        self.authenticators = vec![proved];
        self.pending = None;
        self.proved = true;
        Ok(())
    }

    /// Puts a first authenticator in force that was proved elsewhere, with its backup codes. An
    /// invitation is used up, an offer void, and so are wrong words that were tried for it.
    pub(crate) fn activate_first(
        &mut self,
        proved: Authenticator,
        first_codes: BackupSet,
        scope: ThrottleScope,
        now: Time,
    ) {
        self.proved = true;
        self.authenticators = vec![proved];
        self.backup = Some(first_codes);
        self.paused = false;
        self.pending = None;
        self.invitation = None;
        self.first_required = None;
        self.no_grace = false;
        self.throttle.succeed(scope, now);
    }

    /// Whether that is the administrator's word. A wrong one of the right shape is counted like a
    /// wrong code.
    ///
    /// # Errors
    /// [`Refusal::NoInvitation`], [`Refusal::WrongInvitation`], [`Refusal::NotAnInvitation`],
    /// [`Refusal::WrongAndLocked`], [`Refusal::Locked`].
    pub fn check_invitation(
        &mut self,
        word: &Input,
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
        if invitation.is_code(word) {
            return Ok(());
        }
        if !matches!(word, Input::Backup(_)) {
            return Err(Refusal::NotAnInvitation);
        }
        match self.wrong("", scope, now) {
            Judgement::Wrong(closed) if closed != LockState::Unlocked => {
                Err(Refusal::WrongAndLocked(closed))
            }
            _ => Err(Refusal::WrongInvitation),
        }
    }

    /// Whether there is an invitation that is good now.
    #[must_use]
    pub fn is_invited(&self, now: Time) -> bool {
        self.open_invitation(now).is_some()
    }

    /// The invitation that is good now.
    pub(crate) fn open_invitation(&self, now: Time) -> Option<&Invitation> {
        self.invitation
            .as_ref()
            .filter(|invitation| invitation.is_open(now))
    }

    /// Withdraws the offer.
    ///
    /// # Errors
    /// [`Refusal::NothingPending`].
    pub fn abandon(&mut self) -> Result<(), Refusal> {
        self.pending
            .take()
            .map(|_| ())
            .ok_or(Refusal::NothingPending)
    }

    /// Takes a new set of backup codes; the old one is void.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], or why the proof does not hold.
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
    /// [`Refusal::WrongState`], or why the proof does not hold.
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

    /// Forgets authenticators, backup codes and offers. What is not the owner's stays: the count of
    /// wrong codes, and what the policy and the administrator noted.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], or why the proof does not hold.
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

    /// Tries a code without using it up. A wrong one counts, and may tell that a clock is off.
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

    /// How far off the clock of the phone that shows this code is. To say when a code is right
    /// would hand it to whoever guessed it, so it is used up by the hint.
    fn find_drift(&mut self, code: &Code, now: Time) -> Option<Drift> {
        self.authenticators.iter_mut().find_map(|authenticator| {
            let back = steps_in(CLOCK_SEARCH, authenticator);
            let steps = authenticator.steps_off(code, now, back, STEPS_AHEAD)?;
            authenticator.burn(steps, now);
            Some(drift(steps, authenticator))
        })
    }

    /// Whether a proof holds. It is judged like any other, and a wrong one counts, but a right one
    /// is put back: for what is costly to prepare and must not be prepared for anybody.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], or why the proof does not hold.
    pub fn check_proof(&mut self, proof: &Credential, now: Time) -> Result<Factor, Refusal> {
        self.must_be_set_up()?;
        let before = self.clone();
        let verdict = self.prove_typed(proof, now);
        if verdict.is_ok() {
            *self = before;
        }
        verdict
    }

    /// The proof that every change of an existing set-up needs.
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
