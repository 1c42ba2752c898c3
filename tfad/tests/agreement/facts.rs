//! A login whose host has not told every fact: either it gets the reply that it would get with the fact, or
//! the fact is asked for. It never gets a softer reply.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use tfa_core::{AttemptId, Group, Groups, HostName, Identity, Subject, Ternary, ThrottleScope};
use tfa_proto::{Consoles, Context, Next, Outcome, Phase, Turn, Verdict};
use tfad::fleet::Floor;
use tfad::host::clock;
use tfad::host::facts::{HostFacts, Missing};
use tfad::host::subject::SubjectQuery;
use tfad::host::users::User;
use tfad::login::Error;

use crate::accounts::{self, AccountState, DeviceState, LockedPlace};
use crate::host::Host;
use crate::logins::TestLogin;

/// Policies that depend on facts of the host.
const POLICIES: [&str; 9] = [
    "[policy]\nmode = \"required\"\n[[policy.rule]]\ngroups = [\"staff\"]\nmode = \"off\"\n",
    "[policy]\nmode = \"optional\"\n[[policy.rule]]\ngroups = [\"staff\", 50]\nmode = \"required\"\ngrace = \"0\"\n",
    "[policy]\nmode = \"required\"\ngrace = \"0\"\n[[policy.rule]]\ngroups = [50]\norigins = [\"session\"]\nmode = \"off\"\n",
    "[policy]\nmode = \"required\"\ngrace = \"0\"\n[[policy.rule]]\nusers = [\"toor\"]\nmode = \"off\"\n",
    "[policy]\nmode = \"required\"\ngrace = \"0\"\n[[policy.rule]]\norigins = [\"local\"]\nmode = \"off\"\n",
    "[policy]\nmode = \"required\"\ngrace = \"7d\"\n[[policy.rule]]\norigins = [\"session\"]\nmode = \"off\"\n",
    "[policy]\nmode = \"required\"\ngrace = \"0\"\n[[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"off\"\n",
    "[policy]\nmode = \"optional\"\n[[policy.rule]]\nmethods = [\"publickey\"]\nmode = \"required\"\nfactors = [\"security-key\"]\n",
    "[policy]\nmode = \"required\"\naudit = true\n[[policy.rule]]\ngroups = [\"staff\"]\nfactors = [\"security-key\"]\nmode = \"required\"\n",
];

/// What the host remembers.
const REMEMBERED: [&str; 3] = [
    "",
    "[remember]\ndays = 30\n",
    "[remember]\ndays = 30\nminutes = 5\nsession_minutes = 10\nby = [\"key\", \"address\"]\n",
];

/// The facts of a host, as far as it has told them.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The name that rules can have.
    name: Option<&'static str>,
    at_console: Option<bool>,
    /// Whether the user is in the group `staff`, and in every other one.
    groups: Option<(Ternary, Ternary)>,
    session_phase_decides: Option<bool>,
    goes_on_after_wrong_password: Option<bool>,
    attempt: Option<AttemptId>,
    is_local: bool,
}

impl Facts {
    const NONE: Self = Self {
        name: None,
        at_console: None,
        groups: None,
        session_phase_decides: None,
        goes_on_after_wrong_password: None,
        attempt: None,
        is_local: false,
    };
}

impl HostFacts for Facts {
    fn name(&self) -> String {
        "web1".to_owned()
    }

    fn name_in_rules(&self) -> Option<HostName> {
        HostName::new(self.name?).ok()
    }

    fn is_at_console(&self, _: &Context, _: &Consoles) -> Result<bool, Missing> {
        self.at_console.ok_or(Missing::Console)
    }

