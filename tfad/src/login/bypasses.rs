//! The log line of a login that goes on without the second factor that is required of it, because it
//! never ran the auth phase and its service is not guarded.
//!
//! Such a login depends on no directory and no store, so it is answered first. A thread finds out
//! meanwhile whether a second factor is required of it.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tfa_core::{Account, AuthPhaseResult, HostName, Login, PhaseAction, PhaseInput, Policy, Time};
use tfa_proto::Context;

use crate::account::{Accounts, Loaded};
use crate::caller::Caller;
use crate::config::Config;
use crate::host::clock;
use crate::host::facts::HostFacts;
use crate::host::pam_services::{Bypass, bypass, may_require};
use crate::host::users::User;
use crate::log::LoginEvent;
use crate::login::begin::attempt_with_groups;
use crate::login::once::Once;
use crate::semaphore::Semaphore;
use crate::state::DaemonState;

/// How often a user and service are logged.
const PERIOD: Duration = Duration::from_secs(3600);
/// The number of users and services that are remembered.
const MAX_REMEMBERED: usize = 1024;
/// The number of logins that are examined at once, each of which may wait for the name service. Those
/// beyond it are not logged.
static EXAMINATIONS: Semaphore = Semaphore::new(4);

/// The logins without the second factor, and which of them were logged lately.
#[derive(Debug)]
pub(super) struct Bypasses {
    /// By host, user and service.
    told: Arc<Once<(Option<HostName>, u32, String)>>,
}

/// A login whose account phase ran without the auth phase.
struct BypassLogin {
    bypass: Bypass,
    host: Arc<dyn HostFacts>,
    caller: Caller,
    user: User,
    context: Context,
}

impl Bypasses {
    pub(super) fn new() -> Self {
        Self {
            told: Arc::new(Once::new(PERIOD, MAX_REMEMBERED)),
        }
    }

    /// Logs a login that the account phase does not judge, where a second factor is required of it.
    pub(super) fn tell(
        &self,
        state: &Arc<DaemonState>,
        accounts: &Arc<Accounts>,
        host: Arc<dyn HostFacts>,
        caller: &Caller,
        user: &User,
        context: &Context,
    ) {
        let config = state.config();
        let bypass = bypass(context);
        // A program of the user's own asks for no login.
        if !caller.is_root() || bypass == Bypass::Harmless {
            return;
        }
        if !may_require(&config.policy) && host.floor().is_none() {
            return;
        }
        let Some(permit) = EXAMINATIONS.try_acquire() else {
            return;
        };
        let key = (caller.host.clone(), user.uid, context.service.clone());
        if self.told.was_said(&key, Instant::now()) {
            return;
        }
        let login = BypassLogin {
            bypass,
            host,
            caller: caller.clone(),
            user: user.clone(),
            context: context.clone(),
        };
        let (state, accounts) = (Arc::clone(state), Arc::clone(accounts));
        let told = Arc::clone(&self.told);
        let examine = move || {
            let _permit = permit;
            // A login that needs no second factor leaves the line to the next one.
            if login.would_be_refused(&accounts, &config) && told.is_first(key, Instant::now()) {
                login.log(&state, &config);
            }
        };
        // Without a thread there is no line: the login goes on as it does.
        let thread = thread::Builder::new().name("bypass".to_owned());
        drop(thread.spawn(examine));
    }
}

impl BypassLogin {
    /// Whether the login would be refused if its service were guarded. `false` if the host has not told
    /// what that depends on.
    fn would_be_refused(&self, accounts: &Accounts, config: &Config) -> bool {
        let (user, context, now) = (self.user.clone(), self.context.clone(), clock::now());
        let host = Arc::clone(&self.host);
        let attempt = attempt_with_groups(config, host, &self.caller, user, context, now);
        let Ok(attempt) = attempt else {
            return false;
        };
        let loaded = accounts.load_record(&attempt.user);
        let account = loaded.as_ref().map(Loaded::account);
        is_refused(&config.policy, &attempt.login, account.ok(), now)
    }

    fn log(&self, state: &DaemonState, config: &Config) {
        let event = LoginEvent::Bypassed {
            bypass: self.bypass,
            audit: config.policy.audit,
        };
        state
            .journal
            .log_login(&self.caller, &self.user.name, &self.context, event);
    }
}

/// Whether a guarded service would refuse that login, the audit aside. Without `account` the record
/// cannot be read.
fn is_refused(
    policy: &Policy,
    login: &Login,
    account: Option<Option<&Account>>,
    now: Time,
) -> bool {
    let decision = policy.without_audit().decide(login, account.flatten(), now);
    let guarded = PhaseInput::Account {
        auth_result: AuthPhaseResult::NotRun,
        guarded: true,
        silent: false,
    };
    match account {
        Some(_) => matches!(decision.action(guarded), PhaseAction::Deny(_)),
        // Whether it would be in the grace is not known.
        None => decision.required,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tfa_core::{Groups, Identity, LoginOrigin, Methods, Mode, RuleEffect, Subject};

    use super::*;

    const NOW: Time = Time::from_secs(1_800_000_000);

    fn policy(mode: Mode, grace: u64, audit: bool) -> Policy {
        Policy {
            otherwise: RuleEffect {
                mode,
                grace: Duration::from_secs(grace),
                ..RuleEffect::default()
            },
            audit,
            ..Policy::default()
        }
    }

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
            service: "kiosk".to_owned(),
            origin: LoginOrigin::Local,
            methods: Methods::default(),
            keys: Vec::new(),
            host_requires: None,
        }
    }

    #[test]
    fn audit_mode_does_not_hide_a_login_without_the_second_factor() {
        for audit in [false, true] {
            let refused =
                |mode, grace| is_refused(&policy(mode, grace, audit), &login(), Some(None), NOW);
            assert!(refused(Mode::Required, 0), "{audit}");
            assert!(!refused(Mode::Required, 60), "in the grace, {audit}");
            assert!(!refused(Mode::Optional, 0), "{audit}");
        }
    }

    #[test]
    fn an_unreadable_record_is_not_taken_for_one_in_the_grace() {
        let refused = |mode| is_refused(&policy(mode, 60, false), &login(), None, NOW);
        assert!(refused(Mode::Required));
        assert!(!refused(Mode::Optional) && !refused(Mode::Off));
    }
}
