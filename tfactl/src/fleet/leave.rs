//! `tfactl fleet leave`: takes this host out of its fleet.
//!
//! The role goes first: a daemon that is started meanwhile refuses logins, and asks neither the fleet nor an empty
//! store. The daemon's program then removes what shows that this host was in the fleet, and the certificate goes last.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use tfa_client::{Failure, LineRead, Terminal};
use tfa_proto::{FleetHost, FleetHostState};

use super::etcd::STORE_DROP_IN;
use super::exclusive::Exclusive;
use super::files::{FLEET_CONFIG, ROLE_DROP_IN, Written, is_from_tfactl, role_lines};
use super::{program, units};
use crate::daemon::Daemon;
use crate::messages;
use crate::task::{self, Outcome, Results};

/// Where tfa-fleet keeps the key and the certificate of this host.
const FLEET_STATE: &str = "/var/lib/tfa-fleet";
/// The sealing key of a fleet that a verifier has left.
const KEPT_KEY: &str = "/var/lib/tfa/key.left-fleet";

/// What this host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Member,
    Verifier,
    /// In no fleet, with files that an interrupted command has left.
    Rest,
}

pub(crate) async fn run(yes: bool) -> Result<(), Failure> {
    task::require_root()?;
    let _exclusive = Exclusive::take()?;
    if !units::has_systemd() {
        return Err(Failure::Refused(messages::LEAVING_NEEDS_SYSTEMD.to_owned()));
    }
    let mut terminal = Terminal::new();
    let mut daemon = Daemon::connect_quietly(&terminal).await?;
    let told = ask(&terminal, &mut daemon, "look-at-leaving").await?;
    let kind = kind(&told).map_err(|why| Failure::Refused(why.to_owned()))?;
    let host = program::certified_name(daemon.interrupt()).await;
    // The daemon of an interrupted command does not serve. It was asked before.
    let is_asked = told.get("store") == "in-use" && told.get("interrupted").is_empty();
    if kind == Kind::Verifier && is_asked {
        let hosts = daemon.hosts().await?;
        if !another_stays(&hosts, host.as_deref()) {
            return Err(Failure::Refused(messages::IS_LAST_VERIFIER.to_owned()));
        }
    }
    check_files()?;
    confirm(&mut terminal, &mut daemon, kind, &told, yes).await?;
    let done = leave(&terminal, &mut daemon).await?;
    // An interrupted command may have put it aside, and has not told so.
    let kept = match done.get("key") {
        "" if Path::new(KEPT_KEY).exists() => KEPT_KEY,
        key => key,
    };
    if !kept.is_empty() {
        terminal.print(&messages::sealing_key_kept(kept))?;
    }
    let rest = remove_rest(&terminal);
    rest.inspect_err(|_| terminal.error(messages::LEAVE_AGAIN))?;
    terminal.print(messages::LEFT)?;
    if let Some(host) = host {
        terminal.print(&messages::still_in_the_list(&host))?;
    }
    if kind == Kind::Verifier {
        terminal.print(messages::STILL_A_NODE)?;
    }
    Daemon::serves_now(&terminal).await
}

async fn ask(terminal: &Terminal, daemon: &mut Daemon, task: &str) -> Result<Results, Failure> {
    match task::run(daemon.interrupt(), terminal, &[OsStr::new(task)], None).await? {
        Outcome::Done(results) => Ok(results),
        Outcome::NeedsPassphrase(why) => Err(Failure::Refused(why)),
    }
}

fn kind(told: &Results) -> Result<Kind, &'static str> {
    match told.get("kind") {
        "member" => Ok(Kind::Member),
        "verifier" => Ok(Kind::Verifier),
        "database" => Err(messages::HAS_THE_ACCOUNTS),
        _ => {
            let left = [FLEET_CONFIG, ROLE_DROP_IN].map(Path::new).into_iter();
            let mut left = left.map(|path| path.symlink_metadata().is_ok());
            let has_certificate =
                fs::read_dir(FLEET_STATE).is_ok_and(|mut files| files.next().is_some());
            match has_certificate || left.any(|is_there| is_there) {
                true => Ok(Kind::Rest),
                false => Err(messages::IN_NO_FLEET),
            }
        }
    }
}

/// Whether a verifier other than this host has a certificate.
fn another_stays(hosts: &[FleetHost], own: Option<&str>) -> bool {
    let verifiers = hosts.iter().filter(|host| {
        let is_joined = host.state.known() == Some(FleetHostState::Joined);
        is_joined && host.port.is_some() && own != Some(host.name.as_str())
    });
    // Without a name of its own, this host may be one of them.
    verifiers.count() > usize::from(own.is_none())
}

