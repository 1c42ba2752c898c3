//! What the demo tells, and what the machine knows of it.

use tfa_tests::{Machine, Phone};

/// Alice's password.
pub(crate) const PASSWORD: &str = "correct horse";
/// Her login, as she types it.
pub(crate) const LOGIN: &str = "ssh alice@localhost";

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Alice logged in with a code.
    In,
    /// She left before.
    Left,
}

pub(crate) const OPENING: &str = "\
Two-factor login, tried out.

This is a real Debian machine, thrown away at the end. It boots ...
(The first time, Debian is downloaded for it: half a minute more.)
";

pub(crate) const BOOTED: &str = "
It is up, and the package tfa is installed in it, with apt. Nobody has set up
anything yet, so a password alone logs in. There is a user, alice. Her password:

    correct horse
";

pub(crate) const LEFT: &str = "\nNobody has logged in with a code this time.";

pub(crate) const GONE: &str = "\nThe machine is gone, and all that was in it.";

/// A heading.
pub(crate) fn chapter(title: &str) {
    println!("== {title}\n");
}

/// The address that the set-up has shown last.
pub(crate) fn phone_in(transcript: &str) -> Option<Phone> {
    let (_, link) = transcript.rsplit_once("otpauth://")?;
    let (link, _) = link.split_once('\n')?;
    Some(Phone::from_uri(&format!("otpauth://{}", link.trim())))
}

/// Whether alice has proved a phone.
pub(crate) fn is_set_up(machine: &Machine) -> bool {
    machine
        .succeed(["tfactl", "show", "alice"])
        .contains("Two-factor login: on")
}

/// Whether alice has logged in with a code or a backup code.
pub(crate) fn is_in(machine: &Machine) -> bool {
    machine.journal("tfad").contains("alice: verified by a ")
}

/// The end: what the machine has kept of it.
pub(crate) fn close(machine: &Machine) {
    chapter("What the machine's journal says of it");
    println!("    # journalctl -t tfad | grep alice");
    let _ = machine.succeed(["journalctl", "--sync"]);
    let words = "journalctl --no-pager --quiet --boot --no-hostname -t tfad";
    for line in machine.succeed(words.split(' ')).lines() {
        // Without the date, which is today's, and the daemon's pid.
        let time = line.get("Jan 01 ".len().."Jan 01 00:00:00".len());
        if let (Some(time), Some(at)) = (time, line.find("alice: ")) {
            println!("    {time} {}", line.get(at..).unwrap_or_default());
        }
    }
    println!("\nNo code and no password is in it.");
}
