//! What the daemon is asked about its policy and its users. An answer that does not come is reported, and the
//! rest is asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tfa_client::{Failure, Terminal};
use tfa_doctor::{
    AccountFacts, Administrator, HostFacts, Later, LoginUsers, PolicyFacts, Required,
};
use tfa_proto::{
    DaemonFacts, Exemption, ExemptionKind, ListFilter, Mode, NEVER, OpenEnum, Outcome,
    RecoveryState, Status,
};
use tfa_text::policy_files::{AnyOwner, DropIns};

use super::facts::MEMBER;
use super::missed::Missed;
use super::{accounts, groups, polkit};
use crate::args::Login;
use crate::daemon::Daemon;
use crate::messages;
use crate::policy::in_force;

/// The configuration of the daemon.
const POLICY_FILE: &str = "/etc/tfa/tfad.toml";

/// Asks for what the daemon knows of the host. Fails only if the user cancels.
pub(super) async fn collect(
    daemon: &mut Daemon,
    terminal: &Terminal,
    facts: DaemonFacts,
    host: &mut HostFacts,
    missed: &Missed,
) -> Result<PolicyFacts, Failure> {
    if !is_whole(&facts) {
        missed.note(messages::not_told(messages::POLICY, messages::NOT_WHOLE));
    }
    let version = facts.version.clone();
    host.versions = version.map(|version| (version, env!("CARGO_PKG_VERSION").to_owned()));
    host.key_lost.clone_from(&facts.key_lost);
    look_up_groups(&facts, host, missed);
    let mut policy = policy_of(&facts, missed);
    if facts.fleet_role.as_deref() == Some(MEMBER) {
        // It knows no accounts, and administers none. What its own policy requires of them counts at once.
        policy.required = required(&facts, false, None, tfa_client::now());
        policy.must_enroll = policy.required;
        return Ok(policy);
    }
    let mut exemptions = Vec::new();
    if policy.requires {
        let told_now = daemon.policy_exemptions().await;
        exemptions = told(told_now, messages::EXEMPTIONS, missed)?.unwrap_or_default();
        let is_audit = |one: &Exemption| one.kind.known() == Some(ExemptionKind::Audit);
        policy.audits = exemptions.iter().any(is_audit);
    }
    host.administrators = administrators(daemon, &facts, missed).await?;
    let names = told(daemon.users(true).await, messages::USERS, missed)?;
    let names: Option<BTreeSet<String>> = names.map(|names| names.into_iter().collect());
    if let (Some(polkit), Some(users)) = (&mut host.polkit, &names) {
        polkit::ask(polkit, users, missed).await;
    }
    let only_old = [host.only_old_module.take(), host.only_oath.take()];
    let records = records(daemon, terminal, names.as_ref(), only_old, missed).await;
    terminal.show_progress("");
    let records = records?;
    let of_records = records.as_ref().map(|records| records.required_from);
    let now = tfa_client::now();
    policy.required = required(&facts, policy.audits, of_records, now);
    policy.must_enroll = must_enroll(&facts, policy.required, now);
    if let Some(records) = records {
        policy.enrolled = Some(records.enrolled);
        policy.login_users = records.login_users;
        host.users_with_weak_keys = records.with_weak_keys;
        [host.only_old_module, host.only_oath] = records.only_old;
        host.accounts = records.accounts;
        accounts::without_the_gone(daemon, &mut host.accounts, missed).await?;
    }
    let mut requires_later = true;
    if policy.requires
        && !policy.audits
        && let Some(users) = names.filter(|users| !users.is_empty())
    {
        let impacts = in_force(daemon, terminal, &users, &Login::over_ssh()).await;
        if let Some(impacts) = told(impacts, messages::LOGINS, missed)? {
            let required = impacts.iter().filter(|impact| asks(&impact.now)).count();
            if let Some(users) = &mut policy.login_users {
                users.required = Some(required);
            }
            requires_later = impacts.iter().any(|impact| asks(&impact.later));
        }
    }
    let endless = exemptions.iter().filter(|one| is_endless(one));
    let (explained, unexplained): (Vec<&Exemption>, Vec<_>) =
        endless.partition(|one| one.reason.is_some());
    host.endless_exemptions = unexplained.into_iter().filter_map(place).collect();
    if !requires_later {
        host.exemptions_of_all = explained.into_iter().filter_map(place).collect();
    }
    let recovery = daemon.recovery_status().await;
    let recovery = told(recovery, messages::RECOVERY_CODE, missed)?;
    let recovery = recovery.map(|status| status.state.known() == Some(RecoveryState::Valid));
    host.has_recovery_code = recovery;
    Ok(policy)
}

