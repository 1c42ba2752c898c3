//! What an administrator should look at in a configuration that can be used, such as a group that
//! this host does not know. `tfad --check` prints it, and the daemon logs the warnings.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::unistd::{Gid, Group as Entry, User};
use tfa_core::{
    FactorKind, Factors, Group, HostName, Mode, OriginMatcher, Policy, Rule, Source, Time,
};
use tfa_proto::{Consoles, KEY_METHODS};

use super::check_json;
use super::messages::findings as messages;
use super::model::Config;
use super::recovery::RecoveryRules;
use super::trust::Trust;
use super::{member_grace, offline};
use crate::host::pam_files;
use crate::host::pam_services::may_require;
use crate::host::{clock, groups, host_name, name_in_rules};
use crate::messages::policy_of_files_not_in_force;
use crate::publication::MARK;

/// Where the kernel lists its terminals.
const TERMINALS: &str = "/sys/class/tty";
/// The service of OpenSSH's server.
const SSHD: &str = "sshd";
/// A directory that hangs must not block a reload.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(10);

/// What to look at. None of it is an error.
#[derive(Debug, Default)]
pub struct Findings {
    /// What can be correct, and may not be what was meant.
    pub notes: Vec<String>,
    /// What is probably wrong at present. A directory may be down.
    pub warnings: Vec<String>,
}

/// The options of `tfad --check`.
#[derive(Debug, Default)]
pub struct Options {
    /// The files may have any owner.
    pub draft: bool,
    /// Look for errors only.
    pub quiet: bool,
    /// A warning is a failure.
    pub strict: bool,
    /// Print JSON.
    pub json: bool,
}

/// The result of `tfad --check`.
#[derive(Debug)]
pub struct Report {
    /// What to print. The last line is the summary; of JSON it is the only one.
    pub lines: Vec<String>,
    /// Whether the check has passed.
    pub passed: bool,
}

/// Checks a configuration, for `tfad --check`.
#[must_use]
pub fn check(file: &Path, options: &Options) -> Report {
    let trust = if options.draft {
        Trust::draft()
    } else {
        Trust::roots()
    };
    let config = match Config::read(file, &trust) {
        Ok(config) => config,
        Err(bad) if options.json => {
            return Report {
                lines: vec![check_json::of_errors(&bad)],
                passed: false,
            };
        }
        Err(bad) => {
            let summary = messages::errors_in(file, bad.count());
            return Report {
                lines: bad.lines().chain([summary]).collect(),
                passed: false,
            };
        }
    };
    let mut found = match options.quiet {
        true if options.json => Findings::default(),
        true => {
            return Report {
                lines: Vec::new(),
                passed: true,
            };
        }
        false => findings(&config),
    };
    let is_published = !options.draft
        && Path::new(tfa_proto::LOGIN_SOCKET)
            .with_file_name(MARK)
            .exists();
    found
        .notes
        .extend(is_published.then(policy_of_files_not_in_force));
    let passed = found.warnings.is_empty() || !options.strict;
    if options.json {
        let lines = vec![check_json::of_config(&config, &found)];
        return Report { lines, passed };
    }
    let Findings {
        mut notes,
        warnings,
    } = found;
    let owners = options.draft.then(messages::owners_not_checked);
    let mut lines: Vec<String> = notes.drain(..).map(|text| messages::note(&text)).collect();
    lines.extend(warnings.iter().map(|text| messages::warning(text)));
    lines.extend(owners.map(|text| messages::note(&text)));
    lines.push(messages::no_errors_in(file, warnings.len()));
    Report { lines, passed }
}

