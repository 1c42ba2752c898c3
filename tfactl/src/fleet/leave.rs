//! `tfactl fleet leave`: takes this host out of its fleet.
//!
//! The role goes first: a daemon that is started meanwhile refuses logins, and asks neither the fleet nor an empty
//! store. The daemon's program then removes what shows that this host was in the fleet, and the certificate goes last.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use tfa_client::{Failure, Terminal};
use tfa_proto::{FleetHost, FleetHostState};

use super::etcd::STORE_DROP_IN;
use super::exclusive::Exclusive;
use super::files::{FLEET_CONFIG, ROLE_DROP_IN, Written, is_from_tfactl, role_lines};
use super::program::{self, Certified, CertifiedBy};
use super::units;
use crate::confirm::confirm;
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

/// Whether another verifier has the accounts as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Another {
    Stays,
    /// No other one has a certificate.
    IsNone,
    /// One has a certificate, and it is not known whether that is this host.
    MayBeThis,
    /// The organisation makes the certificates, so the list has no hosts that have joined.
    IsNotListed,
    /// The list cannot be read, or not all of it.
    IsUnknown,
}

/// How long the list of hosts is waited for where etcd may be lost.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);

/// Leaves the fleet. With `without_etcd`, which may be lost, only the list of hosts is asked for, and need not come.
pub(crate) async fn run(yes: bool, without_etcd: bool) -> Result<(), Failure> {
    task::require_root()?;
    let _exclusive = Exclusive::take()?;
    if !units::has_systemd() {
        return Err(Failure::Refused(messages::LEAVING_NEEDS_SYSTEMD.to_owned()));
    }
    let mut terminal = Terminal::new();
    let mut daemon = Daemon::connect_quietly(&terminal).await?;
    let told = ask(&terminal, &mut daemon, "look-at-leaving", without_etcd).await?;
    let kind = kind(&told).map_err(|why| Failure::Refused(why.to_owned()))?;
    let own = program::certified(daemon.interrupt()).await;
    let another = match told.get("store") {
        "not-asked" => match tokio::time::timeout(LIST_TIMEOUT, daemon.hosts()).await {
            Ok(Ok(hosts)) => another_where_etcd_may_be_lost(&hosts, &own),
            Ok(Err(cancelled @ Failure::Cancelled(_))) => return Err(cancelled),
            Ok(Err(_)) | Err(_) => Another::IsUnknown,
        },
        // The daemon of an interrupted command does not serve. It was asked before.
        "in-use" if told.get("interrupted").is_empty() => another(&daemon.hosts().await?, &own),
        _ => Another::Stays,
    };
    let warning = match another {
        Another::Stays => None,
        Another::IsNotListed => Some(messages::MAY_BE_LAST_UNLISTED),
        Another::IsUnknown => Some(messages::MAY_BE_LAST_UNKNOWN),
        Another::IsNone => return Err(Failure::Refused(messages::IS_LAST_VERIFIER.to_owned())),
        Another::MayBeThis if without_etcd => Some(messages::MAY_BE_LAST_UNNAMED),
        Another::MayBeThis => {
            return Err(Failure::Refused(messages::MAY_BE_LAST_VERIFIER.to_owned()));
        }
    };
    check_files()?;
    tell(&terminal, kind, &told, warning)?;
    if !yes {
        confirm_leave(&mut terminal, &mut daemon).await?;
    }
    let done = leave(&terminal, &mut daemon, without_etcd).await?;
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
    if kind != Kind::Rest || own.name.is_some() {
        terminal.print(&messages::still_in_the_list(own.name.as_deref()))?;
    }
    if kind == Kind::Verifier {
        terminal.print(messages::STILL_A_NODE)?;
    }
    Daemon::serves_now(&terminal).await
}

