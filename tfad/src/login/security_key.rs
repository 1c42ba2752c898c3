//! A login in which sshd has accepted a security key of the user. As for a remembered device, no code is
//! asked for; unlike a device, a security key also passes a lock.

use tfa_core::{
    Account, PhaseInput, SshKey, Time, confirm_by_security_key, verify_by_security_key,
};
use tfa_proto::Turn;

use super::{Error, Logins, log, pam_context};
use crate::account;
use crate::host::clock;
use crate::login::render;
use crate::login::sessions::LoginAttempt;

impl Logins {
    /// The verdict for a login that is asked for a second factor, and in which sshd has accepted an
    /// active security key; `None` for all others. A key that replaces the password, in a stack that asks
    /// for none, does not replace the code too.
    pub(super) fn served_by_key(
        &self,
        attempt: &LoginAttempt,
        account: &Account,
        now: Time,
    ) -> Result<Option<Turn>, Error> {
        let LoginAttempt {
            caller,
            user,
            context,
            login,
        } = attempt;
        let Some(key) = account.security_key_among(&login.keys) else {
            return Ok(None);
        };
        if !caller.is_root() || !context.password_given {
            return Ok(None);
        }
        let client = pam_context::client(caller, context);
        let mut verified = verify_by_security_key(&mut account.clone(), &login.keys, client, now);
        if account.is_key_login_stored(key, client, now) {
            let stored = self.accounts.change(user, |account| {
                verify_by_security_key(account, &login.keys, client, now)
            });
            match stored {
                Ok(turn) => verified = turn,
                // Neither the last use nor the report decides. A full disk does not refuse the login.
                Err(error) => {
                    let _: account::Error = self.state.journal.report(caller, &user.name, error);
                }
            }
        }
        let Some(turn) = verified else {
            // It was removed at this moment.
            return Ok(Some(render::changed(now)));
        };
        log::turn(&self.state.journal, attempt, &turn, key.name());
        Ok(Some(self.render(&turn, None, &[], attempt, now)))
    }

    /// Confirms the pending first security key of the user, if this login has used it.
    pub(super) fn confirm_by_key(
        &self,
        attempt: &LoginAttempt,
        phase: PhaseInput,
        account: Option<&Account>,
    ) -> Result<Option<Turn>, Error> {
        let (keys, now) = (&attempt.login.keys, clock::now());
        let pending = account.and_then(|account| account.pending_key_among(keys, now));
        if !attempt.caller.is_root() || pending.is_none() {
            return Ok(None);
        }
        let config = self.state.config();
        let confirmed = self.accounts.change(&attempt.user, |account| {
            let decision = config.policy.decide(&attempt.login, Some(account), now);
            let turn = confirm_by_security_key(account, &decision, phase, keys, now)?;
            Some((name_of_key(account, keys), turn))
        })?;
        Ok(confirmed.map(|(name, turn)| {
            log::enrolled_key(&self.state.journal, attempt, &name);
            self.render(&turn, None, &[], attempt, now)
        }))
    }
}

fn name_of_key(account: &Account, keys: &[SshKey]) -> String {
    let key = account.security_key_among(keys);
    key.map_or_else(String::new, |key| key.name().to_owned())
}