/// What to look at in a configuration. Takes up to ten seconds.
#[must_use]
pub fn findings(config: &Config) -> Findings {
    let policy = config.policy.clone();
    let mut warnings: Vec<String> = absent_terminals(&config.consoles).collect();
    warnings.extend(
        config
            .ignored
            .iter()
            .map(|path| messages::ignored_file(path)),
    );
    if policy.is_off() && !policy.rules.is_empty() {
        warnings.push(messages::ignored_rules(&policy.otherwise.source));
    }
    match name_in_rules().filter(|_| policy.names_hosts()) {
        Some(name) => {
            let missed = |rule| misses_domain(rule, &name);
            warnings.extend(policy.rules.iter().filter_map(missed));
        }
        None if policy.names_hosts() => warnings.push(messages::no_host_name(&host_name())),
        None => {}
    }
    warnings.extend(offline::without_effect(&policy, config.role));
    warnings.extend(member_grace::without_since(
        &policy,
        config.role,
        clock::now(),
    ));
    warnings.extend(ended(&policy, clock::now()));
    let mut notes: Vec<String> = policy
        .rules
        .iter()
        .filter_map(local_without_session)
        .collect();
    notes.extend(exemptions_without_end(&policy));
    notes.extend(policy.rules.iter().filter_map(keys_beyond_sshd));
    notes.extend(exempt_kinds_of_keys(&policy));
    if may_require(&policy) {
        let unguarded = pam_files::unguarded(&policy);
        let note = |service: &String| messages::unguarded_service(service);
        notes.extend(unguarded.iter().map(note));
        if pam_files::exists(SSHD) && !policy.guards(SSHD) {
            notes.push(messages::unguarded_sshd());
        }
        if pam_files::trusts_failed_password(SSHD) {
            notes.push(messages::trusts_failed_password(SSHD));
        }
    }
    if pam_files::lacks_session_line(SSHD) {
        notes.push(messages::session_line_missing(SSHD));
    }
    let (sender, receiver) = mpsc::channel();
    let recovery = config.recovery.clone();
    let look_up = move || sender.send(look_up(&policy, &recovery));
    let thread = thread::Builder::new().spawn(look_up).ok();
    match thread.and_then(|_| receiver.recv_timeout(LOOK_UP_TIMEOUT).ok()) {
        Some(names) => warnings.extend(names),
        None => warnings.push(messages::no_look_up()),
    }
    Findings { notes, warnings }
}

/// The consoles in the configuration that this machine does not have.
fn absent_terminals(consoles: &Consoles) -> impl Iterator<Item = String> {
    let terminals = consoles
        .names()
        .iter()
        .filter(|name| !name.starts_with(':'));
    let absent = terminals.filter(|name| !Path::new(TERMINALS).join(name).exists());
    absent.map(|name| messages::absent_console(name))
}

/// The names that the name service does not know.
fn look_up(policy: &Policy, recovery: &RecoveryRules) -> Vec<String> {
    let mut warnings: Vec<String> = policy.rules.iter().flat_map(unknown_names).collect();
    // No host has all groups of the default.
    if *recovery != RecoveryRules::default() {
        let groups = recovery.administrators.iter();
        let unknown = groups.filter(|group| !is_known(group));
        warnings.extend(unknown.map(|group| messages::unknown_administrators(&group.to_string())));
    }
    if !policy.groups().is_empty() && !groups::are_answered_for() {
        warnings.push(messages::groups_unavailable());
    }
    warnings
}

fn unknown_names(rule: &Rule) -> Vec<String> {
    let source = &rule.effect.source;
    let groups = rule
        .groups
        .iter()
        .filter(|group| !is_known(group))
        .map(|group| messages::unknown_group(source, &group.to_string()));
    let users = rule
        .users
        .iter()
        .filter_map(|name| check_user(source, name));
    let services = rule
        .services
        .iter()
        .filter(|name| !pam_files::exists(name))
        .map(|name| messages::absent_service(source, name));
    groups.chain(users).chain(services).collect()
}

/// A warning for a rule that would match this host if one of the names had no domain, or both.
fn misses_domain(rule: &Rule, host: &HostName) -> Option<String> {
    let is_matched = rule.hosts.iter().any(|pattern| pattern.matches(host));
    let mut missed = rule.hosts.iter();
    let missed = missed.find(|pattern| pattern.misses_domain(host))?;
    let source = &rule.effect.source;
    (!is_matched).then(|| messages::domain_missed(source, missed, host))
}

