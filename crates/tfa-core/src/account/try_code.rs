//! A test of a code without a login, and the resynchronization of a counter.

use super::{Account, Client, Factor, FailureReason, Judgement, OtherTime, Refusal};
use crate::{
    AuthenticatorId, Code, Credential, Drift, Factors, Input, LockState, Match, ThrottleScope, Time,
};

impl Account {
    /// Checks a code without marking it as used. A wrong one is counted, and so is a used one that is
    /// too old for a login. The refusal may tell that a clock is off.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], or what is wrong with the code.
    pub fn try_code(
        &mut self,
        credential: &Credential,
        scope: ThrottleScope,
        now: Time,
    ) -> Result<Factor, Refusal> {
        self.must_be_set_up()?;
        let Credential::Code(code) = credential else {
            return self.check_proof(credential, scope, now);
        };
        match self.lock_state(scope, now) {
            LockState::Unlocked => {}
            closed => return Err(Refusal::Locked(closed)),
        }
        let mut used = false;
        for authenticator in &self.authenticators {
            match authenticator.check(code, now) {
                Match::Fresh(_) => {
                    let (id, kind) = (authenticator.id(), authenticator.kind());
                    return Ok(Factor::Authenticator(id, kind));
                }
                Match::Used => used = true,
                Match::No => {}
            }
        }
        if used {
            let end = self.void_end(code, Factors::ANY, now);
            return Err(end.map_or(Refusal::AlreadyUsed, Refusal::VoidCode));
        }
        let drift = self.find_drift(code, now);
        let (reason, refusal) = match drift {
            Match::Fresh(drift) => (
                FailureReason::OtherTime(OtherTime::of_hint(drift, now)),
                Refusal::WrongCode(Some(drift)),
            ),
            Match::Used => match self.reason_of_used(code, now) {
                // No login is known to have used it, and no clock is known to be off.
                FailureReason::VoidCode => (FailureReason::VoidCode, Refusal::WrongCode(None)),
                reason => (reason, Refusal::AlreadyUsed),
            },
            Match::No => (
                self.reason_of_wrong(code, Factors::ANY, scope, now),
                Refusal::WrongCode(None),
            ),
        };
        let _: Judgement = self.wrong(reason, Client::OWN_PROGRAM, scope, now);
        Err(refusal)
    }

    /// Searches two codes in a row beyond the window of each counter-based authenticator, and marks
    /// them as used where it finds them. Otherwise one wrong code is counted.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], [`Refusal::NotACode`], [`Refusal::Locked`], [`Refusal::WrongCode`],
    /// [`Refusal::WrongAndLocked`].
    pub fn resynchronize(
        &mut self,
        first: &Input,
        second: &Input,
        scope: ThrottleScope,
        now: Time,
    ) -> Result<AuthenticatorId, Refusal> {
        self.must_be_set_up()?;
        let (Input::Code(first), Input::Code(second)) = (first, second) else {
            return Err(Refusal::NotACode);
        };
        match self.lock_state(scope, now) {
            LockState::Unlocked => {}
            closed => return Err(Refusal::Locked(closed)),
        }
        let mut found = None;
        for authenticator in &mut self.authenticators {
            if authenticator.resynchronize(first, second, now) {
                found = found.or(Some(authenticator.id()));
            }
        }
        if let Some(id) = found {
            self.code_accepted = true;
            self.end_row(scope, now);
            return Ok(id);
        }
        let (reason, client) = (FailureReason::WrongCode, Client::OWN_PROGRAM);
        match self.wrong(reason, client, scope, now) {
            Judgement::Wrong(closed) if closed != LockState::Unlocked => {
                Err(Refusal::WrongAndLocked(closed))
            }
            _ => Err(Refusal::WrongCode(None)),
        }
    }

    /// The clock difference of the phone that shows this code. The message tells when the code is
    /// right, so the code is marked as used. One of the past that was used before is
    /// [`Match::Used`].
    fn find_drift(&mut self, code: &Code, now: Time) -> Match<Drift> {
        // In each that it fits: two may have the same key.
        let found = self.authenticators.iter_mut();
        found.fold(Match::No, |known, authenticator| {
            match (known, authenticator.find_drift(code, now)) {
                (Match::Used, _) | (_, Match::Used) => Match::Used,
                (Match::No, own) => own,
                (known, _) => known,
            }
        })
    }
}
