//! The manual page tfad.toml(5), compared with the table of keys and with what the parser reads.

use std::time::Duration;

use tfa_core::{
    AfterGrace, Group, HostPattern, Mode, OriginMatcher, Policy, Rule, RuleEffect, Time,
};
use tfa_core::{
    Algorithm, AuthenticatorKind, DeviceKind, FactorKind, Offline, RememberRules, Terms,
};
use tfa_proto::Consoles;

use super::super::keys::KEYS;
use super::super::{AuthenticatorRules, Config, FleetRole, QrStyle, RecoveryRules, StoreKind};
use super::{bare, one, parse};

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../man/tfad.toml.5"));

/// The main file for the drop-ins of the page.
const MAIN: &str = "[policy]\nmode = \"required\"\n";

const DAY: Duration = Duration::from_secs(24 * 3600);
const DECEMBER: Option<Time> = Some(Time::from_secs(1_796_083_200));
const JANUARY: Option<Time> = Some(Time::from_secs(1_798_761_600));
const MIDDLE_OF_JANUARY: Option<Time> = Some(Time::from_secs(1_799_971_200));
const MARCH: Option<Time> = Some(Time::from_secs(1_803_859_200));

/// The examples of a page, each with its title, which is its first line.
fn examples(page: &'static str) -> Vec<(&'static str, String)> {
    let mut examples = Vec::new();
    let mut lines = page.lines();
    while lines.by_ref().any(|line| line.starts_with(".Bd -literal")) {
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != ".Ed").collect();
        for line in &block {
            assert!(
                !line.starts_with(['.', '\'']) && !line.contains('\\'),
                "{line} is not shown as it is written"
            );
        }
        let title = block.first().and_then(|line| line.strip_prefix("# "));
        examples.push((title.unwrap(), block.join("\n") + "\n"));
    }
    examples
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn groups(names: &[&str]) -> Vec<Group> {
    let name = |name: &&str| Group::Name((*name).to_owned());
    names.iter().map(name).collect()
}

fn network(text: &str) -> OriginMatcher {
    OriginMatcher::Network(text.parse().unwrap())
}

fn effect(mode: Mode) -> RuleEffect {
    RuleEffect {
        mode,
        ..RuleEffect::default()
    }
}

/// The policy with this mode where no rule matches.
fn policy(mode: Mode, rules: Vec<Rule>) -> Policy {
    Policy {
        rules,
        otherwise: effect(mode),
        ..Policy::default()
    }
}

fn rule(mode: Mode) -> Rule {
    Rule {
        effect: effect(mode),
        ..Rule::default()
    }
}

