//! The logins of a run, and what their dialogs say.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use tfa_fleet_history::{Code, Event, Op, Outcome, What};
use tfa_proto::{Context, LineKind, Next, Turn, Verdict};
use tfa_wire::{Endpoints, LoginClient};

use super::accounts::{Account, Accounts};
use super::cluster::{Cluster, Host};
use super::log::Log;
use super::random::Random;

/// As long as the module waits.
const LOGIN_TIME: Duration = Duration::from_secs(15);

/// A login without PAM: what the module asks, and what the daemon of a member answers.
pub(crate) fn log_in(
    host: &Host,
    account: &Account,
    code: Option<Code>,
    log: &Log,
    from: u64,
) -> Outcome {
    let digits = match code {
        Some(code) => account.digits(code).to_owned(),
        None => account.wrong_digits(),
    };
    let op = Op::Login {
        user: account.name.clone(),
        host: host.name.to_owned(),
        code,
    };
    log.call(op, || dialog(host, &account.name, &digits, from))
}

fn dialog(host: &Host, user: &str, digits: &str, from: u64) -> Outcome {
    let socket = host.machine.path_on_host("/run/tfa/login");
    let endpoints = Endpoints {
        daemon: &socket,
        bus: Path::new("/nonexistent"),
    };
    // Each login is from another place: no place becomes known.
    let [_, _, _, _, _, second, third, fourth] = from.to_be_bytes();
    let context = Context {
        service: "sshd".to_owned(),
        rhost: format!("100.{second}.{third}.{fourth}"),
        tty: "ssh".to_owned(),
        password_given: true,
        ..Context::default()
    };
    let begun = LoginClient::begin(endpoints, LOGIN_TIME, user, &context);
    let (mut client, turn) = match begun {
        Ok(begun) => begun,
        Err(error) => return Outcome::Unknown(format!("begin: {error:?}")),
    };
    if !matches!(turn.next, Next::Ask(_)) {
        return outcome(&turn);
    }
    match client.answer(digits) {
        Ok(turn) => outcome(&turn),
        Err(error) => Outcome::Unknown(format!("answer: {error:?}")),
    }
}

/// What a turn says of the code.
fn outcome(turn: &Turn) -> Outcome {
    let text: Vec<_> = turn.lines.iter().map(|line| line.text.as_str()).collect();
    let text = text.join(" ");
    let is_failure = turn.lines.iter().any(|line| line.kind == LineKind::Failure);
    match &turn.next {
        Next::Verdict(verdict) if verdict.is_verified() => Outcome::Let,
        Next::Verdict(Verdict::NotRequired) => Outcome::Open,
        Next::Verdict(Verdict::Locked) => Outcome::Locked(seconds(&text)),
        _ if text.contains("Too many wrong codes") => Outcome::Locked(seconds(&text)),
        _ if text.contains("already used") => Outcome::Used,
        _ if is_failure => Outcome::Wrong,
        next => Outcome::Unknown(format!("{next:?} {text}")),
    }
}

/// How long a lock lasts at least. Minutes are rounded up in the text.
fn seconds(text: &str) -> u64 {
    let words: Vec<_> = text.split([' ', '.']).collect();
    let number = |unit: &str| {
        let unit = words.iter().position(|word| word.starts_with(unit))?;
        words.get(unit.checked_sub(1)?)?.parse::<u64>().ok()
    };
    let minutes = number("minute").map(|minutes| 60 * minutes.saturating_sub(1));
    number("second").or(minutes).unwrap_or(0)
}

/// Logs users in on all members for so long, while `nemesis` works until that moment.
pub(crate) fn run(
    cluster: &Cluster,
    accounts: &Accounts,
    log: &Log,
    seed: u64,
    length: Duration,
    nemesis: impl FnOnce(Instant),
) {
    let until = Instant::now() + length;
    thread::scope(|scope| {
        for place in 0..cluster.members.len() {
            let random = Random::new(seed ^ ((place as u64 + 1) << 32));
            let worker = Worker {
                cluster,
                accounts,
                log,
                random,
                place,
            };
            scope.spawn(move || worker.work(until));
        }
        nemesis(until);
    });
}

/// Who logs users in on one member, and with the same code on others.
struct Worker<'r> {
    cluster: &'r Cluster,
    accounts: &'r Accounts,
    log: &'r Log,
    random: Random,
    place: usize,
}

