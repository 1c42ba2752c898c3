//! `tfactl host`: invites, lists and removes the hosts of the fleet.

use serde::Serialize;
use tfa_client::{Failure, Terminal};
use tfa_fleet_core::HostName;
use tfa_proto::{FleetHost, FleetHostState};
use tfa_text::time::rfc3339;

use super::preconditions::host_name;
use super::program;
use crate::args::HostCommand;
use crate::confirm::confirm;
use crate::daemon::Daemon;
use crate::{json, messages};

#[derive(Serialize)]
struct InvitationJson<'a> {
    host: &'a str,
    token: &'a str,
    until: String,
}

#[derive(Serialize)]
struct HostJson<'a> {
    name: &'a str,
    state: &'a str,
    verifier: bool,
    joined: Option<String>,
    until: Option<String>,
    removed: Option<String>,
}

pub(crate) async fn run(command: HostCommand) -> Result<(), Failure> {
    let mut terminal = Terminal::new();
    let mut daemon = Daemon::connect(&terminal).await?;
    match command {
        HostCommand::Invite {
            name,
            length,
            verifier,
            port,
            json: as_json,
        } => {
            let port = if verifier { port } else { 0 };
            let (token, until) = daemon.invite_host(&name, length.seconds(), port).await?;
            if as_json {
                let invitation = InvitationJson {
                    host: &name,
                    token: &token,
                    until: rfc3339(until),
                };
                json::print(&terminal, &invitation)?;
            } else {
                terminal.print(&messages::host_invitation(&name, &token, until))?;
            }
        }
        HostCommand::List { json: as_json } => {
            let hosts = daemon.hosts().await?;
            if as_json {
                let hosts: Vec<HostJson<'_>> = hosts.iter().map(as_json_keys).collect();
                json::print(&terminal, &hosts)?;
            } else if hosts.is_empty() {
                terminal.print(messages::NO_HOSTS)?;
            } else {
                terminal.print(&messages::hosts(&hosts))?;
            }
        }
        HostCommand::Remove { name, yes } => {
            let hosts = daemon.hosts().await?;
            if !yes && is_unknown(&hosts, &name) {
                // With a typing error, the host that is meant would stay.
                let needs_yes = messages::unknown_host_needs_yes(&name);
                let question = messages::ask_to_refuse_unknown_host(&name);
                confirm_removal(&mut terminal, &mut daemon, needs_yes, &question).await?;
            }
            if !yes && is_own(&mut daemon, &name).await {
                let needs_yes = messages::own_host_needs_yes(&name);
                let question = messages::ask_to_remove_itself(&name);
                confirm_removal(&mut terminal, &mut daemon, needs_yes, &question).await?;
            }
            let of_name = hosts
                .iter()
                .find(|host| host.name == name && host.joined.is_some());
            let was_verifier = of_name.is_some_and(|host| host.port.is_some());
            daemon.remove_host(&name).await?;
            // The certificates of the organisation name hosts that are not known here. Who can write to etcd takes
            // others out of the list.
            let text = match hosts.iter().any(|host| host.name == name) {
                true => messages::host_removed(&name),
                false => messages::host_refused_by_name(&name),
            };
            terminal.print(&text)?;
            if was_verifier {
                terminal.print(&messages::verifier_removed(&name))?;
            }
        }
        HostCommand::Readmit { name } => {
            daemon.readmit_host(&name).await?;
            terminal.print(&messages::host_readmitted(&name))?;
        }
    }
    daemon.fail_if_not_serving()
}

/// Whether the list of a fleet with an authority of its own, which has a host that has joined, does not have the name.
/// The daemon refuses a text that is not a name of a host.
fn is_unknown(hosts: &[FleetHost], name: &str) -> bool {
    let has_joined = |host: &FleetHost| host.state == FleetHostState::Joined;
    HostName::new(name).is_ok()
        && hosts.iter().any(has_joined)
        && !hosts.iter().any(|host| host.name == name)
}

/// Whether no host of the fleet has this name. Where the list of hosts is not told, that is not known.
pub(crate) async fn is_not_in_fleet(daemon: &mut Daemon, name: &str) -> Result<bool, Failure> {
    match daemon.hosts().await {
        Ok(hosts) => Ok(is_unknown(&hosts, name)),
        Err(cancelled @ Failure::Cancelled(_)) => Err(cancelled),
        Err(_) => Ok(false),
    }
}

/// Whether the name is that of this host.
async fn is_own(daemon: &mut Daemon, name: &str) -> bool {
    match program::certified(daemon.interrupt()).await.name {
        Some(own) => own == name,
        None => host_name().is_ok_and(|own| own == name),
    }
}

/// Asks a question, or fails with a text that names --yes where there is no terminal.
async fn confirm_removal(
    terminal: &mut Terminal,
    daemon: &mut Daemon,
    needs_yes: String,
    question: &str,
) -> Result<(), Failure> {
    if !terminal.is_interactive() {
        return Err(Failure::Refused(needs_yes));
    }
    confirm(
        terminal,
        daemon.interrupt(),
        question,
        messages::NOT_REMOVED,
    )
    .await
}

fn as_json_keys(host: &FleetHost) -> HostJson<'_> {
    HostJson {
        name: &host.name,
        state: host.state.name(),
        verifier: host.port.is_some(),
        joined: host.joined.map(rfc3339),
        until: host.until.map(rfc3339),
        removed: host.removed.map(rfc3339),
    }
}
