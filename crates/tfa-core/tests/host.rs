//! The double of a host: its policy, the logins on it, and the states of accounts.

use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use tfa_core::{
    Account, AfterGrace, AuthenticatorKind, FactorKind, Factors, Group, Groups, HostName,
    HostPattern, Identity, Login, LoginOrigin, Methods, Mode, Offline, OriginMatcher, OwnMethod,
    Policy, PolicyDecision, Rule, RuleEffect, Source, Subject, Terms, Ternary, Time, UserExemption,
};

use crate::invitation::invitation;
use crate::owner::{Owner, UID};
use crate::phone::{NOON, Phone, after};

pub(crate) const DAY: i64 = 86_400;

/// The effect of a rule that is on that line.
pub(crate) fn effect(mode: Mode, line: u32) -> RuleEffect {
    let file = "tfad.toml".to_owned();
    RuleEffect {
        mode,
        source: Source { file, line },
        ..RuleEffect::default()
    }
}

/// Requires two-factor login, with a grace period of `days` days.
pub(crate) fn required(days: u64) -> RuleEffect {
    RuleEffect {
        grace: Duration::from_secs(days * 86_400),
        ..effect(Mode::Required, 1)
    }
}

/// The policy of a host without rules.
pub(crate) fn policy_of(otherwise: RuleEffect) -> Policy {
    Policy {
        otherwise,
        ..Policy::default()
    }
}

pub(crate) fn group(name: &str) -> Group {
    Group::Name(name.to_owned())
}

/// Lea. She is in no group of the rules, and all her groups are known.
pub(crate) fn lea() -> Subject {
    Subject {
        uid: UID,
        canonical: in_no_group("lea"),
        aliases: Vec::new(),
    }
}

/// A name that is in no group of the rules.
pub(crate) fn in_no_group(name: &str) -> Identity {
    Identity {
        name: name.to_owned(),
        groups: all_groups().map(|group| (group, Ternary::No)).collect(),
    }
}

/// Every group in the rules of the tests.
fn all_groups() -> impl Iterator<Item = Group> {
    [group("wheel"), group("staff"), Group::Number(50)].into_iter()
}

/// Lea logs in by ssh with her password.
pub(crate) fn login() -> Login {
    Login {
        subject: lea(),
        host: Some(host("web1.example")),
        service: "sshd".to_owned(),
        origin: remote("192.0.2.7"),
        methods: passed(&["password"]),
        keys: Vec::new(),
        host_requires: None,
    }
}

pub(crate) fn host(name: &str) -> HostName {
    HostName::new(name).unwrap()
}

pub(crate) fn hosts(patterns: &[&str]) -> Vec<HostPattern> {
    let pattern = |text: &&str| HostPattern::new(text).unwrap();
    patterns.iter().map(pattern).collect()
}

/// A remote host. An empty name stands for a login inside a session.
pub(crate) fn remote(rhost: &str) -> LoginOrigin {
    LoginOrigin::new(rhost, false, true)
}

/// Methods that are all known.
pub(crate) fn passed(methods: &[&str]) -> Methods {
    Methods {
        passed: methods.iter().map(|method| (*method).to_owned()).collect(),
        own: OwnMethod::Known,
        has_unknown_key: false,
    }
}

pub(crate) fn network(written: &str) -> OriginMatcher {
    OriginMatcher::Network(written.parse().unwrap())
}

/// Every state of an account, by name.
pub(crate) fn accounts() -> Vec<(&'static str, Option<Account>)> {
    let mut pending = Account::new(UID);
    let phone = Phone::usual(1);
    pending.set_up(phone.authenticator(), NOON).unwrap();
    let mut paused = Owner::new();
    let proof = paused.code(after(NOON, -3600), 0);
    paused.account.pause(&proof, after(NOON, -3600)).unwrap();
    let mut reset = Owner::new();
    reset.account.reset();
    vec![
        ("without a record", None),
        ("blank", Some(Account::new(UID))),
        ("pending", Some(pending)),
        ("enabled", Some(Owner::new().account)),
        ("paused", Some(paused.account)),
        ("reset", Some(reset.account)),
    ]
}

static ACCOUNTS: LazyLock<Vec<(&'static str, Option<Account>)>> = LazyLock::new(accounts);

/// Any login under any policy, at any time, to an account in any state.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) policy: Policy,
    pub(crate) login: Login,
    pub(crate) now: Time,
    /// The index into [`accounts`], and the time of the first login under a requirement.
    state: usize,
    first: Option<Time>,
    /// The time at which an invitation for a day was created.
    invited: Option<Time>,
    /// The exemption of the user.
    pub(crate) exemption: Option<UserExemption>,
}

