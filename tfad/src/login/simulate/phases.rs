//! A hypothetical login in the phases of PAM.

use tfa_core::{
    Account, AskRecoveryCode, HostName, Login, LoginOrigin, Offline, PhaseAction, PhaseInput,
    Policy, PolicyDecision, Subject, ThrottleScope, Time, Turn, confirm_by_security_key,
};
use tfa_proto::{Context, HypotheticalLogin, PASSWORD_METHOD, PUBLICKEY_METHOD, Phase, Verdict};

use super::hypothetical::{host, is_own, names_keys, origin, other_host};
use super::key::ShownKey;
use crate::config::Config;
use crate::host::facts::LocalHost;
use crate::host::pam_services::{STEPPED_OVER, is_silent};
use crate::host::time_limit::CallsFor;
use crate::host::users::User;
use crate::login::begin::untrusted;
use crate::login::facts::LoginFacts;
use crate::login::second_factor::{self, SecondFactor};
use crate::login::{on_member, pam_context, recovery, security_key};
use crate::messages::DeniedLogin;

/// The host of the login.
const HERE: &LocalHost = &LocalHost(CallsFor::Administrators);

/// A hypothetical login of one user, and what decides about it.
#[derive(Clone, Copy)]
pub struct Simulator<'a> {
    /// The configuration, but for the policy.
    pub config: &'a Config,
    /// The policy.
    pub policy: &'a Policy,
    /// The login.
    pub login: &'a HypotheticalLogin,
    /// The key that sshd has accepted in it. It is ignored for other services.
    pub key: Option<ShownKey>,
    /// The user.
    pub user: &'a User,
    /// The user as the policy sees one.
    pub subject: &'a Subject,
    /// The account of the user.
    pub account: Option<&'a Account>,
    /// The PAM files of the service leave logins to the session phase.
    pub has_session_phase: bool,
    /// The host has a recovery code that was not used.
    pub has_recovery_code: bool,
    /// The login is on a member of the fleet.
    pub on_member: bool,
    /// The time of the login.
    pub now: Time,
}

/// A login, as far as it can be foreseen.
pub struct Simulation<'account> {
    /// The module is not asked.
    pub stepped_over: bool,
    /// It could be set up, with an invitation that is not there.
    pub uninvited: bool,
    /// The program wants silence: what need not be said each time is said once a session.
    pub silent: bool,
    /// Two-factor login is off for the whole host.
    pub(super) is_off: bool,
    /// The phase that decides.
    pub(super) step: Step<'account>,
}

/// What one phase does.
pub(super) struct Step<'account> {
    pub(super) phase: Phase,
    pub(super) action: PhaseAction,
    /// It does so whatever the terms are.
    pub(super) whatever_the_policy: bool,
    /// What the policy says.
    pub(super) decision: PolicyDecision,
    /// How a login begins that is asked for a second factor.
    pub(super) second_factor: Option<SecondFactor<'account>>,
    /// The end of a login that makes the pending first security key active.
    pub(super) confirmed: Option<Turn>,
    /// What wrong codes count on.
    pub(super) throttle_scope: ThrottleScope,
    /// How a refusal describes the login.
    pub(super) denied_login: DeniedLogin,
    /// A rule may ask for the kind of the key, which is not known.
    pub(super) needs_kind_of_key: bool,
    is_left_to_session: bool,
    has_pending_key: bool,
}

/// A login as one phase sees it.
struct DescribedPhase {
    context: Context,
    login: Login,
    input: PhaseInput,
}

