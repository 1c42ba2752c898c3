//! What the owner of an account does with it. Every call blocks.

use std::sync::Arc;

use tfa_core::{Account, Algorithm, Authenticator, BackupCode, Credential, Factor, Input};
use tfa_core::{Proof, Refusal, State, ThrottleScope, Time};
use tfa_proto::{Error, OpenEnum, Parameters, PendingAuthenticator, Status};

use crate::account::{self, Accounts, status};
use crate::caller::Caller;
use crate::host::users::{self, User};
use crate::host::{clock, random, subject};
use crate::log::{AccountEvent, Report};
use crate::messages;
use crate::state::DaemonState;

/// The longest name of an authenticator, in characters.
const MAX_NAME_LENGTH: usize = 64;

/// The owner of an account, in one call. Everything in the call is judged by one moment, so that a code
/// which was right does not become wrong while hashes are computed.
#[derive(Clone)]
pub(super) struct Owner {
    state: Arc<DaemonState>,
    accounts: Arc<Accounts>,
    pub(super) caller: Caller,
    pub(super) user: User,
    now: Time,
}

/// What proves the second factor for a change.
pub(super) enum SecondFactor {
    /// A code that came with the call.
    Typed(Input),
    /// A code that polkit's login used up for this call.
    Verified,
}

impl Owner {
    /// The user behind a caller.
    pub(super) fn find(
        state: Arc<DaemonState>,
        accounts: Arc<Accounts>,
        caller: Caller,
    ) -> Result<Self, Error> {
        let user = users::by_uid(accounts.names(), caller.uid).map_err(account::Error::from)?;
        let now = clock::now();
        Ok(Self {
            state,
            accounts,
            caller,
            user,
            now,
        })
    }

    /// The same owner at the present moment.
    pub(super) fn now(self) -> Self {
        let now = clock::now();
        Self { now, ..self }
    }

    /// Refuses a change while no login is served: whether the policy wants an invitation, or forbids to
    /// switch off, is not known.
    pub(super) fn must_be_served(&self) -> Result<(), Error> {
        Ok(self.state.serves()?)
    }

    pub(super) fn status(&self) -> Result<Status, Error> {
        let account = self.load()?;
        let policy = &self.state.config().policy;
        let required = subject::required_of(policy, &self.user, self.now);
        let known = status::of(&self.user, account.as_ref(), required.as_ref(), self.now);
        Ok(Status {
            policy_unknown: self.state.has_bad_config(),
            ..known
        })
    }

    /// Checks that there is no set-up, and the invitation.
    pub(super) fn may_set_up(&self, invitation: &Input) -> Result<(), Error> {
        match self.load()?.as_ref().map(Account::state) {
            Some(State::Enabled | State::Paused) => {
                return Err(messages::refusal(Refusal::AlreadySetUp, self.now));
            }
            Some(State::None | State::Pending) | None => {}
        }
        self.check_invitation(invitation).map(|_: bool| ())
    }

    pub(super) fn set_up(
        &self,
        authenticator: &Authenticator,
        invitation: &Input,
    ) -> Result<PendingAuthenticator, Error> {
        // An invitation may be required since polkit asked.
        let is_required = self.check_invitation(invitation)?;
        self.change(|account, now| {
            if is_required || account.is_invited(now) {
                account.check_invitation(invitation, ThrottleScope::OwnProgram, now)?;
            }
            account.set_up(authenticator.clone(), now)
        })?;
        self.log(AccountEvent::FirstAuthenticatorOffered);
        Ok(self.pending(authenticator))
    }

    /// Checks that there is a set-up to change.
    pub(super) fn must_be_set_up(&self) -> Result<(), Error> {
        match self.load()?.as_ref().map(Account::state) {
            Some(State::Enabled | State::Paused) => Ok(()),
            Some(State::None | State::Pending) | None => {
                Err(messages::refusal(Refusal::NotSetUp, self.now))
            }
        }
    }

    pub(super) fn move_to(
        &self,
        authenticator: &Authenticator,
        factor: &SecondFactor,
    ) -> Result<PendingAuthenticator, Error> {
        self.change_with(factor, |account, proof, now| {
            account.move_to(None, authenticator.clone(), proof, now)
        })?;
        self.log(AccountEvent::AuthenticatorOffered);
        Ok(self.pending(authenticator))
    }

