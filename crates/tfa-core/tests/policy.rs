//! Which rule decides over a login, and what it requires.

use std::time::Duration;

use proptest::prelude::*;
use tfa_core::{
    Account, AfterGrace, DEFAULT_GRACE, Exemption, FactorKind, Factors, Group, Groups, HostPattern,
    Identity, Login, LoginOrigin, Methods, Mode, Offline, OriginMatcher, OwnMethod, Policy,
    PolicyDecision, Requirement, Rule, RuleEffect, Source, Ternary, ThrottleScope, Time,
};

use crate::cases;
use crate::host::{
    DAY, accounts, any_case, effect, group, host, hosts, in_no_group, is_known, lea, login,
    network, passed, policy_of, remote, required,
};
use crate::invitation::invitation;
use crate::owner::{Owner, UID};
use crate::phone::{NOON, Phone, after};

/// The requirement of a policy at noon.
fn decide(policy: &Policy, account: Option<&Account>) -> Requirement {
    policy.decide(&login(), account, NOON).requirement
}

/// The requirement of a policy with this mode at noon.
fn requirement_under(mode: Mode, account: Option<&Account>) -> Requirement {
    decide(&policy_of(effect(mode, 1)), account)
}

/// The line of the effect that decides over a login. Each rule is on a line of its own, and the
/// rest of the policy is on line 100.
fn line(rules: &[Rule], login: &Login) -> u32 {
    let policy = Policy {
        rules: rules.to_vec(),
        ..policy_of(effect(Mode::Optional, 100))
    };
    policy.decide(login, None, NOON).source.line
}

/// Whether a rule matches a login.
fn matches(rule: &Rule, login: &Login) -> bool {
    let effect = effect(Mode::Off, 1);
    let rule = Rule {
        effect,
        ..rule.clone()
    };
    line(&[rule], login) == 1
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

// The modes.

#[test]
fn default_policy_asks_enrolled_users() {
    let policy = Policy::default();
    assert_eq!(policy.otherwise.mode, Mode::Optional);
    assert_eq!(
        (policy.otherwise.grace, policy.otherwise.after_grace),
        (DEFAULT_GRACE, AfterGrace::Enroll)
    );
    assert!(!policy.audit && !policy.invitation && policy.rules.is_empty());
    assert!(policy.guards("sshd") && !policy.guards("login") && !policy.guards(""));
    let decision = policy.decide(&login(), None, NOON);
    assert_eq!(decision.source.to_string(), "the built-in default");
    assert_eq!(effect(Mode::Off, 7).source.to_string(), "tfad.toml line 7");
}

#[test]
fn each_mode_decides_each_state_of_an_account() {
    let (ask, grace) = (Requirement::Ask, Requirement::Grace(after(NOON, 7 * DAY)));
    let [off, not_set_up, paused] =
        [Exemption::Off, Exemption::NotSetUp, Exemption::Paused].map(Requirement::Exempt);
    let expected = [
        ("without a record", [off, not_set_up, grace]),
        ("blank", [off, not_set_up, grace]),
        ("pending", [off, not_set_up, grace]),
        ("enabled", [off, ask, ask]),
        ("paused", [off, paused, ask]),
        ("reset", [off, not_set_up, Requirement::SetUp]),
    ];
    for ((state, account), (name, expected)) in accounts().into_iter().zip(expected) {
        assert_eq!(state, name);
        let asked = [Mode::Off, Mode::Optional, Mode::Required]
            .map(|mode| requirement_under(mode, account.as_ref()));
        assert_eq!(asked, expected, "{state}");
    }
}

#[test]
fn pending_move_or_lock_does_not_suspend_the_requirement() {
    let mut owner = Owner::new();
    let proof = owner.code(NOON, 0);
    owner
        .account
        .move_to(None, Phone::usual(1).authenticator(), &proof, NOON)
        .unwrap();
    owner.lock_permanently(ThrottleScope::UNKNOWN, NOON);
    for mode in [Mode::Optional, Mode::Required] {
        assert_eq!(
            requirement_under(mode, Some(&owner.account)),
            Requirement::Ask
        );
    }
}

// The matching rule.

#[test]
fn the_first_matching_rule_decides_else_the_default() {
    let rule = |line, users: &[&str]| Rule {
        users: words(users),
        effect: effect(Mode::Off, line),
        ..Rule::default()
    };
    let (bob, lea, anybody) = (rule(1, &["bob"]), rule(2, &["lea"]), rule(3, &[]));
    let line = |rules: &[&Rule]| {
        let rules: Vec<Rule> = rules.iter().copied().cloned().collect();
        line(&rules, &login())
    };
    assert_eq!(line(&[&bob, &lea, &anybody]), 2);
    assert_eq!(line(&[&bob, &anybody, &lea]), 3);
    assert_eq!(line(&[&anybody, &lea]), 3);
    assert_eq!(line(&[&bob]), 100);
    assert_eq!(line(&[]), 100);
}

#[test]
fn a_rule_on_users_matches_whole_names() {
    for (users, fits) in [
        (&["lea"][..], true),
        (&["bob", "lea"], true),
        (&["bob"], false),
        (&["le", "leah", "LEA", "", "*"], false),
    ] {
        let users = words(users);
        let rule = Rule {
            users,
            ..Rule::default()
        };
        assert_eq!(matches(&rule, &login()), fits, "{:?}", rule.users);
    }
}

#[test]
fn a_rule_on_uids_includes_both_ends_of_the_range() {
    let uids = |uids: Vec<_>| Rule {
        uids,
        ..Rule::default()
    };
    for (range, fits) in [
        (vec![0..=999], false),
        (vec![1000..=1000], true),
        (vec![0..=1000], true),
        (vec![1000..=u32::MAX], true),
        (vec![1001..=u32::MAX], false),
        (vec![0..=999, 1001..=2000], false),
        (vec![0..=999, 999..=1001], true),
    ] {
        assert_eq!(matches(&uids(range.clone()), &login()), fits, "{range:?}");
    }
    // A reversed range matches no uid.
    #[expect(
        clippy::reversed_empty_ranges,
        reason = "an administrator may write it"
    )]
    let backwards = uids(vec![2000..=0]);
    assert!(!matches(&backwards, &login()));
}

#[test]
fn a_rule_on_groups_matches_members_of_any_of_them() {
    let rule = |groups: &[Group]| Rule {
        groups: groups.to_vec(),
        ..Rule::default()
    };
    let mut login = login();
    login.subject.canonical.groups = Groups::from_iter([
        (group("wheel"), Ternary::No),
        (group("staff"), Ternary::Yes),
        (Group::Number(50), Ternary::Yes),
        (group("50"), Ternary::No),
    ]);
    for (groups, fits) in [
        (&[group("staff")][..], true),
        (&[group("wheel")], false),
        (&[group("wheel"), group("staff")], true),
        (&[Group::Number(50)], true),
        (&[group("50")], false),
    ] {
        assert_eq!(matches(&rule(groups), &login), fits, "{groups:?}");
    }
}

#[test]
fn a_rule_on_services_matches_whole_names() {
    for (services, fits) in [
        (&["sshd"][..], true),
        (&["login", "sshd"], true),
        (&["login"], false),
        (&["ssh", "sshd-session", "SSHD", ""], false),
    ] {
        let services = words(services);
        let rule = Rule {
            services,
            ..Rule::default()
        };
        assert_eq!(matches(&rule, &login()), fits, "{:?}", rule.services);
    }
}

