//! What would become of a login: the policy's answer without a login, for the administrator.

use tfa_bus::{Context, Explanation, Impact, Outcome, Phase, Supposed, Verdict};
use tfa_core::Time;
use tfa_core::{Account, Bar, Course, Exemption, Login, Message, Origins, Person, Policy, Ruling};

use crate::circumstances::{self, ASKED_BY_PAM};
use crate::enrollment::Shown;
use crate::services::is_silent;
use crate::texts;

/// Long enough for every grace to be over.
const LATER: std::time::Duration = std::time::Duration::from_secs(100 * 365 * 24 * 3600);

/// A login, as far as it can be foreseen.
pub struct Foreseen {
    /// What becomes of it.
    pub course: Course,
    /// What the policy says.
    pub ruling: Ruling,
    /// It could be set up, with an invitation that is not there.
    pub uninvited: bool,
    /// The program wants silence: what need not be said each time is said once a session.
    pub silent: bool,
}

/// Follows a supposed login through its phases.
#[must_use]
pub fn foresee(
    policy: &Policy,
    supposed: &Supposed,
    person: &Person,
    account: Option<&Account>,
    now: Time,
) -> Foreseen {
    // Which of its own methods it was sshd does not say, so that is not known here either.
    let asked_by_pam = supposed
        .method
        .as_ref()
        .is_none_or(|method| method == ASKED_BY_PAM);
    let first = if asked_by_pam {
        Phase::Auth
    } else {
        Phase::Account
    };
    let in_phase = |phase, met| {
        let context = Context {
            phase,
            met,
            service: supposed.service.clone(),
            rhost: supposed.from.clone(),
            enrolls: true,
            silent: is_silent(&supposed.service),
            ..Context::default()
        };
        let login = Login {
            origin: origin(supposed),
            ..circumstances::login(&context, person.clone())
        };
        let stage = circumstances::stage(&context, policy);
        let ruling = policy.decide(&login, account, now);
        let course = Ruling::none_needed(stage).unwrap_or_else(|| ruling.course(stage));
        (course, ruling)
    };
    let (course, ruling) = match in_phase(first, None) {
        (Course::Defer, _) => in_phase(Phase::Account, Some(Verdict::NotRequired)),
        decided => decided,
    };
    let is_invited = account.is_some_and(|account| account.is_invited(now));
    Foreseen {
        course,
        ruling,
        uninvited: policy.invitation && !is_invited,
        silent: is_silent(&supposed.service),
    }
}

/// The name that logs in.
fn login_name(person: &Person) -> String {
    let alias = person.aliases.first();
    alias.unwrap_or(&person.canonical).name.clone()
}

/// Where the login comes from. Without a remote host that is a console, unless it is said to be the
/// inside of a session.
fn origin(supposed: &Supposed) -> Origins {
    Origins::new(&supposed.from, supposed.session != Some(true))
}

/// What a policy would mean for a user, now and once every grace is over.
#[must_use]
pub fn impact(
    policy: &Policy,
    supposed: &Supposed,
    person: &Person,
    account: Option<&Account>,
    now: Time,
) -> Impact {
    // Whoever looks at what a policy means wants to know what it asks once the audit is over.
    let policy = &policy.without_audit();
    let at = |now| foresee(policy, supposed, person, account, now).outcome();
    let (today, now_reason) = at(now);
    // The grace of whoever was never asked begins today.
    let mut waiting = account.cloned().unwrap_or_else(|| Account::new(person.uid));
    waiting.require(now);
    let foreseen = foresee(policy, supposed, person, Some(&waiting), now.plus(LATER));
    let (later, later_reason) = foreseen.outcome();
    Impact {
        user: login_name(person),
        now: today.name().to_owned(),
        now_reason: now_reason.to_owned(),
        later: later.name().to_owned(),
        later_reason: later_reason.to_owned(),
    }
}

