//! What the owner of an account does with security keys.

use tfa_core::{Account, AuthenticatorId, AuthenticatorKind, Input, Proof, SshKey};
use tfa_proto::{Error, SecurityKeyParameters};

use super::authenticators::name_of;
use super::new_authenticator::{checked_name, key_of, unused_name};
use super::{Owner, SecondFactor, printed};
use crate::log::AccountEvent;

/// The name of a first security key, and the beginning of later default names.
const DEFAULT_NAME: &str = "security key";

/// A security key that its owner enrolls, with the name that it gets.
pub(crate) struct NewKey {
    key: SshKey,
    name: String,
}

impl Owner {
    /// A first security key, if the owner may enroll one with this invitation code.
    pub(crate) fn first_security_key(
        &self,
        wanted: &SecurityKeyParameters,
        invitation: &Input,
    ) -> Result<NewKey, Error> {
        let new = self.new_key(wanted)?;
        self.may_set_up(invitation)?;
        Ok(new)
    }

    /// Keeps a first security key until a login has used it. Returns the backup codes that become active
    /// with it.
    pub(crate) fn set_up_security_key(
        &self,
        new: &NewKey,
        invitation: &Input,
    ) -> Result<Vec<String>, Error> {
        // An invitation may be required since polkit asked.
        let is_required = self.check_invitation(invitation)?;
        let codes = self.within_new_users(|| {
            let (set, codes) = self.draw_backup_codes()?;
            self.change(|account, now| {
                if is_required || account.is_invited(now) {
                    account.check_invitation(invitation, self.scope(), now)?;
                }
                account.set_up_security_key(&new.name, new.key, set.clone(), now)
            })?;
            Ok(codes)
        })?;
        self.log(AccountEvent::FirstSecurityKeyOffered(&new.name));
        Ok(printed(&codes))
    }

    /// A further security key, if there is room for it.
    pub(crate) fn further_security_key(
        &self,
        wanted: &SecurityKeyParameters,
    ) -> Result<NewKey, Error> {
        let new = self.new_key(wanted)?;
        self.rehearse(|account, now| {
            account.add_security_key(&new.name, new.key, Proof::Verified, now)
        })?;
        Ok(new)
    }

    pub(crate) fn add_security_key(
        &self,
        new: &NewKey,
        factor: &SecondFactor,
    ) -> Result<u32, Error> {
        let id = self.change_with(factor, |account, proof, now| {
            account.add_security_key(&new.name, new.key, proof, now)
        })?;
        self.log(AccountEvent::SecurityKeyActivated {
            authenticator: &new.name,
            replaced: None,
        });
        Ok(id.number())
    }

    /// A security key that can replace an authenticator.
    pub(crate) fn succeeding_security_key(
        &self,
        wanted: &SecurityKeyParameters,
    ) -> Result<NewKey, Error> {
        let new = self.new_key(wanted)?;
        let replaces = wanted.replaces.map(AuthenticatorId::new);
        let required = self.named_factors();
        self.rehearse(|account, now| {
            account.may_replace(replaces, AuthenticatorKind::SecurityKey, &required)?;
            account.move_to_security_key(replaces, &new.name, new.key, Proof::Verified, now)
        })?;
        Ok(new)
    }

    pub(crate) fn move_to_security_key(
        &self,
        replaces: Option<u32>,
        new: &NewKey,
        factor: &SecondFactor,
    ) -> Result<u32, Error> {
        let replaces = replaces.map(AuthenticatorId::new);
        let required = self.named_factors();
        let (id, former) = self.change_with(factor, |account, proof, now| {
            account.may_replace(replaces, AuthenticatorKind::SecurityKey, &required)?;
            let only = account.authenticators().first().map(|one| one.id());
            let former = replaces.or(only).map(|id| name_of(account, id));
            let id = account.move_to_security_key(replaces, &new.name, new.key, proof, now)?;
            Ok((id, former))
        })?;
        self.log(AccountEvent::SecurityKeyActivated {
            authenticator: &new.name,
            replaced: former.as_deref(),
        });
        Ok(id.number())
    }

    fn new_key(&self, wanted: &SecurityKeyParameters) -> Result<NewKey, Error> {
        let key = key_of(&wanted.public_key, &self.state.config().authenticator)?;
        let name = match &wanted.name {
            Some(name) => checked_name(name)?.to_owned(),
            None => {
                let account = self.load()?;
                let name = account
                    .as_ref()
                    .map(|account: &Account| unused_name(account, DEFAULT_NAME));
                name.unwrap_or_else(|| DEFAULT_NAME.to_owned())
            }
        };
        Ok(NewKey { key, name })
    }
}
