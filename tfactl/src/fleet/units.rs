//! The units of the fleet, and whether this host has reached a verifier.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::User;
use tfa_client::{Failure, Interrupt};
use tfa_fleet_wire::{CALL_SOCKET, Client, LinkError, Reply, Request, Status};
use tokio::time::sleep;

use crate::messages;

/// How long to wait for a connection to a verifier.
const CONNECT_TIME: Duration = Duration::from_secs(20);
const CALL_TIME: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(200);

/// Whether systemd runs here. Without it there are no units.
pub(super) fn has_systemd() -> bool {
    Path::new("/run/systemd/system").exists()
}

/// Runs systemctl(1) with these arguments.
pub(super) fn systemctl(arguments: &[&str]) -> Result<(), Failure> {
    let what = format!("systemctl {}", arguments.join(" "));
    let failed = |why: &dyn std::fmt::Display| Failure::Refused(messages::unit_failed(&what, why));
    let output = Command::new("/usr/bin/systemctl")
        .args(["--no-ask-password", "--quiet"])
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        // Ctrl-C is for this command, which then takes back what it has done.
        .process_group(0)
        .output()
        .map_err(|error| failed(&error))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let errors = String::from_utf8_lossy(&output.stderr);
            Err(failed(&errors.lines().next().unwrap_or("it says nothing")))
        }
    }
}

/// Stops tfa-fleet, also for the next boot.
pub(super) fn stop_fleet() {
    let _ = systemctl(&["disable", "--now", FLEET]);
}

const FLEET: &str = "tfa-fleet.service";

/// What the unit of tfa-fleet was before a command.
#[derive(Debug)]
pub(super) struct FleetUnit {
    was_enabled: bool,
    was_active: bool,
    is_touched: bool,
}

impl FleetUnit {
    pub(super) fn before() -> Self {
        Self {
            was_enabled: systemctl(&["is-enabled", FLEET]).is_ok(),
            was_active: systemctl(&["is-active", FLEET]).is_ok(),
            is_touched: false,
        }
    }

    /// Starts it with the configuration of now, also at the next boot.
    pub(super) fn restart(&mut self) -> Result<(), Failure> {
        self.is_touched = true;
        systemctl(&["enable", FLEET])?;
        systemctl(&["restart", FLEET])
    }

    /// Makes the unit what it was, if this command has started it.
    pub(super) fn restore(&self) {
        if !self.is_touched {
            return;
        }
        if !self.was_enabled {
            let _ = systemctl(&["disable", FLEET]);
        }
        let verb = if self.was_active { "restart" } else { "stop" };
        let _ = systemctl(&[verb, FLEET]);
    }
}

/// Waits until tfa-fleet has a connection to a verifier.
pub(super) async fn wait_for_verifier(interrupt: &mut Interrupt) -> Result<(), Failure> {
    let links = |status: Status| {
        let verifiers = status.verifiers.into_iter();
        verifiers.map(|one| (one.is_connected, one.error)).collect()
    };
    wait(interrupt, links, messages::not_connected).await
}

/// Waits until tfa-fleet has a connection to etcd.
pub(super) async fn wait_for_etcd(interrupt: &mut Interrupt) -> Result<(), Failure> {
    let links = |status: Status| {
        let endpoints = status.etcd.into_iter();
        endpoints.map(|one| (one.is_connected, one.error)).collect()
    };
    wait(interrupt, links, messages::etcd_not_connected).await
}

/// Connections of one kind: whether each is open, else why not.
type Links = Vec<(bool, Option<LinkError>)>;

/// Waits for a connection of that kind. The error says why there is none.
async fn wait(
    interrupt: &mut Interrupt,
    links: impl Fn(Status) -> Links,
    text: fn(&str) -> String,
) -> Result<(), Failure> {
    let until = Instant::now() + CONNECT_TIME;
    let mut why = messages::CANNOT_TELL_WHY.to_owned();
    while Instant::now() < until {
        match connection(&links) {
            Ok(()) => return Ok(()),
            Err(Some(told)) => why = told,
            Err(None) => {}
        }
        if interrupt.during(sleep(PAUSE)).await.is_none() {
            let text = messages::JOINING_INTERRUPTED.to_owned();
            return Err(Failure::Cancelled(text));
        }
    }
    Err(Failure::Refused(text(&why)))
}

/// Whether there is a connection; else why not, as far as it is known.
fn connection(links: &impl Fn(Status) -> Links) -> Result<(), Option<String>> {
    let user = User::from_name("tfa-fleet").ok().flatten().ok_or(None)?;
    let client = Client::new(CALL_SOCKET, user.uid.as_raw());
    match client.call(&Request::Status, CALL_TIME) {
        Ok(Reply::Status(status)) => {
            let links = links(status);
            if links.iter().any(|(is_connected, _)| *is_connected) {
                return Ok(());
            }
            let mut errors = links.into_iter().filter_map(|(_, error)| error);
            Err(errors.next().map(|error| error.text))
        }
        Ok(_) | Err(_) => Err(None),
    }
}