/// What becomes of a login, for people and programs.
#[must_use]
pub fn explain(
    policy: &Policy,
    supposed: &Supposed,
    person: &Person,
    account: Option<&Account>,
    host: &str,
    now: Time,
) -> Explanation {
    let user = login_name(person);
    let groups = person.unknown_groups();
    let mut unknown: Vec<String> = groups.iter().map(|g| format!("group {g}")).collect();
    if let Origins::Name(name) = origin(supposed) {
        unknown.push(format!("the address of {name}"));
    }
    let foreseen = foresee(policy, supposed, person, account, now);
    let (what, reason) = foreseen.outcome();
    let Foreseen {
        course,
        ruling,
        uninvited,
        ..
    } = foreseen;
    let strict = ruling.audited.map(|_| {
        let strict = policy.without_audit();
        foresee(&strict, supposed, person, account, now).outcome()
    });
    let audited = strict.filter(|strict| *strict != (what, reason));
    let grace_until = match course {
        Course::Grace(until) => Some(until),
        Course::SetUp(until) => until,
        _ => None,
    };
    let shown = match course {
        Course::Ask => texts::QUESTION.trim_end().to_owned(),
        Course::SetUp(_) if uninvited => texts::message(Message::NoInvitation, now).1,
        Course::Grace(until) | Course::SetUp(Some(until)) => texts::grace_told(host, until, now),
        Course::SetUp(None) => texts::set_up_needed(host, Shown::First).join("\n"),
        Course::Refuse(bar) => texts::bar(bar, host, &user),
        Course::Satisfied | Course::Exempt(_) | Course::Defer | Course::Unguarded => String::new(),
    };
    Explanation {
        user,
        outcome: what.name().to_owned(),
        reason: reason.to_owned(),
        file: ruling.source.file.clone(),
        line: ruling.source.line,
        grace_until: grace_until.map(Time::as_secs),
        required: ruling.required || ruling.audited.is_some(),
        audited: audited.map(|(what, _)| what.name().to_owned()),
        audited_reason: audited.map(|(_, why)| why.to_owned()).unwrap_or_default(),
        state: crate::interface::state_name(account).to_owned(),
        shown,
        unknown,
    }
}

impl Foreseen {
    /// What becomes of it, and why, in the contract's words.
    #[must_use]
    pub fn outcome(&self) -> (Outcome, &'static str) {
        match self.course {
            Course::SetUp(Some(_)) if self.uninvited => (Outcome::Told, ""),
            Course::Grace(_) if self.silent => (Outcome::Told, "once-a-session"),
            Course::SetUp(None) if self.uninvited => (Outcome::Refused, "not-invited"),
            course => outcome(course),
        }
    }
}

/// A course in the contract's words.
#[must_use]
pub fn outcome(course: Course) -> (Outcome, &'static str) {
    match course {
        Course::Ask => (Outcome::Code, ""),
        Course::Exempt(Exemption::Off) => (Outcome::Nothing, "off"),
        Course::Exempt(Exemption::NotSetUp) => (Outcome::Nothing, "not-set-up"),
        Course::Exempt(Exemption::Paused) => (Outcome::Nothing, "paused"),
        Course::Unguarded | Course::Satisfied | Course::Defer => (Outcome::Nothing, "unguarded"),
        Course::Grace(_) => (Outcome::Told, ""),
        Course::SetUp(Some(_)) => (Outcome::Offered, ""),
        Course::SetUp(None) => (Outcome::SetUp, ""),
        Course::Refuse(Bar::MustEnroll) => (Outcome::Refused, "must-enroll"),
        Course::Refuse(Bar::TooLate) => (Outcome::Refused, "too-late"),
        Course::Refuse(Bar::Undecided) => (Outcome::Refused, "undecided"),
        // No supposed login has this one.
        Course::Refuse(Bar::Unmet | Bar::AuthRefused) => (Outcome::Refused, "unmet"),
    }
}
