//! A hypothetical login in the phases of PAM.

use tfa_core::{Account, PhaseAction, Policy, PolicyDecision, Subject, Time};
use tfa_proto::{Context, HypotheticalLogin, PASSWORD_METHOD, Phase, Verdict};

use super::hypothetical::{add_security_key, is_own, origin};
use crate::host::pam_services::{STEPPED_OVER, is_silent};
use crate::login::pam_context;
use crate::messages::DeniedLogin;

/// A login, as far as it can be foreseen.
pub struct Simulation {
    /// The module is not asked.
    pub stepped_over: bool,
    /// What becomes of it.
    pub action: PhaseAction,
    /// It does so whatever the terms are.
    pub whatever_the_policy: bool,
    /// What the policy says.
    pub decision: PolicyDecision,
    /// It could be set up, with an invitation that is not there.
    pub uninvited: bool,
    /// The phase that decides.
    pub phase: Phase,
    /// sshd has accepted a security key of the user.
    pub has_security_key: bool,
    /// How a refusal describes the login.
    pub(super) denied_login: DeniedLogin,
    /// The program wants silence: what need not be said each time is said once a session.
    pub silent: bool,
}

/// Follows a supposed login through its phases.
#[must_use]
pub fn simulate(
    policy: &Policy,
    supposed: &HypotheticalLogin,
    subject: &Subject,
    account: Option<&Account>,
    has_session_phase: bool,
    now: Time,
) -> Simulation {
    let asked_by_pam = supposed
        .method
        .as_ref()
        .is_none_or(|method| method == PASSWORD_METHOD);
    let first = if asked_by_pam {
        Phase::Auth
    } else {
        Phase::Account
    };
    let in_phase = |phase, auth_result| {
        let context = Context {
            phase,
            auth_result,
            service: supposed.service.clone(),
            rhost: supposed.from.clone(),
            can_enroll: !is_own(supposed),
            silent: is_silent(&supposed.service),
            session_follows: first == Phase::Account
                && has_session_phase
                && !is_own(supposed)
                && policy.names_own_methods(),
            ..Context::default()
        };
        let mut login = pam_context::login(&context, subject.clone(), origin(supposed));
        match (&supposed.method, phase) {
            // In the account phase sshd has not named its method yet.
            (Some(method), Phase::Session) => login.methods = pam_context::methods_named(method),
            (None, Phase::Auth) if supposed.security_key == Some(true) && context.is_ssh() => {
                add_security_key(&mut login, account);
            }
            _ => {}
        }
        let input = pam_context::phase(&context, policy);
        let is_left_to_session = context.session_follows
            && input.can_be_left_to_session()
            && policy.depends_on_method(&login, now);
        let decision = policy.decide(&login, account, now);
        let none_needed = input.action_without_policy();
        let step = Step {
            phase,
            action: none_needed.unwrap_or_else(|| decision.action(input)),
            whatever_the_policy: none_needed.is_some(),
            decision,
            has_security_key: account
                .is_some_and(|account| account.security_key_among(&login.keys).is_some()),
            denied_login: DeniedLogin::of(context.is_ssh(), &login.methods),
        };
        (step, is_left_to_session)
    };
    let step = match in_phase(first, None) {
        (_, true) => in_phase(Phase::Session, None).0,
        (
            Step {
                action: PhaseAction::Defer,
                ..
            },
            _,
        ) => in_phase(Phase::Account, Some(Verdict::NotRequired)).0,
        (step, false) => step,
    };
    let Step {
        phase,
        action,
        whatever_the_policy,
        decision,
        has_security_key,
        denied_login,
    } = step;
    let is_invited = account.is_some_and(|account| account.is_invited(now));
    Simulation {
        stepped_over: STEPPED_OVER.contains(&supposed.service.as_str()),
        action,
        whatever_the_policy,
        decision,
        phase,
        has_security_key,
        denied_login,
        uninvited: policy.invitation && !is_invited,
        silent: is_silent(&supposed.service),
    }
}

/// What one phase does.
struct Step {
    phase: Phase,
    action: PhaseAction,
    whatever_the_policy: bool,
    decision: PolicyDecision,
    has_security_key: bool,
    denied_login: DeniedLogin,
}
