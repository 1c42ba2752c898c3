//! Where the accounts of a verifier are: the lines of the configuration, and the first connection.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use tfa_client::{Failure, Terminal};

use super::files::{FLEET_CONFIG, ROLE_DROP_IN, Written, fleet_lines, role_lines};
use super::program;
use super::units::{self, FleetUnit};
use crate::daemon::Daemon;
use crate::messages;
use crate::task::{self, Outcome};

/// tfad notes here that the accounts of this host are in etcd, and in which store.
const MARKER: &str = "/var/lib/tfa/etcd.id";

/// The files for connections with etcd, if no others are named.
const FILES: [(&str, &str); 3] = [
    ("ca", "/etc/tfa/etcd/ca.pem"),
    ("certificate", "/etc/tfa/etcd/host.pem"),
    ("key", "/etc/tfa/etcd/key.pem"),
];

/// The drop-in that tells tfad where the accounts are, which `tfactl store migrate` replaces.
pub(super) const STORE_DROP_IN: &str = "/etc/tfa/tfad.toml.d/store.toml";
const IN_ETCD: &str = "# Written by tfactl.\n[store]\nkind = \"etcd\"\n";

/// The table `[etcd]` of tfa-fleet.toml.
#[derive(Debug, Default)]
pub(super) struct EtcdTable {
    pub(super) endpoints: Vec<String>,
    /// Further keys with their values.
    pub(super) values: Vec<(String, String)>,
}

impl EtcdTable {
    /// The table for these members of etcd.
    pub(super) fn of(endpoints: Vec<String>) -> Self {
        let has_tls = endpoints.iter().any(|url| !url.starts_with("http:"));
        let files = FILES.iter().filter(|_| has_tls);
        let values = files.map(|(key, path)| ((*key).to_owned(), (*path).to_owned()));
        Self {
            values: values.collect(),
            endpoints,
        }
    }

    /// The configuration of tfa-fleet on a verifier, with this table. `None` if a value cannot be written.
    pub(super) fn config(&self, port: u16) -> Option<String> {
        let quoted = |value: &str| is_plain(value).then(|| format!("\"{value}\""));
        let endpoints = self.endpoints.iter().map(|url| quoted(url));
        let endpoints: Option<Vec<String>> = endpoints.collect();
        let mut lines = format!(
            "listen = [\"[::]:{port}\"]\n[etcd]\nendpoints = [{}]",
            endpoints?.join(", ")
        );
        for (key, value) in &self.values {
            lines.push_str(&format!("\n{key} = {}", quoted(value)?));
        }
        Some(fleet_lines(&lines))
    }
}

/// Whether a value needs no escapes in TOML.
fn is_plain(value: &str) -> bool {
    value
        .chars()
        .all(|c| c.is_ascii_graphic() && c != '"' && c != '\\')
}

/// Writes the role of a verifier, and where its accounts are.
pub(super) fn put_role(written: &mut Written) -> Result<(), Failure> {
    written.put_new(Path::new(STORE_DROP_IN), IN_ETCD)?;
    written.put_new(Path::new(ROLE_DROP_IN), &role_lines("verifier"))
}

/// Fails if [`put_role`] would.
pub(super) fn check_role() -> Result<(), Failure> {
    let files = [
        (STORE_DROP_IN, IN_ETCD.to_owned()),
        (ROLE_DROP_IN, role_lines("verifier")),
    ];
    let mut files = files.iter();
    files.try_for_each(|(path, text)| Written::check_new(Path::new(path), text))
}

/// Leaves the store in etcd with this host, and the lines that it needs, where it could not be taken back: without them
/// tfad would refuse each login.
pub(super) fn keep_store(terminal: &Terminal, written: Written, why: Failure) {
    let why = match why {
        Failure::Refused(why) | Failure::Cancelled(why) => why,
        _ => messages::WHY_UNKNOWN.to_owned(),
    };
    terminal.error(&messages::not_taken_back(&why));
    let mut role = Written::default();
    let put = put_role(&mut role);
    role.settle();
    written.settle();
    if put.is_ok() {
        let _ = units::systemctl(&["restart", "tfad.service"]);
    }
}

/// Whether tfad of this host has opened a store in etcd.
pub(super) fn is_used() -> bool {
    Path::new(MARKER).symlink_metadata().is_ok()
}

/// Whether the files of this host show that its accounts are in etcd, as far as this user can read them.
pub(crate) fn is_verifier_with_others() -> bool {
    is_used() || fs::read_to_string(STORE_DROP_IN).is_ok_and(|text| text == IN_ETCD)
}