impl Case {
    pub(crate) fn account(&self) -> Option<Account> {
        let mut account = ACCOUNTS[self.state].1.clone();
        if let (Some(account), Some(first)) = (&mut account, self.first) {
            account.require(first);
        }
        if let (Some(account), Some(invited)) = (&mut account, self.invited) {
            account.invite(invitation(invited));
        }
        if let (Some(account), Some(exemption)) = (&mut account, &self.exemption) {
            account.exempt(exemption.clone());
        }
        account
    }

    pub(crate) fn decision(&self) -> PolicyDecision {
        self.policy
            .decide(&self.login, self.account().as_ref(), self.now)
    }

    /// Under the same policy with the audit on or off.
    pub(crate) fn with_audit(&self, audit: bool) -> Self {
        let mut other = self.clone();
        other.policy.audit = audit;
        other
    }

    /// Every fully known case that agrees with what is known of this one.
    pub(crate) fn readings(&self) -> Vec<Self> {
        let from = |origin: LoginOrigin| {
            let mut case = self.clone();
            case.login.origin = origin;
            case.possible_origins()
        };
        match self.login.origin {
            LoginOrigin::Unknown => origins()
                .chain([LoginOrigin::Session])
                .flat_map(from)
                .collect(),
            _ => self.possible_origins(),
        }
    }

    fn possible_origins(&self) -> Vec<Self> {
        let mut policy = self.policy.clone();
        if self.login.origin == LoginOrigin::Session {
            // A login inside a session is known to be one, even if the origin of the session is
            // not.
            for rule in &mut policy.rules {
                if rule.origins.contains(&OriginMatcher::Session) {
                    rule.origins.clear();
                }
            }
        }
        readings(&self.login, &policy)
            .into_iter()
            .map(move |login| Self {
                login,
                policy: policy.clone(),
                ..self.clone()
            })
            .collect()
    }

    /// The same case under each single name of the user.
    pub(crate) fn by_single_names(&self) -> impl Iterator<Item = Self> {
        let subject = self.login.subject.clone();
        let names: Vec<Identity> = subject.identities().cloned().collect();
        names.into_iter().map(move |canonical| {
            let mut case = self.clone();
            case.login.subject = Subject {
                canonical,
                aliases: Vec::new(),
                ..subject
            };
            case
        })
    }
}

pub(crate) fn any_case() -> impl Strategy<Value = Case> {
    let first = prop::option::of(any_time());
    // Mostly an invitation that is valid now, else an expired one.
    let invited = prop::option::of(-2 * DAY..DAY);
    let state = 0..6_usize;
    let exemption = prop_oneof![3 => Just(None), 1 => any_exemption().prop_map(Some)];
    let user = (state, first, invited, exemption);
    let parts = (any_policy(), any_login(), any_time(), user);
    parts.prop_map(
        |(policy, login, now, (state, first, invited, exemption))| Case {
            policy,
            login,
            now,
            state,
            first,
            invited: invited.map(|seconds| after(now, seconds)),
            exemption,
        },
    )
}

/// An exemption that was made at any time, for up to 90 days.
pub(crate) fn any_exemption() -> impl Strategy<Value = UserExemption> {
    let length = (0..100_u64).prop_map(|days| Duration::from_secs(days * 86_400));
    (any_time(), length)
        .prop_map(|(made, length)| UserExemption::new("a lost phone", length, made).unwrap())
}

/// Any time in the weeks around noon.
pub(crate) fn any_time() -> impl Strategy<Value = Time> {
    (-20 * DAY..20 * DAY).prop_map(|seconds| after(NOON, seconds))
}

fn any_effect() -> impl Strategy<Value = RuleEffect> {
    let mode = select(vec![
        Mode::Off,
        Mode::Optional,
        Mode::Required,
        Mode::Required,
    ]);
    let since = prop::option::of(any_time());
    let grace = select(vec![0, 1, 7, 36_500]).prop_map(|days| Duration::from_secs(days * 86_400));
    let after_grace = select(vec![AfterGrace::Enroll, AfterGrace::Deny]);
    let effect = (mode, since, grace, after_grace, any_factors());
    effect.prop_map(|(mode, since, grace, after_grace, factors)| RuleEffect {
        mode,
        since,
        grace,
        after_grace,
        factors,
        offline: Offline::Deny,
        source: Source::default(),
        terms: Terms::default(),
    })
}

