//! The facts about this host.

use std::collections::BTreeSet;

use tfa_client::{Failure, Terminal};
use tfa_doctor::{Administrator, DaemonProblem, Facts, HostFacts, PamFacts, PolicyFacts};
use tfa_pam_host::PamHost;
use tfa_proto::{
    DaemonFacts, Exemption, ExemptionKind, LOGIN_SOCKET, ListFilter, Mode, RecoveryState,
};

use super::{groups, host, login, socket, sshd};
use crate::daemon::Daemon;
use crate::messages;

/// How many records are looked at.
const MAX_RECORDS: usize = 10_000;
/// How many administrators are looked at.
const MAX_ADMINISTRATORS: usize = 100;

/// Collects what can be known. A daemon that does not answer is a fact, too.
pub(crate) async fn collect(terminal: &Terminal) -> Result<Facts, Failure> {
    let mut facts = Facts {
        pam: PamFacts::read(&PamHost::new()),
        sshd: sshd::collect(terminal),
        login: login::collect(),
        ..Facts::default()
    };
    let mut host = host::collect();
    match ask(terminal, &mut host).await {
        Ok(policy) => facts.policy = Some(policy),
        Err(Failure::NoBus | Failure::NoDaemon) => facts.daemon = Some(DaemonProblem::Down),
        // Root may do everything, except where the bus says no.
        Err(Failure::NotAllowed(_)) => facts.daemon = Some(DaemonProblem::Denied),
        Err(Failure::NoAnswer) => facts.daemon = Some(DaemonProblem::Silent),
        Err(Failure::OtherVersion(_)) => facts.daemon = Some(DaemonProblem::OtherVersion),
        Err(Failure::Refused(why)) => facts.daemon = Some(DaemonProblem::Refuses(why)),
        Err(other) => return Err(other),
    }
    // Only a daemon that runs has a socket.
    let runs = facts.policy.is_some() || matches!(facts.daemon, Some(DaemonProblem::Refuses(_)));
    if runs {
        host.socket = host::examined(&mut host.not_examined, LOGIN_SOCKET, socket::collect);
    }
    facts.host = Some(host);
    Ok(facts)
}

/// Asks the daemon for its policy, and for what it knows of the host.
async fn ask(terminal: &Terminal, host: &mut HostFacts) -> Result<PolicyFacts, Failure> {
    let mut daemon = Daemon::connect(terminal).await?;
    let facts = daemon.facts().await?;
    let version = facts.version.clone();
    host.versions = version.map(|version| (version, env!("CARGO_PKG_VERSION").to_owned()));
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
    let mut audits = false;
    if facts.requires == Some(true) {
        let exemptions = daemon.policy_exemptions().await?;
        host.endless_exemptions = exemptions.iter().filter_map(endless).collect();
        let is_audit = |one: &Exemption| one.kind.known() == Some(ExemptionKind::Audit);
        audits = exemptions.iter().any(is_audit);
    }
    host.administrators = administrators(&mut daemon, &facts).await?;
    host.users_with_weak_keys = users_with_weak_keys(&mut daemon, terminal).await?;
    // One that cannot be read is of no use.
    let recovery = match daemon.recovery_status().await {
        Err(Failure::Refused(_)) => None,
        status => status?.state.known(),
    };
    host.has_recovery_code = Some(recovery == Some(RecoveryState::Valid));
    Ok(policy_of(facts, audits))
}

/// Where a rule stands that exempts logins, and has neither an end nor a reason.
fn endless(exemption: &Exemption) -> Option<String> {
    let is_rule = exemption.kind.known() == Some(ExemptionKind::Rule);
    let mode = exemption.mode.as_ref().and_then(|mode| mode.known());
    let is_open = exemption.until.is_none() && exemption.reason.is_none();
    let (file, line) = (exemption.file.as_deref()?, exemption.line?);
    (is_rule && mode == Some(Mode::Off) && is_open).then(|| format!("{file}:{line}"))
}

/// The users who have an authenticator with a weak key, of the first records.
async fn users_with_weak_keys(
    daemon: &mut Daemon,
    terminal: &Terminal,
) -> Result<Vec<String>, Failure> {
    let (mut users, mut read, mut after) = (Vec::new(), 0, String::new());
    while read < MAX_RECORDS {
        if read > 0 {
            terminal.note(&messages::records_read(read));
        }
        let (page, next, _) = match daemon.list(ListFilter::All, &after).await {
            // Names that cannot be looked up are reported elsewhere.
            Err(Failure::Refused(_)) => break,
            page => page?,
        };
        read += page.len();
        let weak = page
            .into_iter()
            .filter(|status| status.authenticators.iter().any(|one| one.weak));
        users.extend(weak.map(|status| status.user));
        if next.is_empty() {
            break;
        }
        after = next;
    }
    Ok(users)
}

async fn administrators(
    daemon: &mut Daemon,
    facts: &DaemonFacts,
) -> Result<Vec<Administrator>, Failure> {
    let mut names = BTreeSet::new();
    for group in facts.administrators.iter().flatten() {
        match daemon.members(group).await {
            Ok(members) => names.extend(members),
            // No host has all groups of the default.
            Err(Failure::Refused(_)) => {}
            Err(other) => return Err(other),
        }
    }
    let mut administrators = Vec::new();
    for name in names.into_iter().take(MAX_ADMINISTRATORS) {
        let status = match daemon.show(&name).await {
            Err(Failure::Refused(_)) => continue,
            status => status?,
        };
        let is_enrolled = !status.authenticators.is_empty();
        administrators.push(Administrator {
            name,
            backup_codes: is_enrolled.then_some(status.backup_codes_left),
        });
    }
    Ok(administrators)
}

fn policy_of(facts: DaemonFacts, audits: bool) -> PolicyFacts {
    PolicyFacts {
        audits,
        requires: facts.requires.unwrap_or_default(),
        names_methods: facts.names_methods.unwrap_or_default(),
        demands_security_keys: facts.demands_security_keys.unwrap_or_default(),
        guard: facts.guard.unwrap_or_default(),
    }
}