/// Refuses lines of the configuration that would be lost.
fn check_files() -> Result<(), Failure> {
    let role = ["member", "verifier"].map(role_lines);
    for path in [ROLE_DROP_IN, STORE_DROP_IN].map(Path::new) {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            text => text.unwrap_or_default(),
        };
        let is_own = match path == Path::new(ROLE_DROP_IN) {
            true => role.contains(&text),
            false => names_the_kind_alone(&text),
        };
        if !is_own {
            return Err(Failure::Refused(messages::changed_by_hand(path)));
        }
    }
    Ok(())
}

/// Whether a drop-in has the kind of the store, comments, and nothing else.
fn names_the_kind_alone(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let kinds = ["[store] kind = \"etcd\"", "[store] kind = \"sqlite\""];
    kinds.contains(&lines.collect::<Vec<_>>().join(" ").as_str())
}

async fn confirm(
    terminal: &mut Terminal,
    daemon: &mut Daemon,
    kind: Kind,
    told: &Results,
    yes: bool,
) -> Result<(), Failure> {
    terminal.print(&match kind {
        Kind::Rest => messages::LEAVING_THE_REST.to_owned(),
        _ => messages::leaving(
            kind == Kind::Verifier,
            told.get("mode"),
            told.number("rules") > 0,
        ),
    })?;
    if yes {
        return Ok(());
    }
    if !terminal.is_interactive() {
        return Err(Failure::Refused(messages::LEAVING_NEEDS_YES.to_owned()));
    }
    let answer = terminal.ask(daemon.interrupt(), messages::ASK_TO_LEAVE);
    match answer.await? {
        LineRead::Line(line) if messages::is_yes(&line) => Ok(()),
        _ => Err(Failure::Cancelled(messages::NOT_LEFT.to_owned())),
    }
}

/// Takes the role out of the configuration, and has the daemon's program do its part. After an error the role is there
/// again.
async fn leave(terminal: &Terminal, daemon: &mut Daemon) -> Result<Results, Failure> {
    let mut drop_ins = Written::default();
    let removed = [ROLE_DROP_IN, STORE_DROP_IN]
        .map(Path::new)
        .into_iter()
        .try_for_each(|path| drop_ins.remove(path));
    let done = match removed {
        Ok(()) => ask(terminal, daemon, "leave-fleet").await,
        Err(error) => Err(Failure::Refused(messages::not_written(
            Path::new(ROLE_DROP_IN),
            &error,
        ))),
    };
    if done.is_ok() {
        drop_ins.settle();
    } else {
        drop_ins.take_back();
        let _ = units::systemctl(&["restart", "tfad.service"]);
    }
    done
}

/// Removes what is left of the fleet on this host, and starts the daemon.
fn remove_rest(terminal: &Terminal) -> Result<(), Failure> {
    units::systemctl(&["restart", "tfad.service"])?;
    units::systemctl(&["disable", "--now", "tfa-fleet.service"])?;
    let config = Path::new(FLEET_CONFIG);
    let failed = |path: &Path, error| Failure::Refused(messages::not_written(path, &error));
    if is_from_tfactl(config) {
        fs::remove_file(config).map_err(|error| failed(config, error))?;
    } else if config.symlink_metadata().is_ok() {
        let aside = config.with_extension("toml.left");
        fs::rename(config, &aside).map_err(|error| failed(config, error))?;
        terminal.print(&messages::config_kept(config, &aside))?;
    }
    let state = Path::new(FLEET_STATE);
    match fs::remove_dir_all(state) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(state, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, port: Option<u16>, state: FleetHostState) -> FleetHost {
        FleetHost {
            name: name.to_owned(),
            state: state.into(),
            port,
            joined: Some(1),
            until: Some(2),
            removed: None,
        }
    }

    #[test]
    fn only_another_verifier_that_has_joined_stays() {
        let own = host("v1", Some(7443), FleetHostState::Joined);
        let member = host("web1", None, FleetHostState::Joined);
        let invited = host("v2", Some(7443), FleetHostState::Invited);
        let removed = host("v3", Some(7443), FleetHostState::Removed);
        let mut hosts = vec![own, member, invited, removed];
        assert!(!another_stays(&hosts, Some("v1")));
        assert!(!another_stays(&hosts, None));
        hosts.push(host("v4", Some(7443), FleetHostState::Joined));
        assert!(another_stays(&hosts, Some("v1")));
        assert!(another_stays(&hosts, None));
    }

    #[test]
    fn drop_in_with_further_lines_is_not_removed() {
        for own in [
            "# Written by tfactl.\n[store]\nkind = \"etcd\"\n",
            "# Written by tfactl store migrate.\n[store]\nkind = \"sqlite\"\n",
        ] {
            assert!(names_the_kind_alone(own), "{own}");
        }
        for other in ["", "[store]\nkind = \"etcd\"\n[policy]\nmode = \"off\"\n"] {
            assert!(!names_the_kind_alone(other), "{other}");
        }
    }
}