#[test]
fn a_rule_on_origins_matches_addresses_of_its_networks() {
    let at = |origin, places: &[OriginMatcher]| {
        let rule = Rule {
            origins: places.to_vec(),
            ..Rule::default()
        };
        matches(&rule, &Login { origin, ..login() })
    };
    let from = |rhost, places: &[OriginMatcher]| at(remote(rhost), places);
    let at_console = |places: &[OriginMatcher]| at(LoginOrigin::Local, places);
    for (written, inside, outside) in [
        (
            "192.0.2.0/24",
            &["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7"][..],
            &["192.0.3.0", "192.0.1.255", "2001:db8::7", "::192.0.2.7"][..],
        ),
        (
            "198.51.100.7/32",
            &["198.51.100.7", "::ffff:c633:6407"],
            &["198.51.100.6"],
        ),
        ("0.0.0.0/0", &["203.0.113.1"], &["2001:db8::7", "::1"]),
        (
            "2001:db8::/32",
            &["2001:db8::7", "2001:0DB8:0::7"],
            &["2001:db9::7", "192.0.2.7"],
        ),
        ("fe80::/10", &["fe80::1%eth0", "fe80::1"], &["fec0::1"]),
        ("::/0", &["::1"], &["192.0.2.7", "::ffff:192.0.2.7"]),
        ("127.0.0.0/8", &["127.0.0.1"], &["::1"]),
    ] {
        let places = [network(written)];
        for rhost in inside {
            assert!(from(rhost, &places), "{rhost} in {written}");
        }
        for rhost in outside {
            assert!(!from(rhost, &places), "{rhost} in {written}");
        }
        let here = at_console(&places);
        assert!(!here, "this machine in {written}");
    }
    let both = [network("192.0.2.0/24"), OriginMatcher::Local];
    assert!(at_console(&both) && from("192.0.2.7", &both) && !from("192.0.3.7", &both));
    for rhost in ["127.0.0.1", "::1", "localhost", "0.0.0.0"] {
        assert!(
            !from(rhost, &[OriginMatcher::Local]),
            "{rhost}: PAM names a remote host"
        );
    }
}

#[test]
fn a_rule_on_methods_matches_any_passed_method() {
    let by = |passed: &[&str], methods: &[&str]| {
        let rule = Rule {
            methods: words(methods),
            ..Rule::default()
        };
        let methods = crate::host::passed(passed);
        matches(&rule, &Login { methods, ..login() })
    };
    assert!(by(&["publickey"], &["publickey"]));
    assert!(by(
        &["publickey", "password"],
        &["gssapi-with-mic", "publickey"]
    ));
    assert!(!by(&["password"], &["publickey"]));
    assert!(!by(&["password"], &["pass", "PASSWORD"]));
    // A rule on methods does not match a service that reports none.
    assert!(!by(&[], &["password"]));
    assert!(by(&[], &[]));
}

#[test]
fn a_rule_on_a_kind_of_key_matches_keys_of_that_kind() {
    let by = |passed: &[&str], has_unknown_key: bool, rule: &[&str]| {
        let policy = Policy {
            rules: vec![for_methods(rule, effect(Mode::Off, 1))],
            ..policy_of(required(0))
        };
        let methods = Methods {
            has_unknown_key,
            ..crate::host::passed(passed)
        };
        let login = Login { methods, ..login() };
        policy.decide(&login, None, NOON).requirement
    };
    let exempt = Requirement::Exempt(Exemption::Off);
    let of_sk = &["publickey", "publickey:sk"][..];
    for (passed, has_unknown_key, rule, expected) in [
        (of_sk, false, &["publickey:sk"][..], exempt),
        (of_sk, false, &["publickey"], exempt),
        (of_sk, false, &["publickey:cert"], Requirement::SetUp),
        (&["publickey"], false, &["publickey:sk"], Requirement::SetUp),
        // A key of a later kind may be one.
        (
            &["publickey"],
            true,
            &["publickey:sk"],
            Requirement::Undetermined,
        ),
        (&["publickey"], true, &["publickey"], exempt),
        (&["publickey"], true, &["hostbased"], Requirement::SetUp),
    ] {
        let decided = by(passed, has_unknown_key, rule);
        assert_eq!(decided, expected, "{rule:?} of {passed:?}");
    }
}

#[test]
fn rule_on_some_of_sshds_own_methods_is_undetermined() {
    let own = Methods {
        passed: vec![],
        own: OwnMethod::OneOfTheHost,
        has_unknown_key: false,
    };
    let login = Login {
        methods: own,
        ..login()
    };
    let possible = |sshd: &[&str], rule: &[&str]| {
        let policy = Policy {
            rules: vec![Rule {
                methods: words(rule),
                effect: effect(Mode::Off, 1),
                ..Rule::default()
            }],
            sshd_methods: words(sshd),
            ..policy_of(required(0))
        };
        match policy.decide(&login, None, NOON).requirement {
            Requirement::Exempt(Exemption::Off) => Ternary::Yes,
            Requirement::SetUp => Ternary::No,
            Requirement::Undetermined => Ternary::Unknown,
            other => panic!("{other:?}"),
        }
    };
    for (sshd, rule, expected) in [
        (&["publickey"][..], &["publickey"][..], Ternary::Yes),
        (&["publickey"], &["hostbased"], Ternary::No),
        (
            &["publickey", "hostbased"],
            &["publickey"],
            Ternary::Unknown,
        ),
        (
            &["publickey", "hostbased"],
            &["hostbased", "publickey", "password"],
            Ternary::Yes,
        ),
        (&["publickey", "hostbased"], &["password"], Ternary::No),
        // sshd may have accepted a method that it did not report.
        (&[], &["publickey"], Ternary::Unknown),
        // It does not report the kind of a key.
        (&["publickey"], &["publickey:sk"], Ternary::Unknown),
        (&["publickey"], &["publickey:sk", "publickey"], Ternary::Yes),
        (&["hostbased"], &["publickey:sk"], Ternary::No),
        (&[], &["publickey:sk"], Ternary::Unknown),
    ] {
        assert_eq!(possible(sshd, rule), expected, "{rule:?} of {sshd:?}");
    }
}

#[test]
fn a_rule_on_hosts_matches_the_name_of_the_host() {
    let rule = Rule {
        hosts: hosts(&["web*", "db1"]),
        ..Rule::default()
    };
    for (name, fits) in [
        ("web1.example", true),
        ("db1", true),
        ("db1.example", false),
    ] {
        let login = Login {
            host: Some(host(name)),
            ..login()
        };
        assert_eq!(matches(&rule, &login), fits, "{name}");
    }
}

#[test]
fn a_rule_on_hosts_is_undetermined_on_a_host_without_a_name() {
    let nameless = Login {
        host: None,
        ..login()
    };
    for (mode, others) in [(Mode::Off, Mode::Required), (Mode::Required, Mode::Off)] {
        let policy = Policy {
            rules: vec![Rule {
                hosts: hosts(&["web*"]),
                effect: effect(mode, 1),
                ..Rule::default()
            }],
            ..policy_of(effect(others, 100))
        };
        assert!(policy.is_off() != policy.names_hosts());
        let decision = policy.decide(&nameless, Some(&Owner::new().account), NOON);
        let expected = match policy.is_off() {
            // Off is off for the whole host.
            true => Requirement::Exempt(Exemption::Off),
            false => Requirement::Ask,
        };
        assert_eq!(decision.requirement, expected);
        let unread = policy.decide(&nameless, None, NOON);
        let is_refused = unread.requirement == Requirement::Undetermined;
        assert_eq!(is_refused, !policy.is_off());
        // What a user may switch off depends on every host.
        let required = policy.requires_of(&nameless.subject, NOON);
        assert_eq!(required.is_some(), !policy.is_off());
    }
}

#[test]
fn every_key_of_a_rule_must_match() {
    let mut full = Rule {
        users: words(&["lea"]),
        groups: vec![group("staff")],
        uids: vec![1000..=1000],
        hosts: hosts(&["web1.example"]),
        services: words(&["sshd"]),
        origins: vec![network("192.0.2.0/24")],
        methods: words(&["password"]),
        effect: RuleEffect::default(),
    };
    let mut login = login();
    login.subject.canonical.groups = Groups::from_iter([(group("staff"), Ternary::Yes)]);
    assert!(matches(&full, &login));
    let others: [fn(&mut Login); 7] = [
        |login| login.subject.canonical.name = "bob".to_owned(),
        |login| login.subject.canonical.groups = Groups::from_iter([(group("staff"), Ternary::No)]),
        |login| login.subject.uid = 7,
        |login| login.host = Some(host("web2.example")),
        |login| login.service = "login".to_owned(),
        |login| login.origin = LoginOrigin::Local,
        |login| login.methods = passed(&["publickey"]),
    ];
    for (key, other) in others.iter().enumerate() {
        let mut other_login = login.clone();
        other(&mut other_login);
        assert!(!matches(&full, &other_login), "key {key}");
    }
    full.users = words(&["bob"]);
    assert!(!matches(&full, &login));
}

// Unknown facts.

/// A policy with one effect for members of wheel, and another for all other logins.
fn for_wheel(wheel: RuleEffect, otherwise: RuleEffect) -> Policy {
    let rule = Rule {
        groups: vec![group("wheel")],
        effect: wheel,
        ..Rule::default()
    };
    Policy {
        rules: vec![rule],
        ..policy_of(otherwise)
    }
}