/// The configuration of each example of the page, in their order.
fn wanted() -> Vec<(&'static str, Config)> {
    use Mode::{Off, Optional, Required};
    let with = |policy| Config {
        policy,
        ..Config::default()
    };
    let otherwise = |otherwise| {
        with(Policy {
            otherwise,
            ..Policy::default()
        })
    };
    let required = |rules| policy(Required, rules);
    vec![
        (
            "A code only from users who have enrolled",
            Config::default(),
        ),
        (
            "Required from December 1, with a grace period of one week",
            otherwise(RuleEffect {
                since: DECEMBER,
                grace: DAY * 7,
                ..effect(Required)
            }),
        ),
        (
            "A grace period of 16 days from the first login of each user",
            otherwise(RuleEffect {
                grace: DAY * 16,
                ..effect(Required)
            }),
        ),
        (
            "Refuse users who have not enrolled by the end of the year",
            otherwise(RuleEffect {
                since: DECEMBER,
                grace: DAY * 31,
                after_grace: AfterGrace::Deny,
                ..effect(Required)
            }),
        ),
        (
            "Without a verifier, root alone can log in, at the console",
            Config {
                role: Some(FleetRole::Member),
                ..otherwise(RuleEffect {
                    offline: Offline::Console,
                    ..effect(Required)
                })
            },
        ),
        (
            "Log what a requirement for all users would mean",
            with(Policy {
                audit: true,
                ..required(Vec::new())
            }),
        ),
        (
            "Services that are guarded by default",
            with(required(Vec::new())),
        ),
        (
            "Guard Samba, which has its own password database",
            with(Policy {
                guard: names(&["sshd", "samba"]),
                ..required(Vec::new())
            }),
        ),
        (
            "First enrollment only with an invitation",
            with(Policy {
                invitation: true,
                ..required(Vec::new())
            }),
        ),
        (
            "Users of a fleet change their enrollments on hosts for that",
            with(Policy {
                changes_on: vec![HostPattern::new("desk*.example.org").unwrap()],
                ..required(Vec::new())
            }),
        ),
        (
            "Exempt logins by SSH key and by Kerberos",
            with(Policy {
                sshd_methods: names(&["publickey", "gssapi-with-mic"]),
                ..required(vec![Rule {
                    methods: names(&["publickey", "gssapi-with-mic"]),
                    ..rule(Off)
                }])
            }),
        ),
        (
            "An additional serial line, in the same locked room",
            Config {
                consoles: Consoles::new(true, names(&["ttyS1"])),
                ..with(policy(Optional, vec![]))
            },
        ),
        (
            "Exempt two service accounts",
            with(required(vec![Rule {
                users: names(&["backup", "monitor"]),
                ..rule(Off)
            }])),
        ),
        (
            "Required for the group sudo and the group 1000",
            with(policy(
                Optional,
                vec![Rule {
                    groups: [groups(&["sudo"]), vec![Group::Number(1000)]].concat(),
                    ..rule(Required)
                }],
            )),
        ),
        (
            "Exempt system accounts",
            with(required(vec![Rule {
                uids: vec![0..=999, 65534..=65534],
                ..rule(Off)
            }])),
        ),
        (
            "Required on the web servers, and on one other host",
            with(policy(
                Optional,
                vec![Rule {
                    hosts: ["web*.example.org", "db1.example.org"]
                        .map(|name| HostPattern::new(name).unwrap())
                        .to_vec(),
                    ..rule(Required)
                }],
            )),
        ),
        (
            "No code in sudo",
            with(policy(
                Optional,
                vec![Rule {
                    services: names(&["sudo", "sudo-i"]),
                    ..rule(Off)
                }],
            )),
        ),
        (
            "Optional at the machine and in the company, required in sudo",
            with(required(vec![Rule {
                origins: vec![
                    OriginMatcher::Local,
                    network("10.0.0.0/8"),
                    network("2001:db8::/32"),
                    network("192.0.2.7/32"),
                ],
                ..rule(Optional)
            }])),
        ),
        (
            "Optional at the machine, in the company and inside sessions",
            with(required(vec![Rule {
                origins: vec![
                    OriginMatcher::Local,
                    OriginMatcher::Session,
                    network("10.0.0.0/8"),
                    network("2001:db8::/32"),
                ],
                ..rule(Optional)
            }])),
        ),
        (
            "Optional after an SSH key, required after a password",
            with(required(vec![Rule {
                methods: names(&["publickey"]),
                ..rule(Optional)
            }])),
        ),
        (
            "Required for administrators at once, for other users later",
            with(Policy {
                otherwise: RuleEffect {
                    since: JANUARY,
                    grace: DAY * 30,
                    ..effect(Required)
                },
                ..required(vec![Rule {
                    groups: groups(&["sudo"]),
                    effect: RuleEffect {
                        grace: Duration::ZERO,
                        ..effect(Required)
                    },
                    ..Rule::default()
                }])
            }),
        ),
        (
            "Administrators need a security key over SSH, or a backup code",
            with(required(vec![Rule {
                groups: groups(&["sudo"]),
                services: names(&["sshd"]),
                effect: RuleEffect {
                    factors: [FactorKind::SecurityKey, FactorKind::BackupCode]
                        .into_iter()
                        .collect(),
                    ..effect(Required)
                },
                ..Rule::default()
            }])),
        ),
        (
            "Exempt the vendor's account up to and including March 1",
            with(required(vec![Rule {
                users: names(&["vendor"]),
                effect: RuleEffect {
                    terms: Terms {
                        until: Some(Time::from_secs(1_803_945_600)),
                        reason: Some("maintenance, ticket 4711".to_owned()),
                    },
                    ..effect(Off)
                },
                ..Rule::default()
            }])),
        ),
        (
            "Show the name of the organization",
            Config {
                issuer: Some("Example Ltd".to_owned()),
                ..Config::default()
            },
        ),
        (
            "QR codes for terminals without Unicode",
            Config {
                qr: QrStyle::Ascii,
                ..Config::default()
            },
        ),
        (
            "Codes by time only, of eight digits",
            Config {
                authenticator: AuthenticatorRules {
                    kinds: vec![AuthenticatorKind::Totp],
                    algorithm: Some(Algorithm::Sha256),
                    digits: Some(8),
                    period: Some(30),
                },
                ..Config::default()
            },
        ),
        (
            "Remember the SSH keys of users for a month",
            Config {
                remember: RememberRules {
                    days: 30,
                    session_minutes: 10,
                    ..RememberRules::default()
                },
                ..with(required(Vec::new()))
            },
        ),
        (
            "No second code from the same address within five minutes",
            Config {
                remember: RememberRules {
                    minutes: 5,
                    by: vec![DeviceKind::Address],
                    services: names(&["sshd", "cockpit"]),
                    ..RememberRules::default()
                },
                ..with(required(Vec::new()))
            },
        ),
        (
            "Administrators are in another group",
            Config {
                recovery: RecoveryRules {
                    administrators: groups(&["admins"]),
                },
                ..Config::default()
            },
        ),
        (
            "The accounts are in the etcd of /etc/tfa/tfa-fleet.toml",
            Config {
                store: StoreKind::Etcd,
                ..Config::default()
            },
        ),
        (
            "The verifiers in /etc/tfa/tfa-fleet.toml answer the logins",
            Config {
                role: Some(FleetRole::Member),
                ..Config::default()
            },
        ),
        (
            "/etc/tfa/tfad.toml.d/50-operators.toml",
            with(required(vec![Rule {
                groups: groups(&["operator"]),
                effect: RuleEffect {
                    grace: Duration::ZERO,
                    after_grace: AfterGrace::Deny,
                    ..effect(Required)
                },
                ..Rule::default()
            }])),
        ),
        (
            "Administrators first, then staff, then all users",
            with(roll_out()),
        ),
        (
            "/etc/tfa/tfad.toml.d/99-stop.toml",
            with(Policy {
                audit: true,
                ..required(Vec::new())
            }),
        ),
    ]
}

