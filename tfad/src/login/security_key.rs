//! A login in which sshd has accepted a security key of the user. As for a remembered device, no code is
//! asked for; unlike a device, a security key also passes a lock.

use tfa_core::{
    Account, AuthPhaseResult, Authenticator, AuthenticatorKind, FactorKind, Factors, PhaseInput,
    Policy, SshKey, Time, confirm_by_security_key, verify_by_security_key,
};
use tfa_proto::Turn;

use super::{Error, Logins, log};
use crate::account;
use crate::login::facts::LoginFacts;
use crate::login::render;
use crate::login::sessions::LoginAttempt;

/// The active security key of the user that sshd has accepted in a login. A key that replaces the
/// password, in a stack that asks for none, does not replace the code too.
pub(super) fn of_login<'account>(
    facts: LoginFacts<'_>,
    account: &'account Account,
) -> Option<&'account Authenticator> {
    let key = account.security_key_among(&facts.login.keys)?;
    (facts.is_root && facts.context.password_given).then_some(key)
}

/// The phase of a login that accepts these factors. In the session phase, an active security key of the user
/// that sshd has accepted after the password counts like one before it.
pub(super) fn with_key_of_session(
    phase: PhaseInput,
    factors: Factors,
    account: Option<&Account>,
    keys: &[SshKey],
) -> PhaseInput {
    let has_key = || {
        factors.contains(AuthenticatorKind::SecurityKey)
            && account.is_some_and(|account| account.security_key_among(keys).is_some())
    };
    match phase {
        PhaseInput::Session {
            auth_result: AuthPhaseResult::Verified(_),
            guarded,
        } if has_key() => PhaseInput::Session {
            auth_result: AuthPhaseResult::Verified(Some(FactorKind::SecurityKey)),
            guarded,
        },
        phase => phase,
    }
}

/// The pending first security key of the user, if a login has used it and its password was right. Where the
/// stack goes on after a wrong password, the account phase does not know that.
pub(super) fn pending_of_login<'account>(
    facts: LoginFacts<'_>,
    account: &'account Account,
    now: Time,
) -> Option<&'account Authenticator> {
    let key = account.pending_key_among(&facts.login.keys, now)?;
    let proves_password = !facts
        .host
        .goes_on_after_wrong_password(&facts.context.service);
    (facts.is_root && proves_password).then_some(key)
}

impl Logins {
    /// The verdict for a login by this active security key of the user.
    pub(super) fn served_by_key(
        &self,
        attempt: &LoginAttempt,
        account: &Account,
        key: &Authenticator,
        now: Time,
    ) -> Result<Turn, Error> {
        let LoginAttempt {
            caller,
            user,
            login,
            ..
        } = attempt;
        let client = attempt.client();
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
            return Ok(render::changed(now));
        };
        log::turn(&self.state.journal, attempt, &turn, key.name());
        Ok(self.render(&turn, None, &[], attempt, now))
    }

    /// Confirms the pending first security key of the user, if this login has used it.
    pub(super) fn confirm_by_key(
        &self,
        attempt: &LoginAttempt,
        policy: &Policy,
        phase: PhaseInput,
        account: Option<&Account>,
        now: Time,
    ) -> Result<Option<Turn>, Error> {
        let keys = &attempt.login.keys;
        // A first key of root comes into force on a verifier.
        if attempt.user.uid == 0 && !attempt.host.is_local() {
            return Ok(None);
        }
        let facts = attempt.facts(phase);
        if account.is_none_or(|account| pending_of_login(facts, account, now).is_none()) {
            return Ok(None);
        }
        let confirmed = self.accounts.change(&attempt.user, |account| {
            if !policy.may_confirm_first(account) {
                return None;
            }
            let decision = attempt.decide(policy, Some(account), now);
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
