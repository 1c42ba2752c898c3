//! What the owner of an account does with it. Every call blocks.

mod authenticators;
mod bound_codes;
mod devices;
mod member;
mod methods;
pub(crate) mod new_authenticator;
mod on_member;
mod security_keys;

use std::sync::Arc;
use std::time::Instant;

use tfa_core::{Account, Algorithm, Authenticator, BackupCode, BackupSet, Counter, Credential};
use tfa_core::{
    Factor, Input, LockScope, Policy, Proof, Purpose, Refusal, State, Subject, ThrottleScope, Time,
};
use tfa_proto::{Error, PendingAuthenticator, Status};

use crate::account::{self, Accounts, Typed, status};
use crate::caller::Caller;
use crate::host::time_limit::CallsFor;
use crate::host::users::{self, User};
use crate::host::{clock, subject};
use crate::log::{AccountEvent, Report};
use crate::messages;
use crate::state::{DaemonState, HashedFor};
use member::Member;
pub(crate) use member::tested;
pub(crate) use methods::Asks;
pub use methods::Method;
pub(crate) use on_member::OnMember;

/// The owner of an account, in one call. Everything in the call is judged by one moment, so that a code
/// which was right does not become wrong while hashes are computed.
#[derive(Clone)]
pub(crate) struct Owner {
    state: Arc<DaemonState>,
    accounts: Arc<Accounts>,
    pub(crate) caller: Caller,
    pub(crate) user: User,
    now: Time,
    /// The host that calls, if it is another one.
    member: Option<Member>,
}

/// What proves the second factor for a change.
pub(crate) enum SecondFactor {
    /// A code that came with the call.
    Typed(Input),
    /// A code that polkit's login used up for this call.
    Verified,
}

impl SecondFactor {
    /// A code that came with the call.
    ///
    /// # Errors
    /// [`Error::CodeNeeded`] where there is none.
    pub(crate) fn typed(proof: &str) -> Result<Self, Error> {
        match Input::parse(proof) {
            Input::Empty => Err(messages::code_needed()),
            input => Ok(Self::Typed(input)),
        }
    }
}

impl Owner {
    /// The user behind a caller.
    pub(crate) fn find(
        state: Arc<DaemonState>,
        accounts: Arc<Accounts>,
        caller: Caller,
    ) -> Result<Self, Error> {
        let user = users::by_uid(accounts.names(), caller.uid).map_err(account::Error::from)?;
        // What the policy says is told by the newest one. Where it is not known, changes are refused.
        let _ = state.publication().newest();
        let now = clock::now();
        Ok(Self {
            state,
            accounts,
            caller,
            user,
            now,
            member: None,
        })
    }

    /// The same owner at the present moment.
    pub(crate) fn now(self) -> Self {
        let now = clock::now();
        Self { now, ..self }
    }

    /// Refuses a change while no login is served: whether the policy wants an invitation, or forbids to
    /// switch off, is not known.
    pub(crate) fn must_be_served(&self) -> Result<(), Error> {
        Ok(self.state.serves()?)
    }

    pub(crate) fn status(&self) -> Result<Status, Error> {
        let account = self.load()?;
        let config = self.state.config();
        let subject = self.subject(&config.policy);
        let required = config.policy.requires_of(&subject, self.now);
        let known = status::of(
            &self.user,
            account.as_ref(),
            required,
            &config.remember,
            self.now,
        );
        // One member learns nothing of the others.
        let member_locks = match self.member {
            Some(_) => Vec::new(),
            None => known.member_locks.clone(),
        };
        // A login on a member begins no grace period.
        let has_none = self.member.is_some()
            && status::grace_has_not_begun(account.as_ref(), required, self.now);
        Ok(Status {
            member_locks,
            grace_until: known.grace_until.filter(|_| !has_none),
            off: config.policy.is_off() && !self.state.policy_is_unknown(),
            policy_unknown: self.state.policy_is_unknown(),
            changes_refused: self
                .member
                .as_ref()
                .and_then(|one| one.changes_refused.clone()),
            ..known
        })
    }

