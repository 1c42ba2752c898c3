//! The begin of a login: the user, and what does not depend on the account.
//!
//! What depends on it is decided in `evaluation`.

use std::sync::Arc;

use tfa_core::{Login, LoginOrigin, Offline, PhaseAction, PhaseInput, Time};
use tfa_proto::{Context, Turn, Verdict};
use tfa_store::RecordRead;

use super::{Error, Logins, pam_context, render, session_gate};
use crate::account;
use crate::caller::Caller;
use crate::config::Config;
use crate::fleet::Floor;
use crate::host::facts::{HostFacts, LocalHost, Missing};
use crate::host::pam_services::may_require;
use crate::host::subject::SubjectQuery;
use crate::host::time_limit::CallsFor;
use crate::host::users::{LookUpError, User};
use crate::host::{clock, groups};
use crate::login::sessions::LoginAttempt;
use crate::publication::PolicyError;

/// How many policies a login is judged by, because newer ones are published meanwhile.
const MAX_POLICIES: u32 = 8;

/// A login that begins.
#[derive(Debug)]
pub struct BeginRequest<'a> {
    /// The host of the login.
    pub host: Arc<dyn HostFacts>,
    /// The program that asks.
    pub caller: &'a Caller,
    /// The user, as that host has looked the name up.
    pub user: User,
    /// What PAM knows.
    pub context: Context,
    /// The record of the user, where it was read with something else.
    pub record: Option<RecordRead>,
}

impl Logins {
    /// Looks the user up on this host, and begins the dialog.
    pub(super) fn begin_here(
        &self,
        caller: &Caller,
        user: &str,
        context: Context,
    ) -> Result<(u32, Turn), Error> {
        let user = match self.accounts.names().look_up(user) {
            Ok(user) => user,
            // As for a user who exists: a program of a user does not learn whether there is another one.
            Err(_) if !caller.is_root() => return Err(Error::NotOwnUser { uid: caller.uid }),
            Err(LookUpError::Unknown(_)) => {
                return Ok((0, render::end(Verdict::UnknownUser, None)));
            }
            Err(LookUpError::Failed(failed)) => return Err(account::Error::from(failed).into()),
        };
        self.begin_on(BeginRequest {
            host: Arc::clone(&self.host),
            caller,
            user,
            context,
            record: None,
        })
    }

    /// Begins the dialog for a user of a host.
    pub(super) fn begin_on(&self, request: BeginRequest<'_>) -> Result<(u32, Turn), Error> {
        let BeginRequest {
            host,
            caller,
            user,
            context,
            mut record,
        } = request;
        let context = match caller.is_root() {
            true => context,
            false if user.uid == caller.uid => untrusted(context),
            // Before the account decides anything: the time that it takes does not tell whether there is one.
            false => return Err(Error::NotOwnUser { uid: caller.uid }),
        };
        for _ in 0..MAX_POLICIES {
            let config = match self.state.publication().newest_met() {
                Ok(config) => config,
                Err(error) => self.newest_for_root(error, &host, caller, &user, &context)?,
            };
            let request = BeginRequest {
                host: Arc::clone(&host),
                caller,
                user: user.clone(),
                context: context.clone(),
                // It is not of the moment of a later policy.
                record: record.take(),
            };
            match self.begin_under(&config, request) {
                Err(Error::OtherPolicy) => {}
                begun => return begun,
            }
        }
        Err(Error::OtherPolicy)
    }

    /// The newest policy that was met, for root at a console of this host whom it exempts: the store has an older one
    /// now, and could not be mended without that login. No other login is judged by it, and no policy but that one.
    ///
    /// # Errors
    /// `error`, for each other login.
    fn newest_for_root(
        &self,
        error: PolicyError,
        host: &Arc<dyn HostFacts>,
        caller: &Caller,
        user: &User,
        context: &Context,
    ) -> Result<Arc<Config>, Error> {
        let newest = self.state.publication().newest_before_older();
        let Some(newest) = newest.filter(|_| caller.is_root() && host.is_local()) else {
            return Err(error.into());
        };
        let (user, context) = (user.clone(), context.clone());
        let attempt = attempt(&newest, Arc::clone(host), caller, user, context, false)?;
        let is_exempt = attempt.is_of_root_at_console()
            && newest.policy.is_off_for(&attempt.login, clock::now());
        match is_exempt {
            true => Ok(newest),
            false => Err(error.into()),
        }
    }

