//! What would become of a login: the policy's answer without a login, for the administrator.

use tfa_core::{
    Account, AskCode, Authenticator, DenyReason, Exemption, LockScope, LockState, Login,
    LoginOrigin, Message, PhaseAction, ThrottleScope,
};
use tfa_core::{Policy, PolicyDecision, Source, Subject, Terms, Time};
use tfa_proto::{
    Context, Explanation, HypotheticalLogin, Impact, OpenEnum, Outcome, PASSWORD_METHOD, Phase,
    Reason, SECURITY_KEY_METHOD, Verdict,
};
use tfa_text::wrapped;

use crate::account::status;
use crate::host::pam_services::{STEPPED_OVER, is_silent};
use crate::host::users::User;
use crate::login::pam_context;
use crate::messages::{self, DeniedLogin, Shown};

/// The columns of what the user would see. `tfactl explain` indents it.
const WIDTH: usize = 78;

/// Long enough for every grace to be over.
const LATER: std::time::Duration = std::time::Duration::from_secs(100 * 365 * 24 * 3600);

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
    denied_login: DeniedLogin,
    /// The program wants silence: what need not be said each time is said once a session.
    pub silent: bool,
}

/// The host of a simulation.
#[derive(Debug, Clone, Copy)]
pub struct SimulatedHost<'a> {
    /// Its name.
    pub name: &'a str,
    /// The PAM files of the service leave logins to the session phase.
    pub has_session_phase: bool,
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

/// Adds the security key that the user has enrolled, as sshd names it before PAM asks for the password.
fn add_security_key(login: &mut Login, account: Option<&Account>) {
    let mut all = account.iter().flat_map(|account| account.authenticators());
    let Some(key) = all.find_map(Authenticator::ssh_key) else {
        return;
    };
    let methods = pam_context::methods_named(SECURITY_KEY_METHOD).passed;
    login.methods.passed.extend(methods);
    login.keys.push(key);
}

/// The name that logs in: the one that was given.
#[must_use]
pub fn login_name(user: &User) -> &str {
    user.aliases.first().unwrap_or(&user.name)
}

/// Whether the login comes from inside a session.
#[must_use]
pub fn is_inside_session(supposed: &HypotheticalLogin) -> bool {
    pam_context::is_inside_session(!is_own(supposed), &supposed.service)
}

/// Whether the login program runs as the user. Nothing that it says of the login is believed then.
fn is_own(supposed: &HypotheticalLogin) -> bool {
    supposed.own == Some(true)
}

/// Where the login comes from. Without a remote host that is a console, unless it is said to be the
/// inside of a session, or a program of the user's own.
fn origin(supposed: &HypotheticalLogin) -> LoginOrigin {
    let at_console = supposed.session != Some(true) && !is_own(supposed);
    LoginOrigin::new(&supposed.from, at_console, is_inside_session(supposed))
}

/// What a policy would mean for a user, now and once every grace is over.
#[must_use]
pub fn impact(
    policy: &Policy,
    supposed: &HypotheticalLogin,
    user: &str,
    subject: &Subject,
    account: Option<&Account>,
    has_session_phase: bool,
    now: Time,
) -> Impact {
    // The impact of a policy is what it asks after audit mode.
    let policy = &policy.without_audit();
    let simulated = |account, now| {
        simulate(policy, supposed, subject, account, has_session_phase, now).outcome()
    };
    let (today, now_reason) = simulated(account, now);
    // The grace of a user who was never asked begins today.
    let mut waiting = account
        .cloned()
        .unwrap_or_else(|| Account::new(subject.uid));
    waiting.require(now);
    let (later, later_reason) = simulated(Some(&waiting), now.plus(LATER));
    Impact {
        user: user.to_owned(),
        now: today.into(),
        now_reason: now_reason.map(OpenEnum::from),
        later: later.into(),
        later_reason: later_reason.map(OpenEnum::from),
    }
}