/// The same policy with two rules, so that neither effect is the default of the host.
fn for_wheel_and_for_others(wheel: RuleEffect, others: RuleEffect) -> Policy {
    let mut policy = for_wheel(wheel, effect(Mode::Optional, 100));
    policy.rules.push(Rule {
        effect: others,
        ..Rule::default()
    });
    policy
}

/// Lea, of whom it is unknown whether she is in wheel.
fn lea_with_unknown_groups() -> Login {
    let mut login = login();
    login.subject.canonical.groups = Groups::from_iter([(group("wheel"), Ternary::Unknown)]);
    login
}

#[test]
fn undetermined_rule_needs_agreement_else_a_code_or_a_refusal() {
    let [off, optional] = [Mode::Off, Mode::Optional].map(|mode| effect(mode, 1));
    let (now, weeks) = (required(0), |weeks: u64| required(7 * weeks));
    let deny = RuleEffect {
        after_grace: AfterGrace::Deny,
        ..required(0)
    };
    let [off_for_sure, not_set_up, paused] =
        [Exemption::Off, Exemption::NotSetUp, Exemption::Paused].map(Requirement::Exempt);
    let grace = Requirement::Grace(after(NOON, 7 * DAY));
    let (ask, set_up) = (Requirement::Ask, Requirement::SetUp);
    let (too_late, undetermined) = (Requirement::TooLate, Requirement::Undetermined);
    // The two effects, and the requirement for a user without enrollment, an enrolled one, and a
    // paused one.
    for (one, other, expected) in [
        (&off, &off, [off_for_sure; 3]),
        (&off, &optional, [not_set_up, ask, paused]),
        (&off, &now, [undetermined, ask, ask]),
        (&off, &weeks(1), [undetermined, ask, ask]),
        (&off, &deny, [undetermined, ask, ask]),
        (&optional, &now, [undetermined, ask, ask]),
        (&optional, &weeks(1), [undetermined, ask, ask]),
        (&optional, &deny, [undetermined, ask, ask]),
        (&weeks(1), &weeks(2), [grace, ask, ask]),
        (&weeks(1), &weeks(1), [grace, ask, ask]),
        (&weeks(1), &now, [set_up, ask, ask]),
        (&weeks(1), &deny, [too_late, ask, ask]),
        (&now, &now, [set_up, ask, ask]),
        (&now, &deny, [too_late, ask, ask]),
        (&deny, &deny, [too_late, ask, ask]),
    ] {
        let states = [("without a record", 0), ("enabled", 1), ("paused", 2)];
        for (state, account) in accounts() {
            let Some((_, place)) = states.iter().find(|(name, _)| *name == state) else {
                continue;
            };
            // `mode = "off"` for the whole host leaves no rule that could disagree.
            let policies = [(one, other), (other, one)].map(|(wheel, others)| {
                let (wheel, others) = (wheel.clone(), others.clone());
                if others.mode == Mode::Off {
                    for_wheel_and_for_others(wheel, others)
                } else {
                    for_wheel(wheel, others)
                }
            });
            for policy in policies {
                let decision = policy.decide(&lea_with_unknown_groups(), account.as_ref(), NOON);
                assert_eq!(
                    decision.requirement, expected[*place],
                    "{state}: {one:?}, {other:?}"
                );
                let either = [one, other].iter().any(|effect| effect.require(NOON));
                assert_eq!(decision.required, either);
            }
        }
    }
}

#[test]
fn a_rule_that_cannot_match_is_ignored_despite_unknown_facts() {
    let mut policy = for_wheel(effect(Mode::Off, 1), required(0));
    policy.rules[0].users = words(&["bob"]);
    let decision = policy.decide(&lea_with_unknown_groups(), None, NOON);
    assert_eq!(decision.requirement, Requirement::SetUp);
    // A rule below a rule that matches does not count either.
    let above = Rule {
        users: words(&["lea"]),
        effect: effect(Mode::Off, 2),
        ..Rule::default()
    };
    policy.rules = vec![above, for_wheel(required(0), required(0)).rules.remove(0)];
    let decision = policy.decide(&lea_with_unknown_groups(), None, NOON);
    assert_eq!(decision.requirement, Requirement::Exempt(Exemption::Off));
    assert!(!decision.required);
}

#[test]
fn a_group_that_was_not_looked_up_is_unknown() {
    let mut login = login();
    login.subject.canonical.groups = Groups::default();
    let policy = for_wheel(effect(Mode::Off, 1), required(0));
    let requirement = policy.decide(&login, None, NOON).requirement;
    assert_eq!(requirement, Requirement::Undetermined);
}

#[test]
fn host_known_by_name_may_be_in_any_network_and_is_not_local() {
    let from_office = |place| Policy {
        rules: vec![Rule {
            origins: vec![place],
            effect: effect(Mode::Off, 1),
            ..Rule::default()
        }],
        ..policy_of(required(0))
    };
    for name in ["laptop.example", "localhost", "192.0.2.999", "192.0.2"] {
        let origin = remote(name);
        let login = Login { origin, ..login() };
        let decide = |place| from_office(place).decide(&login, None, NOON).requirement;
        assert_eq!(decide(network("192.0.2.0/24")), Requirement::Undetermined);
        assert_eq!(decide(network("2001:db8::/32")), Requirement::Undetermined);
        assert_eq!(decide(OriginMatcher::Local), Requirement::SetUp);
    }
}

#[test]
fn a_zone_makes_no_host_name_an_address() {
    let office = |rhost| {
        let policy = Policy {
            rules: vec![Rule {
                origins: vec![network("10.7.0.0/16")],
                effect: effect(Mode::Off, 1),
                ..Rule::default()
            }],
            ..policy_of(required(0))
        };
        let origin = remote(rhost);
        let login = Login { origin, ..login() };
        policy.decide(&login, None, NOON).requirement
    };
    assert_eq!(office("10.7.0.2"), Requirement::Exempt(Exemption::Off));
    // Only IPv6 addresses have zones. An IPv4 address with a zone is a host name, and no address.
    for rhost in ["10.7.0.2%eth0", "10.7.0.2%", "10.7.0.2%:", "%10.7.0.2"] {
        let origin = remote(rhost);
        assert_eq!(origin, LoginOrigin::Name(rhost.to_owned()));
        assert_eq!(office(rhost), Requirement::Undetermined, "{rhost}");
    }
}

// Several names of one uid.

/// A rule for one user name.
fn for_user(user: &str, effect: RuleEffect) -> Rule {
    Rule {
        users: words(&[user]),
        effect,
        ..Rule::default()
    }
}

/// Lea logs in under another name of her uid.
fn as_alias(alias: Identity) -> Login {
    let mut login = login();
    login.subject.aliases.push(alias);
    login
}

#[test]
fn a_rule_matches_the_login_name_and_the_canonical_name() {
    let must = RuleEffect {
        source: Source {
            line: 7,
            ..effect(Mode::Required, 7).source
        },
        ..required(0)
    };
    let login = as_alias(in_no_group("lea2"));
    for user in ["lea", "lea2"] {
        let policy = Policy {
            rules: vec![for_user(user, must.clone())],
            ..policy_of(effect(Mode::Optional, 100))
        };
        let decision = policy.decide(&login, None, NOON);
        assert_eq!(
            (decision.requirement, decision.source.line),
            (Requirement::SetUp, 7)
        );
        assert!(decision.required);
        assert!(policy.requires_of(&login.subject, NOON).is_some());
        // A rule for one name does not exempt the other name.
        let policy = Policy {
            rules: vec![for_user(user, effect(Mode::Off, 7))],
            ..policy_of(must.clone())
        };
        let decision = policy.decide(&login, None, NOON);
        assert_eq!(decision.requirement, Requirement::SetUp, "{user} is exempt");
    }
}