/// Mostly all factors, else some of them.
fn any_factors() -> impl Strategy<Value = Factors> {
    let some = subsequence(FactorKind::ALL.to_vec(), 1..=FactorKind::ALL.len());
    prop_oneof![3 => Just(Factors::ANY), 1 => some.prop_map(Factors::from_iter)]
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Mostly an empty list, else some of these.
fn some<T: Clone + std::fmt::Debug + 'static>(of: Vec<T>) -> impl Strategy<Value = Vec<T>> {
    let all = of.len();
    prop_oneof![2 => Just(Vec::new()), 1 => subsequence(of, 1..=all)]
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let origins = vec![
        OriginMatcher::Local,
        OriginMatcher::Session,
        network("192.0.2.0/24"),
        network("198.51.100.7/32"),
        network("2001:db8::/32"),
    ];
    (
        some(words(&["lea", "bob"])),
        some(all_groups().collect()),
        some(vec![0..=999, 1000..=1000]),
        (
            some(hosts(&["web*", "db1"])),
            some(words(&["sshd", "login"])),
        ),
        some(origins),
        some(words(&[
            "password",
            "publickey",
            "publickey:sk",
            "hostbased",
        ])),
        any_effect(),
        prop::option::of(any_time()),
    )
        .prop_map(
            |(users, groups, uids, (hosts, services), origins, methods, mut effect, until)| {
                // Only exemptions have an end.
                effect.terms.until = until.filter(|_| effect.mode != Mode::Required);
                Rule {
                    users,
                    groups,
                    uids,
                    hosts,
                    services,
                    origins,
                    methods,
                    effect,
                }
            },
        )
}

/// Any policy. Each of its effects is on a line of its own.
fn any_policy() -> impl Strategy<Value = Policy> {
    let sshd_methods = select(vec![
        words(&[]),
        words(&["publickey"]),
        words(&["publickey", "hostbased"]),
    ]);
    let rules = prop::collection::vec(any_rule(), 0..5);
    (
        rules,
        any_effect(),
        any::<bool>(),
        any::<bool>(),
        sshd_methods,
    )
        .prop_map(|(mut rules, mut otherwise, audit, guarded, sshd_methods)| {
            for (rule, line) in rules.iter_mut().zip(1..) {
                rule.effect.source.line = line;
            }
            otherwise.source.line = 100;
            Policy {
                rules,
                otherwise,
                audit,
                guard: words(if guarded { &["sshd"] } else { &[] }),
                invitation: false,
                changes_on: Vec::new(),
                sshd_methods,
                enrolled_in_login: Some(AuthenticatorKind::Totp),
            }
        })
}

/// A user with one or two names.
fn any_subject() -> impl Strategy<Value = Subject> {
    let who = select(vec![("lea", UID), ("bob", 7), ("eve", 2000)]);
    let alias = prop::option::of(any_identity(&["lea", "bob", "mia"]));
    let groups = any_identity(&[""]);
    (who, groups, alias).prop_map(|((name, uid), groups, alias)| Subject {
        uid,
        canonical: Identity {
            name: name.to_owned(),
            ..groups
        },
        aliases: alias.into_iter().filter(|one| one.name != name).collect(),
    })
}

fn any_identity(names: &[&str]) -> impl Strategy<Value = Identity> + use<> {
    let belongs = || {
        select(vec![
            Ternary::No,
            Ternary::No,
            Ternary::Yes,
            Ternary::Unknown,
        ])
    };
    let name = select(words(names));
    (name, [belongs(), belongs(), belongs()]).prop_map(|(name, belongs)| Identity {
        name,
        groups: Groups::from_iter(all_groups().zip(belongs)),
    })
}

/// An address in each network of the rules, and one in none.
const HOSTS: [&str; 4] = ["192.0.2.7", "198.51.100.7", "2001:db8::7", "203.0.113.7"];

/// A machine for each pattern of the rules, and one for none.
const MACHINES: [&str; 3] = ["web1.example", "db1", "mail"];

