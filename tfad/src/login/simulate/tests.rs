use tfa_core::{
    Account, Groups, Identity, LoginOrigin, Mode, Policy, Rule, RuleEffect, Source, Subject, Time,
};
use tfa_proto::{Explanation, HypotheticalLogin, Offline, OpenEnum, Outcome, Phase, Reason};

use super::hypothetical::origin;
use super::{Simulator, explain, impact};
use crate::config::Config;
use crate::host::pam_services::STEPPED_OVER;
use crate::host::users::User;

const PROFILE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/pam/tfa"));

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
    simulated(policy, supposed, None, |simulator| {
        let simulator = Simulator {
            has_session_phase,
            ..*simulator
        };
        explain(&simulator, "host")
    })
}

/// What is told of a login of alice at the beginning of time.
fn simulated<T>(
    policy: &Policy,
    supposed: &HypotheticalLogin,
    account: Option<&Account>,
    told: impl Fn(&Simulator<'_>) -> T,
) -> T {
    let subject = Subject {
        uid: 1000,
        canonical: Identity {
            name: "alice".to_owned(),
            groups: Groups::default(),
        },
        aliases: Vec::new(),
    };
    let user = User {
        name: "alice".to_owned(),
        uid: 1000,
        aliases: Vec::new(),
    };
    let simulator = Simulator {
        config: &Config::default(),
        policy,
        login: supposed,
        key: None,
        user: &user,
        subject: &subject,
        account,
        has_session_phase: false,
        has_recovery_code: false,
        on_member: false,
        now: Time::from_secs(0),
    };
    told(&simulator)
}

#[test]
fn login_on_a_member_begins_no_grace_and_enrolls_no_root() {
    let effect = RuleEffect {
        mode: Mode::Required,
        grace: std::time::Duration::from_secs(DAY),
        ..RuleEffect::default()
    };
    let policy = Policy {
        otherwise: effect,
        ..Policy::default()
    };
    let login = HypotheticalLogin {
        service: "sshd".to_owned(),
        from: "192.0.2.7".to_owned(),
        ..HypotheticalLogin::default()
    };
    let outcome = |account: Option<&Account>, uid, on_member| {
        simulated(&policy, &login, account, |simulator| {
            let user = User {
                uid,
                ..simulator.user.clone()
            };
            let user = &user;
            let simulator = Simulator {
                user,
                on_member,
                ..*simulator
            };
            explain(&simulator, "web1.example").outcome
        })
    };
    assert_eq!(outcome(None, 1000, false), Outcome::Offered);
    assert_eq!(outcome(None, 1000, true), Outcome::SetUp);
    assert_eq!(outcome(None, 0, true), Outcome::Refused);
    let mut begun = Account::new(1000);
    begun.require(Time::from_secs(0));
    assert_eq!(outcome(Some(&begun), 1000, true), Outcome::Offered);
}

const DAY: u64 = 24 * 3600;

fn day(count: u64) -> Time {
    Time::from_secs(count * DAY)
}

/// The outcomes of a login of alice, now and later, and the days of the first and the last change.
fn impact_of(
    effect: RuleEffect,
    method: Option<&str>,
    account: Option<&Account>,
) -> (Outcome, Outcome, Option<u64>, Option<u64>, bool) {
    let policy = Policy {
        otherwise: RuleEffect {
            grace: std::time::Duration::from_secs(14 * DAY),
            ..effect
        },
        ..Policy::default()
    };
    let supposed = HypotheticalLogin {
        service: "sshd".to_owned(),
        from: "192.0.2.7".to_owned(),
        method: method.map(str::to_owned),
        ..HypotheticalLogin::default()
    };
    let impact = simulated(&policy, &supposed, account, impact);
    let days = |time: Option<u64>| time.map(|seconds| seconds / DAY);
    (
        impact.now.known().unwrap(),
        impact.later.known().unwrap(),
        days(impact.changes_at),
        days(impact.later_from),
        impact.after_first_login == Some(true),
    )
}

#[test]
fn an_impact_has_the_days_after_since_and_after_the_grace_period() {
    let required = RuleEffect {
        mode: Mode::Required,
        ..RuleEffect::default()
    };
    let since = RuleEffect {
        since: Some(day(10)),
        ..required.clone()
    };
    let (nothing, offered, set_up) = (Outcome::Nothing, Outcome::Offered, Outcome::SetUp);
    let both = (nothing, set_up, Some(10), Some(24), false);
    assert_eq!(impact_of(since.clone(), None, None), both);
    let by_key = (nothing, Outcome::Refused, Some(10), Some(24), false);
    assert_eq!(impact_of(since.clone(), Some("publickey"), None), by_key);
    // Without since, the grace period begins with the first login.
    let new = (offered, set_up, Some(14), Some(14), true);
    assert_eq!(impact_of(required.clone(), None, None), new);
    let mut asked = Account::new(1000);
    asked.require(day(0));
    let known = (offered, set_up, Some(14), Some(14), false);
    assert_eq!(impact_of(required, None, Some(&asked)), known);
    let optional = (nothing, nothing, None, None, false);
    assert_eq!(impact_of(RuleEffect::default(), None, None), optional);
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
fn a_program_of_the_users_own_sets_nothing_up() {
    let own = HypotheticalLogin {
        service: "i3lock".to_owned(),
        own: Some(true),
        ..HypotheticalLogin::default()
    };
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
    let must_enroll = is(Some(Reason::MustEnroll), "a.toml");
    assert_eq!(rule("sshd", key, Mode::Required), must_enroll);
    // What decides is that the service is not guarded.
    let not_guarded = is(Some(Reason::NotGuarded), "");
    assert_eq!(rule("su", key, Mode::Required), not_guarded);
    let off = is(Some(Reason::Off), "a.toml");
    assert_eq!(rule("su", None, Mode::Off), off);
}

#[test]
fn what_a_cut_off_host_permits_is_told_of_another_host_alone() {
    let offline = |permitted, service: &str, host: Option<&str>, uid| {
        let policy = Policy {
            otherwise: RuleEffect {
                offline: permitted,
                ..RuleEffect::default()
            },
            ..Policy::default()
        };
        let login = HypotheticalLogin {
            service: service.to_owned(),
            host: host.map(str::to_owned),
            ..HypotheticalLogin::default()
        };
        simulated(&policy, &login, None, |simulator| {
            let user = User {
                uid,
                ..simulator.user.clone()
            };
            let simulator = Simulator {
                user: &user,
                ..*simulator
            };
            explain(&simulator, "host").offline
        })
    };
    let web1 = Some("web1.example");
    let told = |offline: Offline| Some(OpenEnum::from(offline));
    use tfa_core::Offline as Permitted;
    let bound_codes = offline(Permitted::BoundCodes, "sshd", web1, 1000);
    assert_eq!(bound_codes, told(Offline::BoundCodes));
    let denied = offline(Permitted::Deny, "sshd", web1, 1000);
    assert_eq!(denied, told(Offline::Deny));
    // Root at a console alone.
    let root = offline(Permitted::Console, "login", web1, 0);
    assert_eq!(root, told(Offline::Console));
    let other = offline(Permitted::Console, "login", web1, 1000);
    assert_eq!(other, told(Offline::Deny));
    assert_eq!(offline(Permitted::BoundCodes, "sshd", None, 1000), None);
    let here = crate::host::host_name();
    let here = offline(Permitted::BoundCodes, "sshd", Some(&here), 1000);
    assert_eq!(here, None);
}