#[test]
fn names_matter_only_if_a_possible_rule_uses_them() {
    let su = |mut rule: Rule| {
        rule.services = vec!["su".to_owned()];
        rule
    };
    let of_lea = || for_user("lea", required(0));
    let rest = || for_all(required(0));
    for (rules, counts) in [
        (vec![], false),
        (vec![of_lea()], true),
        (vec![su(of_lea())], false),
        (vec![rest(), of_lea()], false),
        (vec![su(rest()), of_lea()], true),
    ] {
        let mut policy = Policy {
            rules,
            ..policy_of(required(0))
        };
        assert_eq!(
            policy.depends_on_names(&login(), NOON),
            counts,
            "{policy:?}"
        );
        policy.otherwise.mode = Mode::Off;
        assert!(
            !policy.depends_on_names(&login(), NOON),
            "no rule is evaluated"
        );
    }
}

#[test]
fn the_groups_of_both_names_count_and_unknown_ones_exempt_none() {
    let requirement_under = |belongs| {
        let groups = Groups::from_iter([(group("wheel"), belongs)]);
        let alias = Identity {
            name: "lea2".to_owned(),
            groups,
        };
        let policy = for_wheel(required(0), effect(Mode::Optional, 100));
        policy.decide(&as_alias(alias), None, NOON)
    };
    assert_eq!(
        requirement_under(Ternary::Yes).requirement,
        Requirement::SetUp
    );
    assert_eq!(
        requirement_under(Ternary::Unknown).requirement,
        Requirement::Undetermined
    );
    let not_set_up = Requirement::Exempt(Exemption::NotSetUp);
    assert_eq!(requirement_under(Ternary::No).requirement, not_set_up);
}

#[test]
fn of_two_names_asked_alike_the_required_one_decides() {
    let enabled = Owner::new().account;
    let mut policy = Policy {
        rules: vec![for_user("lea2", effect(Mode::Required, 7))],
        ..policy_of(effect(Mode::Optional, 100))
    };
    for audit in [false, true] {
        policy.audit = audit;
        let login = as_alias(in_no_group("lea2"));
        let decision = policy.decide(&login, Some(&enabled), NOON);
        assert_eq!(
            (decision.requirement, decision.source.line),
            (Requirement::Ask, 7)
        );
    }
}

fn for_all(effect: RuleEffect) -> Rule {
    Rule {
        effect,
        ..Rule::default()
    }
}

// Logins inside a session.

/// The requirement of a login inside a session, at a console and from a remote host.
fn by_origin(policy: &Policy) -> [Requirement; 3] {
    [
        LoginOrigin::Session,
        LoginOrigin::Local,
        remote("192.0.2.7"),
    ]
    .map(|origin| {
        let login = Login { origin, ..login() };
        policy.decide(&login, None, NOON).requirement
    })
}

#[test]
fn a_login_inside_a_session_may_be_remote() {
    let policy = |places: &[OriginMatcher], exempt: bool| {
        let [one, other] = [effect(Mode::Off, 1), required(0)];
        let (rule, otherwise) = if exempt { (one, other) } else { (other, one) };
        let from = |origins, effect| Rule {
            origins,
            effect,
            ..Rule::default()
        };
        Policy {
            rules: vec![from(places.to_vec(), rule), from(vec![], otherwise)],
            ..policy_of(effect(Mode::Optional, 100))
        }
    };
    let off = Requirement::Exempt(Exemption::Off);
    let set_up = Requirement::SetUp;
    let everywhere = [network("0.0.0.0/0"), network("::/0")];
    // Both if the exemption names the machine and if the requirement names the networks.
    let exempt = policy(&[OriginMatcher::Local], true);
    assert_eq!(by_origin(&exempt), [set_up, off, set_up]);
    let from_networks = policy(&everywhere, false);
    assert_eq!(by_origin(&from_networks), [set_up, off, set_up]);
    let at_machine = policy(&[OriginMatcher::Local], false);
    assert_eq!(by_origin(&at_machine), [set_up, set_up, off]);
    // Rules for sessions are certain.
    let inside = policy(&[OriginMatcher::Local, OriginMatcher::Session], true);
    assert_eq!(by_origin(&inside), [off, off, set_up]);
}

#[test]
fn a_session_rule_exempts_no_login_of_unknown_origin() {
    let [off, must] = [effect(Mode::Off, 1), required(0)];
    let from = |origins: &[OriginMatcher], effect: &RuleEffect| Rule {
        origins: origins.to_vec(),
        effect: effect.clone(),
        ..Rule::default()
    };
    let places = [
        OriginMatcher::Local,
        OriginMatcher::Session,
        network("10.0.0.0/8"),
    ];
    let unknown = Login {
        origin: LoginOrigin::Unknown,
        ..login()
    };
    let decide = |rules| {
        let policy = Policy {
            rules,
            ..policy_of(off.clone())
        };
        let mut policy = policy;
        policy.otherwise.mode = Mode::Optional;
        policy.decide(&unknown, None, NOON).requirement
    };
    for place in &places {
        let place = std::slice::from_ref(place);
        let exempt = decide(vec![from(place, &off), from(&[], &must)]);
        assert_eq!(exempt, Requirement::SetUp, "{place:?}");
        let asked = decide(vec![from(place, &must), from(&[], &off)]);
        assert_eq!(asked, Requirement::SetUp, "{place:?}");
    }
    let exempt = decide(vec![from(&places, &off), from(&[], &must)]);
    assert_eq!(exempt, Requirement::SetUp);
}

#[test]
fn a_user_in_the_grace_period_is_not_refused_inside_a_session() {
    let policy = Policy {
        rules: vec![Rule {
            origins: vec![OriginMatcher::Local],
            effect: effect(Mode::Optional, 1),
            ..Rule::default()
        }],
        ..policy_of(required(7))
    };
    let grace = Requirement::Grace(after(NOON, 7 * DAY));
    assert_eq!(by_origin(&policy)[0], grace);
}

// `since`, and the grace period.

#[test]
fn a_later_since_is_optional_until_that_day() {
    let effect = RuleEffect {
        since: Some(NOON),
        ..required(7)
    };
    let policy = policy_of(effect);
    for (_, account) in accounts() {
        let account = account.as_ref();
        let before = policy.decide(&login(), account, after(NOON, -1));
        assert_eq!(
            before.requirement,
            requirement_under(Mode::Optional, account)
        );
        assert!(!before.required && !before.records_first_login);
        let then = policy.decide(&login(), account, NOON);
        assert_eq!(then.requirement, requirement_under(Mode::Required, account));
        assert!(then.required && !then.records_first_login);
    }
}

#[test]
fn grace_runs_from_since_for_any_first_login() {
    let policy = policy_of(RuleEffect {
        since: Some(NOON),
        ..required(7)
    });
    let until = after(NOON, 7 * DAY);
    let mut late = Account::new(UID);
    late.require(after(NOON, 6 * DAY));
    for account in [None, Some(&late)] {
        let at = |seconds| {
            policy
                .decide(&login(), account, after(NOON, seconds))
                .requirement
        };
        assert_eq!(at(0), Requirement::Grace(until));
        assert_eq!(at(7 * DAY - 1), Requirement::Grace(until));
        assert_eq!(at(7 * DAY), Requirement::SetUp);
        assert_eq!(at(100 * DAY), Requirement::SetUp);
    }
}

#[test]
fn grace_without_since_runs_from_the_first_recorded_login() {
    let policy = policy_of(required(7));
    let decision = policy.decide(&login(), None, NOON);
    assert_eq!(
        decision.requirement,
        Requirement::Grace(after(NOON, 7 * DAY))
    );
    assert!(decision.records_first_login);
    let mut account = Account::new(UID);
    account.require(NOON);
    account.require(after(NOON, DAY));
    assert_eq!(
        account.first_required(),
        Some(NOON),
        "the first login counts"
    );
    let at = |seconds| {
        let now = after(NOON, seconds);
        policy.decide(&login(), Some(&account), now).requirement
    };
    let grace = Requirement::Grace(after(NOON, 7 * DAY));
    assert_eq!([at(DAY), at(7 * DAY - 1)], [grace; 2]);
    assert_eq!([at(7 * DAY), at(100 * DAY)], [Requirement::SetUp; 2]);
}

#[test]
fn without_grace_the_first_login_requires_enrollment() {
    assert_eq!(decide(&policy_of(required(0)), None), Requirement::SetUp);
}

#[test]
fn the_longest_grace_does_not_overflow() {
    let mut policy = policy_of(required(7));
    policy.otherwise.grace = std::time::Duration::MAX;
    let end = tfa_core::Time::from_secs(u64::MAX);
    assert_eq!(decide(&policy, None), Requirement::Grace(end));
}