    /// Checks that there is no set-up, and the invitation.
    pub(crate) fn may_set_up(&self, invitation: &Input) -> Result<(), Error> {
        match self.load()?.as_ref().map(Account::state) {
            Some(State::Enabled | State::Paused) => {
                return Err(messages::refusal(Refusal::AlreadySetUp, self.now));
            }
            Some(State::None | State::Pending) | None => {}
        }
        self.check_invitation(invitation).map(|_: bool| ())
    }

    pub(crate) fn set_up(
        &self,
        authenticator: &Authenticator,
        invitation: &Input,
    ) -> Result<PendingAuthenticator, Error> {
        // An invitation may be required since polkit asked.
        let is_required = self.check_invitation(invitation)?;
        self.within_quota(|| {
            self.within_new_users(|| {
                self.change(|account, now| {
                    if is_required || account.is_invited(now) {
                        account.check_invitation(invitation, self.scope(), now)?;
                    }
                    account.set_up(authenticator.clone(), now)
                })
            })
        })?;
        self.log(AccountEvent::FirstAuthenticatorOffered(
            authenticator.name(),
        ));
        self.pending(authenticator)
    }

    /// Checks that there is a set-up to change.
    pub(crate) fn must_be_set_up(&self) -> Result<(), Error> {
        match self.load()?.as_ref().map(Account::state) {
            Some(State::Enabled | State::Paused) => Ok(()),
            Some(State::None | State::Pending) | None => {
                Err(messages::refusal(Refusal::NotSetUp, self.now))
            }
        }
    }

    pub(crate) fn confirm(&self, code: &Input) -> Result<Vec<String>, Error> {
        let required = self.named_factors();
        let config = self.state.config();
        let first = self.change(|account, now| {
            let first = account.authenticators().is_empty();
            if first && !config.policy.may_confirm_first(account) {
                return Err(Refusal::NoInvitation);
            }
            account.may_confirm(&required)?;
            account.check_pending(code, now).map(|_| first)
        })?;
        let (set, codes) = if first {
            let (set, codes) = self.draw_backup_codes()?;
            (Some(set), printed(&codes))
        } else {
            (None, Vec::new())
        };
        let (name, replaced) = self.change(|account, now| {
            let names = names_of_pending(account);
            // The account may have changed since the first check.
            account.may_confirm(&required)?;
            account.confirm(code, set.clone(), now).map(|()| names)
        })?;
        self.log(AccountEvent::AuthenticatorActivated {
            authenticator: &name,
            replaced: replaced.as_deref(),
        });
        Ok(codes)
    }

    pub(crate) fn abandon(&self) -> Result<(), Error> {
        self.within_quota(|| self.change(|account, _| account.abandon()))
    }

    pub(crate) fn new_backup_codes(&self, factor: &SecondFactor) -> Result<Vec<String>, Error> {
        // Ten hashes are computed only for a right code that this call can use.
        self.must_be_within_quota()?;
        if let SecondFactor::Typed(input) = factor {
            let scope = self.scope();
            self.change_with_input(input, |account, proof, now| {
                account.check_proof(proof, scope, now)
            })?;
        }
        let (set, codes) = self.draw_backup_codes()?;
        self.change_proved(factor, |account, proof, now| {
            account.replace_backup_codes(set.clone(), proof, now)
        })?;
        self.log(AccountEvent::BackupCodesMade);
        Ok(printed(&codes))
    }

    pub(crate) fn pause(&self, factor: &SecondFactor) -> Result<(), Error> {
        self.may_switch_off()?;
        self.change_with(factor, |account, proof, now| account.pause(proof, now))?;
        self.log(AccountEvent::Paused);
        Ok(())
    }

    pub(crate) fn resume(&self, factor: &SecondFactor) -> Result<(), Error> {
        self.change_with(factor, |account, proof, now| account.resume(proof, now))?;
        self.log(AccountEvent::Resumed);
        Ok(())
    }