/// Whether a daemon has told what each of this version tells.
fn is_whole(facts: &DaemonFacts) -> bool {
    let DaemonFacts {
        version,
        off,
        key_lost: _,
        config_error,
        config_changed,
        requires,
        required_from,
        required_of_new_users_from,
        names_methods,
        demands_security_keys,
        guard,
        groups,
        administrators,
        fleet_role: _,
    } = facts;
    let times = [required_from, required_of_new_users_from];
    let answers = [off, requires, names_methods, demands_security_keys];
    let lists = [guard, groups, administrators];
    version.is_some()
        // A configuration with an error is not compared with the one in force.
        && (config_changed.is_some() || config_error.is_some())
        && times.iter().all(|time| time.is_some())
        && answers.iter().all(|answer| answer.is_some())
        && lists.iter().all(|list| list.is_some())
}

/// From when on a second factor is required of some login. What is not known is no reason for a later time.
fn required(facts: &DaemonFacts, audits: bool, of_records: Option<u64>, now: u64) -> Required {
    let at = |time: u64| match time > now {
        true => Required::Later(Later::From(time)),
        false => Required::Now,
    };
    let of_new_users = facts.required_of_new_users_from.unwrap_or_default();
    match facts.required_from.unwrap_or_default() {
        _ if facts.requires == Some(false) => Required::Never,
        NEVER => Required::Never,
        _ if audits => Required::Later(Later::AfterAudit),
        from if from > now => at(from),
        _ => at(of_records.unwrap_or_default().min(of_new_users)),
    }
}

/// From when on a user who has not enrolled must do so, if a second factor is required from that time on.
fn must_enroll(facts: &DaemonFacts, required: Required, now: u64) -> Required {
    let of_new_users = facts.required_of_new_users_from.unwrap_or_default();
    match required {
        // When that time has come, what is known of the records counts.
        Required::Later(Later::From(time)) if time > now => {
            Required::Later(Later::From(time.max(of_new_users)))
        }
        required => required,
    }
}

/// From when on a second factor is required of the user of a record, if the policy requires one now.
fn required_from(status: &Status) -> u64 {
    match status.grace_until {
        _ if status.problem.is_some() || status.policy_unknown => 0,
        _ if !status.required => NEVER,
        Some(end) if !counts(status) => end,
        _ => 0,
    }
}

/// An answer. One that does not come is noted.
pub(super) fn told<T>(
    answer: Result<T, Failure>,
    subject: &str,
    missed: &Missed,
) -> Result<Option<T>, Failure> {
    let why = match answer {
        Ok(answer) => return Ok(Some(answer)),
        Err(Failure::Refused(why) | Failure::NotAllowed(why) | Failure::OtherVersion(why)) => why,
        Err(Failure::NoBus | Failure::NoDaemon | Failure::NoAnswer) => {
            messages::DAEMON_GONE.to_owned()
        }
        Err(other) => return Err(other),
    };
    missed.note(messages::not_told(subject, &why));
    Ok(None)
}

fn look_up_groups(facts: &DaemonFacts, host: &mut HostFacts, missed: &Missed) {
    let groups = facts.groups.iter().flatten();
    if let Some(cache) = &mut host.group_cache {
        cache.rules_name_groups = groups.clone().next().is_some();
    }
    for group in groups {
        match groups::is_known(group) {
            Ok(true) => {}
            Ok(false) => host.unknown_groups.push(group.clone()),
            Err(why) => {
                missed.note(why);
                break;
            }
        }
    }
}