/// A warning for each rule that has ended.
fn ended(policy: &Policy, now: Time) -> impl Iterator<Item = String> {
    let rules = policy.rules.iter().map(|rule| &rule.effect);
    rules
        .filter(move |effect| effect.has_ended(now))
        .filter_map(|effect| Some(messages::ended_rule(&effect.source, effect.terms.until?)))
}

/// A note for each rule without an end that exempts logins of which a later rule, or the policy for all
/// other logins, requires a second factor.
fn exemptions_without_end(policy: &Policy) -> Vec<String> {
    let mut requires_later = policy.otherwise.mode == Mode::Required;
    let mut notes = Vec::new();
    for effect in policy.rules.iter().rev().map(|rule| &rule.effect) {
        if effect.mode == Mode::Required {
            requires_later = true;
        } else if requires_later && !policy.is_off() && effect.terms.until.is_none() {
            notes.push(messages::exemption_without_end(&effect.source));
        }
    }
    notes.reverse();
    notes
}

/// A note for each rule on a kind of key that requires less than a later rule, or than the policy for all
/// other logins.
fn exempt_kinds_of_keys(policy: &Policy) -> Vec<String> {
    let strictness = |mode| match mode {
        Mode::Off => 0,
        Mode::Optional => 1,
        Mode::Required => 2,
    };
    let mut strictest_later = strictness(policy.otherwise.mode);
    let mut notes = Vec::new();
    for rule in policy.rules.iter().rev() {
        let strictness = strictness(rule.effect.mode);
        let names_kind = rule
            .methods
            .iter()
            .any(|name| KEY_METHODS.contains(&&**name));
        if names_kind && strictness < strictest_later && !policy.is_off() {
            notes.push(messages::exempt_kind_of_key(&rule.effect.source));
        }
        strictest_later = strictest_later.max(strictness);
    }
    notes.reverse();
    notes
}

/// A note for a rule that exempts consoles and not the sessions opened there.
fn local_without_session(rule: &Rule) -> Option<String> {
    let origins = &rule.origins;
    let is_so = rule.effect.mode != Mode::Required
        && origins.contains(&OriginMatcher::Local)
        && !origins.contains(&OriginMatcher::Session);
    is_so.then(|| messages::local_without_session(&rule.effect.source))
}

/// A note for a rule that accepts security keys only, and applies to services other than sshd.
fn keys_beyond_sshd(rule: &Rule) -> Option<String> {
    let only_keys: Factors = [FactorKind::SecurityKey].into_iter().collect();
    let only_sshd = !rule.services.is_empty() && rule.services.iter().all(|name| is_sshd(name));
    let is_for_sshd = only_sshd || !rule.methods.is_empty();
    let is_so = rule.effect.factors == only_keys && !is_for_sshd;
    is_so.then(|| messages::keys_beyond_sshd(&rule.effect.source))
}

/// Whether a service is one of sshd, by its usual names: `PAMServiceName` gives it any other.
fn is_sshd(service: &str) -> bool {
    service == SSHD || service == "ssh" || service.starts_with("sshd-")
}

fn is_known(group: &Group) -> bool {
    let found = match group {
        Group::Name(name) => Entry::from_name(name),
        Group::Number(gid) => Entry::from_gid(Gid::from_raw(*gid)),
    };
    matches!(found, Ok(Some(_)))
}

/// A warning for a user name in a rule that does not exist, or is not the name that the system has
/// for the uid.
fn check_user(source: &Source, name: &str) -> Option<String> {
    let found = User::from_name(name).ok().flatten();
    let canonical = found.and_then(|user| User::from_uid(user.uid).ok().flatten());
    match canonical {
        Some(user) if user.name == *name => None,
        Some(user) => {
            let uid = user.uid.as_raw();
            Some(messages::alias(source, name, &user.name, uid))
        }
        None => Some(messages::unknown_user(source, name)),
    }
}