/// What becomes of a login, for people and programs.
#[must_use]
pub fn explain(
    policy: &Policy,
    supposed: &HypotheticalLogin,
    user: &str,
    subject: &Subject,
    account: Option<&Account>,
    host: SimulatedHost<'_>,
    now: Time,
) -> Explanation {
    let SimulatedHost {
        name: host,
        has_session_phase,
    } = host;
    let groups = subject.unknown_groups();
    let mut unknown: Vec<String> = groups.iter().map(|g| format!("group {g}")).collect();
    if let LoginOrigin::Name(name) = origin(supposed) {
        unknown.push(format!("the address of {name}"));
    }
    let simulated =
        |policy: &Policy| simulate(policy, supposed, subject, account, has_session_phase, now);
    let simulation = simulated(policy);
    let (locked, lock_scope) = simulation.lock(account, lock_of(supposed), now);
    let (what, reason) = match locked {
        Some(_) => (Outcome::Refused, Some(Reason::Locked)),
        None => simulation.outcome(),
    };
    let no_rule_decides =
        locked.is_some() || simulation.stepped_over || simulation.whatever_the_policy;
    let Simulation {
        action,
        decision,
        phase,
        has_security_key,
        denied_login,
        uninvited,
        stepped_over,
        silent,
        ..
    } = simulation;
    let strict = decision.audited.map(|_| {
        let strict = policy.without_audit();
        simulated(&strict).outcome()
    });
    let audited = strict.filter(|strict| locked.is_none() && *strict != (what, reason));
    let source = if no_rule_decides {
        Source::default()
    } else {
        decision.source.clone()
    };
    let grace_until = match action {
        _ if stepped_over => None,
        PhaseAction::Grace(until) => Some(until),
        PhaseAction::SetUp(until) => until,
        _ => None,
    };
    let terms = match action {
        PhaseAction::Exempt(_) if !no_rule_decides => decision.terms.clone(),
        _ => Terms::default(),
    };
    let shown = match (action, locked) {
        _ if stepped_over => String::new(),
        (PhaseAction::Exempt(Exemption::ByAdministrator(until)), _)
            if !silent && phase != Phase::Session =>
        {
            let reason = terms.reason.as_deref().unwrap_or_default();
            messages::exempt(host, until, reason, now)
        }
        (_, Some(lock_state)) => {
            let scope = lock_scope.unwrap_or(LockScope::UnknownOrigins);
            messages::locked(lock_state, scope, now)
        }
        (PhaseAction::Ask, _) if has_security_key => String::new(),
        (PhaseAction::Ask, _) => messages::ASK_CODE.trim_end().to_owned(),
        (PhaseAction::SetUp(_), _) if uninvited => messages::message(Message::NoInvitation, now).1,
        (PhaseAction::Grace(until) | PhaseAction::SetUp(Some(until)), _) => {
            messages::grace(host, until, now).join("\n")
        }
        (PhaseAction::SetUp(None), _) => messages::must_set_up(host, Shown::First).join("\n"),
        (PhaseAction::Deny(reason), _) => messages::denial(reason, host, user, denied_login),
        (
            PhaseAction::Verified
            | PhaseAction::Replace
            | PhaseAction::Exempt(_)
            | PhaseAction::Defer
            | PhaseAction::NotGuarded,
            _,
        ) => String::new(),
    };
    Explanation {
        user: user.to_owned(),
        outcome: what.into(),
        reason: reason.map(OpenEnum::from),
        phase: (!stepped_over).then_some(phase.into()),
        file: source.file,
        line: source.line,
        grace_until: grace_until.map(Time::as_secs),
        required: decision.required || decision.audited.is_some(),
        exempt_until: terms.until.map(Time::as_secs),
        exempt_reason: terms.reason,
        locked_until: match locked {
            Some(LockState::Until(until)) => Some(until.as_secs()),
            _ => None,
        },
        permanently_locked: locked == Some(LockState::Permanent),
        lock_scope: lock_scope.map(|scope| status::lock_scope_of(scope).into()),
        audited: audited.map(|(what, _)| what.into()),
        audited_reason: audited.and_then(|(_, why)| why).map(OpenEnum::from),
        state: status::state_of(account).into(),
        shown: wrapped(&shown, WIDTH),
        unknown,
    }
}

/// What the wrong codes count on. A login without a remote host is taken for one at a console.
fn lock_of(supposed: &HypotheticalLogin) -> ThrottleScope {
    if is_own(supposed) {
        ThrottleScope::OwnProgram
    } else {
        pam_context::scope_of_origin(&origin(supposed), &[])
    }
}

impl Simulation {
    /// The lock that a question for a code would meet, and what its wrong codes count on.
    fn lock(
        &self,
        account: Option<&Account>,
        scope: ThrottleScope,
        now: Time,
    ) -> (Option<LockState>, Option<LockScope>) {
        if self.stepped_over || self.action != PhaseAction::Ask || self.has_security_key {
            return (None, None);
        }
        let Some(account) = account else {
            return (None, None);
        };
        let counted_on = Some(account.lock_scope(scope, now));
        match AskCode::begin(account, scope, now).turn.says {
            Some(Message::Locked(lock_state, _)) => (Some(lock_state), counted_on),
            _ => (None, counted_on),
        }
    }

