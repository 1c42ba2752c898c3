//! Exemptions and pauses, as an administrator makes and sees them.

use std::time::Duration;

use tfa_core::{Account, MAX_EXEMPTION, State, UserExemption};
use tfa_proto::{
    EXEMPTION_SECONDS, Error, Exemption, ExemptionKind, Mode, UserFacts, is_misleading,
};

use super::{Administrator, facts_of};
use crate::account::resolve;
use crate::host::pam_services::may_require;
use crate::host::time_limit::CallsFor;
use crate::host::{clock, pam_files, subject};
use crate::log::AccountEvent;
use crate::messages;

// The record accepts no longer exemption.
const _: () = assert!(*EXEMPTION_SECONDS.end() == MAX_EXEMPTION.as_secs());

/// The most records that one reply is made of. Each has an exemption, a pause, or both at most.
const MAX_RECORDS: usize = 2000;

impl Administrator {
    /// Exempts a user. Returns the end.
    pub(in crate::dbus::interface) fn exempt(
        &self,
        user: &str,
        seconds: u64,
        reason: &str,
        facts: UserFacts,
    ) -> Result<(u64, UserFacts), Error> {
        if !EXEMPTION_SECONDS.contains(&seconds) {
            return Err(messages::bad_exemption_time());
        }
        let length = Duration::from_secs(seconds);
        let exemption = UserExemption::new(reason, length, clock::now());
        let exemption = exemption
            .filter(|_| !reason.contains(is_misleading))
            .ok_or_else(messages::bad_reason)?;
        let named = self.accounts.named_user(user, facts.uid)?;
        let user = &named.user;
        self.accounts
            .change(user, |account| account.exempt(exemption.clone()))
            .map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?;
        let event = AccountEvent::Exempted(&exemption);
        self.state
            .journal
            .log_account(&self.caller, &user.name, event);
        self.log_told_uid(&named);
        Ok((exemption.until().as_secs(), facts_of(&named)))
    }

    pub(in crate::dbus::interface) fn end_exemption(&self, user: &str) -> Result<(), Error> {
        let user = self.accounts.user(user)?;
        let ended = self
            .accounts
            .change(&user, Account::end_exemption)
            .map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?;
        if !ended {
            return Err(messages::not_exempt(&user.name));
        }
        let event = AccountEvent::ExemptionEnded;
        self.state
            .journal
            .log_account(&self.caller, &user.name, event);
        Ok(())
    }

    /// Pauses two-factor login of a user of whom it is not required.
    pub(in crate::dbus::interface) fn disable(&self, user: &str) -> Result<(), Error> {
        // Otherwise it is not known what is required.
        self.state.serves()?;
        let user = self.accounts.user(user)?;
        let now = clock::now();
        if subject::required_of(
            &self.state.config().policy,
            &user,
            now,
            CallsFor::Administrators,
        )
        .is_some()
        {
            let event = AccountEvent::SwitchOffRefused;
            self.state
                .journal
                .log_account(&self.caller, &user.name, event);
            return Err(messages::disable_required(&user.name));
        }
        self.accounts
            .change(&user, |account| account.disable(now))
            .map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?
            .map_err(|refusal| messages::refusal_for_administrator(refusal, &user.name, now))?;
        let event = AccountEvent::Disabled;
        self.state
            .journal
            .log_account(&self.caller, &user.name, event);
        Ok(())
    }

    /// Ends a pause and an exemption.
    pub(in crate::dbus::interface) fn enable(&self, user: &str) -> Result<(), Error> {
        let user = self.accounts.user(user)?;
        let now = clock::now();
        let (was_paused, was_exempt) = self
            .accounts
            .change(&user, |account| {
                (account.enable(now), account.end_exemption())
            })
            .map_err(|error| self.state.journal.report(&self.caller, &user.name, error))?;
        let events = [
            was_paused.then_some(AccountEvent::Enabled),
            was_exempt.then_some(AccountEvent::ExemptionEnded),
        ];
        for event in events.into_iter().flatten() {
            self.state
                .journal
                .log_account(&self.caller, &user.name, event);
        }
        if was_paused || was_exempt {
            Ok(())
        } else {
            Err(messages::not_disabled(&user.name))
        }
    }

    /// The exemptions of the policy in force.
    pub(in crate::dbus::interface) fn policy_exemptions(&self) -> Result<Vec<Exemption>, Error> {
        self.state.serves()?;
        let config = self.state.config();
        let policy = &config.policy;
        let mut all: Vec<Exemption> = policy
            .exemptions(clock::now())
            .into_iter()
            .map(of_policy)
            .collect();
        if policy.audit && may_require(policy) {
            all.push(Exemption {
                kind: ExemptionKind::Audit.into(),
                ..Exemption::default()
            });
        }
        if may_require(policy) {
            let services = pam_files::not_guarded(policy);
            all.extend(services.into_iter().map(|service| Exemption {
                kind: ExemptionKind::NotGuarded.into(),
                service: Some(service),
                ..Exemption::default()
            }));
        }
        if config.remember.remember_devices() {
            all.push(Exemption {
                kind: ExemptionKind::Remembered.into(),
                ..Exemption::default()
            });
        }
        Ok(all)
    }

    /// A page of the exemptions and pauses of users, in the order of the names of their records. It may
    /// be empty. Also returns the name after which the next page begins; empty on the last page.
    pub(in crate::dbus::interface) fn user_exemptions(
        &self,
        after: &str,
    ) -> Result<(Vec<Exemption>, String), Error> {
        let now = clock::now();
        let permits_pauses = self.state.config().policy.permits_pauses(now);
        let page = self.accounts.list(after, MAX_RECORDS)?;
        let mut exemptions = Vec::new();
        for (name, record) in page.records {
            // A record that cannot be used lets no login in.
            let Ok((record, _)) = record else { continue };
            let Ok(account) = resolve::decode(&record, &name) else {
                continue;
            };
            let exemption = account.exemption(now).map(|exemption| Exemption {
                kind: ExemptionKind::User.into(),
                user: Some(name.clone()),
                until: Some(exemption.until().as_secs()),
                reason: Some(exemption.reason().to_owned()),
                ..Exemption::default()
            });
            let is_paused = account.state() == State::Paused && permits_pauses;
            let pause = is_paused.then(|| Exemption {
                kind: ExemptionKind::Pause.into(),
                user: Some(name),
                ..Exemption::default()
            });
            exemptions.extend(exemption);
            exemptions.extend(pause);
        }
        Ok((exemptions, page.next.unwrap_or_default()))
    }
}

fn of_policy(exemption: tfa_core::PolicyExemption<'_>) -> Exemption {
    let effect = exemption.effect;
    let source = &effect.source;
    let is_written = !source.file.is_empty();
    Exemption {
        kind: if exemption.is_rule {
            ExemptionKind::Rule.into()
        } else {
            ExemptionKind::Policy.into()
        },
        mode: Some(mode_of(effect.mode).into()),
        file: is_written.then(|| source.file.clone()),
        line: is_written.then_some(source.line),
        until: exemption.until.map(tfa_core::Time::as_secs),
        reason: effect.terms.reason.clone(),
        ..Exemption::default()
    }
}

fn mode_of(mode: tfa_core::Mode) -> Mode {
    match mode {
        tfa_core::Mode::Off => Mode::Off,
        tfa_core::Mode::Optional => Mode::Optional,
        tfa_core::Mode::Required => Mode::Required,
    }
}
