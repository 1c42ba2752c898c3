//! Files and the configuration made of them.

use std::net::IpAddr;
use std::time::Duration;

use tfa_core::{
    AfterGrace, DeviceKind, FactorKind, Factors, Group, HostPattern, Mode, Offline, OriginMatcher,
    Policy, RememberRules, Rule, RuleEffect, Source, Time,
};
use tfa_core::{Algorithm, AuthenticatorKind, Terms};
use tfa_proto::Consoles;

use super::super::{AuthenticatorRules, Config, FleetRole, QrStyle, RecoveryRules, StoreKind};
use super::{bare, one, parse};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn every_key_is_read() {
    let config = one(r#"
[policy]
mode = "required"
since = 2026-12-01
grace = "2 weeks"
after_grace = "deny"
offline = "console"
audit = true
guard = ["sshd", "cockpit"]
invitation = true
changes_on = ["desk*.example"]
sshd_methods = ["publickey", "gssapi-with-mic"]
consoles = ["default", "ttyS1", ":1"]

[[policy.rule]]
users = ["alice", 'EXAMPLE\bob', "carol@example.org"]
groups = ["wheel", "domain admins", 1000]
uids = ["0-999", 1000, "2000"]
hosts = ["web*.example", "db1"]
services = ["sshd", "systemd-user"]
origins = ["local", "10.0.0.0/8", "2001:db8::/32", "192.0.2.7", "::1"]
methods = ["publickey", "hostbased"]
mode = "required"
since = "2026-11-01 08:00"
grace = 0
after_grace = "enroll"
offline = "deny"
factors = ["security-key", "backup-code"]

  [[ policy.rule ]]
  uids = "0"
  mode = "off"
  until = 2027-03-01
  reason = "vendor maintenance, ticket 4711"

[enrollment]
issuer = "Example"
qr = "ascii"

[authenticator]
kinds = ["hotp"]
algorithm = "SHA512"
digits = 8
period = 60

[remember]
days = 30
minutes = 0x5
session_minutes = 1_440
by = ["address", "key"]
services = ["sshd", "login"]

[recovery]
administrators = ["admins", 27]

[store]
kind = "etcd"

[fleet]
role = "verifier"
"#)
    .unwrap();
    let source = |line| Source {
        file: "a.toml".to_owned(),
        line,
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let network = |text: &str| OriginMatcher::Network(text.parse().unwrap());
    let address = |text: &str| OriginMatcher::Network(text.parse::<IpAddr>().unwrap().into());
    let rule = Rule {
        users: names(&["alice", "EXAMPLE\\bob", "carol@example.org"]),
        groups: vec![
            Group::Name("wheel".to_owned()),
            Group::Name("domain admins".to_owned()),
            Group::Number(1000),
        ],
        uids: vec![0..=999, 1000..=1000, 2000..=2000],
        hosts: ["web*.example", "db1"]
            .map(|name| HostPattern::new(name).unwrap())
            .to_vec(),
        services: names(&["sshd", "systemd-user"]),
        origins: vec![
            OriginMatcher::Local,
            network("10.0.0.0/8"),
            network("2001:db8::/32"),
            address("192.0.2.7"),
            address("::1"),
        ],
        methods: names(&["publickey", "hostbased"]),
        effect: RuleEffect {
            mode: Mode::Required,
            since: Some(Time::from_secs(1_793_520_000)),
            grace: Duration::ZERO,
            after_grace: AfterGrace::Enroll,
            factors: [FactorKind::SecurityKey, FactorKind::BackupCode]
                .into_iter()
                .collect(),
            offline: Offline::Deny,
            source: source(15),
            terms: Terms::default(),
        },
    };
    let second = Rule {
        uids: vec![0..=0],
        effect: RuleEffect {
            mode: Mode::Off,
            since: None,
            grace: DAY * 14,
            after_grace: AfterGrace::Deny,
            factors: Factors::ANY,
            offline: Offline::Console,
            source: source(30),
            terms: Terms {
                until: Some(Time::from_secs(1_803_945_600)),
                reason: Some("vendor maintenance, ticket 4711".to_owned()),
            },
        },
        ..Rule::default()
    };
    let policy = Policy {
        enrolled_in_login: Some(AuthenticatorKind::Hotp),
        rules: vec![rule, second],
        otherwise: RuleEffect {
            mode: Mode::Required,
            since: Some(Time::from_secs(1_796_083_200)),
            grace: DAY * 14,
            after_grace: AfterGrace::Deny,
            factors: Factors::ANY,
            offline: Offline::Console,
            source: source(3),
            terms: Terms::default(),
        },
        audit: true,
        guard: names(&["sshd", "cockpit"]),
        invitation: true,
        changes_on: vec![HostPattern::new("desk*.example").unwrap()],
        sshd_methods: names(&["publickey", "gssapi-with-mic"]),
    };
    let expected = Config {
        policy,
        issuer: Some("Example".to_owned()),
        qr: QrStyle::Ascii,
        authenticator: AuthenticatorRules {
            kinds: vec![AuthenticatorKind::Hotp],
            algorithm: Some(Algorithm::Sha512),
            digits: Some(8),
            period: Some(60),
        },
        remember: RememberRules {
            days: 30,
            minutes: 5,
            session_minutes: 1440,
            by: vec![DeviceKind::Address, DeviceKind::Key],
            services: names(&["sshd", "login"]),
            of_verifier: true,
        },
        recovery: RecoveryRules {
            administrators: vec![Group::Name("admins".to_owned()), Group::Number(27)],
        },
        store: StoreKind::Etcd,
        role: Some(FleetRole::Verifier),
        ignored: Vec::new(),
        consoles: Consoles::new(true, names(&["ttyS1", ":1"])),
    };
    assert_eq!(config, expected);
}

#[test]
fn a_key_that_is_not_set_has_its_default() {
    let config = one("policy.mode = \"optional\"").unwrap();
    assert_eq!(config.policy.otherwise.source.line, 1);
    assert_eq!(bare(config), Config::default());
    let config = one("[policy]\nmode = \"optional\"\nguard = []\nsshd_methods = []").unwrap();
    assert_eq!(config.policy.guard, Vec::<String>::new());
    assert_eq!(config.policy.sshd_methods, Vec::<String>::new());
    let config = one("[policy]\nmode = \"optional\"\nconsoles = [\"tty1\"]").unwrap();
    assert!(config.consoles.has("tty1") && !config.consoles.has("tty2"));
    let config = one("[policy]\nmode = \"optional\"\n[enrollment]\nissuer = \"\"").unwrap();
    assert_eq!(config.issuer, None);
}

#[test]
fn a_rule_has_the_line_of_its_header_in_every_notation() {
    let lines = |text: &str| -> Vec<u32> {
        let rules = one(text).unwrap().policy.rules;
        rules.iter().map(|rule| rule.effect.source.line).collect()
    };
    // Rules may precede the table that they belong to.
    let above = "[[policy.rule]]\nuids = 1\nmode = \"off\"\n\n[[policy.rule]]\n# x\nuids = 2\n\
                 mode = \"off\"\n[policy]\nmode = \"optional\"\n";
    assert_eq!(lines(above), [1, 5]);
    let inline = "[policy]\nmode = \"optional\"\nrule = [\n  { uids = 1, mode = \"off\" },\n\n  \
                  { uids = 2, mode = \"off\" },\n]\n";
    assert_eq!(lines(inline), [4, 6]);
    let dos = "[policy]\r\nmode = \"off\"\r\n[[policy.rule]]\r\nuids = 1\r\nmode = \"off\"\r\n";
    assert_eq!(lines(dos), [3]);
}

#[test]
fn a_drop_in_replaces_keys_and_appends_rules() {
    let main = "[policy]\nmode = \"required\"\nsince = 2026-12-01\ngrace = \"1d\"\n\
                [[policy.rule]]\nuids = 1\nmode = \"off\"\n[enrollment]\nissuer = \"A\"\n";
    let first = "[policy]\ngrace = \"2d\"\n[[policy.rule]]\nuids = 2\nmode = \"required\"\n";
    let second = "\n[policy]\nmode = \"off\"\n[enrollment]\nissuer = \"\"\n";
    let config = parse(&[("m", main), ("1", first), ("2", second)]).unwrap();
    let policy = &config.policy;
    assert_eq!(policy.otherwise.mode, Mode::Off);
    assert_eq!(policy.otherwise.source.to_string(), "2 line 3");
    assert_eq!(policy.otherwise.grace, DAY * 2);
    assert_eq!(config.issuer, None);
    let [one, two] = policy.rules.as_slice() else {
        panic!("{policy:?}");
    };
    assert_eq!(one.effect.source.to_string(), "m line 5");
    assert_eq!(two.effect.source.to_string(), "1 line 3");
    assert_eq!(two.effect.grace, DAY * 2, "the later file's");

    // The date still applies when a third file sets the mode to required again.
    let third = "[policy]\nmode = \"required\"\n";
    let config = parse(&[("m", main), ("2", second), ("3", third)]).unwrap();
    assert!(config.policy.otherwise.since.is_some());
    // The mode may be in a drop-in only. The main file must set a key.
    assert!(parse(&[("m", "[enrollment]\nqr = \"none\""), ("1", third)]).is_ok());
    assert!(parse(&[("m", "# nothing\n"), ("1", third)]).is_err());
}

#[test]
fn a_file_that_is_not_read_makes_no_other_configuration() {
    let config = |mode: &str| one(&format!("[policy]\nmode = \"{mode}\"\n")).unwrap();
    let in_force = config("optional");
    let beside = Config {
        ignored: vec!["/etc/tfa/tfad.toml.d/site.conf".into()],
        ..in_force.clone()
    };
    assert!(in_force.acts_as(&beside) && beside.acts_as(&in_force));
    assert!(!in_force.acts_as(&config("off")));
}

#[test]
fn published_policy_replaces_what_is_of_the_policy_and_nothing_of_the_host() {
    let files = "[policy]\nmode = \"off\"\nguard = [\"login\"]\n[enrollment]\nissuer = \"files\"\n\
                 [remember]\ndays = 30\n[authenticator]\ndigits = 8\n[recovery]\n\
                 administrators = [\"staff\"]\n[store]\nkind = \"etcd\"\n[fleet]\nrole = \"verifier\"\n";
    let files = one(files).unwrap();
    let text = "[policy]\nmode = \"required\"\nsince = 2027-03-01\n";
    let published = files.with_published(text, "Europe/Berlin").unwrap();
    let alone = one(text).unwrap();
    assert_eq!(published.policy.guard, alone.policy.guard);
    assert_eq!(published.issuer, None);
    let of_text = RememberRules {
        of_verifier: true,
        ..alone.remember.clone()
    };
    assert_eq!(published.remember, of_text);
    assert_eq!(published.authenticator, alone.authenticator);
    assert_eq!(published.recovery, files.recovery);
    assert_eq!((published.store, published.role), (files.store, files.role));
    // The zone of the host that published it, which is an hour ahead.
    let since = |config: &Config| config.policy.otherwise.since.unwrap().as_secs();
    assert_eq!(since(&alone) - since(&published), 3600);
    assert_eq!(
        published.policy.otherwise.source.to_string(),
        "the published policy line 2"
    );
}

#[test]
fn published_policy_with_sections_of_a_host_or_another_zone_is_refused() {
    let files = one("[policy]\nmode = \"off\"\n").unwrap();
    let said = |text: &str, zone| files.with_published(text, zone).unwrap_err().to_string();
    for section in ["[recovery]", "[store]", "[fleet]"] {
        let text = format!("[policy]\nmode = \"off\"\n{section}\n");
        let said = said(&text, "UTC");
        assert!(
            said.contains(&format!("{section} belongs to each host")),
            "{said}"
        );
    }
    assert!(said("", "UTC").contains("truncated"));
    assert!(said("[policy]\naudit = true\n", "UTC").contains("has no mode"));
    // The zone is needed by a date alone.
    let dated = "[policy]\nmode = \"required\"\nsince = 2027-03-01\n";
    let said = said(dated, "Nowhere/Nothing");
    assert!(said.contains("Nowhere/Nothing"), "{said}");
    let undated = "[policy]\nmode = \"required\"\n";
    assert!(files.with_published(undated, "Nowhere/Nothing").is_ok());
    assert!(files.with_published(dated, "UTC").is_ok());
}
