//! Remembered devices in a login: the login that is not asked, and the question whether to remember.
//!
//! A remembered device replaces the code alone. It is looked for only where the policy asks for a code
//! and the account is not locked for this login.

use tfa_core::{
    Account, AskRemember, Device, DeviceMark, Dialog, Factors, PhaseInput, RememberRules,
    Rememberable, Time, Turn, VerifiedBy,
};
use tfa_proto::Verdict;

use super::{Error, Logins, log, render};
use crate::account;
use crate::config::Config;
use crate::host::clock;
use crate::host::facts::HostFacts;
use crate::login::facts::LoginFacts;
use crate::login::sessions::LoginAttempt;

/// The devices that a login shows. Only the auth phase of a program of root's shows any, and only after
/// a password: the account phase asks for a code where the stack has no auth phase that could. Where the
/// stack goes on after a wrong password, none: the login may be refused.
pub(super) fn devices_of(rules: &RememberRules, facts: LoginFacts<'_>) -> Vec<DeviceMark> {
    devices_where(rules, facts, |service| {
        facts.host.goes_on_after_wrong_password(service)
    })
}

/// As [`devices_of`]. It asks about the stack only where the login would show a device.
fn devices_where(
    rules: &RememberRules,
    facts: LoginFacts<'_>,
    goes_on_after_wrong_password: impl FnOnce(&str) -> bool,
) -> Vec<DeviceMark> {
    // In a stack without a password, the key alone would let the user in.
    let is_after_password = facts.is_root && facts.context.password_given;
    let marks = match facts.phase {
        PhaseInput::Auth { .. } if is_after_password => rules.devices_of(facts.login),
        PhaseInput::Auth { .. } | PhaseInput::Account { .. } | PhaseInput::Session { .. } => {
            return Vec::new();
        }
    };
    match !marks.is_empty() && goes_on_after_wrong_password(&facts.context.service) {
        true => Vec::new(),
        false => as_told(facts.host, marks),
    }
}

/// The devices as the host tells of them: what a member says of a device counts for its own logins alone.
fn as_told(host: &dyn HostFacts, marks: Vec<DeviceMark>) -> Vec<DeviceMark> {
    if host.is_local() {
        return marks;
    }
    match host.name_in_rules() {
        Some(member) => {
            let told = marks.into_iter().map(|mark| mark.at_member(&member));
            told.collect()
        }
        // Whose word it is is not known.
        None => Vec::new(),
    }
}

/// The remembered device from which a login comes.
pub(super) fn device_of<'account>(
    rules: &RememberRules,
    facts: LoginFacts<'_>,
    account: &'account Account,
    now: Time,
) -> Option<&'account Device> {
    account.remembered_device(&devices_of(rules, facts), rules, now)
}

impl Logins {
    /// The verdict for a login from a remembered device; `None` if it is no longer remembered.
    pub(super) fn served_by_device(
        &self,
        config: &Config,
        attempt: &LoginAttempt,
        phase: PhaseInput,
        account: &Account,
        device: &Device,
        now: Time,
    ) -> Result<Option<tfa_proto::Turn>, Error> {
        let (rules, facts) = (&config.remember, attempt.facts(phase));
        let client = attempt.client();
        let mut turn = None;
        let by = VerifiedBy::Device(device.id());
        if device.is_use_due(now) || (client.shows && account.has_report(by, now)) {
            let stored = self.accounts.change(&attempt.user, |account| {
                device_of(rules, facts, account, now)?;
                account.note_device_use(device.id(), now);
                account.keep_origin(facts.throttle_scope(), now);
                Some(tfa_core::remembered(account, device.id(), client, now))
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
        self.note_session(attempt, None, Some(device.mark()));
        log::remembered(&self.state.journal, attempt, device);
        Ok(Some(match turn {
            Some(turn) => self.render(&turn, None, &[], attempt, now),
            None => render::end(Verdict::Remembered, None),
        }))
    }

    /// Takes the answer to the question whether to remember the device. Nothing is remembered if devices of
    /// the user were forgotten since the code, or if no code would be asked for now.
    pub(super) fn judge_remember(
        &self,
        attempt: &LoginAttempt,
        question: &AskRemember,
        typed: &str,
    ) -> Result<(Turn, Option<Dialog>), Error> {
        let (config, now) = (self.state.publication().usable()?, clock::now());
        let (turn, device) = self.accounts.change(&attempt.user, |account| {
            let forgotten = &self.state.forgotten_devices;
            let decision = attempt.decide(&config.policy, Some(account), now);
            let is_asked = decision.asks_for().is_some_and(Factors::is_any);
            let typed = match is_asked && !forgotten.since(attempt.user.uid, question.code()) {
                true => typed,
                false => "",
            };
            question.answer(account, typed, &config.remember, now)
        })?;
        if let Some(device) = device {
            self.note_session(attempt, None, Some(device.mark()));
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

#[cfg(test)]
mod tests {
    use tfa_core::{DeviceKind, Groups, Identity, Login, LoginOrigin, Methods, Subject};
    use tfa_proto::Context;

    use super::*;
    use crate::host::facts::LocalHost;
    use crate::host::time_limit::CallsFor;

    fn login() -> Login {
        Login {
            subject: Subject {
                uid: 1000,
                canonical: Identity {
                    name: "alice".to_owned(),
                    groups: Groups::default(),
                },
                aliases: Vec::new(),
            },
            host: None,
            service: "sshd".to_owned(),
            origin: LoginOrigin::Address("192.0.2.7".parse().unwrap()),
            methods: Methods::default(),
            keys: Vec::new(),
            host_requires: None,
        }
    }

    #[test]
    fn a_login_shows_no_device_where_its_stack_goes_on_after_a_wrong_password() {
        let (login, context) = (
            login(),
            Context {
                service: "sshd".to_owned(),
                password_given: true,
                ..Context::default()
            },
        );
        let facts = LoginFacts {
            host: &LocalHost(CallsFor::Logins),
            is_root: true,
            context: &context,
            login: &login,
            phase: PhaseInput::Auth {
                account_follows: true,
            },
        };
        let remembers = RememberRules {
            minutes: 5,
            by: vec![DeviceKind::Address],
            ..RememberRules::default()
        };
        for (goes_on, expected) in [(false, 1), (true, 0)] {
            let asked = |service: &str| {
                assert_eq!(service, "sshd");
                goes_on
            };
            assert_eq!(devices_where(&remembers, facts, asked).len(), expected);
        }
        let not_asked = |_: &str| panic!("the files of PAM are not read where nothing is kept");
        let nothing = RememberRules::default();
        assert_eq!(devices_where(&nothing, facts, not_asked), []);
    }
}
