//! The trace of a login that goes on without the second factor that is required of it, because it never
//! ran the auth phase and its service is not guarded.
//!
//! Whether it is required is found out beside the login, which has its answer already: such a login
//! depends on no directory and no store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tfa_bus::Context;
use tfa_core::{Course, Met, Stage};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::accounts::Loaded;
use crate::caller::Caller;
use crate::config::Config;
use crate::host::Host;
use crate::journal::Level;
use crate::once::Once;
use crate::services::{Bypass, bypass, may_require};
use crate::users::User;
use crate::{circumstances, clock, groups, texts};

/// How often the log has it of one user and service.
const PERIOD: Duration = Duration::from_secs(3600);
/// Of how many users and services that is remembered.
const REMEMBERED: usize = 1024;
/// How many are looked into at once; each may wait for the name service. More leave no trace.
const AT_ONCE: usize = 4;

/// What was logged of such logins lately.
#[derive(Debug)]
pub(super) struct Bypasses {
    told: Once<(u32, String)>,
    places: Arc<Semaphore>,
}

impl Bypasses {
    pub(super) fn new() -> Self {
        Self {
            told: Once::new(PERIOD, REMEMBERED),
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Logs a login that the account phase leaves alone, where a second factor is required of it.
    pub(super) fn tell(&self, host: &Arc<Host>, caller: &Caller, user: &User, context: &Context) {
        let config = host.config();
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
        if !self.told.is_first(key, Instant::now()) {
            return;
        }
        let (host, caller) = (Arc::clone(host), caller.clone());
        let (user, context) = (user.clone(), context.clone());
        drop(runtime.spawn(async move {
            let _place = place;
            if would_be_refused(&host, &config, &user, &context).await {
                let level = match bypass {
                    Bypass::Sudo => Level::Info,
                    _ => Level::Warning,
                };
                let what = texts::bypassed(bypass);
                host.log_login(level, &caller, &user, &context, what);
            }
        }));
    }
}

/// Whether the login would be refused if its service were guarded.
async fn would_be_refused(host: &Host, config: &Config, user: &User, context: &Context) -> bool {
    let policy = &config.policy;
    let origin = circumstances::origins(context, &config.consoles);
    let mut login = circumstances::login(context, groups::unasked(user), origin);
    if !policy.is_settled(&login) {
        login.person = host.person(user, policy).await;
    }
    let loaded = host.accounts.load_record(user).await;
    let account = loaded.as_ref().ok().and_then(Loaded::account);
    let guarded = Stage::Account {
        met: Met::Never,
        guarded: true,
        silent: context.silent,
    };
    let ruling = policy.decide(&login, account, clock::now());
    matches!(ruling.course(guarded), Course::Refuse(_))
}