    fn subject(&self, user: &User, query: SubjectQuery) -> Result<Subject, Missing> {
        let Some((staff, others)) = self.groups else {
            return Err(Missing::Subject(query));
        };
        let belongs = |group: &Group| match group {
            Group::Name(name) if name == "staff" => staff,
            _ => others,
        };
        let groups = query.groups.iter();
        let groups: Groups = groups.map(|one| (one.clone(), belongs(one))).collect();
        let identity = |name: &String| Identity {
            name: name.clone(),
            groups: groups.clone(),
        };
        Ok(Subject {
            uid: user.uid,
            canonical: identity(&user.name),
            aliases: query.in_rules.iter().map(identity).collect(),
        })
    }

    fn session_phase_decides(&self, _: &str) -> Result<bool, Missing> {
        self.session_phase_decides.ok_or(Missing::SessionPhase)
    }

    fn goes_on_after_wrong_password(&self, _: &str) -> bool {
        self.goes_on_after_wrong_password.unwrap_or(true)
    }

    fn floor(&self) -> Option<&Floor> {
        None
    }

    fn throttle_scope(&self, scope: ThrottleScope) -> ThrottleScope {
        scope
    }

    fn attempt(&self) -> Option<AttemptId> {
        self.attempt
    }

    fn is_local(&self) -> bool {
        self.is_local
    }
}

/// A reply, as far as it does not depend on the time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reply {
    next: Next,
    covers_account: bool,
}

impl Reply {
    fn of(turn: Turn) -> Self {
        Self {
            next: turn.next,
            covers_account: turn.covers_account,
        }
    }

    /// Whether the login, or its phase, goes on without an answer.
    fn lets_in(&self) -> bool {
        match self.next {
            Next::Ask(_) => false,
            Next::Verdict(Verdict::NotRequired | Verdict::LeftToSession) => true,
            Next::Verdict(verdict) => verdict.is_verified(),
        }
    }
}

/// A login in one of its phases.
#[derive(Debug, Clone)]
struct Case {
    config: String,
    account: (AccountState, DeviceState, LockedPlace),
    context: Context,
    is_own: bool,
}