/// Any login, with any facts unknown.
fn any_login() -> impl Strategy<Value = Login> {
    let service = select(words(&["sshd", "login", "su"]));
    let host = prop::option::weighted(0.8, select(MACHINES.map(host).to_vec()));
    let origin = prop_oneof![
        Just(LoginOrigin::Local),
        Just(LoginOrigin::Session),
        Just(LoginOrigin::Unknown),
        select(HOSTS.to_vec()).prop_map(remote),
        Just(LoginOrigin::Name("laptop.example".to_owned())),
    ];
    let methods = subsequence(
        words(&["password", "publickey", "publickey:sk", "hostbased"]),
        0..=2,
    );
    let own = select(vec![
        OwnMethod::Known,
        OwnMethod::OneOfTheHost,
        OwnMethod::Unknown,
    ]);
    let has_unknown_key = prop::bool::weighted(0.2);
    (
        any_subject(),
        (host, service),
        origin,
        methods,
        own,
        has_unknown_key,
    )
        .prop_map(
            |(subject, (host, service), origin, passed, own, has_unknown_key)| Login {
                subject,
                host,
                service,
                origin,
                methods: Methods {
                    passed,
                    own,
                    has_unknown_key,
                },
                keys: Vec::new(),
                host_requires: None,
            },
        )
}

/// An origin in each network of the rules, one in none, and the machine itself.
fn origins() -> impl Iterator<Item = LoginOrigin> {
    HOSTS.map(remote).into_iter().chain([LoginOrigin::Local])
}

/// Whether all facts of a login are known.
pub(crate) fn is_known(login: &Login) -> bool {
    login.subject.unknown_groups().is_empty()
        && login.host.is_some()
        && !matches!(
            login.origin,
            LoginOrigin::Name(_) | LoginOrigin::Session | LoginOrigin::Unknown
        )
        && login.methods.own == OwnMethod::Known
        && !login.methods.has_unknown_key
}

/// Every fully known login that agrees with what is known of this one.
fn readings(login: &Login, policy: &Policy) -> Vec<Login> {
    let mut readings = vec![login.clone()];
    for place in 0..=login.subject.aliases.len() {
        for group in all_groups() {
            let is_unknown =
                |login: &mut Login| identity(login, place).groups.hold(&group) == Ternary::Unknown;
            if !is_unknown(&mut login.clone()) {
                continue;
            }
            readings = each(
                readings,
                &[Ternary::Yes, Ternary::No],
                |reading, belongs| {
                    let who = identity(reading, place);
                    let groups = all_groups().map(|one| {
                        let held = who.groups.hold(&one);
                        let held = if one == group { *belongs } else { held };
                        (one, held)
                    });
                    who.groups = Groups::from_iter(groups);
                },
            );
        }
    }
    if login.host.is_none() {
        readings = each(readings, &MACHINES, |reading, name| {
            reading.host = Some(host(name));
        });
    }
    match login.origin {
        LoginOrigin::Name(_) => {
            readings = each(readings, &HOSTS, |reading, host| {
                reading.origin = remote(host);
            });
        }
        LoginOrigin::Session => {
            let origins: Vec<LoginOrigin> = origins().collect();
            readings = each(readings, &origins, |reading, place| {
                reading.origin = place.clone();
            });
        }
        LoginOrigin::Local | LoginOrigin::Address(_) | LoginOrigin::Unknown => {}
    }
    if login.methods.own != OwnMethod::Known {
        let any_at_all = words(&["publickey", "hostbased", "gssapi-with-mic", "other"]);
        let is_told =
            login.methods.own == OwnMethod::OneOfTheHost && !policy.sshd_methods.is_empty();
        let own = if is_told {
            &policy.sshd_methods
        } else {
            &any_at_all
        };
        readings = each(readings, own, |reading, method| {
            reading.methods.own = OwnMethod::Known;
            reading.methods.passed.push(method.clone());
            reading.methods.has_unknown_key |= method == "publickey";
        });
    }
    let mut known = Vec::new();
    for reading in readings {
        let kinds: &[&[&str]] = match reading.methods.has_unknown_key {
            true => &[&[], &["publickey:sk"], &["publickey:cert"]],
            false => &[&[]],
        };
        known.extend(each(vec![reading], kinds, |reading, kinds| {
            reading.methods.has_unknown_key = false;
            reading.methods.passed.extend(words(kinds));
        }));
    }
    known
}

/// Returns the name of a login's user at this index.
fn identity(login: &mut Login, place: usize) -> &mut Identity {
    let Subject {
        canonical, aliases, ..
    } = &mut login.subject;
    let others = aliases.iter_mut();
    std::iter::once(canonical).chain(others).nth(place).unwrap()
}

fn each<T>(logins: Vec<Login>, values: &[T], set: impl Fn(&mut Login, &T)) -> Vec<Login> {
    logins
        .into_iter()
        .flat_map(|login| values.iter().map(move |value| (login.clone(), value)))
        .map(|(mut login, value)| {
            set(&mut login, value);
            login
        })
        .collect()
}