#[cfg(test)]
mod tests {
    use tfa_core::{HostPattern, RuleEffect, Terms};

    use super::*;

    #[test]
    fn an_unknown_group_or_user_has_a_warning() {
        let rule = |groups: &[&str], users: &[&str]| Rule {
            groups: groups
                .iter()
                .map(|name| Group::Name((*name).to_owned()))
                .collect(),
            users: users.iter().map(|name| (*name).to_owned()).collect(),
            ..Rule::default()
        };
        assert!(unknown_names(&rule(&["root"], &["root"])).is_empty());
        let found = unknown_names(&rule(&["root", "no-such-group"], &["no-such-user"]));
        assert!(found[0].contains("the group no-such-group"), "{found:?}");
        assert!(found[1].contains("the user no-such-user"), "{found:?}");
    }

    #[test]
    fn a_rule_that_misses_this_host_by_its_domain_has_a_warning() {
        let host = HostName::new("web1").unwrap();
        let warning = |patterns: &[&str]| {
            let hosts = patterns.iter().map(|text| HostPattern::new(text).unwrap());
            let rule = Rule {
                hosts: hosts.collect(),
                ..Rule::default()
            };
            misses_domain(&rule, &host)
        };
        let found = warning(&["db1", "web*.example.org"]).unwrap();
        assert!(
            found.contains("web*.example.org") && found.contains("is web1"),
            "{found}"
        );
        assert_eq!(warning(&["web*.example.org", "web*"]), None);
        assert_eq!(warning(&["db*.example.org"]), None);
    }

    #[test]
    fn another_name_of_a_uid_has_a_warning_with_the_canonical_name() {
        let warning = messages::alias(&Source::default(), "toor", "root", 0);
        assert!(
            warning.contains("toor is another name of root (uid 0)"),
            "{warning}"
        );
        assert_eq!(check_user(&Source::default(), "root"), None);
    }

    #[test]
    fn a_rule_on_security_keys_alone_has_a_note_unless_it_is_for_sshd() {
        use FactorKind::{BackupCode, SecurityKey};
        for (services, factors, expected) in [
            (&["sshd"][..], &[SecurityKey][..], false),
            (&["ssh", "sshd"], &[SecurityKey], false),
            (&["sshd-extern"], &[SecurityKey], false),
            (&["ssh-agent"], &[SecurityKey], true),
            (&[], &[SecurityKey], true),
            (&["sshd", "sudo"], &[SecurityKey], true),
            (&[], &[SecurityKey, BackupCode], false),
            (&[], &FactorKind::ALL, false),
        ] {
            let mut rule = Rule {
                services: services.iter().map(|name| (*name).to_owned()).collect(),
                ..Rule::default()
            };
            rule.effect.factors = factors.iter().copied().collect();
            let note = keys_beyond_sshd(&rule);
            assert_eq!(note.is_some(), expected, "{services:?} {factors:?}");
        }
    }

    #[test]
    fn an_exemption_of_consoles_alone_has_a_note_about_sessions() {
        use OriginMatcher::{Local, Session};
        for (origins, mode, expected) in [
            (&[Local][..], Mode::Off, true),
            (&[Local], Mode::Optional, true),
            (&[Local], Mode::Required, false),
            (&[Local, Session], Mode::Off, false),
            (&[], Mode::Off, false),
        ] {
            let mut rule = Rule {
                origins: origins.to_vec(),
                ..Rule::default()
            };
            rule.effect.mode = mode;
            let note = local_without_session(&rule);
            assert_eq!(note.is_some(), expected, "{origins:?} {mode:?}");
        }
    }

    fn effect(mode: Mode, line: u32, until: Option<u64>) -> RuleEffect {
        let file = "m".to_owned();
        let (source, until) = (Source { file, line }, until.map(Time::from_secs));
        RuleEffect {
            mode,
            source,
            terms: Terms {
                until,
                reason: None,
            },
            ..RuleEffect::default()
        }
    }

