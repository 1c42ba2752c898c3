//! Remembered devices in a login: the login that is not asked, and the question whether to remember.
//!
//! A remembered device replaces the code alone. It is looked for only where the policy asks for a code
//! and the account is not locked for this login.

use tfa_core::{
    Account, AskRemember, DeviceMark, Dialog, PhaseInput, RememberRules, Rememberable, Time, Turn,
};
use tfa_proto::Verdict;

use super::{Error, Logins, log, pam_context, render};
use crate::account;
use crate::config::Config;
use crate::host::clock;
use crate::login::sessions::LoginAttempt;

/// The devices that a login shows. Only the auth phase of a program of root's shows any, and only after
/// a password: the account phase asks for a code where the stack has no auth phase that could.
pub(super) fn devices_of(
    rules: &RememberRules,
    attempt: &LoginAttempt,
    phase: PhaseInput,
) -> Vec<DeviceMark> {
    // In a stack without a password, the key alone would let the user in.
    let is_after_password = attempt.caller.is_root() && attempt.context.password_given;
    match phase {
        PhaseInput::Auth { .. } if is_after_password => rules.devices_of(&attempt.login),
        PhaseInput::Auth { .. } | PhaseInput::Account { .. } | PhaseInput::Session { .. } => {
            Vec::new()
        }
    }
}

impl Logins {
    /// The verdict for a login from a remembered device; `None` for all others.
    pub(super) fn served_by_device(
        &self,
        config: &Config,
        attempt: &LoginAttempt,
        phase: PhaseInput,
        account: &Account,
        now: Time,
    ) -> Result<Option<tfa_proto::Turn>, Error> {
        let rules = &config.remember;
        let marks = devices_of(rules, attempt, phase);
        let Some(device) = account.remembered_device(&marks, rules, now) else {
            return Ok(None);
        };
        let (device, client) = (
            device.clone(),
            pam_context::client(&attempt.caller, &attempt.context),
        );
        let mut turn = None;
        if device.is_use_due(now) || (client.shows && account.has_report()) {
            let stored = self.accounts.change(&attempt.user, |account| {
                account.remembered_device(&marks, rules, now)?;
                account.note_device_use(device.id(), now);
                let login = &attempt.login;
                account.keep_origin(pam_context::throttle_scope(true, login), now);
                Some(tfa_core::remembered(account, client, now))
            });
            match stored {
                Ok(Some(reporting)) => turn = Some(reporting),
                // It was forgotten at this moment.
                Ok(None) => return Ok(None),
                // Neither the last use nor the report decides. A full disk does not refuse the login.
                Err(error) => {
                    let (caller, name) = (&attempt.caller, &attempt.user.name);
                    let _: account::Error = self.state.journal.report(caller, name, error);
                }
            }
        }
        self.note_session(config, attempt, None, Some(device.id()));
        log::remembered(&self.state.journal, attempt, &device);
        Ok(Some(match turn {
            Some(turn) => self.render(&turn, None, &[], attempt, now),
            None => render::end(Verdict::Remembered, None),
        }))
    }

    /// Takes the answer to the question whether to remember the device.
    pub(super) fn judge_remember(
        &self,
        attempt: &LoginAttempt,
        question: &AskRemember,
        typed: &str,
    ) -> Result<(Turn, Option<Dialog>), Error> {
        let (config, now) = (self.state.config(), clock::now());
        let (turn, device) = self.accounts.change(&attempt.user, |account| {
            question.answer(account, typed, &config.remember, now)
        })?;
        if let Some(device) = device {
            self.note_session(&config, attempt, None, Some(device.id()));
            log::device_added(&self.state.journal, attempt, &device);
        }
        Ok((turn, None))
    }
}

/// What a login can have remembered after a right code.
pub(super) fn rememberable<'a>(
    rules: &'a RememberRules,
    marks: &'a [DeviceMark],
    attempt: &LoginAttempt,
) -> Rememberable<'a> {
    Rememberable {
        rules,
        marks,
        // A program that wants silence, such as sudo, is asked nothing that can be omitted.
        asks: !attempt.context.silent,
    }
}