impl<'a> Simulator<'a> {
    /// Follows the login through its phases.
    #[must_use]
    pub fn run(&self) -> Simulation<'a> {
        let service = self.login.service.as_str();
        let is_invited = self
            .account
            .is_some_and(|account| account.is_invited(self.now));
        let first = self.step(self.first_phase(), None);
        Simulation {
            stepped_over: STEPPED_OVER.contains(&service),
            uninvited: self.policy.invitation && !is_invited,
            silent: is_silent(service),
            is_off: self.policy.is_off(),
            step: self.deciding_step(first),
        }
    }

    /// The host on which the user logs in, if a rule names hosts.
    pub(super) fn host(&self) -> Option<HostName> {
        let is_asked = self.policy.names_hosts();
        is_asked.then(|| host(self.login)).flatten()
    }

    /// What the policy permits of the login while its host is cut off, if the login is on another host than this one.
    pub(super) fn offline(&self) -> Option<Offline> {
        other_host(self.login)?;
        let described = self.described(self.first_phase(), None);
        let is_root_at_console = self.user.uid == 0 && self.origin() == LoginOrigin::Local;
        match self.policy.offline(&described.login, self.now) {
            Offline::Console if !is_root_at_console => Some(Offline::Deny),
            permitted => Some(permitted),
        }
    }

    /// Where the login comes from.
    pub(super) fn origin(&self) -> LoginOrigin {
        origin(self.login)
    }

    fn deciding_step(&self, first: Step<'a>) -> Step<'a> {
        let in_account_phase = || self.step(Phase::Account, Some(Verdict::NotRequired));
        match first.action {
            _ if first.is_left_to_session => self.step(Phase::Session, None),
            PhaseAction::Defer => in_account_phase(),
            PhaseAction::Exempt(_) if first.phase == Phase::Auth && first.has_pending_key => {
                let account = in_account_phase();
                if account.confirmed.is_some() {
                    account
                } else {
                    first
                }
            }
            _ => first,
        }
    }

    fn first_phase(&self) -> Phase {
        let method = self.login.method.as_ref();
        if method.is_none_or(|method| method == PASSWORD_METHOD) {
            Phase::Auth
        } else {
            Phase::Account
        }
    }

    /// The login as a phase sees it.
    fn described(&self, phase: Phase, auth_result: Option<Verdict>) -> DescribedPhase {
        let (context, key) = self.context(phase, auth_result);
        let keys = key.iter().map(|shown| shown.key).collect();
        let subject = self.subject.clone();
        let mut login =
            pam_context::login_by_keys(&context, keys, subject, self.host(), self.origin());
        match (&self.login.method, phase) {
            // In the account phase sshd has not named its method yet.
            (Some(method), Phase::Session) if key.is_none() => {
                login.methods = pam_context::methods_named(method);
            }
            _ => {}
        }
        login.methods.has_unknown_key |= key.is_some_and(|shown| shown.is_of_unknown_type);
        DescribedPhase {
            input: pam_context::phase(HERE, &context, self.policy),
            context,
            login,
        }
    }

    fn facts<'phase>(&self, described: &'phase DescribedPhase) -> LoginFacts<'phase> {
        LoginFacts {
            host: HERE,
            is_root: !is_own(self.login),
            context: &described.context,
            login: &described.login,
            phase: described.input,
        }
    }

    fn step(&self, phase: Phase, auth_result: Option<Verdict>) -> Step<'a> {
        let Self { policy, now, .. } = *self;
        let described = self.described(phase, auth_result);
        let facts = self.facts(&described);
        let DescribedPhase {
            context,
            login,
            input,
        } = &described;
        let input = *input;
        let decision = self.decide(login);
        let none_needed = input.action_without_policy();
        let action = none_needed.unwrap_or_else(|| decision.action(input));
        let pending = self
            .account
            .filter(|account| security_key::pending_of_login(facts, account, now).is_some());
        let may_confirm = pending.filter(|account| policy.may_confirm_first(account));
        let confirmed = may_confirm.and_then(|account| {
            confirm_by_security_key(&mut account.clone(), &decision, input, &login.keys, now)
        });
        Step {
            phase,
            action,
            whatever_the_policy: none_needed.is_some(),
            second_factor: self.second_factor(action, &decision, facts),
            confirmed,
            throttle_scope: facts.throttle_scope(),
            denied_login: DeniedLogin::of(context.is_ssh(), &login.methods),
            needs_kind_of_key: login.methods.has_unknown_key
                && policy.may_depend_on_methods(login, now),
            is_left_to_session: context.session_follows
                && input.can_be_left_to_session()
                && policy.depends_on_method(login, now),
            has_pending_key: pending.is_some(),
            decision,
        }
    }

    fn decide(&self, login: &Login) -> PolicyDecision {
        let decision = self.policy.decide(login, self.account, self.now);
        match self.on_member {
            false => decision,
            true => on_member::decided(decision, self.account, self.user.uid),
        }
    }

    fn second_factor(
        &self,
        action: PhaseAction,
        decision: &PolicyDecision,
        facts: LoginFacts<'_>,
    ) -> Option<SecondFactor<'a>> {
        let account = self.account.filter(|_| action == PhaseAction::Ask)?;
        let may_recover = || self.may_recover();
        let rules = &self.config.remember;
        Some(second_factor::begin(
            rules,
            facts,
            account,
            decision.factors(),
            may_recover,
            self.now,
        ))
    }

    /// Whether the user may use the recovery code of the host, which members do not have. It asks the name service, and
    /// blocks.
    pub(super) fn may_recover(&self) -> bool {
        self.has_recovery_code && !self.on_member && recovery::may_use(self.config, HERE, self.user)
    }

    /// Whether the login is asked for the recovery code of the host in place of a refusal.
    pub(super) fn is_asked_to_recover(&self) -> bool {
        let Self {
            config,
            account,
            now,
            ..
        } = *self;
        let described = self.described(self.first_phase(), None);
        let decision = self.decide(&described.login);
        let facts = self.facts(&described);
        let may_recover = || self.may_recover();
        let new = Account::new(self.user.uid);
        recovery::replaced_refusal(config, facts, &decision, account, may_recover, now).is_some()
            && AskRecoveryCode::begin(account.unwrap_or(&new), now).is_some()
    }

    /// What PAM reports in a phase, and the key that it names.
    fn context(&self, phase: Phase, auth_result: Option<Verdict>) -> (Context, Option<ShownKey>) {
        let first = self.first_phase();
        let is_own = is_own(self.login);
        // sshd names a key to PAM before the password, and in the session phase.
        let is_key_named = first == Phase::Auth || phase == Phase::Session;
        let key = self
            .key
            .filter(|_| is_key_named && !is_own && names_keys(self.login));
        let info = key.map(|_| PUBLICKEY_METHOD).unwrap_or_default();
        let service = &self.login.service;
        let context = Context {
            phase,
            auth_result,
            service: service.clone(),
            rhost: self.login.from.clone(),
            // sudo, or su of a user to the same one.
            ruser: self.user.name.clone(),
            ssh_auth_info: info.to_owned(),
            password_given: phase == Phase::Auth,
            can_enroll: true,
            silent: is_silent(service),
            session_follows: first == Phase::Account
                && self.has_session_phase
                && self.policy.names_own_methods(),
            ..Context::default()
        };
        let context = if is_own { untrusted(context) } else { context };
        (context, key)
    }
}