#[test]
fn a_clock_set_back_extends_no_grace_beyond_its_length() {
    let policy = policy_of(required(7));
    let mut account = Account::new(UID);
    account.require(NOON);
    let now = after(NOON, -100 * DAY);
    let decision = policy.decide(&login(), Some(&account), now);
    assert_eq!(
        decision.requirement,
        Requirement::Grace(after(now, 7 * DAY))
    );
}

#[test]
fn future_first_login_does_not_extend_grace() {
    let policy = policy_of(required(7));
    let mut account = Account::new(UID);
    account.require(after(NOON, 3650 * DAY));
    let mut lasted = 0;
    for day in 0..100 {
        let now = after(NOON, day * DAY);
        let decision = policy.decide(&login(), Some(&account), now);
        assert!(decision.records_first_login);
        lasted += i64::from(matches!(decision.requirement, Requirement::Grace(_)));
        // As the daemon does at each such login.
        account.require(now);
    }
    assert_eq!(lasted, 7);
}

#[test]
fn after_the_grace_the_rule_requires_enrollment_or_refuses() {
    let (mut account, owner) = (Account::new(UID), Owner::new());
    account.require(NOON);
    let now = after(NOON, 7 * DAY);
    for (after_grace, expected) in [
        (AfterGrace::Enroll, Requirement::SetUp),
        (AfterGrace::Deny, Requirement::TooLate),
    ] {
        let policy = policy_of(RuleEffect {
            after_grace,
            ..required(7)
        });
        let at = |account, now| policy.decide(&login(), account, now).requirement;
        assert_eq!(at(Some(&account), now), expected);
        assert_eq!(at(Some(&owner.account), now), Requirement::Ask);
        let earlier = at(Some(&account), after(now, -1));
        assert_eq!(
            earlier,
            Requirement::Grace(now),
            "it is not required before"
        );
    }
}

#[test]
fn only_an_open_invitation_permits_late_enrollment() {
    let deny = |days| {
        policy_of(RuleEffect {
            after_grace: AfterGrace::Deny,
            ..required(days)
        })
    };
    let mut late = Account::new(UID);
    late.require(after(NOON, -30 * DAY));
    let mut reset = Owner::new().account;
    reset.reset();
    let mut forbidden = Account::new(UID);
    forbidden.forbid_grace();
    for mut account in [late, reset, forbidden] {
        assert_eq!(decide(&deny(7), Some(&account)), Requirement::TooLate);
        account.invite(invitation(NOON));
        let at = |policy: &Policy, seconds| {
            let now = after(NOON, seconds);
            policy.decide(&login(), Some(&account), now)
        };
        let decision = at(&deny(7), 0);
        assert_eq!(decision.requirement, Requirement::SetUp);
        assert!(decision.required, "a user who declines is refused");
        assert_eq!(at(&deny(7), DAY - 1).requirement, Requirement::SetUp);
        assert_eq!(
            at(&deny(7), DAY).requirement,
            Requirement::TooLate,
            "it ended"
        );
        account.reset();
        assert_eq!(decide(&deny(7), Some(&account)), Requirement::TooLate);
    }
    // It shortens no grace period, and requires no enrollment of an enrolled user.
    let mut in_grace = Account::new(UID);
    in_grace.invite(invitation(NOON));
    let grace = Requirement::Grace(after(NOON, 7 * DAY));
    assert_eq!(decide(&deny(7), Some(&in_grace)), grace);
    let mut owner = Owner::new();
    owner.account.invite(invitation(NOON));
    assert_eq!(decide(&deny(0), Some(&owner.account)), Requirement::Ask);
    // An undetermined second rule without invitations does not become less strict.
    let either = for_wheel(effect(Mode::Off, 1), deny(0).otherwise);
    let decision = either.decide(&lea_with_unknown_groups(), Some(&in_grace), NOON);
    assert_eq!(decision.requirement, Requirement::Undetermined);
}

#[test]
fn forbidden_grace_requires_enrollment_at_once() {
    let mut account = Account::new(UID);
    account.forbid_grace();
    for since in [None, Some(NOON), Some(after(NOON, -DAY))] {
        let policy = policy_of(RuleEffect {
            since,
            ..required(36_500)
        });
        assert_eq!(decide(&policy, Some(&account)), Requirement::SetUp);
    }
    // If two-factor login is not required, the flag has no effect.
    let not_set_up = Requirement::Exempt(Exemption::NotSetUp);
    assert_eq!(
        requirement_under(Mode::Optional, Some(&account)),
        not_set_up
    );
}

#[test]
fn reset_user_has_no_grace_under_any_rule() {
    let mut owner = Owner::new();
    owner.account.reset();
    for since in [None, Some(NOON)] {
        let policy = policy_of(RuleEffect {
            since,
            ..required(36_500)
        });
        assert_eq!(decide(&policy, Some(&owner.account)), Requirement::SetUp);
    }
    // A user who never enrolled keeps the current grace period.
    let mut account = Account::new(UID);
    account.require(after(NOON, -DAY));
    account.reset();
    let policy = policy_of(required(7));
    let grace = Requirement::Grace(after(NOON, 6 * DAY));
    assert_eq!(decide(&policy, Some(&account)), grace);
}

// Audit mode.

#[test]
fn audit_acts_as_optional_and_keeps_the_strict_requirement() {
    let mut policy = policy_of(required(0));
    policy.audit = true;
    for (state, account) in accounts() {
        let account = account.as_ref();
        let decision = policy.decide(&login(), account, NOON);
        assert_eq!(
            decision.requirement,
            requirement_under(Mode::Optional, account),
            "{state}"
        );
        assert!(!decision.required && !decision.records_first_login);
        let strict = decide(&policy_of(required(0)), account);
        assert_eq!(decision.audited, Some(strict), "{state}");
        assert_eq!(decision.strict(), strict, "{state}");
    }
}

#[test]
fn audit_does_not_change_optional_logins() {
    for mode in [Mode::Off, Mode::Optional] {
        let policy = Policy {
            audit: true,
            ..policy_of(effect(mode, 1))
        };
        for (_, account) in accounts() {
            let decision = policy.decide(&login(), account.as_ref(), NOON);
            assert_eq!(
                decision.requirement,
                requirement_under(mode, account.as_ref())
            );
            assert_eq!(decision.audited, None);
        }
    }
}

// Users who are required at some login.

#[test]
fn user_is_required_if_a_rule_may_require_it_for_some_login() {
    let rule = |effect: &RuleEffect| Rule {
        effect: effect.clone(),
        ..Rule::default()
    };
    let for_users = |users: &[&str], effect| Rule {
        users: words(users),
        ..rule(effect)
    };
    let for_ssh = |effect| Rule {
        services: words(&["sshd"]),
        ..rule(effect)
    };
    let at_the_machine = |effect| Rule {
        origins: vec![OriginMatcher::Local],
        ..rule(effect)
    };
    let by_key = |effect| Rule {
        methods: words(&["publickey"]),
        ..rule(effect)
    };
    let for_wheel = |effect| Rule {
        groups: vec![group("wheel")],
        ..rule(effect)
    };
    let (must, may, off) = (
        &required(7),
        &effect(Mode::Optional, 9),
        &effect(Mode::Off, 9),
    );
    let later = &RuleEffect {
        since: Some(after(NOON, 1)),
        ..required(7)
    };
    let (lea, perhaps) = (&lea(), &lea_with_unknown_groups().subject);
    for (rules, otherwise, subject, expected) in [
        (vec![], must, lea, true),
        (vec![], may, lea, false),
        (vec![], later, lea, false),
        (vec![for_ssh(must)], may, lea, true),
        (vec![for_users(&["bob"], must)], may, lea, false),
        // A rule on users alone overrides every rule below it.
        (vec![for_users(&["lea"], off)], must, lea, false),
        (
            vec![for_users(&["lea"], may), for_ssh(must)],
            must,
            lea,
            false,
        ),
        (
            vec![for_users(&["lea"], later), for_ssh(must)],
            must,
            lea,
            false,
        ),
        (
            vec![for_ssh(must), for_users(&["lea"], off)],
            may,
            lea,
            true,
        ),
        // A rule on services, origins or methods does not.
        (vec![for_ssh(off)], must, lea, true),
        (vec![at_the_machine(off)], must, lea, true),
        (vec![by_key(off)], must, lea, true),
        // An undetermined rule does not override, and may require.
        (vec![for_wheel(off)], must, perhaps, true),
        (vec![for_wheel(must)], may, perhaps, true),
        (vec![for_wheel(must)], may, lea, false),
        (vec![for_wheel(off)], may, perhaps, false),
        // `mode = "off"` for the whole host overrides every rule.
        (vec![for_ssh(must)], off, lea, false),
        (vec![for_users(&["lea"], must)], off, lea, false),
        (vec![for_wheel(must)], off, perhaps, false),
    ] {
        let mut policy = Policy {
            rules,
            ..policy_of(otherwise.clone())
        };
        let effect = policy.requires_of(subject, NOON);
        assert!(effect.is_none_or(|effect| effect.require(NOON)));
        assert_eq!(effect.is_some(), expected, "{policy:?}");
        assert!(!expected || policy.may_require_of(subject));
        policy.audit = true;
        assert_eq!(policy.requires_of(subject, NOON), None);
    }
}