    /// What becomes of it, and why, in the contract's words.
    #[must_use]
    pub fn outcome(&self) -> (Outcome, Option<Reason>) {
        match self.action {
            _ if self.stepped_over => (Outcome::Nothing, Some(Reason::NotAsked)),
            PhaseAction::Ask if self.has_security_key => {
                (Outcome::Nothing, Some(Reason::SecurityKey))
            }
            PhaseAction::SetUp(Some(_)) if self.uninvited => (Outcome::Notified, None),
            PhaseAction::Grace(_) if self.silent => (Outcome::Notified, Some(Reason::OnceASession)),
            PhaseAction::SetUp(None) if self.uninvited => {
                (Outcome::Refused, Some(Reason::NotInvited))
            }
            action => outcome(action),
        }
    }
}

/// A course in the contract's words.
#[must_use]
pub fn outcome(action: PhaseAction) -> (Outcome, Option<Reason>) {
    match action {
        PhaseAction::Ask => (Outcome::Code, None),
        PhaseAction::Exempt(Exemption::Off) => (Outcome::Nothing, Some(Reason::Off)),
        PhaseAction::Exempt(Exemption::NotSetUp) => (Outcome::Nothing, Some(Reason::NotSetUp)),
        PhaseAction::Exempt(Exemption::Paused) => (Outcome::Nothing, Some(Reason::Paused)),
        PhaseAction::Exempt(Exemption::ByAdministrator(_)) => {
            (Outcome::Nothing, Some(Reason::Exempt))
        }
        PhaseAction::NotGuarded
        | PhaseAction::Verified
        | PhaseAction::Replace
        | PhaseAction::Defer => (Outcome::Nothing, Some(Reason::NotGuarded)),
        PhaseAction::Grace(_) => (Outcome::Notified, None),
        PhaseAction::SetUp(Some(_)) => (Outcome::Offered, None),
        PhaseAction::SetUp(None) => (Outcome::SetUp, None),
        PhaseAction::Deny(DenyReason::MustEnroll | DenyReason::NoEnrollmentInLogin) => {
            (Outcome::Refused, Some(Reason::MustEnroll))
        }
        PhaseAction::Deny(DenyReason::TooLate) => (Outcome::Refused, Some(Reason::TooLate)),
        PhaseAction::Deny(DenyReason::Undetermined) => {
            (Outcome::Refused, Some(Reason::Undetermined))
        }
        // No supposed login has this one.
        PhaseAction::Deny(DenyReason::NotVerified | DenyReason::AuthRefused) => {
            (Outcome::Refused, Some(Reason::NotVerified))
        }
    }
}

#[cfg(test)]
mod tests {
    use tfa_core::{Groups, Identity, Mode, Rule, RuleEffect};

    use super::*;

    const PROFILE: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/pam/tfa"));

    fn explained(service: &str, method: Option<&str>, mode: Mode) -> Explanation {
        let supposed = HypotheticalLogin {
            service: service.to_owned(),
            method: method.map(str::to_owned),
            ..HypotheticalLogin::default()
        };
        explained_of(&supposed, mode)
    }

    fn explained_of(supposed: &HypotheticalLogin, mode: Mode) -> Explanation {
        let policy = Policy {
            otherwise: RuleEffect {
                mode,
                grace: std::time::Duration::ZERO,
                source: Source {
                    file: "a.toml".to_owned(),
                    line: 2,
                },
                ..RuleEffect::default()
            },
            ..Policy::default()
        };
        explained_under(&policy, supposed, false)
    }

    fn explained_under(
        policy: &Policy,
        supposed: &HypotheticalLogin,
        has_session_phase: bool,
    ) -> Explanation {
        let subject = Subject {
            uid: 1000,
            canonical: Identity {
                name: "alice".to_owned(),
                groups: Groups::default(),
            },
            aliases: Vec::new(),
        };
        explain(
            policy,
            supposed,
            "alice",
            &subject,
            None,
            SimulatedHost {
                name: "host",
                has_session_phase,
            },
            Time::from_secs(0),
        )
    }

    #[test]
    fn a_session_is_certain_for_programs_that_no_network_reaches() {
        let from = |service: &str, session: bool, own: bool| {
            origin(&HypotheticalLogin {
                service: service.to_owned(),
                session: session.then_some(true),
                own: own.then_some(true),
                ..HypotheticalLogin::default()
            })
        };
        assert_eq!(from("sudo", true, false), LoginOrigin::Session);
        assert_eq!(from("sudo", false, false), LoginOrigin::Local);
        assert_eq!(from("saslauthd", true, false), LoginOrigin::Unknown);
        assert_eq!(from("i3lock", false, true), LoginOrigin::Session);
    }