/// Has tfad keep the accounts of this host, which has none, in etcd. Nothing is left after an error.
pub(super) async fn put_accounts(
    terminal: &Terminal,
    daemon: &mut Daemon,
    config: &str,
) -> Result<(), Failure> {
    if is_used() {
        return Ok(());
    }
    if !units::has_systemd() {
        return Err(Failure::Refused(messages::ETCD_NEEDS_SYSTEMD.to_owned()));
    }
    let (names, _) = daemon.record_names_after("").await?;
    if !names.is_empty() {
        return Err(Failure::Refused(messages::ACCOUNTS_TO_MIGRATE.to_owned()));
    }
    // tfad would not start in etcd without them.
    if !daemon.hosts().await?.is_empty() {
        return Err(Failure::Refused(messages::HOSTS_TO_MIGRATE.to_owned()));
    }
    let (mut written, mut role) = (Written::default(), Written::default());
    let mut unit = FleetUnit::before();
    let put = written.put_new(Path::new(FLEET_CONFIG), config);
    let connected = match put {
        Ok(()) => connect(terminal, daemon, &mut role, &mut unit).await,
        Err(failure) => Err(failure),
    };
    match connected {
        Ok(()) => {
            written.settle();
            role.settle();
            Ok(())
        }
        // A user may have enrolled in the store that this host has made.
        Err(failure) if is_used() && !is_of_others(terminal, daemon).await => {
            written.settle();
            role.settle();
            terminal.error(messages::INIT_AGAIN);
            Err(failure)
        }
        Err(failure) => {
            // The lines first: a daemon that is started meanwhile then refuses, and opens no store.
            role.take_back();
            if is_used() {
                // This host has no accounts, and keeps its key.
                let words = ["undo-adoption", "--key-before", "same"].map(OsStr::new);
                if let Err(why) = task::run(daemon.interrupt(), terminal, &words, None).await {
                    keep_store(terminal, written, why);
                    return Err(failure);
                }
            }
            written.take_back();
            unit.restore();
            let _ = units::systemctl(&["restart", "tfad.service"]);
            Err(failure)
        }
    }
}

async fn connect(
    terminal: &Terminal,
    daemon: &mut Daemon,
    role: &mut Written,
    unit: &mut FleetUnit,
) -> Result<(), Failure> {
    program::check(daemon.interrupt()).await?;
    unit.restart()?;
    terminal.note(messages::WAITING_FOR_ETCD);
    units::wait_for_etcd(daemon.interrupt()).await?;
    refuse_store_of_others(terminal, daemon).await?;
    put_role(role)?;
    units::systemctl(&["restart", "tfad.service"])?;
    Daemon::serves_now(terminal).await?;
    // Another host may have made a store in the same moment.
    refuse_store_of_others(terminal, daemon).await
}

/// Another verifier has made a store: this host needs its key.
async fn refuse_store_of_others(terminal: &Terminal, daemon: &mut Daemon) -> Result<(), Failure> {
    let words = [OsStr::new("look-into-etcd")];
    match task::run(daemon.interrupt(), terminal, &words, None).await? {
        Outcome::Done(found) if found.get("store") != "other" => Ok(()),
        _ => Err(Failure::Refused(messages::ETCD_HAS_A_STORE.to_owned())),
    }
}

/// Whether etcd certainly has a store whose key this host does not have.
async fn is_of_others(terminal: &Terminal, daemon: &mut Daemon) -> bool {
    let words = [OsStr::new("look-into-etcd")];
    let found = task::run(daemon.interrupt(), terminal, &words, None).await;
    matches!(found, Ok(Outcome::Done(found)) if found.get("store") == "other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etcd_with_tls_gets_files_of_its_own_and_no_value_leaves_its_quotes() {
        let url = |text: &str| vec![text.to_owned()];
        let config = EtcdTable::of(url("https://192.0.2.1:2379")).config(7443);
        assert_eq!(
            config.unwrap(),
            "# Written by tfactl.\nlisten = [\"[::]:7443\"]\n[etcd]\n\
             endpoints = [\"https://192.0.2.1:2379\"]\nca = \"/etc/tfa/etcd/ca.pem\"\n\
             certificate = \"/etc/tfa/etcd/host.pem\"\nkey = \"/etc/tfa/etcd/key.pem\"\n"
        );
        let local = EtcdTable::of(url("http://127.0.0.1:2379")).config(7443);
        assert!(!local.unwrap().contains("ca ="));
        for text in ["a\"b", "a\\b", "a\nb", "\u{e9}"] {
            assert_eq!(EtcdTable::of(url(text)).config(7443), None);
        }
    }
}