/// Whether the password alone is not enough. An outcome of a later version may be a question.
pub(super) fn asks(outcome: &OpenEnum<Outcome>) -> bool {
    let passes = [Outcome::Nothing, Outcome::Notified, Outcome::Offered];
    outcome
        .known()
        .is_none_or(|outcome| !passes.contains(&outcome))
}

/// Whether a rule exempts logins, and has no end.
fn is_endless(exemption: &Exemption) -> bool {
    let is_rule = exemption.kind.known() == Some(ExemptionKind::Rule);
    let mode = exemption.mode.as_ref().and_then(|mode| mode.known());
    is_rule && mode == Some(Mode::Off) && exemption.until.is_none()
}

/// Where a rule stands.
fn place(exemption: &Exemption) -> Option<String> {
    let (file, line) = (exemption.file.as_deref()?, exemption.line?);
    Some(format!("{file}:{line}"))
}

/// Whether a user has enrolled, or may have: what cannot be opened is a record, too.
fn counts(status: &Status) -> bool {
    status.is_set_up() || status.problem.is_some()
}

/// Whether a login of the user is asked for a second factor here, or refused. Otherwise an older module that asks may be
/// all that guards it.
fn is_guarded(status: &Status) -> bool {
    let is_set_aside = status.off || status.is_paused() || status.exempt_until.is_some();
    status.problem.is_some() || (status.is_set_up() && !is_set_aside)
}

/// What the records of users tell.
#[derive(Default)]
struct Records {
    enrolled: usize,
    /// The earliest time at which a second factor is required of one of the users.
    required_from: u64,
    /// `None` if it is not known who has a login shell.
    login_users: Option<LoginUsers>,
    with_weak_keys: Vec<String>,
    /// The users of each old module who have not enrolled.
    only_old: [Option<BTreeSet<String>>; 2],
    accounts: AccountFacts,
}

/// Counts in the records of users, page by page; `None` if they are not all known.
async fn records(
    daemon: &mut Daemon,
    terminal: &Terminal,
    names: Option<&BTreeSet<String>>,
    only_old: [Option<BTreeSet<String>>; 2],
    missed: &Missed,
) -> Result<Option<Records>, Failure> {
    let mut records = Records {
        only_old,
        required_from: NEVER,
        login_users: names.map(|names| LoginUsers {
            count: names.len(),
            ..LoginUsers::default()
        }),
        ..Records::default()
    };
    let (mut read, mut after) = (0, String::new());
    loop {
        if read > 0 {
            terminal.show_progress(&messages::records_read(read));
        }
        let page = daemon.list(ListFilter::All, &after).await;
        let Some((page, next, _)) = told(page, messages::RECORDS, missed)? else {
            return Ok(None);
        };
        read += page.len();
        for status in page {
            records.add(status, names);
        }
        if next.is_empty() {
            return Ok(Some(records));
        }
        after = next;
    }
}

impl Records {
    fn add(&mut self, status: Status, login_names: Option<&BTreeSet<String>>) {
        let is_enrolled = counts(&status);
        accounts::add(&mut self.accounts, &status);
        self.required_from = self.required_from.min(required_from(&status));
        self.enrolled += usize::from(is_enrolled);
        if is_guarded(&status) {
            for users in self.only_old.iter_mut().flatten() {
                users.remove(&status.user);
            }
        }
        let is_login_user = login_names.is_some_and(|names| names.contains(&status.user));
        if let Some(users) = self.login_users.as_mut().filter(|_| is_login_user) {
            users.enrolled += usize::from(is_enrolled);
        }
        if status.authenticators.iter().any(|one| one.weak) {
            self.with_weak_keys.push(status.user);
        }
    }
}