#[test]
fn may_require_includes_later_dates_and_the_end_of_audit() {
    let later = RuleEffect {
        since: Some(after(NOON, 3650 * DAY)),
        ..required(7)
    };
    let for_bob = |effect: &RuleEffect| {
        vec![Rule {
            users: words(&["bob"]),
            effect: effect.clone(),
            ..Rule::default()
        }]
    };
    let (may, off) = (&effect(Mode::Optional, 9), &effect(Mode::Off, 9));
    for (rules, otherwise, expected) in [
        (vec![], &required(7), true),
        (vec![], &later, true),
        (vec![], may, false),
        (vec![], off, false),
        (for_bob(&later), may, false),
        (for_bob(off), &later, true),
        (for_bob(&later), off, false),
        (for_wheel(later.clone(), may.clone()).rules, may, true),
        (for_wheel(later.clone(), may.clone()).rules, off, false),
    ] {
        for audit in [false, true] {
            let policy = Policy {
                rules: rules.clone(),
                audit,
                ..policy_of(otherwise.clone())
            };
            let subject = lea_with_unknown_groups().subject;
            assert_eq!(policy.may_require_of(&subject), expected, "{policy:?}");
        }
    }
}

// `mode = "off"` for the whole host.

/// A login over SSH by a method that is not known.
fn by_unknown_method() -> Login {
    Login {
        methods: Methods {
            passed: vec![],
            own: OwnMethod::Unknown,
            has_unknown_key: false,
        },
        ..login()
    }
}

#[test]
fn an_unknown_method_matches_no_list_of_methods_with_certainty() {
    let all = &["publickey", "hostbased", "gssapi-with-mic", "gssapi-keyex"];
    for (rule, expected) in [
        (&["publickey"][..], Requirement::Undetermined),
        (all, Requirement::Undetermined),
        (&["password", "publickey"], Requirement::Undetermined),
        (&["password"], Requirement::SetUp),
        (&[], Requirement::Exempt(Exemption::Off)),
    ] {
        let policy = Policy {
            rules: vec![for_methods(rule, effect(Mode::Off, 1))],
            ..policy_of(required(0))
        };
        let decision = policy.decide(&by_unknown_method(), None, NOON);
        assert_eq!(decision.requirement, expected, "{rule:?}");
    }
}

fn for_methods(methods: &[&str], effect: RuleEffect) -> Rule {
    Rule {
        methods: words(methods),
        effect,
        ..Rule::default()
    }
}

#[test]
fn a_login_depends_on_its_method_only_where_such_a_rule_may_apply() {
    let key = || for_methods(&["publickey"], effect(Mode::Off, 1));
    let depends = |rules: Vec<Rule>, login: &Login| {
        let policy = Policy {
            rules,
            ..policy_of(required(0))
        };
        policy.depends_on_method(login, NOON)
    };
    let unknown = by_unknown_method();
    assert!(depends(vec![key()], &unknown));
    assert!(!depends(vec![], &unknown));
    let of = |rule: Rule| depends(vec![rule], &unknown);
    assert!(!of(for_methods(&["password"], effect(Mode::Off, 1))));
    let services = words(&["login"]);
    assert!(!of(Rule { services, ..key() }));
    let users = words(&["bob"]);
    assert!(!of(Rule { users, ..key() }));
    let origins = vec![network("203.0.113.0/24")];
    assert!(!of(Rule { origins, ..key() }));
    // A rule that matches for certain ends the list; one that may match does not.
    let everyone = Rule {
        effect: required(0),
        ..Rule::default()
    };
    assert!(!depends(vec![everyone, key()], &unknown));
    let unknown_groups = Login {
        methods: unknown.methods.clone(),
        ..lea_with_unknown_groups()
    };
    let wheel = Rule {
        groups: vec![Group::Name("wheel".to_owned())],
        effect: required(0),
        ..Rule::default()
    };
    assert!(depends(vec![wheel, key()], &unknown_groups));
    // A known method leaves nothing to find out.
    let known = Login {
        methods: passed(&["publickey"]),
        ..login()
    };
    assert!(!depends(vec![key()], &known));
    let off = Policy {
        rules: vec![key()],
        ..policy_of(effect(Mode::Off, 1))
    };
    assert!(!off.depends_on_method(&unknown, NOON) && !off.names_own_methods());
}

#[test]
fn mode_off_of_the_policy_overrides_every_rule() {
    let about_lea = Rule {
        users: words(&["lea"]),
        effect: required(0),
        ..Rule::default()
    };
    let from_office = Rule {
        origins: vec![network("192.0.2.0/24")],
        ..about_lea.clone()
    };
    let mut policy = for_wheel(required(0), effect(Mode::Off, 100));
    policy.rules.extend([from_office, about_lea]);
    let elsewhere = Login {
        origin: remote("laptop.example"),
        methods: Methods {
            passed: vec![],
            own: OwnMethod::OneOfTheHost,
            has_unknown_key: false,
        },
        ..lea_with_unknown_groups()
    };
    for audit in [false, true] {
        policy.audit = audit;
        assert!(policy.is_off());
        for login in [&login(), &lea_with_unknown_groups(), &elsewhere] {
            assert!(policy.is_settled(login, NOON), "the policy needs no groups");
            for (state, account) in accounts() {
                let decision = policy.decide(login, account.as_ref(), NOON);
                assert!(is_off(&decision), "{state}: {decision:?}");
                assert!(!decision.required && !decision.records_first_login);
                assert_eq!((decision.audited, decision.source.line), (None, 100));
            }
            assert_eq!(policy.requires_of(&login.subject, NOON), None);
            assert!(!policy.may_require_of(&login.subject));
        }
    }
}

#[test]
fn a_rule_with_mode_off_affects_only_its_own_logins() {
    let mut policy = for_wheel(effect(Mode::Off, 1), required(0));
    assert!(!policy.is_off());
    assert_eq!(decide(&policy, None), Requirement::SetUp);
    for mode in [Mode::Optional, Mode::Required] {
        policy.otherwise.mode = mode;
        assert!(!policy.is_off());
    }
    assert!(!Policy::default().is_off());
}

// Facts that the policy does not need.

#[test]
fn a_login_is_settled_if_unknown_facts_make_no_difference() {
    let for_user = |users: &[&str]| Rule {
        users: words(users),
        effect: required(0),
        ..Rule::default()
    };
    let wheel = for_wheel(required(0), required(7));
    let with = |rules: &[&Rule]| Policy {
        rules: rules.iter().copied().cloned().collect(),
        ..wheel.clone()
    };
    let mut wheel_and_bob = wheel.rules[0].clone();
    wheel_and_bob.users = words(&["bob"]);
    let rule = &wheel.rules[0];
    for (policy, settled) in [
        (with(&[]), true),
        (with(&[rule]), false),
        (with(&[&for_user(&["lea"]), rule]), true),
        (with(&[&for_user(&["bob"]), rule]), false),
        (with(&[rule, &for_user(&["lea"])]), false),
        (with(&[&wheel_and_bob]), true),
    ] {
        let mut subject_without_groups = login();
        subject_without_groups.subject.canonical.groups = Groups::default();
        assert_eq!(
            policy.is_settled(&subject_without_groups, NOON),
            settled,
            "{policy:?}"
        );
        assert_eq!(policy.is_settled(&lea_with_unknown_groups(), NOON), settled);
        assert!(policy.is_settled(&login(), NOON), "all facts are known");
    }
}