async fn ask(
    terminal: &Terminal,
    daemon: &mut Daemon,
    task: &str,
    without_etcd: bool,
) -> Result<Results, Failure> {
    let mut words = vec![OsStr::new(task)];
    words.extend(without_etcd.then_some(OsStr::new("--without-etcd")));
    match task::run(daemon.interrupt(), terminal, &words, None).await? {
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

/// Whether the list has a verifier other than this host.
fn another(hosts: &[FleetHost], own: &Certified) -> Another {
    let joined = hosts
        .iter()
        .filter(|host| host.state.known() == Some(FleetHostState::Joined));
    let is_other = |host: &&FleetHost| own.name.as_ref() != Some(&host.name);
    let others = joined.clone().filter(|host| host.port.is_some());
    match (others.filter(is_other).count(), &own.name) {
        (0, _) => match own.by {
            Some(CertifiedBy::Organisation) if joined.count() == 0 => Another::IsNotListed,
            _ => Another::IsNone,
        },
        // Without a name of its own, this host may be the one.
        (1, None) => Another::MayBeThis,
        _ => Another::Stays,
    }
}

/// As [`another`]. A host without the sealing key reads no document, and this is its only way out of the fleet.
fn another_where_etcd_may_be_lost(hosts: &[FleetHost], own: &Certified) -> Another {
    let is_damaged = |host: &FleetHost| {
        host.state
            .known()
            .is_none_or(|state| state == FleetHostState::Damaged)
    };
    match another(hosts, own) {
        Another::IsNone if hosts.iter().any(is_damaged) => Another::IsUnknown,
        found => found,
    }
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

/// Tells what follows.
fn tell(
    terminal: &Terminal,
    kind: Kind,
    told: &Results,
    warning: Option<&str>,
) -> Result<(), Failure> {
    terminal.print(&match kind {
        Kind::Rest => messages::LEAVING_THE_REST.to_owned(),
        _ => messages::leaving(
            kind == Kind::Verifier,
            told.get("mode"),
            told.number("rules") > 0,
        ),
    })?;
    warning.map_or(Ok(()), |warning| Ok(terminal.print(warning)?))
}

async fn confirm_leave(terminal: &mut Terminal, daemon: &mut Daemon) -> Result<(), Failure> {
    if !terminal.is_interactive() {
        return Err(Failure::Refused(messages::LEAVING_NEEDS_YES.to_owned()));
    }
    let (question, otherwise) = (messages::ASK_TO_LEAVE, messages::NOT_LEFT);
    confirm(terminal, daemon.interrupt(), question, otherwise).await
}

/// Takes the role out of the configuration, and has the daemon's program do its part. After an error the role is there
/// again.
async fn leave(
    terminal: &Terminal,
    daemon: &mut Daemon,
    without_etcd: bool,
) -> Result<Results, Failure> {
    let mut drop_ins = Written::default();
    let removed = [ROLE_DROP_IN, STORE_DROP_IN]
        .map(Path::new)
        .into_iter()
        .try_for_each(|path| drop_ins.remove(path));
    let done = match removed {
        Ok(()) => ask(terminal, daemon, "leave-fleet", without_etcd).await,
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

    fn certified(name: Option<&str>, by: Option<CertifiedBy>) -> Certified {
        let name = name.map(str::to_owned);
        Certified { name, by }
    }

    #[test]
    fn only_another_verifier_that_has_joined_stays() {
        let own = host("v1", Some(7443), FleetHostState::Joined);
        let member = host("web1", None, FleetHostState::Joined);
        let invited = host("v2", Some(7443), FleetHostState::Invited);
        let removed = host("v3", Some(7443), FleetHostState::Removed);
        let mut hosts = vec![own, member, invited, removed];
        let named = certified(Some("v1"), Some(CertifiedBy::Fleet));
        let unknown = Certified::default();
        assert_eq!(another(&hosts, &named), Another::IsNone);
        assert_eq!(another(&hosts, &unknown), Another::MayBeThis);
        hosts.push(host("v4", Some(7443), FleetHostState::Joined));
        assert_eq!(another(&hosts, &named), Another::Stays);
        assert_eq!(another(&hosts, &unknown), Another::Stays);
    }

    #[test]
    fn list_that_cannot_be_read_keeps_no_host_without_etcd() {
        let own = host("v1", Some(7443), FleetHostState::Joined);
        let damaged = host("v2", None, FleetHostState::Damaged);
        let named = certified(Some("v1"), Some(CertifiedBy::Fleet));
        let lost = another_where_etcd_may_be_lost;
        assert_eq!(
            lost(std::slice::from_ref(&damaged), &named),
            Another::IsUnknown
        );
        assert_eq!(lost(std::slice::from_ref(&own), &named), Another::IsNone);
        let hosts = [own, damaged];
        assert_eq!(lost(&hosts, &named), Another::IsUnknown);
        assert_eq!(another(&hosts, &named), Another::IsNone);
    }

    #[test]
    fn list_of_an_organisation_has_removed_hosts_alone() {
        let removed = host("v3", None, FleetHostState::Removed);
        let by = Some(CertifiedBy::Organisation);
        let own = certified(Some("v1"), by);
        assert_eq!(another(&[removed], &own), Another::IsNotListed);
        assert_eq!(another(&[], &certified(None, by)), Another::IsNotListed);
        // A fleet with an authority, on a host with another certificate.
        let member = host("web1", None, FleetHostState::Joined);
        assert_eq!(another(&[member], &own), Another::IsNone);
        let this = host("v1", Some(7443), FleetHostState::Joined);
        assert_eq!(another(&[this], &own), Another::IsNone);
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