    pub(super) fn confirm(&self, code: &Input) -> Result<Vec<String>, Error> {
        let first = self.change(|account, now| {
            account
                .check_pending(code, now)
                .map(|_| account.authenticators().is_empty())
        })?;
        let (set, codes) = if first {
            let (set, codes) = self.accounts.draw_backup_codes()?;
            (Some(set), printed(&codes))
        } else {
            (None, Vec::new())
        };
        self.change(|account, now| account.confirm(code, set.clone(), now))?;
        self.log(AccountEvent::AuthenticatorActivated);
        Ok(codes)
    }

    pub(super) fn abandon(&self) -> Result<(), Error> {
        self.change(|account, _| account.abandon())
    }

    pub(super) fn new_backup_codes(&self, factor: &SecondFactor) -> Result<Vec<String>, Error> {
        // Ten hashes are computed only for a right code.
        if let SecondFactor::Typed(input) = factor {
            self.change_with_input(input, Account::check_proof)?;
        }
        let (set, codes) = self.accounts.draw_backup_codes()?;
        self.change_with(factor, |account, proof, now| {
            account.replace_backup_codes(set.clone(), proof, now)
        })?;
        self.log(AccountEvent::BackupCodesMade);
        Ok(printed(&codes))
    }

    pub(super) fn pause(&self, factor: &SecondFactor) -> Result<(), Error> {
        self.may_switch_off()?;
        self.change_with(factor, |account, proof, now| account.pause(proof, now))?;
        self.log(AccountEvent::Paused);
        Ok(())
    }

    pub(super) fn resume(&self, factor: &SecondFactor) -> Result<(), Error> {
        self.change_with(factor, |account, proof, now| account.resume(proof, now))?;
        self.log(AccountEvent::Resumed);
        Ok(())
    }

    pub(super) fn remove(&self, factor: &SecondFactor) -> Result<(), Error> {
        self.may_switch_off()?;
        self.change_with(factor, |account, proof, now| account.remove(proof, now))?;
        self.log(AccountEvent::Removed);
        Ok(())
    }

    pub(super) fn test(&self, code: &Input) -> Result<Factor, Error> {
        let factor = self.change_with_input(code, Account::try_code)?;
        self.log(AccountEvent::CodeTested);
        Ok(factor)
    }

    /// Refuses to switch off what is required.
    pub(super) fn may_switch_off(&self) -> Result<(), Error> {
        let policy = &self.state.config().policy;
        match subject::required_of(policy, &self.user, self.now) {
            Some(_) => {
                self.log(AccountEvent::SwitchOffRefused);
                Err(messages::required())
            }
            None => Ok(()),
        }
    }

    /// Checks an invitation code, where one is required: by the policy, or because one was made. It is
    /// used up with the set-up. Returns whether one is required.
    fn check_invitation(&self, code: &Input) -> Result<bool, Error> {
        let account = self.load()?;
        let is_required = self.state.config().policy.invitation
            || account.is_some_and(|account| account.is_invited(self.now));
        if !is_required {
            return Ok(false);
        }
        if matches!(code, Input::Empty) {
            return Err(messages::invitation_needed());
        }
        self.change(|account, now| account.check_invitation(code, ThrottleScope::OwnProgram, now))?;
        Ok(true)
    }

    fn load(&self) -> Result<Option<Account>, Error> {
        let account = self.accounts.load(&self.user);
        Ok(account.map_err(|error| self.report(error))?)
    }

    /// Changes the account. It returns after the change was stored.
    fn change<T>(
        &self,
        mut change: impl FnMut(&mut Account, Time) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let changed = self
            .accounts
            .change(&self.user, |account| change(account, self.now));
        self.answered(changed)
    }

    /// Changes the account on a second factor. A typed code is verified, counted and used up.
    fn change_with<T>(
        &self,
        factor: &SecondFactor,
        mut change: impl FnMut(&mut Account, Proof<'_>, Time) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        match factor {
            SecondFactor::Verified => {
                self.change(|account, now| change(account, Proof::Verified, now))
            }
            SecondFactor::Typed(input) => self
                .change_with_input(input, |account, credential, now| {
                    change(account, Proof::Typed(credential), now)
                }),
        }
    }