#[test]
fn only_groups_of_the_rules_are_looked_up() {
    let mut policy = for_wheel(required(0), required(0));
    policy.rules.push(Rule {
        groups: vec![Group::Number(50), group("staff")],
        ..Rule::default()
    });
    let named = [group("wheel"), Group::Number(50), group("staff")];
    assert!(policy.groups().into_iter().eq(&named));
}

/// The rules that match a fully known login, one for each name of its user. An independent, simple
/// implementation.
fn expected_rules(policy: &Policy, login: &Login, now: Time) -> Vec<Source> {
    let one_of = |list: &[String], word: &String| list.is_empty() || list.contains(word);
    let in_place = |place: &OriginMatcher| match (place, &login.origin) {
        (OriginMatcher::Local, origin) => *origin == LoginOrigin::Local,
        (OriginMatcher::Network(network), LoginOrigin::Address(address)) => {
            network.contains(address)
        }
        (OriginMatcher::Network(_) | OriginMatcher::Session, _) => false,
    };
    let rules = if policy.otherwise.mode == Mode::Off {
        &[]
    } else {
        &policy.rules[..]
    };
    let requirement_under = |who: &Identity| {
        let is_in = |group: &Group| who.groups.hold(group) == Ternary::Yes;
        let on_host = |pattern: &HostPattern| {
            let host = login.host.as_ref();
            host.is_some_and(|host| pattern.matches(host))
        };
        let rule = rules.iter().find(|rule| {
            let passed = |method: &String| rule.methods.contains(method);
            let until = rule.effect.terms.until;
            until.is_none_or(|until| now < until)
                && one_of(&rule.users, &who.name)
                && (rule.groups.is_empty() || rule.groups.iter().any(is_in))
                && (rule.uids.is_empty()
                    || rule.uids.iter().any(|r| r.contains(&login.subject.uid)))
                && (rule.hosts.is_empty() || rule.hosts.iter().any(on_host))
                && one_of(&rule.services, &login.service)
                && (rule.origins.is_empty() || rule.origins.iter().any(in_place))
                && (rule.methods.is_empty() || login.methods.passed.iter().any(passed))
        });
        rule.map_or(&policy.otherwise, |rule| &rule.effect)
            .source
            .clone()
    };
    login.subject.identities().map(requirement_under).collect()
}

/// Whether a requirement permits nothing that another one for the same account does not.
fn is_as_strict(one: Requirement, other: Requirement) -> bool {
    use Requirement::{Ask, Exempt, Grace, SetUp, TooLate, Undetermined};
    match (one, other) {
        (_, Exempt(_)) | (Undetermined, _) | (Ask, Ask) => true,
        (Grace(one), Grace(other)) => one <= other,
        (SetUp, Grace(_) | SetUp) | (TooLate, Grace(_) | SetUp | TooLate) => true,
        _ => false,
    }
}

/// Whether every second factor that a decision accepts is one that the other accepts.
fn accepts_no_more(decision: &PolicyDecision, other: &PolicyDecision) -> bool {
    let is_subset = |one: Factors, other: Factors| one.and(other) == one;
    is_subset(decision.factors(), other.factors())
        && is_subset(decision.strict_factors, other.strict_factors)
        && decision.enrolls_in_login <= other.enrolls_in_login
}

fn is_off(decision: &PolicyDecision) -> bool {
    decision.requirement == Requirement::Exempt(Exemption::Off)
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn the_first_matching_rule_decides_a_known_login(case in any_case()) {
        for known in case.readings() {
            prop_assert!(is_known(&known.login));
            let decision = known.decision();
            prop_assert!(expected_rules(&known.policy, &known.login, known.now).contains(&decision.source));
            prop_assert_ne!(decision.requirement, Requirement::Undetermined);
        }
    }

    #[test]
    fn without_dependence_on_the_method_each_method_decides_the_same(case in any_case()) {
        let with = |passed: &[&str], own| {
            let mut case = case.clone();
            case.login.methods = Methods { passed: words(passed), own, has_unknown_key: false };
            case
        };
        let unknown = with(&[], OwnMethod::Unknown);
        let depends = unknown.policy.depends_on_method(&unknown.login, unknown.now);
        for method in [
            &["publickey"][..],
            &["publickey", "publickey:sk"],
            &["publickey", "publickey:cert"],
            &["hostbased"],
            &["gssapi-with-mic"],
            &["other"],
        ] {
            let known = with(method, OwnMethod::Known);
            prop_assert!(depends || known.decision() == unknown.decision(), "{:?}", method);
        }
    }

    #[test]
    fn unknown_facts_never_make_a_decision_less_strict(case in any_case()) {
        let decision = case.decision();
        for known in case.readings() {
            let known = known.decision();
            let strict = is_as_strict(decision.requirement, known.requirement)
                && is_as_strict(decision.strict(), known.strict())
                && accepts_no_more(&decision, &known);
            prop_assert!(strict, "{:?}, {:?}", decision, known);
            prop_assert!(decision.required || !known.required);
            prop_assert!(decision.records_first_login || !known.records_first_login);
            prop_assert!(decision.audited.is_some() || known.audited.is_none());
            prop_assert!(!is_off(&decision) || is_off(&known));
        }
    }

    #[test]
    fn of_two_names_the_stricter_decides(case in any_case()) {
        let decision = case.decision();
        let singles: Vec<PolicyDecision> = case.by_single_names().map(|case| case.decision()).collect();
        for single in &singles {
            prop_assert!(is_as_strict(decision.requirement, single.requirement));
            prop_assert!(is_as_strict(decision.strict(), single.strict()));
            prop_assert!(accepts_no_more(&decision, single));
            prop_assert!(decision.required || !single.required);
            prop_assert!(decision.records_first_login || !single.records_first_login);
            prop_assert!(decision.audited.is_some() || single.audited.is_none());
            prop_assert!(!is_off(&decision) || is_off(single));
        }
        // And no more than that.
        let is_one = |of: &dyn Fn(&PolicyDecision) -> Requirement| {
            singles.iter().any(|single| of(single) == of(&decision))
        };
        prop_assert!(is_one(&|decision| decision.requirement) && is_one(&PolicyDecision::strict));
        // One rule may decide under both names, and be certain under only one of them.
        let said = |one: &PolicyDecision| (one.source.clone(), one.strict(), one.required);
        prop_assert!(singles.iter().any(|single| said(single) == said(&decision)));
    }

    #[test]
    fn the_order_of_a_users_names_does_not_matter(case in any_case()) {
        let mut other = case.clone();
        let subject = &mut other.login.subject;
        if let Some(alias) = subject.aliases.first_mut() {
            std::mem::swap(alias, &mut subject.canonical);
        }
        let (one, other) = (case.decision(), other.decision());
        prop_assert_eq!(PolicyDecision { source: other.source.clone(), terms: other.terms.clone(), ..one }, other);
    }

    #[test]
    fn a_further_name_changes_nothing_if_names_do_not_matter(case in any_case()) {
        if !case.policy.depends_on_names(&case.login, case.now) {
            for single in case.by_single_names() {
                prop_assert_eq!(single.decision(), case.decision());
            }
        }
    }

    #[test]
    fn required_user_is_exempt_by_the_administrator_only(case in any_case()) {
        let decision = case.decision();
        if decision.required {
            let keys = case.account().map_or(0, |account| account.authenticators().len());
            let exempt = match decision.requirement {
                Requirement::Exempt(why) => matches!(why, Exemption::ByAdministrator(_)),
                _ => false,
            };
            let account = case.account();
            let exemption = account.as_ref().and_then(|account| account.exemption(case.now));
            prop_assert_eq!(exempt, exemption.is_some());
            prop_assert_eq!(decision.requirement == Requirement::Ask, keys > 0 && !exempt);
        }
    }

    #[test]
    fn off_without_the_account_is_off_for_any_account(case in any_case()) {
        let unread = case.policy.decide(&case.login, None, case.now);
        prop_assert!(!is_off(&unread) || is_off(&case.decision()));
        prop_assert_eq!(case.policy.is_off_for(&case.login, case.now), is_off(&unread));
    }

    #[test]
    fn audit_never_refuses(case in any_case()) {
        let (audit, strict) = (case.with_audit(true).decision(), case.with_audit(false).decision());
        prop_assert!(matches!(audit.requirement, Requirement::Ask | Requirement::Exempt(_)), "{:?}", audit);
        prop_assert!(!audit.required && !audit.records_first_login);
        prop_assert_eq!(audit.strict(), strict.requirement);
        prop_assert_eq!(audit.audited.is_some(), strict.required);
        prop_assert_eq!(strict.audited, None);
    }

    #[test]
    fn a_user_excluded_by_requires_of_is_never_required(case in any_case()) {
        let of_person = case.policy.requires_of(&case.login.subject, case.now);
        prop_assert!(of_person.is_some() || !case.decision().required);
    }

    #[test]
    fn a_policy_excluded_by_may_require_requires_no_login(
        case in any_case(),
        later in any_case(),
    ) {
        let may = case.policy.may_require_of(&case.login.subject);
        for audit in [false, true] {
            let policy = case.with_audit(audit).policy;
            prop_assert_eq!(policy.may_require_of(&case.login.subject), may);
            let subject = case.login.subject.clone();
            let login = Login { subject, ..later.login.clone() };
            let decision = policy.decide(&login, later.account().as_ref(), later.now);
            prop_assert!(may || !(decision.required || decision.audited.is_some()));
            prop_assert!(may || policy.requires_of(&login.subject, later.now).is_none());
        }
    }

    #[test]
    fn a_settled_login_is_decided_alike_for_any_unknown_fact(case in any_case()) {
        let mut case = case;
        if matches!(case.login.origin, LoginOrigin::Session | LoginOrigin::Unknown) {
            // The origin of a session is not looked up.
            case.login.origin = LoginOrigin::Local;
        }
        let decision = case.decision();
        let settled = case.policy.is_settled(&case.login, case.now);
        prop_assert!(settled || !is_known(&case.login));
        for known in case.readings() {
            prop_assert!(known.policy.is_settled(&known.login, known.now));
            prop_assert!(!settled || known.decision() == decision);
        }
    }

    #[test]
    fn mode_off_requires_nothing(case in any_case()) {
        let mut case = case;
        prop_assert_eq!(case.policy.is_off(), case.policy.otherwise.mode == Mode::Off);
        case.policy.otherwise.mode = Mode::Off;
        let decision = case.decision();
        prop_assert!(is_off(&decision) && !decision.required && decision.audited.is_none());
        prop_assert_eq!(&decision.source, &case.policy.otherwise.source);
        prop_assert!(!case.policy.may_require_of(&case.login.subject));
    }

    #[test]
    fn no_grace_outlasts_its_length(case in any_case()) {
        let rules = case.policy.rules.iter().map(|rule| &rule.effect);
        let graces = rules.chain([&case.policy.otherwise]).map(|effect| effect.grace);
        if let Requirement::Grace(until) = case.decision().requirement {
            let longest = case.now.plus(graces.max().unwrap_or_default());
            prop_assert!(case.now < until && until <= longest);
        }
    }
}

