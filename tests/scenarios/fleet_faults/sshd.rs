//! Logins with the sshd of a member: through PAM, its module, and a terminal.

use std::time::Duration;

use tfa_fleet_history::Outcome;
use tfa_tests::Terminal;

use super::cluster::Host;
use super::dialog::{Attempt, seconds};
use super::log::Log;
use crate::users::{CODE, PASSWORD};

/// For each question. sshd ends a login after two minutes.
const WAIT: Duration = Duration::from_secs(25);

/// The command that the login runs, and what it prints.
const LET_IN: &str = "this-is-the-session";

/// A login over SSH from a place of this number.
pub(crate) fn log_in(host: &Host, attempt: Attempt<'_>, log: &Log, from: u64) -> Outcome {
    let name = format!("{} (sshd)", host.name);
    log.call(attempt.op(&name), || {
        let [_, _, _, _, _, second, third, fourth] = from.to_be_bytes();
        let from = format!("127.{second}.{third}.{fourth}");
        let login = format!("{}@127.0.0.1", attempt.user);
        let terminal = host.machine.terminal([
            "ssh",
            "-oStrictHostKeyChecking=no",
            "-oUserKnownHostsFile=/dev/null",
            "-oPreferredAuthentications=keyboard-interactive",
            "-b",
            &from,
            &login,
            "echo",
            LET_IN,
        ]);
        dialog(&terminal, attempt.typed)
    })
}

fn dialog(terminal: &Terminal, typed: &str) -> Outcome {
    if terminal.await_any(&["Password:"], WAIT).is_none() {
        return unknown(terminal, "no password");
    }
    terminal.type_line(PASSWORD);
    let texts = [CODE, LET_IN, "Too many wrong codes.", "Password:", "denied"];
    match terminal.await_any(&texts, WAIT) {
        Some(0) => {}
        Some(1) => return Outcome::Open,
        Some(2) => return locked(terminal),
        _ => return unknown(terminal, "no question"),
    }
    terminal.type_line(typed);
    let texts = [
        LET_IN,
        "already used",
        "Wrong code",
        "Too many wrong codes.",
        "Password:",
        "denied",
    ];
    match terminal.await_any(&texts, WAIT) {
        Some(0) => Outcome::Let,
        Some(1) => Outcome::Used,
        Some(2) => Outcome::Wrong,
        Some(3) => locked(terminal),
        _ => unknown(terminal, "no verdict"),
    }
}

fn locked(terminal: &Terminal) -> Outcome {
    let _ = terminal.await_any(&["second", "minute", "\n"], Duration::from_secs(1));
    let text = terminal.transcript();
    let text = text.rsplit("Too many wrong codes.").next().unwrap_or("");
    Outcome::Locked(seconds(text))
}

fn unknown(terminal: &Terminal, what: &str) -> Outcome {
    let text = terminal.transcript();
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    Outcome::Unknown(format!("{what}: {}", last.unwrap_or_default()))
}