    /// Begins the dialog under a policy.
    ///
    /// # Errors
    /// Also [`Error::OtherPolicy`], before anything was done, if there is a newer one.
    fn begin_under(
        &self,
        config: &Arc<Config>,
        mut request: BeginRequest<'_>,
    ) -> Result<(u32, Turn), Error> {
        let (host, policy) = (&*request.host, &config.policy);
        request.context.session_follows = session_gate::can_decide(host, &request.context, policy)?;
        let phase = pam_context::phase(host, &request.context, policy);
        match phase.action_without_policy() {
            Some(action) => self.follow_without_policy(config, action, request),
            None => self.follow_policy(config, phase, request),
        }
    }

    /// Checks that no newer policy is published than this one, where no record is read.
    pub(super) fn must_be_newest(&self, config: &Arc<Config>) -> Result<(), Error> {
        self.state.publication().newest()?;
        self.must_be_newest_met(config)
    }

    /// As [`Self::must_be_newest`]. Where the store does not answer, or has an older policy, the newest one that was
    /// met decides: for logins without which the store could not be mended, or that no code could be asked of.
    pub(super) fn must_be_newest_known(&self, config: &Arc<Config>) -> Result<(), Error> {
        let publication = self.state.publication();
        match publication.newest() {
            Err(PolicyError::Older(why)) => match publication.newest_before_older() {
                Some(newest) if Arc::ptr_eq(&newest, config) => Ok(()),
                _ => Err(PolicyError::Older(why).into()),
            },
            Err(error) if !error.is_without_answer() => Err(error.into()),
            Ok(_) | Err(_) => self.must_be_newest_met(config),
        }
    }

    /// Checks that no read has met a newer policy than this one. It reads nothing.
    pub(super) fn must_be_newest_met(&self, config: &Arc<Config>) -> Result<(), Error> {
        match self.state.publication().is_newest(config) {
            true => Ok(()),
            false => Err(Error::OtherPolicy),
        }
    }

    /// Does what neither the account nor the groups matter to.
    fn follow_without_policy(
        &self,
        config: &Arc<Config>,
        action: PhaseAction,
        request: BeginRequest<'_>,
    ) -> Result<(u32, Turn), Error> {
        let BeginRequest {
            host,
            caller,
            user,
            context,
            record: _,
        } = request;
        let verdict = match action {
            PhaseAction::Verified if context.session_follows => Verdict::LeftToSession,
            PhaseAction::Verified => context.auth_result.unwrap_or(Verdict::Verified),
            PhaseAction::Replace => {
                self.must_be_newest(config)?;
                let attempt = attempt(config, host, caller, user, context, false)?;
                return self.offer_replacement(config, attempt);
            }
            _ => {
                self.must_be_newest_known(config)?;
                self.bypasses
                    .tell(&self.state, &self.accounts, host, caller, &user, &context);
                Verdict::NotRequired
            }
        };
        Ok((0, render::end(verdict, None)))
    }

    fn follow_policy(
        &self,
        config: &Arc<Config>,
        phase: PhaseInput,
        request: BeginRequest<'_>,
    ) -> Result<(u32, Turn), Error> {
        let BeginRequest {
            host,
            caller,
            user,
            context,
            record,
        } = request;
        let policy = &config.policy;
        // One moment for the whole decision: a rule that ends in between must not be judged by facts
        // that were not looked up, or without the record.
        let now = clock::now();
        let attempt = attempt_with_groups(config, host, caller, user, context, now)?;
        if attempt.context.session_follows
            && phase.can_be_left_to_session()
            && policy.depends_on_method(&attempt.login, now)
        {
            self.must_be_newest(config)?;
            return Ok((0, render::end(Verdict::LeftToSession, None)));
        }
        self.evaluate(config, phase, attempt, record, now)
    }
}

/// A login as the policy judges it. The name service is asked for groups only where they make a
/// difference. It blocks.
pub(super) fn attempt_with_groups(
    config: &Config,
    host: Arc<dyn HostFacts>,
    caller: &Caller,
    user: User,
    context: Context,
    now: Time,
) -> Result<LoginAttempt, Missing> {
    let inside_session = pam_context::is_inside_session(caller.is_root(), &context.service);
    let mut attempt = attempt(config, host, caller, user, context, inside_session)?;
    let query = SubjectQuery::of_login(&attempt.login, &config.policy, inside_session, now);
    if let Some(query) = query {
        attempt.login.subject = attempt.host.subject(&attempt.user, query)?;
    }
    Ok(attempt)
}

