//! The units of the fleet, and whether this host has reached a verifier.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::unistd::User;
use tfa_client::Failure;
use tfa_fleet_wire::{CALL_SOCKET, Client, Reply, Request};

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

/// Waits until tfa-fleet has a connection to a verifier.
pub(super) fn wait_for_verifier() -> Result<(), Failure> {
    let until = Instant::now() + CONNECT_TIME;
    let mut why = messages::CANNOT_TELL_WHY.to_owned();
    while Instant::now() < until {
        match connection() {
            Ok(()) => return Ok(()),
            Err(Some(told)) => why = told,
            Err(None) => {}
        }
        sleep(PAUSE);
    }
    Err(Failure::Refused(messages::not_connected(&why)))
}

/// Whether there is a connection; else why not, as far as it is known.
fn connection() -> Result<(), Option<String>> {
    let user = User::from_name("tfa-fleet").ok().flatten().ok_or(None)?;
    let client = Client::new(CALL_SOCKET, user.uid.as_raw());
    match client.call(&Request::Status, CALL_TIME) {
        Ok(Reply::Status(status)) => {
            if status.verifiers.iter().any(|one| one.is_connected) {
                return Ok(());
            }
            let mut errors = status.verifiers.into_iter().filter_map(|one| one.error);
            Err(errors.next().map(|error| error.text))
        }
        Ok(_) | Err(_) => Err(None),
    }
}