    pub(crate) fn remove(&self, factor: &SecondFactor) -> Result<(), Error> {
        self.may_switch_off()?;
        self.change_with(factor, |account, proof, now| account.remove(proof, now))?;
        self.log(AccountEvent::Removed);
        Ok(())
    }

    pub(crate) fn test(&self, code: &Input) -> Result<Factor, Error> {
        let scope = self.scope();
        let factor = self.change_with_input(code, |account, code, now| {
            account.try_code(code, scope, now)
        })?;
        self.log(AccountEvent::CodeTested);
        Ok(factor)
    }

    /// Refuses to switch off what is required.
    pub(crate) fn may_switch_off(&self) -> Result<(), Error> {
        let policy = &self.state.config().policy;
        match policy.requires_of(&self.subject(policy), self.now) {
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
        self.change(|account, now| account.check_invitation(code, self.scope(), now))?;
        Ok(true)
    }

    /// The owner under each name, with the groups that the policy asks about. It blocks.
    fn subject(&self, policy: &Policy) -> Subject {
        match &self.member {
            None => subject::by_any_name(&self.user, policy, CallsFor::Logins),
            Some(member) => member.subject.clone(),
        }
    }

    /// What wrong codes of this call are counted on.
    fn scope(&self) -> ThrottleScope {
        match &self.member {
            None => ThrottleScope::OwnProgram,
            Some(member) => member.scope,
        }
    }

    fn load(&self) -> Result<Option<Account>, Error> {
        let read = self.member.as_ref().and_then(Member::take_record);
        let read = read.filter(|read| self.state.publication().is_newest_met(read.policy()));
        let loaded = self.accounts.load_record_or(read, &self.user);
        let loaded = loaded.map_err(|error| self.report(error))?;
        Ok(loaded.into_account())
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
        self.within_quota(|| self.change_proved(factor, &mut change))
    }

    /// As [`Self::change_with`], for what has been counted.
    fn change_proved<T>(
        &self,
        factor: &SecondFactor,
        mut change: impl FnMut(&mut Account, Proof<'_>, Time) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let scope = self.scope();
        match factor {
            SecondFactor::Verified => {
                self.change(|account, now| change(account, Proof::Verified, now))
            }
            SecondFactor::Typed(input) => self
                .change_with_input(input, |account, credential, now| {
                    change(account, Proof::Typed(credential, scope), now)
                }),
        }
    }

    /// Changes the account on what was typed.
    fn change_with_input<T>(
        &self,
        input: &Input,
        mut change: impl FnMut(&mut Account, &Credential, Time) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let now = self.now;
        let typed = Typed {
            input,
            scope: self.scope(),
            now,
            answer: None,
            may_hash: &|| {
                let now = Instant::now();
                self.state.count_hash(&self.caller, HashedFor::Call, now)
            },
        };
        let judge =
            |account: &mut Account, credential: &Credential| match change(account, credential, now)
            {
                Err(Refusal::Rehash) => None,
                answer => Some(answer),
            };
        let changed = self.accounts.judge(&self.user, &typed, None, judge);
        self.answered(changed)
    }

    /// Makes a change unless there were more than a person makes.
    fn within_quota<T>(&self, change: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.must_be_within_quota()?;
        let changed = change()?;
        let _: bool = self.state.count_change(&self.caller, Instant::now());
        Ok(changed)
    }

    /// Makes the first record of a user of a member, unless that member has had too many made in a day.
    fn within_new_users<T>(&self, store: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let is_new = self.member.is_some() && self.load()?.is_none();
        if is_new && !self.state.admits_new_user(&self.caller, Instant::now()) {
            let busy = account::Error::Contended(messages::TOO_MANY_NEW_USERS);
            return Err(self.report(busy).into());
        }
        let stored = store()?;
        if is_new {
            self.state.count_new_user(&self.caller, Instant::now());
        }
        Ok(stored)
    }

    /// Makes a set of backup codes. It counts as a change before it is made: ten hashes take a processor for a
    /// good part of a second, and calls may come many at once.
    fn draw_backup_codes(&self) -> Result<(BackupSet, [BackupCode; BackupSet::SIZE]), Error> {
        if !self.state.count_change(&self.caller, Instant::now()) {
            return Err(messages::too_many_changes());
        }
        Ok(self.accounts.draw_backup_codes()?)
    }

    fn must_be_within_quota(&self) -> Result<(), Error> {
        if self.state.admits_change(&self.caller, Instant::now()) {
            Ok(())
        } else {
            Err(messages::too_many_changes())
        }
    }

    fn answered<T>(&self, changed: Result<Result<T, Refusal>, account::Error>) -> Result<T, Error> {
        let changed = changed.map_err(|error| self.report(error))?;
        changed.map_err(|refusal| self.refused(refusal))
    }

    /// Logs a refusal that an administrator should see, and returns it.
    fn refused(&self, refusal: Refusal) -> Error {
        match refusal {
            Refusal::WrongCode(_) | Refusal::WrongAndLocked(_) => {
                self.log(AccountEvent::WrongCode);
            }
            Refusal::Locked(_) => self.log(AccountEvent::Locked),
            Refusal::WrongInvitation => self.log(AccountEvent::WrongInvitation),
            Refusal::AlreadyUsed => self.log(AccountEvent::CodeReused),
            Refusal::VoidCode(_) => self.log(AccountEvent::CodeVoid),
            Refusal::LastAuthenticator | Refusal::LastAcceptedAuthenticator => {
                self.log(AccountEvent::SwitchOffRefused)
            }
            _ => {}
        }
        match (&self.member, refusal) {
            (Some(_), Refusal::Locked(lock) | Refusal::WrongAndLocked(lock)) => Error::Locked(
                messages::locked_on_member(lock, LockScope::OwnPrograms, self.now),
            ),
            _ => messages::refusal(refusal, self.now),
        }
    }

    /// The authenticator as it is shown to its owner, once.
    fn pending(&self, authenticator: &Authenticator) -> Result<PendingAuthenticator, Error> {
        let issuer = self.state.issuer();
        let uri = authenticator.uri(&issuer, &self.user.name);
        let (Some(uri), Some(secret), Some(format)) =
            (uri, authenticator.secret(), authenticator.format())
        else {
            return Err(messages::security_key_needs_its_key());
        };
        Ok(PendingAuthenticator {
            uri: uri.to_string(),
            secret: secret.to_base32().to_string(),
            issuer,
            account: self.user.name.clone(),
            kind: status::kind_of(authenticator).into(),
            algorithm: match format.algorithm() {
                Algorithm::Sha1 => tfa_proto::Algorithm::Sha1.into(),
                Algorithm::Sha256 => tfa_proto::Algorithm::Sha256.into(),
                Algorithm::Sha512 => tfa_proto::Algorithm::Sha512.into(),
            },
            digits: u32::from(format.digits()),
            period: authenticator.period(),
            counter: authenticator.counter().map(Counter::value),
        })
    }

    fn log(&self, event: AccountEvent<'_>) {
        let journal = &self.state.journal;
        journal.log_account(&self.caller, &self.user.name, event);
    }

    /// Logs an error that an administrator should act on, and returns it.
    pub(crate) fn report<E: Report>(&self, error: E) -> E {
        let journal = &self.state.journal;
        journal.report(&self.caller, &self.user.name, error)
    }
}

fn printed(codes: &[BackupCode]) -> Vec<String> {
    codes.iter().map(BackupCode::to_printed).collect()
}

/// The name of the pending authenticator, and of the one that it replaces.
fn names_of_pending(account: &Account) -> (String, Option<String>) {
    let Some(pending) = account.pending() else {
        return (String::new(), None);
    };
    let replaced = match pending.purpose() {
        Some(Purpose::Replace(id)) => account.authenticator(id),
        Some(Purpose::First | Purpose::Add) | None => None,
    };
    (
        pending.authenticator().name().to_owned(),
        replaced.map(|one| one.name().to_owned()),
    )
}
