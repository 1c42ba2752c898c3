//! Users with a phone: a key by time, and backup codes. They must enroll, and do so in a login.

use tfa_fleet_history::{Code, CodeKind, Op, Outcome};
use tfa_proto::{Next, Turn};
use tfa_tests::{Machine, Phone};
use tfa_wire::LoginClient;

use super::accounts::administer;
use super::cluster::Host;
use super::dialog::{account_phase, begin, outcome};
use super::log::Log;
use crate::users::{backup_codes_in, uri_in};

/// Seconds a step, by the policy of the run. The steps of 30 seconds would be too few codes.
pub(crate) const PERIOD: u64 = 15;

/// A key by time.
pub(crate) struct Key {
    pub(crate) epoch: u32,
    phone: Phone,
    /// The last step whose code was typed.
    last: u64,
}

impl Key {
    pub(crate) fn from_text(text: &str, epoch: u32) -> Self {
        let phone = Phone::from_uri(&uri_in(text));
        let last = 0;
        Self { epoch, phone, last }
    }

    /// A code that was not typed before, if the window has one.
    pub(crate) fn next(&mut self, log: &Log) -> Option<(Code, String)> {
        let now = log.now() / 1000 / PERIOD;
        let step = (self.last + 1).max(now.saturating_sub(1));
        (step <= now + 1).then(|| {
            self.last = step;
            self.code(step, log)
        })
    }

    /// The last code that was typed.
    fn last(&self, log: &Log) -> Option<(Code, String)> {
        (self.last > 0).then(|| self.code(self.last, log))
    }

    fn code(&self, step: u64, log: &Log) -> (Code, String) {
        let at = |step: u64| log.of_run(1000 * PERIOD * step);
        // A clock accepts the step before its own, and the one after it.
        let kind = CodeKind::Time(at(step.saturating_sub(1)), at(step + 2));
        let (epoch, number) = (self.epoch, step);
        let code = Code {
            kind,
            epoch,
            number,
        };
        (code, self.phone.code_of_step(step))
    }
}

/// What became of the begin of an enrollment.
enum Begun {
    AtFirstCode(Box<LoginClient>, Key),
    /// The user has a key, or may have one.
    NotOffered,
    NoAnswer,
}

/// A user.
pub(crate) struct Owner {
    pub(crate) name: String,
    /// The number of the last key.
    pub(crate) epoch: u32,
    /// `None`: the user has certainly none, or must be reset.
    pub(crate) key: Option<Key>,
    /// The number of the key with which the backup codes were given.
    given_with: u32,
    backup: Vec<String>,
    next_backup: usize,
    /// Whether the user may have a key that is not known here.
    pub(crate) is_doubtful: bool,
}

impl Owner {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            name: format!("user{number}"),
            epoch: 0,
            key: None,
            given_with: 0,
            backup: Vec::new(),
            next_backup: 0,
            is_doubtful: false,
        }
    }

    /// A code by time that was not typed before, or else a backup code.
    pub(crate) fn code(&mut self, log: &Log) -> Option<(Code, String)> {
        let by_time = self.key.as_mut().and_then(|key| key.next(log));
        by_time.or_else(|| self.backup_code())
    }

    /// A backup code that was not typed before.
    pub(crate) fn backup_code(&mut self) -> Option<(Code, String)> {
        self.next_backup += 1;
        self.backup_at(self.next_backup - 1)
    }

    /// A code that was typed before.
    pub(crate) fn old_code(&self, log: &Log, of_phone: bool) -> Option<(Code, String)> {
        match of_phone {
            true => self.key.as_ref().and_then(|key| key.last(log)),
            false => self.backup_at(self.next_backup.checked_sub(1)?),
        }
    }

    fn backup_at(&self, place: usize) -> Option<(Code, String)> {
        let code = Code {
            kind: CodeKind::Backup,
            epoch: self.given_with,
            number: u64::try_from(place).unwrap(),
        };
        Some((code, self.backup.get(place)?.clone()))
    }

    /// Enrolls in a login on a host.
    pub(crate) fn enroll(&mut self, host: &Host, log: &Log, from: u64) {
        let (mut client, mut key) = match self.begin_enrollment(host, from) {
            Begun::AtFirstCode(client, key) => (*client, key),
            Begun::NotOffered => return self.is_doubtful = true,
            Begun::NoAnswer => return,
        };
        let (code, digits) = key.next(log).unwrap();
        let op = Op::Setup {
            user: self.name.clone(),
            host: host.name.to_owned(),
            code,
        };
        let mut shown = String::new();
        let made = log.call(op, || match client.answer(&digits) {
            Ok(turn) => {
                shown = text(&turn);
                match &turn.next {
                    Next::Ask(question) if question.text.contains("saved them") => Outcome::Made,
                    _ => outcome(&turn),
                }
            }
            Err(error) => Outcome::Unknown(format!("answer: {error:?}")),
        });
        match made {
            Outcome::Made => {
                // The account has changed. What becomes of this login does not matter.
                let _ = client.answer("");
                self.backup = backup_codes_in(&shown);
                assert_eq!(self.backup.len(), 10, "{shown}");
                (self.given_with, self.next_backup) = (key.epoch, 0);
                self.key = Some(key);
            }
            Outcome::Wrong => {}
            _ => self.is_doubtful = true,
        }
    }

    /// Begins the enrollment, up to the question for the first code.
    fn begin_enrollment(&mut self, host: &Host, from: u64) -> Begun {
        let Ok((mut client, mut turn)) = begin(host, &self.name, &account_phase(from)) else {
            return Begun::NoAnswer;
        };
        let mut shown = String::new();
        loop {
            let Next::Ask(question) = &turn.next else {
                return Begun::NotOffered;
            };
            shown += &text(&turn);
            if question.text.starts_with("Code from your phone") {
                self.epoch += 1;
                let key = Key::from_text(&shown, self.epoch);
                return Begun::AtFirstCode(Box::new(client), key);
            }
            turn = match client.answer("") {
                Ok(turn) => turn,
                Err(_) => return Begun::NoAnswer,
            };
        }
    }

    /// An administrator at a verifier removes all that the user has.
    pub(crate) fn reset(&mut self, machine: &Machine, log: &Log) {
        let user = self.name.clone();
        let op = Op::Reset { user: user.clone() };
        let made = log.call(op, || {
            administer(machine, &["tfactl", "reset", "--yes", &user])
        });
        self.key = None;
        self.backup.clear();
        // Without a record nothing was removed: an enrollment that is under way may still be made.
        self.is_doubtful = match made {
            Outcome::Made => false,
            Outcome::Unknown(why) => !why.contains("has no two-factor login to reset"),
            _ => true,
        };
    }
}

fn text(turn: &Turn) -> String {
    let lines = turn.lines.iter().map(|line| line.text.clone() + "\n");
    lines.collect()
}
