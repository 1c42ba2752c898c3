//! The facts about this host.

use tfa_client::{Failure, Terminal};
use tfa_doctor::sshd::SshdFacts;
use tfa_doctor::{
    DaemonProblem, Facts, HostFacts, has_google_authenticator, oath_files, sudo_services,
};
use tfa_proto::{DaemonFacts, LOGIN_SOCKET};

use super::missed::Missed;
use super::{asked, fleet, host, key_accounts, login, moving, named, pam, socket, sshd, sudo};
use crate::daemon::Daemon;
use crate::messages;

/// The role of a host whose logins verifiers answer.
pub(super) const MEMBER: &str = "member";

/// Collects what can be known. A daemon that does not answer is a fact, too.
pub(crate) async fn collect(terminal: &Terminal) -> Result<Facts, Failure> {
    let missed = Missed::default();
    let sshd = sshd::collect(terminal, &missed);
    let of_sshd = sshd.iter().flat_map(SshdFacts::pam_services);
    let of_sshd = of_sshd.map(str::to_owned).collect();
    let sudo_rules = sudo::rules();
    let of_sudo = sudo_rules.iter().flatten();
    let of_sudo = of_sudo.flat_map(|rules| sudo_services(rules)).collect();
    let mut facts = Facts {
        pam: pam::collect(of_sshd, of_sudo, &missed),
        sshd,
        login: missed.in_time("/usr/bin/login", login::collect).flatten(),
        ..Facts::default()
    };
    let rules = sudo_rules.iter().flatten().next();
    let named = named::of(&facts, rules.map(String::as_str), &missed);
    let (host, on_disk) = host::collect(&missed, named);
    let mut host = HostFacts { sudo_rules, ..host };
    if facts.pam.as_ref().is_some_and(has_google_authenticator) {
        let found = moving::users(&missed);
        host.old_module_is_whole = found.as_ref().is_some_and(|found| found.are_all);
        host.only_old_module = found.map(|found| found.users);
    }
    let oath = facts.pam.as_ref().and_then(oath_files);
    host.only_oath = oath.and_then(|files| moving::users_of_oath(files, &missed));
    let mut by_key = key_accounts::of_host(&facts.sshd, &missed);
    match connect(terminal).await {
        Ok((mut daemon, Ok(known))) => {
            host.fleet = fleet::collect(on_disk, Some(&known), &missed);
            if let Some(facts) = &mut host.fleet {
                fleet::ask(&mut daemon, facts, &missed).await?;
            }
            if known.fleet_role.as_deref() == Some(MEMBER) {
                // The accounts of its users are those of the verifiers.
                by_key = None;
            }
            let policy = asked::collect(&mut daemon, terminal, known, &mut host, &missed).await?;
            if let Some(accounts) = &mut by_key {
                key_accounts::ask(&mut daemon, terminal, &policy, accounts, &missed).await?;
            }
            facts.policy = Some(policy);
        }
        Ok((_, Err(problem))) => facts.daemon = Some(problem),
        Err(Failure::NoBus | Failure::NoDaemon) => facts.daemon = Some(DaemonProblem::Down),
        // Root may do everything, except where the bus says no.
        Err(Failure::NotAllowed(_)) => facts.daemon = Some(DaemonProblem::Denied),
        Err(Failure::NoAnswer) => facts.daemon = Some(DaemonProblem::Silent),
        Err(Failure::OtherVersion(_)) => facts.daemon = Some(DaemonProblem::OtherVersion),
        // It serves logins, and could not answer this call: its name service fails, or it has too many calls.
        Err(Failure::Refused(why)) => missed.note(messages::policy_not_told(&why)),
        Err(other) => return Err(other),
    }
    if facts.policy.is_none() {
        // By the files alone.
        host.fleet = fleet::collect(on_disk, None, &missed);
    }
    let runs = !matches!(
        facts.daemon,
        Some(DaemonProblem::Down | DaemonProblem::Silent | DaemonProblem::Denied)
    );
    host.accounts.by_key = by_key;
    host.socket = missed.in_time(LOGIN_SOCKET, move |_| socket::collect(runs));
    host.not_examined = missed.reasons();
    facts.host = Some(host);
    Ok(facts)
}

/// A daemon, and what it knows of its policy, unless it refuses every login.
type Connected = (Daemon, Result<DaemonFacts, DaemonProblem>);

async fn connect(terminal: &Terminal) -> Result<Connected, Failure> {
    let mut daemon = Daemon::connect_quietly(terminal).await?;
    let facts = match daemon.refusal() {
        Some(why) => Err(DaemonProblem::Refuses(why.to_owned())),
        None => Ok(daemon.facts().await?),
    };
    Ok((daemon, facts))
}
