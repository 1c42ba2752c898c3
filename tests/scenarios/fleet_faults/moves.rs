//! Moves: `tfa-enroll move` of a user on a member, with the password, a code of the old key and one of the new.

use std::time::Duration;

use tfa_fleet_history::{Op, Outcome};
use tfa_tests::Terminal;

use super::cluster::Host;
use super::dialog::{Attempt, log_in};
use super::log::Log;
use super::phones::{Key, Owner};
use crate::users::{CODE, PASSWORD};

/// For each question.
const WAIT: Duration = Duration::from_secs(25);

impl Owner {
    /// Replaces the key by a new one. A move that is given up leaves the old key as it is.
    pub(crate) fn move_key(&mut self, host: &Host, log: &Log, is_given_up: bool, from: u64) {
        let Some(old) = self.key.as_ref().map(|key| key.epoch) else {
            return;
        };
        let command = host.machine.command(["tfa-enroll", "move"]);
        let terminal = command.user(&self.name).terminal();
        if !self.prove(&terminal, host, log) {
            return;
        }
        for question in ["Scan it with the app", "Code from your phone:"] {
            terminal.send(b"\r");
            if terminal.await_any(&[question], WAIT).is_none() {
                return;
            }
        }
        self.epoch += 1;
        let mut new = Key::from_text(&terminal.transcript(), self.epoch);
        let Some((code, digits)) = new.next(log) else {
            return;
        };
        if is_given_up {
            terminal.send(b"\x03");
            let _ = terminal.await_any(&["Your old phone still works"], WAIT);
            let attempt = Attempt {
                user: &self.name,
                code: Some(code),
                typed: &digits,
            };
            log_in(host, attempt, log, from);
            return;
        }
        let op = Op::Move {
            user: self.name.clone(),
            host: host.name.to_owned(),
            from: old,
            code,
        };
        let moved = log.call(op, || {
            terminal.type_line(&digits);
            match terminal.await_any(&["The new phone is active", "Wrong code"], WAIT) {
                Some(0) => Outcome::Made,
                Some(1) => Outcome::Wrong,
                _ => unknown(&terminal),
            }
        });
        match moved {
            Outcome::Made => self.retire(new, host, log, from),
            Outcome::Wrong => {}
            _ => self.is_doubtful = true,
        }
    }

    /// The password for polkit, and a code. Whether both were right.
    fn prove(&mut self, terminal: &Terminal, host: &Host, log: &Log) -> bool {
        if terminal.await_any(&["Password:"], WAIT).is_none() {
            return false;
        }
        terminal.type_line(PASSWORD);
        if terminal.await_any(&[CODE], WAIT).is_none() {
            return false;
        }
        let Some((code, digits)) = self.code(log) else {
            return false;
        };
        let op = Op::Proof {
            user: self.name.clone(),
            host: host.name.to_owned(),
            code,
        };
        let texts = [
            "Press Enter to show the QR code",
            "already used",
            "Wrong code",
        ];
        let proved = log.call(op, || {
            terminal.type_line(&digits);
            match terminal.await_any(&texts, WAIT) {
                Some(0) => Outcome::Made,
                Some(1) => Outcome::Used,
                Some(2) => Outcome::Wrong,
                _ => unknown(terminal),
            }
        });
        proved == Outcome::Made
    }

    /// Takes the new key, and tries a code of the old one.
    fn retire(&mut self, new: Key, host: &Host, log: &Log, from: u64) {
        let Some(mut old) = self.key.replace(new) else {
            return;
        };
        if let Some((code, digits)) = old.next(log) {
            let attempt = Attempt {
                user: &self.name,
                code: Some(code),
                typed: &digits,
            };
            log_in(host, attempt, log, from);
        }
    }
}

fn unknown(terminal: &Terminal) -> Outcome {
    let text = terminal.transcript();
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    Outcome::Unknown(last.unwrap_or_default().to_owned())
}