    fn policy(effects: &[RuleEffect], otherwise: Mode) -> Policy {
        let rule = |effect: &RuleEffect| Rule {
            effect: effect.clone(),
            ..Rule::default()
        };
        Policy {
            rules: effects.iter().map(rule).collect(),
            otherwise: effect(otherwise, 100, None),
            ..Policy::default()
        }
    }

    #[test]
    fn an_ended_rule_has_a_warning_from_its_end_on() {
        let policy = policy(
            &[
                effect(Mode::Off, 3, Some(1_796_083_200)),
                effect(Mode::Off, 5, None),
            ],
            Mode::Required,
        );
        let at = |now| ended(&policy, Time::from_secs(now)).collect::<Vec<_>>();
        assert!(at(1_796_083_199).is_empty());
        let warnings = at(1_796_083_200);
        let [warning] = warnings.as_slice() else {
            panic!("{warnings:?}");
        };
        assert!(
            warning.starts_with("m line 3: the exemption has ended on 2026-12-01 "),
            "{warning}"
        );
    }

    #[test]
    fn an_exemption_without_end_has_a_note_where_a_second_factor_is_required() {
        use Mode::{Off, Optional, Required};
        let noted = |modes: &[(Mode, Option<u64>)], otherwise| {
            let effects = modes.iter().zip(1..);
            let effects: Vec<_> = effects
                .map(|((mode, until), line)| effect(*mode, line, *until))
                .collect();
            let notes = exemptions_without_end(&policy(&effects, otherwise));
            let lines = notes
                .iter()
                .map(|note| note.split(':').next().unwrap().to_owned());
            lines.collect::<Vec<_>>()
        };
        let both = [(Off, None), (Optional, None)];
        assert_eq!(noted(&both, Required), ["m line 1", "m line 2"]);
        assert!(noted(&both, Optional).is_empty() && noted(&both, Off).is_empty());
        assert!(noted(&[(Off, Some(7)), (Optional, Some(7))], Required).is_empty());
        // An exception to a later rule.
        let before = [(Off, None), (Required, None), (Off, None)];
        assert_eq!(noted(&before, Optional), ["m line 1"]);
        assert!(noted(&before, Off).is_empty(), "the rules are ignored");
    }

    #[test]
    fn a_rule_that_requires_less_of_a_kind_of_key_has_a_note() {
        use Mode::{Off, Optional, Required};
        let notes = |methods: &[&str], mode, later, otherwise| {
            let effects = [effect(mode, 1, None), effect(later, 2, None)];
            let mut policy = policy(&effects, otherwise);
            policy.rules[0].methods = methods.iter().map(|name| (*name).to_owned()).collect();
            exempt_kinds_of_keys(&policy).len()
        };
        for kind in KEY_METHODS {
            assert_eq!(notes(&[kind], Off, Off, Required), 1);
            assert_eq!(notes(&["password", kind], Optional, Required, Optional), 1);
            assert_eq!(notes(&[kind], Off, Off, Optional), 1);
            assert_eq!(notes(&[kind], Optional, Off, Optional), 0);
            assert_eq!(notes(&[kind], Required, Required, Required), 0);
            assert_eq!(notes(&[kind], Off, Required, Off), 0, "rules are ignored");
        }
        assert_eq!(notes(&["publickey"], Off, Off, Required), 0);
        assert_eq!(notes(&[], Off, Off, Required), 0);
    }

    #[test]
    fn a_console_that_the_machine_does_not_have_has_a_warning() {
        let names = ["tty", "ttyXY0", ":1"].map(str::to_owned).to_vec();
        let warnings: Vec<String> = absent_terminals(&Consoles::new(true, names)).collect();
        assert_eq!(warnings, ["consoles: this machine has no terminal ttyXY0"]);
    }
}