impl Case {
    fn reply(&self, host: &Host, facts: &Facts) -> Result<Reply, Missing> {
        let (state, device, locked) = self.account;
        let member = facts.name_in_rules();
        let account = accounts::account_at(member.as_ref(), state, device, locked);
        host.store(account.as_ref());
        match host.begin_for(facts, self.is_own, &self.context) {
            Ok(turn) => Ok(Reply::of(turn)),
            Err(Error::NeedsFacts(missing)) => Err(missing),
            Err(error) => panic!("{error}"),
        }
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let policy = (select(&POLICIES[..]), select(&REMEMBERED[..]));
    let config = policy.prop_map(|(policy, remembered)| {
        format!("{policy}{remembered}[enrollment]\nqr = \"none\"\n")
    });
    let account = (
        select(&AccountState::ALL[..]),
        select(&DeviceState::ALL[..]),
        select(&LockedPlace::ALL[..3]),
    );
    let phase = select(&[Phase::Auth, Phase::Account, Phase::Session][..]);
    let auth_result = select(
        &[
            None,
            Some(Verdict::NotRequired),
            Some(Verdict::Verified),
            Some(Verdict::Recovered),
        ][..],
    );
    let login = (select(TestLogin::all()), phase, auth_result, any::<bool>());
    (config, account, login).prop_map(|(config, account, login)| {
        let (login, phase, auth_result, session_follows) = login;
        let is_auth = phase == Phase::Auth;
        Case {
            config,
            account,
            context: Context {
                phase,
                auth_result: auth_result.filter(|_| !is_auth),
                password_given: is_auth,
                session_follows: session_follows && phase == Phase::Account,
                ..login.context
            },
            is_own: login.is_own,
        }
    })
}

/// Every fact.
fn facts() -> impl Strategy<Value = Facts> {
    let ternary = || select(&[Ternary::Yes, Ternary::No, Ternary::Unknown][..]);
    let groups = (ternary(), ternary());
    let facts = (any::<bool>(), groups, any::<bool>(), any::<bool>());
    facts.prop_map(|(at_console, groups, decides, goes_on)| Facts {
        name: Some("web1.example"),
        at_console: Some(at_console),
        groups: Some(groups),
        session_phase_decides: Some(decides),
        goes_on_after_wrong_password: Some(goes_on),
        ..Facts::NONE
    })
}

#[test]
fn a_missing_fact_is_asked_for_or_makes_no_difference() {
    let seen = RefCell::new(BTreeMap::<_, usize>::new());
    let count = |what: String| *seen.borrow_mut().entry(what).or_default() += 1;
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(2000)
    };
    let run = TestRunner::new(config).run(&(cases(), facts()), |(case, complete)| {
        let host = Host::new(&case.config);
        let reply = case.reply(&host, &complete).unwrap();
        // Each fact that is missing is asked for, one after the other.
        let mut told = Facts {
            name: complete.name,
            goes_on_after_wrong_password: complete.goes_on_after_wrong_password,
            ..Facts::NONE
        };
        let mut asked = 0;
        let after_all = loop {
            prop_assert!(asked <= 3);
            match case.reply(&host, &told) {
                Ok(reply) => break reply,
                Err(Missing::Console) => told.at_console = complete.at_console,
                Err(Missing::Subject(_)) => told.groups = complete.groups,
                Err(Missing::SessionPhase) => {
                    told.session_phase_decides = complete.session_phase_decides;
                }
            }
            asked += 1;
        };
        prop_assert_eq!(&after_all, &reply);
        count(format!("{asked} facts asked for"));
        // The fact that is never asked for.
        let silent = Facts {
            goes_on_after_wrong_password: None,
            ..complete.clone()
        };
        let without = case.reply(&host, &silent).unwrap();
        prop_assert!(
            !without.lets_in() || reply.lets_in(),
            "{without:?} {reply:?}"
        );
        if without != reply {
            count("stricter".to_owned());
        }
        count(format!("lets in: {}", reply.lets_in()));
        Ok(())
    });
    run.unwrap();
    // A property proves nothing about what never happens.
    let seen = seen.into_inner();
    for what in [
        "0 facts asked for",
        "1 facts asked for",
        "2 facts asked for",
        "stricter",
    ] {
        assert!(seen.contains_key(what), "{what}: {seen:?}");
    }
    assert!(seen.contains_key("lets in: true") && seen.contains_key("lets in: false"));
}

/// A login over SSH by password, of a user with a phone.
fn with_phone() -> Case {
    let login = TestLogin::all().remove(0);
    Case {
        config: format!("[policy]\nmode = \"optional\"\n{}", REMEMBERED[1]),
        account: (AccountState::Phone, DeviceState::None, LockedPlace::Nowhere),
        context: login.context,
        is_own: false,
    }
}

#[test]
fn a_device_is_remembered_only_where_the_host_tells_that_its_password_counts() {
    let case = Case {
        config: format!("{}by = [\"address\"]\n", with_phone().config),
        ..with_phone()
    };
    for (goes_on, is_offered) in [(Some(false), true), (Some(true), false), (None, false)] {
        let facts = Facts {
            name: Some("web1.example"),
            at_console: Some(false),
            goes_on_after_wrong_password: goes_on,
            ..Facts::NONE
        };
        let host = Host::new(&case.config);
        assert!(!case.reply(&host, &facts).unwrap().lets_in());
        let turn = host.begin_and_answer(&facts, &case.context, &accounts::code(clock::now()));
        let is_asked = matches!(turn.next, Next::Ask(_));
        assert_eq!(is_asked, is_offered, "{goes_on:?}: {turn:?}");
    }
}