    #[test]
    fn a_program_of_the_users_own_has_its_own_lock_and_sets_nothing_up() {
        let own = HypotheticalLogin {
            service: "i3lock".to_owned(),
            own: Some(true),
            ..HypotheticalLogin::default()
        };
        assert_eq!(lock_of(&own), ThrottleScope::OwnProgram);
        let told = explained_of(&own, Mode::Required);
        assert_eq!(told.outcome, Outcome::Refused);
        assert_eq!(told.reason, Some(Reason::MustEnroll.into()));
        let at_login = explained("i3lock", None, Mode::Required);
        assert_eq!(at_login.outcome, Outcome::SetUp);
    }

    #[test]
    fn the_services_stepped_over_are_those_of_the_shipped_profile() {
        let line = format!("service in {}", STEPPED_OVER.join(":"));
        assert!(
            PROFILE.lines().any(|rule| rule.ends_with(&line)),
            "{PROFILE}"
        );
        for service in STEPPED_OVER {
            let told = explained(service, None, Mode::Required);
            assert_eq!(told.outcome, Outcome::Nothing);
            assert_eq!(told.reason, Some(Reason::NotAsked.into()));
            assert_eq!((&*told.file, &*told.shown), ("", ""));
        }
    }

    #[test]
    fn the_phase_that_decides_is_named() {
        let phase = |service: &str, method, mode| {
            let explained = explained(service, method, mode);
            explained.phase.map(|phase| phase.name().to_owned())
        };
        let is = |phase: Phase| Some(phase.name().to_owned());
        assert_eq!(phase("sshd", None, Mode::Off), is(Phase::Auth));
        assert_eq!(phase("sshd", None, Mode::Required), is(Phase::Account));
        let key = Some("publickey");
        assert_eq!(phase("sshd", key, Mode::Required), is(Phase::Account));
        assert_eq!(phase("cron", None, Mode::Required), None);
    }

    #[test]
    fn a_rule_on_methods_decides_exactly_in_the_session_phase() {
        let effect = |mode| RuleEffect {
            mode,
            grace: std::time::Duration::ZERO,
            ..RuleEffect::default()
        };
        let policy = Policy {
            rules: vec![Rule {
                methods: vec!["publickey".to_owned()],
                effect: effect(Mode::Off),
                ..Rule::default()
            }],
            otherwise: effect(Mode::Required),
            ..Policy::default()
        };
        let explained = |method: &str, has_session_phase| {
            let supposed = HypotheticalLogin {
                service: "sshd".to_owned(),
                from: "192.0.2.7".to_owned(),
                method: Some(method.to_owned()),
                ..HypotheticalLogin::default()
            };
            let explained = explained_under(&policy, &supposed, has_session_phase);
            (explained.outcome, explained.phase)
        };
        let (nothing, refused) = (Outcome::Nothing.into(), Outcome::Refused.into());
        let session = Some(Phase::Session.into());
        let account = Some(Phase::Account.into());
        assert_eq!(explained("publickey", true), (nothing, session.clone()));
        assert_eq!(explained("gssapi-with-mic", true), (refused, session));
        // The account phase takes every method of sshd for a key.
        let nothing = || Outcome::Nothing.into();
        assert_eq!(explained("publickey", false), (nothing(), account.clone()));
        assert_eq!(explained("gssapi-with-mic", false), (nothing(), account));
        // No rule on methods applies to a service without methods.
        let login = HypotheticalLogin {
            service: "login".to_owned(),
            ..HypotheticalLogin::default()
        };
        let at_login = explained_under(&policy, &login, true);
        assert_eq!(at_login.phase, Some(Phase::Account.into()));
    }

    #[test]
    fn a_rule_is_named_only_where_it_decides() {
        let rule = |service, method, mode| {
            let told = explained(service, method, mode);
            (told.reason, told.file)
        };
        let is = |reason: Option<Reason>, file: &str| (reason.map(OpenEnum::from), file.to_owned());
        let key = Some("publickey");
        assert_eq!(rule("sshd", None, Mode::Required), is(None, "a.toml"));
        let not_verified = is(Some(Reason::NotVerified), "a.toml");
        assert_eq!(rule("sshd", key, Mode::Required), not_verified);
        // What decides is that the service is not guarded.
        let not_guarded = is(Some(Reason::NotGuarded), "");
        assert_eq!(rule("su", key, Mode::Required), not_guarded);
        let off = is(Some(Reason::Off), "a.toml");
        assert_eq!(rule("su", None, Mode::Off), off);
    }
}