fn roll_out() -> Policy {
    let phase = |since, days| RuleEffect {
        since,
        grace: DAY * days,
        ..effect(Mode::Required)
    };
    Policy {
        rules: vec![
            Rule {
                users: names(&["backup"]),
                origins: vec![network("10.0.0.0/8")],
                // Its grace period has no effect.
                effect: RuleEffect {
                    grace: DAY * 14,
                    ..effect(Mode::Off)
                },
                ..Rule::default()
            },
            Rule {
                groups: groups(&["sudo"]),
                effect: phase(DECEMBER, 3),
                ..Rule::default()
            },
            Rule {
                groups: groups(&["staff"]),
                effect: phase(MIDDLE_OF_JANUARY, 14),
                ..Rule::default()
            },
        ],
        otherwise: phase(MARCH, 14),
        ..Policy::default()
    }
}

#[test]
fn every_example_of_the_manual_has_the_effect_in_its_title() {
    let examples = examples(PAGE);
    let wanted = wanted();
    for ((title, text), (known, wanted)) in examples.iter().zip(&wanted) {
        assert_eq!(title, known);
        let config = if title.starts_with("/etc/tfa/tfad.toml.d/") {
            parse(&[("/etc/tfa/tfad.toml", MAIN), (title, text)])
        } else {
            one(text)
        };
        assert_eq!(config.map(bare), Ok(wanted.clone()), "{title}");
    }
    assert_eq!(examples.len(), wanted.len());
}

#[test]
fn every_key_is_in_the_manual_with_an_example() {
    let examples = examples(PAGE);
    for key in KEYS.iter().map(|key| key.name) {
        let item = |line: &str| {
            let words = line.strip_prefix(".It Cm ");
            words.is_some_and(|words| words.split(' ').next() == Some(key))
        };
        assert!(PAGE.lines().any(item), "{key} has no item");
        let sets = |(_, text): &(_, String)| {
            text.lines()
                .any(|line| line.starts_with(&format!("{key} = ")))
        };
        assert!(examples.iter().any(sets), "{key} has no example");
    }
}

#[test]
fn the_manual_states_the_default_of_every_key() {
    for key in KEYS {
        let Some(default) = key.default else {
            continue;
        };
        // `guard` has its default in an example.
        if key.name == "guard" {
            continue;
        }
        let item = format!(".It Cm {} No = ", key.name);
        // Two tables have a key `services`.
        let items = PAGE.lines().filter_map(|line| line.strip_prefix(&item));
        let stated: Vec<String> = items.map(stated_default).collect();
        assert!(
            stated.iter().any(|one| one == default),
            "{}: {stated:?}",
            key.name
        );
    }
}

/// The default in the item of a key.
fn stated_default(item: &str) -> String {
    let words = item.split(' ').filter(|word| *word != "Ar");
    match words.collect::<Vec<_>>().as_slice() {
        ["Bq", "Qq", word] => format!("[\"{word}\"]"),
        ["Bq", "Qo", list @ ..] => {
            let entries = list.iter().filter(|word| !["Qo", "Qc", ","].contains(word));
            let entries: Vec<String> = entries.map(|entry| format!("\"{entry}\"")).collect();
            format!("[{}]", entries.join(", "))
        }
        ["Qq", word] => format!("\"{word}\""),
        ["Qq"] => "\"\"".to_owned(),
        words => words.concat(),
    }
}

/// Groups that the package base-passwd creates.
const DEBIANS: [&str; 6] = ["adm", "operator", "root", "staff", "sudo", "users"];

#[test]
fn every_example_names_groups_that_debian_has() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut named = 0;
    for page in [
        "README.md",
        "man/tfa-policy.7",
        "man/tfad.toml.5",
        "packaging/tfad.toml",
    ] {
        let text = std::fs::read_to_string(format!("{root}/{page}")).unwrap();
        let lists = text.lines().filter_map(|line| {
            let line = line.trim_start_matches(['#', ' ']);
            line.strip_prefix("groups = [")
        });
        for list in lists {
            // The texts in quotes.
            for group in list.split('"').skip(1).step_by(2) {
                let known = DEBIANS.contains(&group) || group == "no-such-group";
                assert!(known, "{page}: {group}");
                named += 1;
            }
        }
    }
    assert!(named > 5, "{named}");
}
