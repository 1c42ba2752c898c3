//! `tfactl fleet join-verifier`: makes this host a further verifier of a fleet.
//!
//! The daemon's program reads the file, and gives this host the sealing key. What can fail is tried before the token is
//! used, and all is taken back after an error.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tfa_client::{Failure, Terminal};
use zeroize::Zeroizing;

use super::etcd::{EtcdTable, check_role, keep_store, put_role};
use super::exclusive::Exclusive;
use super::files::{FLEET_CONFIG, Written};
use super::preconditions::confirm_name;
use super::program;
use super::units::{self, FleetUnit};
use crate::args::JoinVerifierArgs;
use crate::daemon::Daemon;
use crate::task::{self, Outcome, Results};
use crate::{messages, passphrase};

pub(crate) async fn run(args: JoinVerifierArgs) -> Result<(), Failure> {
    task::require_root()?;
    let _exclusive = Exclusive::take()?;
    let JoinVerifierArgs {
        file,
        passphrase_file,
    } = args;
    if !units::has_systemd() {
        return Err(Failure::Refused(messages::ETCD_NEEDS_SYSTEMD.to_owned()));
    }
    // Before a question that leads to nothing.
    let file = file
        .canonicalize()
        .map_err(|error| Failure::Refused(messages::not_read(&file, &error)))?;
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
        role: Written::default(),
        key_before: None,
        unit: FleetUnit::before(),
        joined: None,
    };
    let told = joining.task("read-invitation", &[]).await?;
    match (told.get("state"), role) {
        ("complete", Some(_)) => {
            return Err(Failure::Refused(messages::IS_VERIFIER_ALREADY.to_owned()));
        }
        // Of another fleet: with certificates of the organisation, or with a database.
        ("free", Some(_)) => {
            return Err(Failure::Refused(messages::IS_VERIFIER_ELSEWHERE.to_owned()));
        }
        _ => {}
    }
    let (terminal, interrupt) = (&mut joining.terminal, joining.daemon.interrupt());
    confirm_name(terminal, interrupt, told.get("host"), false).await?;
    joining.terminal.note(&messages::joining(told.get("host")));
    match joining.join(&told).await {
        Ok(()) => {
            joining.written.settle();
            joining.role.settle();
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
    /// The configuration of tfa-fleet.
    written: Written,
    /// The role, and where the accounts are.
    role: Written,
    /// What the key file was before, after this host was given the sealing key.
    key_before: Option<String>,
    unit: FleetUnit,
    /// The name of this host in the fleet, after it has joined.
    joined: Option<String>,
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
        check_role()?;
        program::check(self.daemon.interrupt()).await?;
        self.unit.restart()?;
        self.terminal.note(messages::WAITING_FOR_ETCD);
        units::wait_for_etcd(self.daemon.interrupt()).await?;
        // The etcd and the state of this host, before the token is used.
        self.task("read-invitation", &["--reach"]).await?;
        program::join(self.daemon.interrupt(), told.get("token")).await?;
        self.joined = Some(told.get("host").to_owned());
        let adopted = self.task("adopt-store", &[]).await?;
        // What an interrupted command has left is not taken back.
        if told.get("state") == "free" {
            self.key_before = Some(adopted.get("key-before").to_owned());
        }
        // At once: until then, a daemon that a login starts has the empty database.
        put_role(&mut self.role)?;
        units::systemctl(&["restart", "tfad.service"])?;
        Daemon::serves_now(&self.terminal).await?;
        if self.task("read-invitation", &[]).await?.get("state") != "complete" {
            return Err(Failure::Refused(messages::OTHER_STORE_OPENED.to_owned()));
        }
        // It listens now.
        self.unit.restart()?;
        units::wait_for_etcd(self.daemon.interrupt()).await
    }

    /// Makes this host what it was before. The certificate stays.
    async fn take_back(&mut self) {
        // The lines first: a daemon that is started meanwhile then refuses, and opens no store in etcd.
        std::mem::take(&mut self.role).take_back();
        if let Some(before) = self.key_before.take() {
            let words = ["undo-adoption", "--key-before", &before].map(OsStr::new);
            let interrupt = self.daemon.interrupt();
            if let Err(why) = task::run(interrupt, &self.terminal, &words, None).await {
                keep_store(&self.terminal, std::mem::take(&mut self.written), why);
                return;
            }
        }
        std::mem::take(&mut self.written).take_back();
        self.unit.restore();
        let _ = units::systemctl(&["restart", "tfad.service"]);
        if let Some(host) = &self.joined {
            self.terminal.error(&messages::still_certified(host));
        }
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