    /// Changes the account on what was typed.
    fn change_with_input<T>(
        &self,
        input: &Input,
        mut change: impl FnMut(&mut Account, &Credential, Time) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let (origin, now) = (ThrottleScope::OwnProgram, self.now);
        let changed = self.accounts.judge(
            &self.user,
            input,
            origin,
            now,
            None,
            |account, credential| match change(account, credential, now) {
                Err(Refusal::Rehash) => None,
                answer => Some(answer),
            },
        );
        self.answered(changed)
    }

    fn answered<T>(&self, changed: Result<Result<T, Refusal>, account::Error>) -> Result<T, Error> {
        let changed = changed.map_err(|error| self.report(error))?;
        changed.map_err(|refusal| {
            match refusal {
                Refusal::WrongCode(_) | Refusal::WrongAndLocked(_) => {
                    self.log(AccountEvent::WrongCode);
                }
                Refusal::Locked(_) => self.log(AccountEvent::Locked),
                Refusal::WrongInvitation => self.log(AccountEvent::WrongInvitation),
                Refusal::AlreadyUsed => self.log(AccountEvent::CodeReused),
                _ => {}
            }
            messages::refusal(refusal, self.now)
        })
    }

    /// The authenticator as it is shown to its owner, once.
    fn pending(&self, authenticator: &Authenticator) -> PendingAuthenticator {
        let (format, issuer) = (authenticator.format(), self.state.issuer());
        PendingAuthenticator {
            uri: authenticator.uri(&issuer, &self.user.name).to_string(),
            secret: authenticator.secret().to_base32().to_string(),
            issuer,
            account: self.user.name.clone(),
            algorithm: match format.algorithm() {
                Algorithm::Sha1 => tfa_proto::Algorithm::Sha1.into(),
                Algorithm::Sha256 => tfa_proto::Algorithm::Sha256.into(),
                Algorithm::Sha512 => tfa_proto::Algorithm::Sha512.into(),
            },
            digits: u32::from(format.digits()),
            period: authenticator.period().unwrap_or(0),
        }
    }

    fn log(&self, event: AccountEvent<'_>) {
        let journal = &self.state.journal;
        journal.log_account(&self.caller, &self.user.name, event);
    }

    /// Logs an error that an administrator should act on, and returns it.
    pub(super) fn report<E: Report>(&self, error: E) -> E {
        let journal = &self.state.journal;
        journal.report(&self.caller, &self.user.name, error)
    }
}

/// A new authenticator with these parameters.
pub(super) fn authenticator(wanted: &Parameters) -> Result<Authenticator, Error> {
    let usual = tfa_core::Parameters::default();
    let algorithm = match &wanted.algorithm {
        None => usual.format().algorithm(),
        Some(OpenEnum::Known(tfa_proto::Algorithm::Sha1)) => Algorithm::Sha1,
        Some(OpenEnum::Known(tfa_proto::Algorithm::Sha256)) => Algorithm::Sha256,
        Some(OpenEnum::Known(tfa_proto::Algorithm::Sha512)) => Algorithm::Sha512,
        Some(OpenEnum::Unknown(_)) => return Err(messages::unknown_algorithm()),
    };
    let parameters = tfa_core::Parameters::new(
        algorithm,
        wanted
            .digits
            .unwrap_or_else(|| u32::from(usual.format().digits())),
        wanted.period.unwrap_or_else(|| usual.period()),
    )
    .map_err(messages::bad_parameters)?;
    let name = wanted.name.clone().unwrap_or_else(|| "phone".to_owned());
    if name.is_empty()
        || name.chars().count() > MAX_NAME_LENGTH
        || name.chars().any(tfa_proto::is_misleading)
    {
        return Err(messages::bad_authenticator_name(MAX_NAME_LENGTH));
    }
    Ok(Authenticator::totp(&name, parameters, random::secret()?))
}

fn printed(codes: &[BackupCode]) -> Vec<String> {
    codes.iter().map(BackupCode::to_printed).collect()
}
