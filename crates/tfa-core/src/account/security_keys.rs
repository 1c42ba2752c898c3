//! Security keys of an account.
//!
//! A further one is active at once: it gives nothing to a user who does not have it, because sshd verifies
//! its signature in each login. A first one waits for a login that used it, because two-factor login
//! begins with it.

use std::time::Duration;

use super::VerifiedBy;
use super::enrollment::Replaced;
use super::{Account, Change, ChangedBy, Client, PendingAuthenticator, Proof, Refusal, State};
use crate::{Authenticator, AuthenticatorId, BackupSet, SshKey, Time};

/// How old the stored time of the last use may become. Many logins at the same time then write once.
const LAST_USE_PRECISION: Duration = Duration::from_secs(60);

impl Account {
    /// The active security key among the keys that sshd has accepted.
    #[must_use]
    pub fn security_key_among(&self, keys: &[SshKey]) -> Option<&Authenticator> {
        let is_accepted = |one: &&Authenticator| keys.iter().any(|key| one.is_key(key));
        self.authenticators.iter().find(is_accepted)
    }

    /// Whether a login by this security key now changes the account: the time of its last use is due, or
    /// the client shows a report to the owner.
    #[must_use]
    pub fn is_key_login_stored(&self, key: &Authenticator, client: Client<'_>, now: Time) -> bool {
        let by = VerifiedBy::Authenticator(key.id());
        is_use_due(key, now) || (client.shows && self.has_report(by, now))
    }

    /// Accepts a login by the active security key among the keys that sshd has accepted. Locks do not
    /// apply and counters of wrong codes stay: a security key cannot be guessed.
    pub(crate) fn accept_security_key(
        &mut self,
        keys: &[SshKey],
        now: Time,
    ) -> Option<AuthenticatorId> {
        let id = self.security_key_among(keys)?.id();
        let key = self.authenticators.iter_mut().find(|one| one.id() == id)?;
        if is_use_due(key, now) {
            key.set_last_accepted(now);
            self.last_login = Some(now);
        }
        self.code_accepted = true;
        Some(id)
    }

    /// Activates a further security key.
    ///
    /// # Errors
    /// [`Refusal::NotSetUp`], [`Refusal::TooManyAuthenticators`], [`Refusal::NameTaken`],
    /// [`Refusal::NotASecurityKey`], [`Refusal::KeyTaken`], or why the proof was not accepted.
    pub fn add_security_key<'code>(
        &mut self,
        name: &str,
        key: SshKey,
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<AuthenticatorId, Refusal> {
        self.must_be_set_up()?;
        let authenticator = self.new_security_key(name, key)?;
        self.must_have_room_for(authenticator.name())?;
        self.prove(proof.into(), now)?;
        let added = Change::AuthenticatorAdded(authenticator.name().to_owned());
        self.notify(added, ChangedBy::Owner, now);
        Ok(self.activate(authenticator, now))
    }

    /// Activates a security key in place of another authenticator: of the only one, if none is named. A
    /// pending authenticator is removed.
    ///
    /// # Errors
    /// As [`Self::add_security_key`]; [`Refusal::NoSuchAuthenticator`],
    /// [`Refusal::SeveralAuthenticators`].
    pub fn move_to_security_key<'code>(
        &mut self,
        replaced: Option<AuthenticatorId>,
        name: &str,
        key: SshKey,
        proof: impl Into<Proof<'code>>,
        now: Time,
    ) -> Result<AuthenticatorId, Refusal> {
        self.must_be_set_up()?;
        let replaced = self.replaced_by_move(replaced)?;
        let authenticator = self.new_security_key(name, key)?;
        self.must_be_free(authenticator.name(), Some(replaced))?;
        self.prove(proof.into(), now)?;
        let old = self.authenticator(replaced);
        self.notify(
            Change::AuthenticatorReplaced {
                old: old.map_or_else(String::new, |one| one.name().to_owned()),
                new: authenticator.name().to_owned(),
            },
            ChangedBy::Owner,
            now,
        );
        self.remove_with_what_it_proved(replaced);
        Ok(self.activate(authenticator, now))
    }

    /// Starts a first enrollment with a security key. It becomes active, and the backup codes with it, by
    /// a login that used the key. An earlier pending authenticator is removed.
    ///
    /// # Errors
    /// [`Refusal::AlreadySetUp`], [`Refusal::NotASecurityKey`].
    pub fn set_up_security_key(
        &mut self,
        name: &str,
        key: SshKey,
        first_codes: BackupSet,
        now: Time,
    ) -> Result<(), Refusal> {
        match self.state() {
            State::None | State::Pending => {}
            State::Enabled | State::Paused => return Err(Refusal::AlreadySetUp),
        }
        let authenticator = self.new_security_key(name, key)?;
        let pending = PendingAuthenticator::first_key(authenticator, first_codes, now);
        self.pending = Some(pending);
        Ok(())
    }

    /// The pending first security key among the keys that sshd has accepted.
    #[must_use]
    pub fn pending_key_among(&self, keys: &[SshKey], now: Time) -> Option<&Authenticator> {
        let pending = self.pending.as_ref()?;
        let is_first = matches!(self.replaced_by_pending(), Ok(Replaced::Nothing));
        let key = pending.waiting_key(now).filter(|_| is_first)?;
        keys.iter()
            .any(|accepted| key.is_key(accepted))
            .then_some(key)
    }

    /// Activates the pending first security key, if the login that is allowed now has used it. Returns
    /// whether it did.
    pub(crate) fn activate_pending_key(&mut self, keys: &[SshKey], now: Time) -> bool {
        let Some(mut key) = self.pending_key_among(keys, now).cloned() else {
            return false;
        };
        let first_codes = self
            .pending
            .take()
            .and_then(PendingAuthenticator::into_codes);
        self.backup = first_codes;
        self.begin_enrollment();
        key.set_last_accepted(now);
        self.activate(key, now);
        self.last_login = Some(now);
        self.code_accepted = true;
        true
    }

    fn new_security_key(&self, name: &str, key: SshKey) -> Result<Authenticator, Refusal> {
        let authenticator = Authenticator::security_key(name, key);
        let authenticator = authenticator.ok_or(Refusal::NotASecurityKey)?;
        self.must_be_new_key(&key)?;
        Ok(authenticator)
    }

    /// Refuses a security key that is active already.
    pub(super) fn must_be_new_key(&self, key: &SshKey) -> Result<(), Refusal> {
        if self.authenticators.iter().any(|one| one.is_key(key)) {
            return Err(Refusal::KeyTaken);
        }
        Ok(())
    }
}

/// Whether the time of the last use is due to be stored. One in the future comes from a clock that was
/// ahead.
fn is_use_due(key: &Authenticator, now: Time) -> bool {
    let is_recent = |last: Time| last <= now && last.until(now) < LAST_USE_PRECISION;
    !key.last_accepted().is_some_and(is_recent)
}
