//! The table of keys: every key of `tfad.toml`, once.
//!
//! The parser, the suggestions for a misspelled key, the test of the manual and the shipped file
//! use this table. A new key costs a row here and the code that uses its value, in `builder.rs` or
//! `rule.rs`.

use std::ops::RangeInclusive;
use std::time::Duration;

use tfa_core::{
    AfterGrace, Algorithm, AuthenticatorKind, DeviceKind, Factors, Group, HostPattern, Mode,
    Offline, OriginMatcher, Time,
};
use tfa_proto::Consoles;
use toml::de::DeValue;

use super::authenticator::{algorithm, digits, kind, period};
use super::factors::factors;
use super::names::{consoles, group, host, issuer, method, method_or_kind, reason, service, user};
use super::origins::origin;
use super::problem::{Located, Position, Problem};
use super::remember::{MAX_DAYS, MAX_MINUTES, at_most, device_kind};
use super::report::Problems;
use super::schema::{Key, Section, keys};
use super::time::{date, end, time_span};
use super::uids::uids;
use super::values::{Value, flag, list, non_empty_list, some_of, word};
use super::{FleetRole, HostZone, QrStyle, StoreKind};

keys! {
    mode: Mode {
        sections: [Policy, Rule],
        read: |value| word(value, &[
            ("off", Mode::Off),
            ("optional", Mode::Optional),
            ("required", Mode::Required),
        ]),
        default: None,
        summary: "\"off\": no user is asked for a code. \"optional\": users who have enrolled are asked. \
                  \"required\": all users are asked, and must enroll first.",
    }
    since: Time {
        sections: [Policy, Rule],
        read: date,
        default: None,
        summary: "With the mode \"required\": the date from which a second factor is required.",
    }
    grace: Duration {
        sections: [Policy, Rule],
        read: time_span,
        default: Some(r#""7d""#),
        summary: "How long a user without an authenticator can log in when one is required.",
    }
    after_grace: AfterGrace {
        sections: [Policy, Rule],
        read: |value| word(value, &[
            ("enroll", AfterGrace::Enroll),
            ("deny", AfterGrace::Deny),
        ]),
        default: Some(r#""enroll""#),
        summary: "After the grace period: \"enroll\" during the login, or \"deny\" the login.",
    }
    offline: Offline {
        sections: [Policy, Rule],
        read: |value| word(value, &[
            ("deny", Offline::Deny),
            ("console", Offline::Console),
            ("bound-codes", Offline::BoundCodes),
        ]),
        default: Some(r#""deny""#),
        summary: "On a member of a fleet, while no verifier can be reached: \"deny\" logins, let in root at \
                  the \"console\", or ask for \"bound-codes\".",
    }
    audit: bool {
        sections: [Policy],
        read: flag,
        default: Some("false"),
        summary: "Log what the policy requires, and do not enforce it.",
    }
    guard: Vec<String> {
        sections: [Policy],
        read: |value| list(value, service),
        default: Some(
            r#"["sshd", "cockpit", "gdm-autologin", "gdm-fingerprint", "gdm-smartcard", "lightdm-autologin", "nodm", "sddm-autologin", "vsftpd", "xrdp-sesman"]"#,
        ),
        summary: "Services in which a login that skipped the question is refused, if a second factor is \
                  required.",
    }
    invitation: bool {
        sections: [Policy],
        read: flag,
        default: Some("false"),
        summary: "Require an invitation code for the first enrollment (tfactl invite).",
    }
    changes_on: Vec<HostPattern> {
        sections: [Policy],
        read: |value| list(value, host),
        default: Some("[]"),
        summary: "Members of a fleet on which users may change an enrollment; verifiers always are.",
    }
    sshd_methods: Vec<String> {
        sections: [Policy],
        read: |value| list(value, method),
        default: Some(r#"["publickey"]"#),
        summary: "The methods with which sshd authenticates users without PAM.",
    }
    consoles: Consoles {
        sections: [Policy],
        read: consoles,
        default: Some(r#"["default"]"#),
        summary: "The terminals and displays that are consoles of this machine.",
    }
    users: Vec<String> {
        sections: [Rule],
        read: |value| non_empty_list(value, user),
        default: None,
        summary: "Login names.",
    }
    groups: Vec<Group> {
        sections: [Rule],
        read: |value| non_empty_list(value, group),
        default: None,
        summary: "Groups, by name or by number.",
    }
    uids: Vec<RangeInclusive<u32>> {
        sections: [Rule],
        read: uids,
        default: None,
        summary: "User ids: a number, a range such as \"0-999\", or a list of these.",
    }
    hosts: Vec<HostPattern> {
        sections: [Rule],
        read: |value| non_empty_list(value, host),
        default: None,
        summary: "Hosts on which the user logs in, by name; \"web*\" for all whose name begins so.",
    }
    services: Vec<String> {
        sections: [Rule],
        read: |value| non_empty_list(value, service),
        default: None,
        summary: "PAM services.",
    }
    origins: Vec<OriginMatcher> {
        sections: [Rule],
        read: |value| non_empty_list(value, origin),
        default: None,
        summary: "Addresses, networks, \"local\" or \"session\".",
    }
    methods: Vec<String> {
        sections: [Rule],
        read: |value| non_empty_list(value, method_or_kind),
        default: None,
        summary: "For sshd: the authentication methods of the login; \"publickey:sk\" for security keys.",
    }
    factors: Factors {
        sections: [Rule],
        read: factors,
        default: None,
        summary: "With the mode \"required\": the accepted second factors, such as \"security-key\".",
    }
    until: Time {
        sections: [Rule],
        read: end,
        default: None,
        summary: "The end of an exemption. A date without a time includes that day.",
    }
    reason: String {
        sections: [Rule],
        read: reason,
        default: None,
        summary: "The reason for an exemption, which the log names.",
    }
    issuer: String {
        sections: [Enrollment],
        read: issuer,
        default: Some(r#""""#),
        summary: "The name of this host in authenticator apps. If it is empty: the host name.",
    }
    qr: QrStyle {
        sections: [Enrollment],
        read: |value| word(value, &[
            ("utf8", QrStyle::Utf8),
            ("ascii", QrStyle::Ascii),
            ("none", QrStyle::None),
        ]),
        default: Some(r#""utf8""#),
        summary: "How QR codes are drawn during a login: \"utf8\", \"ascii\" or \"none\".",
    }
    kinds: Vec<AuthenticatorKind> {
        sections: [Authenticator],
        read: |value| some_of(value, kind),
        default: Some(r#"["totp", "hotp", "security-key"]"#),
        summary: "What users can enroll: \"totp\" (codes by time), \"hotp\" (codes by a counter), \
                  \"security-key\" (SSH keys in hardware). The first one with codes is the default.",
    }
    algorithm: Algorithm {
        sections: [Authenticator],
        read: algorithm,
        default: None,
        summary: "The only hash function that users can enroll: \"SHA1\", \"SHA256\" or \"SHA512\". If it \
                  is not set: any, by default SHA1.",
    }
    digits: u32 {
        sections: [Authenticator],
        read: digits,
        default: None,
        summary: "The only number of digits that users can enroll, 6 or 8. If it is not set: any, by \
                  default 6.",
    }
    period: u32 {
        sections: [Authenticator],
        read: period,
        default: None,
        summary: "The only time step that users can enroll, 15 to 120 seconds. If it is not set: any, by \
                  default 30.",
    }
    days: u32 {
        sections: [Remember],
        read: |value| at_most(value, MAX_DAYS),
        default: Some("0"),
        summary: "After a right code, ask whether to remember the device for so many days (up to 365). 30 \
                  is common. 0: do not ask.",
    }
    minutes: u32 {
        sections: [Remember],
        read: |value| at_most(value, MAX_MINUTES),
        default: Some("0"),
        summary: "Remember the device for so many minutes after each right code, without a question (up to \
                  1440).",
    }
    session_minutes: u32 {
        sections: [Remember],
        read: |value| at_most(value, MAX_MINUTES),
        default: Some("0"),
        summary: "The code of a login over SSH or at a console also serves sudo and su in its session for \
                  so many minutes (up to 1440).",
    }
    by: Vec<DeviceKind> {
        sections: [Remember],
        read: |value| some_of(value, device_kind),
        default: Some(r#"["key"]"#),
        summary: "What identifies a device: \"key\" (the SSH key of the login), \"address\" (weak: many \
                  computers can share one).",
    }
    remembered_services as "services": Vec<String> {
        sections: [Remember],
        read: |value| some_of(value, service),
        default: Some(r#"["sshd"]"#),
        summary: "The PAM services in which a remembered device counts.",
    }
    administrators: Vec<Group> {
        sections: [Recovery],
        read: |value| list(value, group),
        default: Some(r#"["sudo", "wheel"]"#),
        summary: "The groups whose members, beside root, can use the recovery code of this host at the \
                  console (tfactl recovery).",
    }
    store_kind as "kind": StoreKind {
        sections: [Store],
        read: |value| word(value, &[
            ("sqlite", StoreKind::Sqlite),
            ("etcd", StoreKind::Etcd),
        ]),
        default: Some(r#""sqlite""#),
        summary: "Where the accounts are: \"sqlite\", a database on this host, or \"etcd\", of a fleet \
                  (tfa-fleet). A change takes effect at a restart.",
    }
    role: FleetRole {
        sections: [Fleet],
        read: |value| word(value, &[
            ("member", FleetRole::Member),
            ("verifier", FleetRole::Verifier),
        ]),
        default: None,
        summary: "In a fleet: \"member\", whose logins the verifiers answer, or \"verifier\", which answers \
                  them. If it is not set: none. A change takes effect at a restart.",
    }
}

/// The key of that name in a section.
pub(super) fn find(section: Section, name: &str) -> Option<&'static Key<Settings>> {
    KEYS.iter()
        .find(|key| key.name == name && key.sections.contains(&section))
}

/// The section to which a key of that name belongs.
pub(super) fn section_of(name: &str) -> Option<Section> {
    let key = KEYS.iter().find(|key| key.name == name)?;
    key.sections.first().copied()
}

/// The names that a section may contain: its keys, and the sections inside it.
pub(super) fn names(section: Section) -> impl Iterator<Item = &'static str> {
    let keys = KEYS
        .iter()
        .filter(move |key| key.sections.contains(&section));
    let inner = Section::INNER.into_iter();
    let inner = inner.filter(move |inner| inner.parent() == Some(section));
    keys.map(|key| key.name).chain(inner.map(Section::name))
}

/// The values of all keys that have a default.
pub(super) fn defaults(zone: &HostZone, problems: &Problems) -> Settings {
    let mut settings = Settings::default();
    for key in KEYS {
        let Some(default) = key.default else {
            continue;
        };
        let set = match DeValue::parse(default) {
            Ok(toml) => (key.set)(&mut settings, Value::new(&toml, zone), Position::default()),
            Err(error) => Err(Problem::new(error.message())),
        };
        // A test shows that this does not happen. If it did, no login would be served.
        if let Err(problem) = set {
            problems.in_file(&problem.of(key.name), 0, "the built-in default");
        }
    }
    settings
}