#[test]
fn a_rule_on_hosts_follows_the_name_of_the_host() {
    let (required, web) = (
        "mode = \"required\"\ngrace = \"0\"\n",
        "hosts = [\"web*\"]\n",
    );
    let exempt = format!("[policy]\n{required}[[policy.rule]]\n{web}mode = \"off\"\n");
    let bound = format!("[policy]\nmode = \"optional\"\n[[policy.rule]]\n{web}{required}");
    for (config, name, expected) in [
        (&exempt, Some("web1.example"), Outcome::Nothing),
        (&exempt, Some("mail"), Outcome::Code),
        (&exempt, None, Outcome::Code),
        (&bound, Some("web1.example"), Outcome::Code),
        (&bound, Some("mail"), Outcome::Code),
        (&bound, None, Outcome::Code),
    ] {
        let case = Case {
            config: config.clone(),
            ..with_phone()
        };
        let host = Host::new(config);
        let facts = Facts {
            name,
            at_console: Some(false),
            ..Facts::NONE
        };
        let reply = case.reply(&host, &facts).unwrap();
        assert_eq!(
            reply.lets_in(),
            expected == Outcome::Nothing,
            "{config} {name:?}"
        );
        // Without a name, this host is explained.
        if let Some(name) = name {
            let mut login = TestLogin::all().remove(0);
            login.hypothetical.host = Some(name.to_owned());
            let (state, device, locked) = case.account;
            let account = accounts::account(state, device, locked);
            let explanation = host.explain(&login, account.as_ref());
            assert_eq!(explanation.outcome, expected, "{config} {name}");
        }
    }
}

#[test]
fn a_user_without_an_authenticator_is_refused_where_a_rule_on_hosts_is_undetermined() {
    let config =
        "[policy]\nmode = \"optional\"\n[[policy.rule]]\nhosts = [\"web*\"]\nmode = \"required\"\n";
    let case = Case {
        config: config.to_owned(),
        account: (AccountState::None, DeviceState::None, LockedPlace::Nowhere),
        ..with_phone()
    };
    for (name, expected) in [
        (Some("web1"), Verdict::NotRequired),
        (Some("mail"), Verdict::NotRequired),
        (None, Verdict::Denied),
    ] {
        let facts = Facts {
            name,
            at_console: Some(false),
            ..Facts::NONE
        };
        let reply = case.reply(&Host::new(config), &facts).unwrap();
        assert_eq!(reply.next, Next::Verdict(expected), "{name:?}");
    }
}

/// An empty folder.
fn folder(is_local: bool) -> PathBuf {
    let name = format!("tfad-facts-{}-{is_local}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A member of the administrators' group at the console.
const ADMINISTRATOR: Facts = Facts {
    at_console: Some(true),
    groups: Some((Ternary::Yes, Ternary::No)),
    ..Facts::NONE
};

#[test]
fn the_recovery_code_of_this_host_serves_no_other_host() {
    let config = "[policy]\nmode = \"optional\"\n[recovery]\nadministrators = [\"staff\"]\n";
    let case = Case {
        config: config.to_owned(),
        context: Context {
            phase: Phase::Auth,
            service: "login".to_owned(),
            tty: "tty1".to_owned(),
            password_given: true,
            can_enroll: true,
            ..Context::default()
        },
        ..with_phone()
    };
    for is_local in [true, false] {
        let facts = Facts {
            is_local,
            ..ADMINISTRATOR
        };
        let folder = folder(is_local);
        let (host, code) = Host::with_recovery_code(config, folder.clone());
        assert!(!case.reply(&host, &facts).unwrap().lets_in());
        let turn = host.begin_and_answer(&facts, &case.context, &code);
        let verdict = Next::Verdict(Verdict::Recovered);
        assert_eq!(turn.next == verdict, is_local, "{turn:?}");
        assert_eq!(Reply::of(turn).lets_in(), is_local);
        // The host says that its user has used the code.
        let recovered = Case {
            context: Context {
                phase: Phase::Account,
                auth_result: Some(Verdict::Recovered),
                ..case.context.clone()
            },
            ..case.clone()
        };
        let reply = recovered.reply(&host, &facts).unwrap();
        let may_enroll = matches!(reply.next, Next::Ask(_));
        assert_eq!(may_enroll, is_local, "{reply:?}");
        fs::remove_dir_all(folder).unwrap();
    }
}