impl<'r> Worker<'r> {
    fn work(mut self, until: Instant) {
        while Instant::now() < until {
            let accounts = self.accounts;
            match self.random.below(20) {
                0..=8 => self.with(&accounts.users, Self::log_in_once),
                9..=11 => self.with(&accounts.users, Self::race),
                12..=13 => self.with(&accounts.users, Self::reuse),
                14..=18 => self.with(&accounts.victims, Self::guess),
                _ => self.with(&accounts.users, Self::replace_key),
            }
        }
    }

    fn with(&mut self, accounts: &'r [Mutex<Account>], act: fn(&mut Self, &mut Account)) {
        match self.random.one_of(accounts).try_lock() {
            Ok(mut account) => act(self, &mut account),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Poisoned(error)) => drop::<MutexGuard<'_, _>>(error.into_inner()),
        }
    }

    fn host(&self) -> &'r Host {
        &self.cluster.members[self.place]
    }

    fn verifier(&mut self) -> &'r Host {
        self.random.one_of(&self.cluster.verifiers)
    }

    fn from(&mut self) -> u64 {
        self.random.below(1 << 24)
    }

    fn log_in_once(&mut self, account: &mut Account) {
        let from = self.from();
        let outcome = log_in(
            self.host(),
            account,
            Some(account.code(false)),
            self.log,
            from,
        );
        note(account, &outcome);
    }

    /// The same code on several members at once.
    fn race(&mut self, account: &mut Account) {
        let code = account.code(false);
        let hosts: Vec<_> = (0..2 + self.random.below(2))
            .map(|_| (self.random.one_of(&self.cluster.members), self.from()))
            .collect();
        let (log, racing) = (self.log, &*account);
        let outcomes: Vec<_> = thread::scope(|scope| {
            let logins = hosts.iter().map(|(host, from)| {
                scope.spawn(move || log_in(host, racing, Some(code), log, *from))
            });
            let logins: Vec<_> = logins.collect();
            logins
                .into_iter()
                .map(|login| login.join().unwrap())
                .collect()
        });
        let known = outcomes
            .iter()
            .find(|it| !matches!(it, Outcome::Unknown(_)));
        if let Some(known) = known {
            note(account, known);
        }
    }

    /// A code that was used.
    fn reuse(&mut self, account: &mut Account) {
        if account.next > 0 {
            let from = self.from();
            log_in(
                self.host(),
                account,
                Some(account.code(true)),
                self.log,
                from,
            );
        }
    }

    /// Wrong codes until a lock, a right code during it, and perhaps an unlock.
    fn guess(&mut self, account: &mut Account) {
        let code = (self.random.below(4) == 0).then(|| account.code(false));
        let from = self.from();
        let outcome = log_in(self.host(), account, code, self.log, from);
        if code.is_some() {
            note(account, &outcome);
        }
        if matches!(outcome, Outcome::Locked(_)) {
            // A user who is locked out here is locked out on each host.
            let code = Some(account.code(false));
            for _ in 0..2 {
                let (host, from) = (self.random.one_of(&self.cluster.members), self.from());
                let outcome = log_in(host, account, code, self.log, from);
                note(account, &outcome);
            }
            if self.random.below(4) == 0 {
                account.unlock(&self.verifier().machine, self.log);
            }
        }
    }

    fn replace_key(&mut self, account: &mut Account) {
        account.replace_key(&self.verifier().machine, self.log);
    }
}

/// Goes on to the next code where this one is used.
fn note(account: &mut Account, outcome: &Outcome) {
    if matches!(outcome, Outcome::Let | Outcome::Used | Outcome::Wrong) {
        account.next += 1;
    }
}

/// A run in which nothing happened shows nothing.
pub(crate) fn expect_some_of_each(events: &[Event]) {
    let count = |wanted: fn(&What) -> bool| events.iter().filter(|it| wanted(&it.what)).count();
    let counts = [
        count(|what| matches!(what, What::Return(Outcome::Let))),
        count(|what| matches!(what, What::Return(Outcome::Used))),
        count(|what| matches!(what, What::Return(Outcome::Locked(_)))),
        count(|what| matches!(what, What::Fault(_))),
    ];
    assert!(
        counts.iter().all(|count| *count > 3),
        "let in, used, locked, faults: {counts:?}"
    );
}
