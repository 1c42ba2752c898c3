//! What an administrator does with the authenticators of any account.

use tfa_core::AuthenticatorId;
use tfa_proto::{Error, TokenParameters, UserFacts};

use super::{Administrator, facts_of};
use crate::host::clock;
use crate::log::AccountEvent;
use crate::messages;
use crate::owner::new_authenticator;

impl Administrator {
    /// Activates an authenticator of which the administrator has the key. Returns its id.
    pub(in crate::dbus::interface) fn add_authenticator(
        &self,
        user: &str,
        wanted: &TokenParameters,
        key: &[u8],
    ) -> Result<(u32, UserFacts), Error> {
        let named = self.accounts.named_user(user, wanted.uid)?;
        let user = &named.user;
        let authenticator = new_authenticator::of_token(wanted, key)?;
        let now = clock::now();
        let id = self
            .accounts
            .change(user, |account| account.bind(authenticator.clone(), now))
            .map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?
            .map_err(|refusal| messages::refusal_for_administrator(refusal, &user.name, now))?;
        let event = AccountEvent::AuthenticatorBound(authenticator.name());
        self.state
            .journal
            .log_account(&self.caller, &user.name, event);
        self.log_told_uid(&named);
        Ok((id.number(), facts_of(&named)))
    }

    /// Removes an authenticator that is not the last one.
    pub(in crate::dbus::interface) fn remove_authenticator(
        &self,
        user: &str,
        id: u32,
    ) -> Result<(), Error> {
        let user = self.accounts.user(user)?;
        let (id, now) = (AuthenticatorId::new(id), clock::now());
        let name = self
            .accounts
            .change(&user, |account| {
                let named = account.authenticator(id).map(|one| one.name().to_owned());
                account.unbind(id, now).map(|()| named.unwrap_or_default())
            })
            .map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?
            .map_err(|refusal| messages::refusal_for_administrator(refusal, &user.name, now))?;
        let event = AccountEvent::AuthenticatorUnbound(&name);
        self.state
            .journal
            .log_account(&self.caller, &user.name, event);
        Ok(())
    }
}