/// What the policy of a member says of a login that a verifier decides.
#[derive(Debug, Default)]
pub(crate) struct PolicyHere {
    /// What it requires at least.
    pub(crate) floor: Option<Floor>,
    /// What it permits while no verifier can be reached.
    pub(crate) offline: Offline,
}

/// What the policy of this host says of a login, whatever the account, where another daemon decides it.
/// The context is one that may be used. It blocks where groups make a difference.
pub(crate) fn policy_here(
    config: &Config,
    caller: &Caller,
    user: User,
    context: Context,
) -> Result<PolicyHere, Missing> {
    let (policy, now) = (&config.policy, clock::now());
    if !may_require(policy) && !policy.permits_offline() {
        return Ok(PolicyHere::default());
    }
    let host = Arc::new(LocalHost(CallsFor::Logins));
    let context = Context {
        session_follows: session_gate::can_decide(&*host, &context, policy)?,
        ..context
    };
    let phase = pam_context::phase(&*host, &context, policy);
    let attempt = attempt_with_groups(config, host, caller, user, context, now)?;
    // The session phase, which knows the method, tells it.
    if attempt.context.session_follows
        && phase.can_be_left_to_session()
        && policy.depends_on_method(&attempt.login, now)
    {
        return Ok(PolicyHere::default());
    }
    let effect = policy.floor(&attempt.login, now);
    Ok(PolicyHere {
        floor: effect.map(|effect| Floor {
            effect,
            guarded: pam_context::guards(policy, &attempt.context),
        }),
        offline: policy.offline(&attempt.login, now),
    })
}

/// A login whose groups are not known.
fn attempt(
    config: &Config,
    host: Arc<dyn HostFacts>,
    caller: &Caller,
    user: User,
    context: Context,
    inside_session: bool,
) -> Result<LoginAttempt, Missing> {
    let at_console = host.is_at_console(&context, &config.consoles)?;
    let origin = LoginOrigin::new(&context.rhost, at_console, inside_session);
    let subject = groups::subject_without_groups(&user);
    let is_asked = config.policy.names_hosts();
    let name = is_asked.then(|| host.name_in_rules()).flatten();
    let login = pam_context::login(&context, subject, name, origin);
    let from = pam_context::client(caller, &context).from;
    let from_member = caller.host.as_ref().filter(|_| !from.is_empty());
    let from_member = from_member.map(|member| format!("{member}/{from}"));
    let host_requires = host.floor().map(|floor| floor.effect.clone());
    Ok(LoginAttempt {
        host,
        caller: caller.clone(),
        login: Login {
            host_requires,
            ..login
        },
        from_member,
        user,
        context,
    })
}

/// The part of a context that is used where the caller is not root. A program of the user may say that
/// the auth phase refused: it makes the answer stricter only.
pub(crate) fn untrusted(context: Context) -> Context {
    let auth_result = context.auth_result.filter(|verdict| match verdict {
        Verdict::Denied | Verdict::MustEnroll | Verdict::Locked | Verdict::UnknownUser => true,
        Verdict::Verified
        | Verdict::VerifiedByTotp
        | Verdict::VerifiedByHotp
        | Verdict::VerifiedBySecurityKey
        | Verdict::VerifiedByBackupCode
        | Verdict::Remembered
        | Verdict::Recovered
        | Verdict::CodeOfSession
        | Verdict::NotRequired
        | Verdict::LeftToSession => false,
    });
    Context {
        phase: context.phase,
        service: context.service,
        auth_result,
        ..Context::default()
    }
}

#[cfg(test)]
mod tests {
    use tfa_proto::Phase;

    use super::*;

    #[test]
    fn an_untrusted_context_keeps_refusals_only() {
        for verdict in Verdict::ALL.iter().copied() {
            let context = Context {
                phase: Phase::Account,
                service: "i3lock".to_owned(),
                rhost: "192.0.2.7".to_owned(),
                tty: "tty1".to_owned(),
                seat: "seat0".to_owned(),
                auth_result: Some(verdict),
                ..Context::default()
            };
            let is_let_in = matches!(verdict, Verdict::NotRequired | Verdict::LeftToSession);
            let is_refusal = !verdict.is_verified() && !is_let_in;
            let expected = Context {
                phase: Phase::Account,
                service: "i3lock".to_owned(),
                auth_result: is_refusal.then_some(verdict),
                ..Context::default()
            };
            assert_eq!(untrusted(context), expected, "{verdict:?}");
        }
    }
}
