//! The trace of a login that goes on without the second factor that is required of it, because it never
//! ran the auth phase and its service is not guarded.
//!
//! Whether it is required is found out beside the login, which has its answer already: such a login
//! depends on no directory and no store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tfa_core::{Account, AuthPhaseResult, Login, PhaseAction, PhaseInput, Policy, Time};
use tfa_proto::Context;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::account::Loaded;
use crate::config::Config;
use crate::dbus::caller::Caller;
use crate::host::clock;
use crate::host::groups;
use crate::host::users::User;
use crate::log::journal::Level;
use crate::login::once::Once;
use crate::login::pam_context;
use crate::login::services::{Bypass, bypass, may_require};
use crate::messages;
use crate::state::DaemonState;

/// How often the log has it of one user and service.
const PERIOD: Duration = Duration::from_secs(3600);
/// Of how many users and services that is remembered.
const REMEMBERED: usize = 1024;
/// How many are looked into at once; each may wait for the name service. More leave no trace.
const AT_ONCE: usize = 4;

/// What was logged of such logins lately.
#[derive(Debug)]
pub(super) struct Bypasses {
    told: Arc<Once<(u32, String)>>,
    places: Arc<Semaphore>,
}

impl Bypasses {
    pub(super) fn new() -> Self {
        Self {
            told: Arc::new(Once::new(PERIOD, REMEMBERED)),
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Logs a login that the account phase leaves alone, where a second factor is required of it.
    pub(super) fn tell(
        &self,
        state: &Arc<DaemonState>,
        caller: &Caller,
        user: &User,
        context: &Context,
    ) {
        let config = state.config();
        let bypass = bypass(context);
        // What a program of the user's own asks is no login.
        if !caller.is_root() || bypass == Bypass::Harmless || !may_require(&config.policy) {
            return;
        }
        let (Ok(runtime), Ok(place)) = (
            Handle::try_current(),
            Arc::clone(&self.places).try_acquire_owned(),
        ) else {
            return;
        };
        let key = (user.uid, context.service.clone());
        if self.told.was_said(&key, Instant::now()) {
            return;
        }
        let (state, caller) = (Arc::clone(state), caller.clone());
        let (user, context) = (user.clone(), context.clone());
        let told = Arc::clone(&self.told);
        drop(runtime.spawn(async move {
            let _place = place;
            // A login that needs no second factor leaves the line to the next one.
            if would_be_refused(&state, &config, &user, &context).await
                && told.is_first(key, Instant::now())
            {
                let level = match bypass {
                    Bypass::Sudo => Level::Info,
                    _ => Level::Warning,
                };
                let what = messages::bypassed(bypass, config.policy.audit);
                state.log_login(level, &caller, &user, &context, &what);
            }
        }));
    }
}

/// Whether the login would be refused if its service were guarded.
async fn would_be_refused(
    state: &DaemonState,
    config: &Config,
    user: &User,
    context: &Context,
) -> bool {
    let policy = &config.policy;
    let inside_session = pam_context::is_inside_session(true, &context.service);
    let origin = pam_context::login_origin(context, &config.consoles, inside_session);
    let mut login = pam_context::login(context, groups::subject_without_groups(user), origin);
    if let Some(subject) = state.subject_of(&login, user, policy, inside_session).await {
        login.subject = subject;
    }
    let loaded = state.accounts.load_record(user).await;
    let account = loaded.as_ref().map(Loaded::account);
    is_refused(policy, &login, account.ok(), clock::now())
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
        // What it would say of a grace is not known.
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
            service: "kiosk".to_owned(),
            origin: LoginOrigin::Local,
            methods: Methods::default(),
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