fn floor_of(policy: &Policy) -> Option<RuleEffect> {
    policy.floor(&login(), NOON)
}

#[test]
fn floor_is_what_every_rule_requires_that_may_apply() {
    let required = |grace: u64, after_grace| RuleEffect {
        mode: Mode::Required,
        grace: Duration::from_secs(grace),
        after_grace,
        ..RuleEffect::default()
    };
    let of_group = |effect| Rule {
        groups: vec![Group::Name("unknown".to_owned())],
        effect,
        ..Rule::default()
    };
    let policy = Policy {
        rules: vec![of_group(required(3600, AfterGrace::Enroll))],
        otherwise: required(7200, AfterGrace::Deny),
        ..Policy::default()
    };
    let of_unknown_groups = |policy: &Policy| policy.floor(&lea_with_unknown_groups(), NOON);
    let floor = of_unknown_groups(&policy).unwrap();
    assert_eq!(
        (floor.grace.as_secs(), floor.after_grace),
        (3600, AfterGrace::Deny)
    );
    let lenient = Policy {
        otherwise: RuleEffect::default(),
        ..policy.clone()
    };
    assert!(of_unknown_groups(&lenient).is_some());
    assert_eq!(floor_of(&Policy::default()), None);
    for policy in [
        Policy {
            audit: true,
            ..policy.clone()
        },
        Policy {
            otherwise: RuleEffect {
                mode: Mode::Off,
                ..RuleEffect::default()
            },
            ..policy
        },
    ] {
        assert_eq!(of_unknown_groups(&policy), None);
    }
}

#[test]
fn floor_makes_no_decision_softer() {
    let strict = Policy {
        otherwise: RuleEffect {
            mode: Mode::Required,
            grace: Duration::ZERO,
            after_grace: AfterGrace::Deny,
            ..RuleEffect::default()
        },
        ..Policy::default()
    };
    let soft = RuleEffect {
        mode: Mode::Required,
        ..RuleEffect::default()
    };
    let with = |host_requires: &RuleEffect| Login {
        host_requires: Some(host_requires.clone()),
        ..login()
    };
    let decide = |policy: &Policy, required: &RuleEffect| {
        policy.decide(&with(required), None, NOON).requirement
    };
    assert_eq!(decide(&strict, &soft), Requirement::TooLate);
    assert_eq!(
        decide(&Policy::default(), &strict.otherwise),
        Requirement::TooLate
    );
    let audited = Policy {
        audit: true,
        ..strict.clone()
    };
    let decision = audited.decide(&with(&soft), None, NOON);
    assert!(matches!(decision.requirement, Requirement::Grace(_)));
    assert!(decision.required && decision.audited.is_none());
    // Audit mode refuses no factor.
    let only_keys = Policy {
        audit: true,
        otherwise: RuleEffect {
            factors: [FactorKind::SecurityKey].into_iter().collect(),
            ..soft.clone()
        },
        ..Policy::default()
    };
    assert_eq!(
        only_keys.decide(&with(&soft), None, NOON).factors(),
        Factors::ANY
    );
    let off = Policy {
        otherwise: RuleEffect {
            mode: Mode::Off,
            ..RuleEffect::default()
        },
        ..Policy::default()
    };
    assert!(off.is_off_for(&login(), NOON));
    assert!(!off.is_off_for(&with(&soft), NOON));
}

#[test]
fn grace_that_would_begin_with_a_login_elsewhere_does_not() {
    let policy = policy_of(required(7));
    let decision = policy.decide(&login(), None, NOON);
    assert!(matches!(decision.requirement, Requirement::Grace(_)));
    let elsewhere = decision.without_new_grace(None);
    assert_eq!(elsewhere.requirement, Requirement::SetUp);
    assert!(!elsewhere.records_first_login);
    let mut account = Account::new(UID);
    account.require(NOON);
    let begun = policy.decide(&login(), Some(&account), NOON);
    let begun = begun.without_new_grace(Some(&account));
    assert!(matches!(begun.requirement, Requirement::Grace(_)));
    let dated = policy_of(RuleEffect {
        since: Some(NOON),
        ..required(7)
    });
    let dated = dated.decide(&login(), None, NOON).without_new_grace(None);
    assert!(matches!(dated.requirement, Requirement::Grace(_)));
}

#[test]
fn offline_is_what_every_rule_permits_that_may_apply() {
    use Offline::{BoundCodes, Console, Deny};
    let effect = |offline| RuleEffect {
        offline,
        ..RuleEffect::default()
    };
    let policy = |rule: Rule, first, otherwise| Policy {
        rules: vec![Rule {
            effect: effect(first),
            ..rule
        }],
        otherwise: effect(otherwise),
        ..Policy::default()
    };
    let of_all = Rule::default();
    let of_a_group = Rule {
        groups: vec![group("wheel")],
        ..Rule::default()
    };
    for (first, otherwise, possible) in [
        (Console, Deny, Deny),
        (BoundCodes, Deny, Deny),
        (Deny, BoundCodes, Deny),
        (Console, BoundCodes, Deny),
        (BoundCodes, BoundCodes, BoundCodes),
        (Console, Console, Console),
    ] {
        let sure = policy(of_all.clone(), first, otherwise);
        assert_eq!(sure.offline(&login(), NOON), first);
        // What is not known of the user counts as the strictest.
        let unsure = policy(of_a_group.clone(), first, otherwise);
        assert_eq!(unsure.offline(&lea_with_unknown_groups(), NOON), possible);
        assert_eq!(unsure.permits_offline(), first != Deny || otherwise != Deny);
    }
    assert_eq!(Policy::default().offline(&login(), NOON), Deny);
}
