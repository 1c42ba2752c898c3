//! `tfactl fleet join-verifier`: makes this host a further verifier of a fleet.
//!
//! The daemon's program reads the file, and gives this host the sealing key and the mark of the store. What can
//! fail is tried before the token is used, and all is taken back after an error.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tfa_client::{Failure, Terminal};
use zeroize::Zeroizing;

use super::etcd::{EtcdTable, put_role, serves};
use super::files::{FLEET_CONFIG, Written};
use super::{program, units};
use crate::args::JoinVerifierArgs;
use crate::daemon::Daemon;
use crate::task::{self, Outcome, Results};
use crate::{messages, passphrase};

pub(crate) async fn run(args: JoinVerifierArgs) -> Result<(), Failure> {
    task::require_root()?;
    let JoinVerifierArgs {
        file,
        passphrase_file,
    } = args;
    if !units::has_systemd() {
        return Err(Failure::Refused(messages::ETCD_NEEDS_SYSTEMD.to_owned()));
    }
    let mut terminal = Terminal::new();
    let mut daemon = Daemon::connect_quietly(&terminal).await?;
    let role = daemon.facts().await?.fleet_role;
    if role.as_deref() == Some("member") {
        return Err(Failure::Refused(messages::MEMBER_IS_NO_VERIFIER.to_owned()));
    }
    let passphrase = match passphrase_file {
        Some(file) => passphrase::read(&file)?,
        None if terminal.is_interactive() => {
            let prompt = messages::ASK_PASSPHRASE_OF_FILE;
            passphrase::ask(daemon.interrupt(), &mut terminal, prompt).await?
        }
        None => {
            let text = messages::PASSPHRASE_NEEDS_FILE.to_owned();
            return Err(Failure::Refused(text));
        }
    };
    let mut joining = Joining {
        terminal,
        daemon,
        file,
        passphrase,
        written: Written::default(),
        key_before: None,
    };
    let told = joining.task("read-invitation", &[]).await?;
    if told.get("state") == "complete" && role.is_some() {
        return Err(Failure::Refused(messages::IS_VERIFIER_ALREADY.to_owned()));
    }
    joining.terminal.note(messages::JOINING);
    match joining.join(&told).await {
        Ok(()) => {
            joining.written.settle();
            let joined = messages::joined_as_verifier(told.get("host"));
            Ok(joining.terminal.print(&joined)?)
        }
        Err(failure) => {
            joining.take_back().await;
            Err(failure)
        }
    }
}

struct Joining {
    terminal: Terminal,
    daemon: Daemon,
    file: PathBuf,
    passphrase: Zeroizing<String>,
    written: Written,
    /// What the key file was before, after this host was given the store.
    key_before: Option<String>,
}

impl Joining {
    /// Has the daemon's program do a task with the file.
    async fn task(&mut self, name: &str, more: &[&str]) -> Result<Results, Failure> {
        let mut words = vec![
            OsStr::new(name),
            OsStr::new("--file"),
            self.file.as_os_str(),
        ];
        words.extend(more.iter().map(OsStr::new));
        let interrupt = self.daemon.interrupt();
        match task::run(interrupt, &self.terminal, &words, Some(&self.passphrase)).await? {
            Outcome::Done(results) => Ok(results),
            Outcome::NeedsPassphrase(why) => Err(Failure::Refused(why)),
        }
    }

    async fn join(&mut self, told: &Results) -> Result<(), Failure> {
        let port = told.number("port");
        let port = u16::try_from(port).unwrap_or_default();
        let unusable = || Failure::Refused(messages::FILE_UNUSABLE.to_owned());
        let config = table(told).config(port).ok_or_else(unusable)?;
        self.written.put_new(Path::new(FLEET_CONFIG), &config)?;
        units::systemctl(&["enable", "tfa-fleet.service"])?;
        units::systemctl(&["restart", "tfa-fleet.service"])?;
        units::wait_for_etcd()?;
        // The etcd and the state of this host, before the token is used.
        self.task("read-invitation", &["--reach"]).await?;
        program::run("--join", told.get("token"))?;
        let adopted = self.task("adopt-store", &[]).await?;
        // What an interrupted command has left is not taken back.
        if told.get("state") == "free" {
            self.key_before = Some(adopted.get("key-before").to_owned());
        }
        // With the mark and without these lines, tfad lets no user in. It does not run.
        put_role(&mut self.written)?;
        // It listens now.
        units::systemctl(&["restart", "tfa-fleet.service"])?;
        units::wait_for_etcd()?;
        units::systemctl(&["restart", "tfad.service"])?;
        serves(&self.terminal).await
    }

    /// Makes this host what it was before. The certificate stays, and is of no use without the rest.
    async fn take_back(&mut self) {
        if let Some(before) = self.key_before.take() {
            let words = ["undo-adoption", "--key-before", &before].map(OsStr::new);
            let interrupt = self.daemon.interrupt();
            if let Err(why) = task::run(interrupt, &self.terminal, &words, None).await {
                // With the store, the host needs the lines.
                let why = match why {
                    Failure::Refused(why) | Failure::Cancelled(why) => why,
                    _ => messages::WHY_UNKNOWN.to_owned(),
                };
                self.terminal.error(&messages::not_taken_back(&why));
                std::mem::take(&mut self.written).settle();
                let _ = units::systemctl(&["restart", "tfad.service"]);
                return;
            }
        }
        std::mem::take(&mut self.written).take_back();
        units::stop_fleet();
        let _ = units::systemctl(&["restart", "tfad.service"]);
    }
}

/// Where etcd is, as the file says.
fn table(told: &Results) -> EtcdTable {
    let endpoints = told.all("endpoint").map(str::to_owned).collect();
    let values = ["prefix", "ca", "certificate", "key"].map(|name| (name, told.get(name)));
    let values = values.into_iter().filter(|(_, value)| !value.is_empty());
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    EtcdTable {
        endpoints,
        values: values.collect(),
    }
}