/// The members of the groups of administrators; `None` if they are not all known. No host has all groups of the
/// default, and a group may have members who do not exist.
async fn administrators(
    daemon: &mut Daemon,
    facts: &DaemonFacts,
    missed: &Missed,
) -> Result<Option<Vec<Administrator>>, Failure> {
    let mut names = BTreeSet::new();
    for group in facts.administrators.iter().flatten() {
        let members = daemon.members_if_known(group).await;
        let Some(members) = told(members, messages::ADMINISTRATORS, missed)? else {
            return Ok(None);
        };
        names.extend(members);
    }
    let mut administrators = Vec::new();
    for name in names {
        let status = daemon.show_if_known(&name).await;
        let Some(status) = told(status, messages::ADMINISTRATORS, missed)? else {
            return Ok(None);
        };
        if let Some(status) = status {
            let is_enrolled = !status.authenticators.is_empty();
            administrators.push(Administrator {
                name,
                backup_codes: is_enrolled.then_some(status.backup_codes_left),
            });
        }
    }
    Ok(Some(administrators))
}

/// A daemon that does not tell whether it requires a second factor may do so.
fn policy_of(facts: &DaemonFacts, missed: &Missed) -> PolicyFacts {
    let files = missed.in_time(POLICY_FILE, |missed| files(Path::new(POLICY_FILE), missed));
    PolicyFacts {
        is_off: facts.off.unwrap_or_default(),
        enrolled: None,
        login_users: None,
        error_on_disk: facts.config_error.clone(),
        is_outdated: facts.config_changed.unwrap_or_default(),
        audits: false,
        requires: facts.requires.unwrap_or(true),
        required: Required::Now,
        must_enroll: Required::Now,
        names_methods: facts.names_methods.unwrap_or_default(),
        demands_security_keys: facts.demands_security_keys.unwrap_or_default(),
        guard: facts.guard.clone().unwrap_or_default(),
        files: files.unwrap_or_default(),
    }
}

/// The files of the configuration on disk, in the order in which the daemon reads them.
fn files(main: &Path, missed: &Missed) -> Vec<(String, String)> {
    let folder = DropIns::directory(main);
    let drop_ins = missed.existing(&folder, DropIns::list(main, &AnyOwner));
    let drop_ins = drop_ins.unwrap_or_default().read.into_iter();
    let paths = [main.to_owned()].into_iter();
    let paths = paths.chain(drop_ins.map(|name| folder.join(name)));
    let read = |path: PathBuf| Some((path.to_string_lossy().into_owned(), missed.text(&path)?));
    paths.filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tfa_proto::State;

    use super::*;

    #[test]
    fn user_who_is_set_aside_is_guarded_by_the_old_module_alone() {
        let enabled = Status {
            state: Some(State::Enabled.into()),
            ..Status::default()
        };
        assert!(is_guarded(&enabled));
        let paused = Status {
            state: Some(State::Paused.into()),
            ..Status::default()
        };
        let exempt = Status {
            exempt_until: Some(1),
            ..enabled.clone()
        };
        let off = Status {
            off: true,
            ..enabled.clone()
        };
        for status in [Status::default(), paused, exempt, off] {
            assert!(!is_guarded(&status), "{:?}", status.state);
        }
        // A record that cannot be used refuses its user.
        let unusable = Status {
            problem: Some("damaged".to_owned()),
            ..Status::default()
        };
        assert!(is_guarded(&unusable));
    }

    #[test]
    fn the_files_of_the_policy_are_those_that_the_daemon_reads() {
        let folder = std::env::temp_dir().join(format!("tfactl-policy-{}", std::process::id()));
        let main = folder.join("tfad.toml");
        let drop_ins = folder.join("tfad.toml.d");
        fs::create_dir_all(drop_ins.join("30.toml")).unwrap();
        fs::write(&main, "main").unwrap();
        for name in ["20.toml", "1\n.toml", ".5.toml", "10.toml~", "README"] {
            fs::write(drop_ins.join(name), name).unwrap();
        }
        let missed = Missed::default();
        let texts: Vec<String> = files(&main, &missed)
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(texts, ["main", "1\n.toml", "20.toml"]);
        let why = messages::not_a_file(&drop_ins.join("30.toml").to_string_lossy());
        assert_eq!(missed.reasons(), [why]);
        let missed = Missed::default();
        assert_eq!(files(&folder.join("absent"), &missed), []);
        assert_eq!(missed.reasons(), Vec::<String>::new());
        fs::remove_dir_all(folder).unwrap();
    }
}
