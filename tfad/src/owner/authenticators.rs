//! What the owner of an account does with several authenticators.
//!
//! Each change is tried first without its code, before polkit asks for the password.

use tfa_core::{Account, Authenticator, AuthenticatorId, Factors, Input, Proof, Refusal, Time};
use tfa_proto::{Error, Parameters, PendingAuthenticator};

use super::new_authenticator::{checked_name, drawn, unused_name};
use super::{Owner, SecondFactor};
use crate::log::AccountEvent;
use crate::login::enrollment::DEFAULT_NAME;
use crate::messages;

impl Owner {
    /// A first authenticator.
    pub(crate) fn first_authenticator(&self, wanted: &Parameters) -> Result<Authenticator, Error> {
        let authenticator = drawn(wanted, DEFAULT_NAME, &self.state.config().authenticator)?;
        let (kind, required) = (authenticator.kind(), self.named_factors());
        // With it, the user would be refused wherever a second factor is required.
        if !required.is_empty() && required.iter().all(|factors| !factors.contains(kind)) {
            return Err(messages::not_accepted(kind, &required));
        }
        Ok(authenticator)
    }

    /// A further authenticator, if there is room for it.
    pub(crate) fn further_authenticator(
        &self,
        wanted: &Parameters,
    ) -> Result<Authenticator, Error> {
        let account = self.load()?;
        let name = account
            .as_ref()
            .map(|account| unused_name(account, DEFAULT_NAME));
        let name = name.as_deref().unwrap_or(DEFAULT_NAME);
        let authenticator = drawn(wanted, name, &self.state.config().authenticator)?;
        self.rehearse(|account, now| account.add(authenticator.clone(), Proof::Verified, now))?;
        Ok(authenticator)
    }

    /// The successor of an authenticator, which it takes the name of.
    pub(crate) fn successor(&self, wanted: &Parameters) -> Result<Authenticator, Error> {
        let replaces = wanted.replaces.map(AuthenticatorId::new);
        let account = self.load()?;
        let replaced = account.as_ref().and_then(|account| match replaces {
            Some(id) => account.authenticator(id),
            None => account.authenticators().first(),
        });
        let name = replaced.map_or(DEFAULT_NAME, Authenticator::name);
        let authenticator = drawn(wanted, name, &self.state.config().authenticator)?;
        let required = self.named_factors();
        self.rehearse(|account, now| {
            account.move_to(replaces, authenticator.clone(), Proof::Verified, now)?;
            account.may_confirm(&required)
        })?;
        Ok(authenticator)
    }

    pub(crate) fn add(
        &self,
        authenticator: &Authenticator,
        factor: &SecondFactor,
    ) -> Result<PendingAuthenticator, Error> {
        self.change_with(factor, |account, proof, now| {
            account.add(authenticator.clone(), proof, now)
        })?;
        self.log(AccountEvent::AuthenticatorOffered(authenticator.name()));
        self.pending(authenticator)
    }

    pub(crate) fn move_to(
        &self,
        replaces: Option<u32>,
        authenticator: &Authenticator,
        factor: &SecondFactor,
    ) -> Result<PendingAuthenticator, Error> {
        let replaces = replaces.map(AuthenticatorId::new);
        let required = self.named_factors();
        self.change_with(factor, |account, proof, now| {
            account.may_replace(replaces, authenticator.kind(), &required)?;
            account.move_to(replaces, authenticator.clone(), proof, now)
        })?;
        self.log(AccountEvent::AuthenticatorOffered(authenticator.name()));
        self.pending(authenticator)
    }

    /// Checks what can be known of a new name before the code is.
    pub(crate) fn may_rename(&self, id: u32, name: &str) -> Result<(), Error> {
        let (id, name) = (AuthenticatorId::new(id), checked_name(name)?);
        self.rehearse(|account, now| account.rename_authenticator(id, name, Proof::Verified, now))
    }

    pub(crate) fn rename_authenticator(
        &self,
        id: u32,
        name: &str,
        factor: &SecondFactor,
    ) -> Result<(), Error> {
        let id = AuthenticatorId::new(id);
        let former = self.change_with(factor, |account, proof, now| {
            let former = name_of(account, id);
            let renamed = account.rename_authenticator(id, name, proof, now);
            renamed.map(|()| former)
        })?;
        self.log(AccountEvent::AuthenticatorRenamed {
            former: &former,
            authenticator: name,
        });
        Ok(())
    }

    /// Checks whether an authenticator may be removed, as far as it can be known before the code is.
    pub(crate) fn may_remove(&self, id: u32) -> Result<(), Error> {
        let (id, required) = (AuthenticatorId::new(id), self.required_factors());
        self.rehearse(|account, now| {
            account.remove_authenticator(id, &required, Proof::Verified, now)
        })
    }

    pub(crate) fn remove_authenticator(&self, id: u32, factor: &SecondFactor) -> Result<(), Error> {
        let (id, required) = (AuthenticatorId::new(id), self.required_factors());
        let (name, was_last) = self.change_with(factor, |account, proof, now| {
            let name = name_of(account, id);
            let removed = account.remove_authenticator(id, &required, proof, now);
            removed.map(|()| (name, account.authenticators().is_empty()))
        })?;
        self.log(AccountEvent::AuthenticatorRemoved(&name));
        if was_last {
            self.log(AccountEvent::Removed);
        }
        Ok(())
    }

    pub(crate) fn resynchronize(&self, first: &Input, second: &Input) -> Result<u32, Error> {
        let scope = self.scope();
        let (id, name) = self.within_quota(|| {
            self.change(|account, now| {
                let found = account.resynchronize(first, second, scope, now);
                found.map(|id| (id, name_of(account, id)))
            })
        })?;
        self.log(AccountEvent::Resynchronized(&name));
        Ok(id.number())
    }

    /// As [`Self::required_factors`]; empty where no rule names its factors, so that every kind of
    /// authenticator is accepted. The name service is not asked then.
    pub(super) fn named_factors(&self) -> Vec<Factors> {
        match self.state.config().policy.names_factors() {
            true => self.required_factors(),
            false => Vec::new(),
        }
    }

    /// The second factors that each rule accepts which requires one of the user.
    fn required_factors(&self) -> Vec<Factors> {
        let policy = &self.state.config().policy;
        let subject = self.subject(policy);
        let effects = policy.all_that_require_of(&subject, self.now);
        effects.iter().map(|effect| effect.factors).collect()
    }

    /// Makes a change of the loaded account that is not stored.
    pub(super) fn rehearse<T>(
        &self,
        change: impl FnOnce(&mut Account, Time) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let account = self.load()?;
        let mut account = account.unwrap_or_else(|| Account::new(self.user.uid));
        change(&mut account, self.now).map_err(|refusal| self.refused(refusal))
    }
}

/// The name of an authenticator; empty if there is none of this id.
pub(super) fn name_of(account: &Account, id: AuthenticatorId) -> String {
    let authenticator = account.authenticator(id);
    authenticator.map_or_else(String::new, |one| one.name().to_owned())
}
