//! What the daemon is asked about its policy and its users. An answer that does not come is reported, and the
//! rest is asked for.

use std::collections::BTreeSet;

use tfa_client::{Failure, Terminal};
use tfa_doctor::{Administrator, HostFacts, PolicyFacts};
use tfa_proto::{DaemonFacts, Exemption, ExemptionKind, ListFilter, Mode, RecoveryState, Status};

use super::groups;
use crate::daemon::Daemon;
use crate::messages;

/// Asks for what the daemon knows of the host. Fails only if the user cancels.
pub(super) async fn collect(
    daemon: &mut Daemon,
    terminal: &Terminal,
    facts: DaemonFacts,
    host: &mut HostFacts,
) -> Result<PolicyFacts, Failure> {
    let version = facts.version.clone();
    host.versions = version.map(|version| (version, env!("CARGO_PKG_VERSION").to_owned()));
    host.key_lost.clone_from(&facts.key_lost);
    look_up_groups(&facts, host);
    let mut policy = policy_of(&facts);
    if policy.requires {
        let exemptions = daemon.policy_exemptions().await;
        let exemptions = told(exemptions, messages::EXEMPTIONS, host)?.unwrap_or_default();
        host.endless_exemptions = exemptions.iter().filter_map(endless).collect();
        let is_audit = |one: &Exemption| one.kind.known() == Some(ExemptionKind::Audit);
        policy.audits = exemptions.iter().any(is_audit);
    }
    host.administrators = administrators(daemon, &facts, host).await?;
    let users = records(daemon, terminal, host).await?;
    policy.enrolled = users.as_ref().map(|users| {
        let enrolled = users.iter().filter(|status| counts(status));
        enrolled.count()
    });
    let weak = users
        .unwrap_or_default()
        .into_iter()
        .filter(|status| status.authenticators.iter().any(|one| one.weak));
    host.users_with_weak_keys = weak.map(|status| status.user).collect();
    let recovery = told(
        daemon.recovery_status().await,
        messages::RECOVERY_CODE,
        host,
    )?;
    let recovery = recovery.map(|status| status.state.known() == Some(RecoveryState::Valid));
    host.has_recovery_code = recovery;
    Ok(policy)
}

/// An answer. One that does not come is noted.
fn told<T>(
    answer: Result<T, Failure>,
    subject: &str,
    host: &mut HostFacts,
) -> Result<Option<T>, Failure> {
    let why = match answer {
        Ok(answer) => return Ok(Some(answer)),
        Err(Failure::Refused(why) | Failure::NotAllowed(why) | Failure::OtherVersion(why)) => why,
        Err(Failure::NoBus | Failure::NoDaemon | Failure::NoAnswer) => {
            messages::DAEMON_GONE.to_owned()
        }
        Err(other) => return Err(other),
    };
    host.not_examined.push(messages::not_told(subject, &why));
    Ok(None)
}

fn look_up_groups(facts: &DaemonFacts, host: &mut HostFacts) {
    let groups = facts.groups.iter().flatten();
    if let Some(cache) = &mut host.group_cache {
        cache.rules_name_groups = groups.clone().next().is_some();
    }
    for group in groups {
        match groups::is_known(group) {
            Ok(true) => {}
            Ok(false) => host.unknown_groups.push(group.clone()),
            Err(why) => {
                host.not_examined.push(why);
                break;
            }
        }
    }
}

/// Where a rule stands that exempts logins, and has neither an end nor a reason.
fn endless(exemption: &Exemption) -> Option<String> {
    let is_rule = exemption.kind.known() == Some(ExemptionKind::Rule);
    let mode = exemption.mode.as_ref().and_then(|mode| mode.known());
    let is_open = exemption.until.is_none() && exemption.reason.is_none();
    let (file, line) = (exemption.file.as_deref()?, exemption.line?);
    (is_rule && mode == Some(Mode::Off) && is_open).then(|| format!("{file}:{line}"))
}

/// Whether a user has enrolled, or may have: what cannot be opened is a record, too.
fn counts(status: &Status) -> bool {
    status.is_set_up() || status.problem.is_some()
}

/// The users who have a record; `None` if they are not all known.
async fn records(
    daemon: &mut Daemon,
    terminal: &Terminal,
    host: &mut HostFacts,
) -> Result<Option<Vec<Status>>, Failure> {
    let (mut users, mut read, mut after) = (Vec::new(), 0, String::new());
    loop {
        if read > 0 {
            terminal.note(&messages::records_read(read));
        }
        let page = daemon.list(ListFilter::All, &after).await;
        let Some((page, next, _)) = told(page, messages::RECORDS, host)? else {
            return Ok(None);
        };
        read += page.len();
        users.extend(page);
        if next.is_empty() {
            return Ok(Some(users));
        }
        after = next;
    }
}

/// The members of the groups of administrators. No host has all groups of the default, and a group may have
/// members who do not exist.
async fn administrators(
    daemon: &mut Daemon,
    facts: &DaemonFacts,
    host: &mut HostFacts,
) -> Result<Vec<Administrator>, Failure> {
    let mut names = BTreeSet::new();
    for group in facts.administrators.iter().flatten() {
        let members = daemon.members_if_known(group).await;
        names.extend(told(members, messages::ADMINISTRATORS, host)?.unwrap_or_default());
    }
    let mut administrators = Vec::new();
    for name in names {
        let status = daemon.show_if_known(&name).await;
        let Some(status) = told(status, messages::ADMINISTRATORS, host)? else {
            break;
        };
        if let Some(status) = status {
            let is_enrolled = !status.authenticators.is_empty();
            administrators.push(Administrator {
                name,
                backup_codes: is_enrolled.then_some(status.backup_codes_left),
            });
        }
    }
    Ok(administrators)
}

/// A daemon that does not tell whether it requires a second factor may do so.
fn policy_of(facts: &DaemonFacts) -> PolicyFacts {
    PolicyFacts {
        is_off: facts.off.unwrap_or_default(),
        enrolled: None,
        error_on_disk: facts.config_error.clone(),
        is_outdated: facts.config_changed.unwrap_or_default(),
        audits: false,
        requires: facts.requires.unwrap_or(true),
        names_methods: facts.names_methods.unwrap_or_default(),
        demands_security_keys: facts.demands_security_keys.unwrap_or_default(),
        guard: facts.guard.clone().unwrap_or_default(),
    }
}
