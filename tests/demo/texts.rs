//! The texts of the demo, and what it reads from the machine.

use tfa_tests::{Machine, Phone};

pub(crate) const PASSWORD: &str = "correct horse";
/// The login command that alice types.
pub(crate) const LOGIN: &str = "ssh alice@localhost";

/// How the demo ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Alice logged in with a code.
    In,
    /// The user left before that.
    Left,
}

pub(crate) const OPENING: &str = "\
A demonstration of two-factor login.

This is a real Debian machine. It is removed at the end. Booting ...
(The first run downloads Debian, which takes half a minute more.)
";

pub(crate) const BOOTED: &str = "
The machine is ready, and apt has installed the package tfa on it. No user has
set up two-factor login yet, so a password suffices. The password of alice is:

    correct horse
";

pub(crate) const LEFT: &str = "\nYou left before a login with a code.";

pub(crate) const GONE: &str = "\nThe machine and its disk are removed.";

pub(crate) fn chapter(title: &str) {
    println!("== {title}\n");
}

/// The phone with the key that enrollment has shown last.
pub(crate) fn phone_in(transcript: &str) -> Option<Phone> {
    let (_, link) = transcript.rsplit_once("otpauth://")?;
    let (link, _) = link.split_once('\n')?;
    Some(Phone::from_uri(&format!("otpauth://{}", link.trim())))
}

/// Whether alice has confirmed a phone.
pub(crate) fn is_set_up(machine: &Machine) -> bool {
    machine
        .succeed(["tfactl", "show", "alice"])
        .contains("Two-factor login: on")
}

/// Whether alice has logged in with a code or a backup code.
pub(crate) fn has_logged_in(machine: &Machine) -> bool {
    machine.journal("tfad").contains("alice: verified by a ")
}

/// Shows what the journal of the machine contains about alice.
pub(crate) fn close(machine: &Machine) {
    chapter("The journal of the machine");
    println!("    # journalctl -t tfad | grep alice");
    let _ = machine.succeed(["journalctl", "--sync"]);
    let words = "journalctl --no-pager --quiet --boot --no-hostname -t tfad";
    for line in machine.succeed(words.split(' ')).lines() {
        // Without the date, which is today's, and without the daemon's pid.
        let time = line.get("Jan 01 ".len().."Jan 01 00:00:00".len());
        if let (Some(time), Some(at)) = (time, line.find("alice: ")) {
            println!("    {time} {}", line.get(at..).unwrap_or_default());
        }
    }
    println!("\nIt contains no code and no password.");
}
