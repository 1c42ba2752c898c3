//! The logins of a run, and what their dialogs say.

use std::sync::{Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use tfa_fleet_history::{CodeKind, Event, Op, Outcome, What, calls};

use super::accounts::{Account, Accounts};
use super::cluster::{Cluster, Host};
use super::dialog::{Attempt, log_in};
use super::log::Log;
use super::phones::Owner;
use super::random::Random;
use super::sshd;

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
            match self.random.below(40) {
                0..=13 => self.with(&accounts.users, Self::log_in_once),
                14..=18 => self.with(&accounts.users, Self::race),
                19..=21 => self.with(&accounts.users, Self::reuse),
                22..=28 => self.with(&accounts.victims, Self::guess),
                29 => self.with(&accounts.users, Self::replace_key),
                30 => self.with(&accounts.users, Self::log_in_by_sshd),
                31 => self.with(&accounts.owners, Self::move_key),
                _ => self.with(&accounts.owners, Self::use_phone),
            }
        }
    }

    fn with<T>(&mut self, accounts: &'r [Mutex<T>], act: fn(&mut Self, &mut T)) {
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
        let attempt = account.attempt(Some(account.code(false)));
        let outcome = log_in(self.host(), attempt, self.log, from);
        note(account, &outcome);
    }

    fn log_in_by_sshd(&mut self, account: &mut Account) {
        let from = self.from();
        let attempt = account.attempt(Some(account.code(false)));
        let outcome = sshd::log_in(self.host(), attempt, self.log, from);
        note(account, &outcome);
    }

    /// The same code on several members at once.
    fn race(&mut self, account: &mut Account) {
        let attempt = account.attempt(Some(account.code(false)));
        let outcomes = self.log_in_at_once(attempt);
        let known = outcomes
            .iter()
            .find(|it| !matches!(it, Outcome::Unknown(_)));
        if let Some(known) = known {
            note(account, known);
        }
    }

    fn log_in_at_once(&mut self, attempt: Attempt<'_>) -> Vec<Outcome> {
        let hosts: Vec<_> = (0..2 + self.random.below(2))
            .map(|_| (self.random.one_of(&self.cluster.members), self.from()))
            .collect();
        let log = self.log;
        thread::scope(|scope| {
            let logins = hosts
                .iter()
                .map(|(host, from)| scope.spawn(move || log_in(host, attempt, log, *from)));
            let logins: Vec<_> = logins.collect();
            logins
                .into_iter()
                .map(|login| login.join().unwrap())
                .collect()
        })
    }

    /// A code that was used.
    fn reuse(&mut self, account: &mut Account) {
        if account.next > 0 {
            let from = self.from();
            let attempt = account.attempt(Some(account.code(true)));
            log_in(self.host(), attempt, self.log, from);
        }
    }

    /// Wrong codes until a lock, a right code during it, and perhaps an unlock.
    fn guess(&mut self, account: &mut Account) {
        let code = (self.random.below(4) == 0).then(|| account.code(false));
        let from = self.from();
        let outcome = log_in(self.host(), account.attempt(code), self.log, from);
        if code.is_some() {
            note(account, &outcome);
        }
        if matches!(outcome, Outcome::Locked(_)) {
            // A user who is locked out here is locked out on each host.
            let code = Some(account.code(false));
            for _ in 0..2 {
                let (host, from) = (self.random.one_of(&self.cluster.members), self.from());
                let outcome = log_in(host, account.attempt(code), self.log, from);
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

    /// What a user with a phone does: enrolls, logs in, tries a code again, or on several members at once.
    fn use_phone(&mut self, owner: &mut Owner) {
        let from = self.from();
        if owner.is_doubtful || (owner.key.is_some() && self.random.below(60) == 0) {
            return owner.reset(&self.verifier().machine, self.log);
        }
        if owner.key.is_none() {
            return owner.enroll(self.host(), self.log, from);
        }
        let choice = self.random.below(10);
        let code = match choice {
            0..=2 => owner.old_code(self.log, choice > 0),
            3 => owner.backup_code(),
            _ => owner.code(self.log),
        };
        // The user waits for the next code.
        let Some((code, typed)) = code else {
            return;
        };
        let attempt = Attempt {
            user: &owner.name,
            code: Some(code),
            typed: &typed,
        };
        match choice {
            3..=5 => drop(self.log_in_at_once(attempt)),
            6 => drop(sshd::log_in(self.host(), attempt, self.log, from)),
            _ => drop(log_in(self.host(), attempt, self.log, from)),
        }
    }

    fn move_key(&mut self, owner: &mut Owner) {
        let (from, is_given_up) = (self.from(), self.random.below(4) == 0);
        if !owner.is_doubtful {
            owner.move_key(self.host(), self.log, is_given_up, from);
        }
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
    let calls = calls(events);
    let count = |wanted: &dyn Fn(&Op, &Outcome) -> bool| {
        let is_wanted = |(op, outcome): &(&Op, Option<&Outcome>)| {
            outcome.is_some_and(|outcome| wanted(op, outcome))
        };
        let all = calls.iter().map(|call| (&call.op, call.outcome()));
        all.filter(is_wanted).count()
    };
    let by = |is_of: fn(CodeKind) -> bool, wanted: Outcome| {
        count(&|op, outcome| {
            let is_login = matches!(op, Op::Login { .. });
            is_login && *outcome == wanted && op.code().is_some_and(|code| is_of(code.kind))
        })
    };
    let by_counter = |kind| kind == CodeKind::Counter;
    let by_time = |kind| matches!(kind, CodeKind::Time(..));
    let is_backup = |kind| kind == CodeKind::Backup;
    let faults = events.iter().filter(|it| matches!(it.what, What::Fault(_)));
    for (what, number) in [
        ("let in with a counter", by(by_counter, Outcome::Let)),
        ("let in by time", by(by_time, Outcome::Let)),
        ("used by time", by(by_time, Outcome::Used)),
        ("let in with a backup code", by(is_backup, Outcome::Let)),
        ("used backup codes", by(is_backup, Outcome::Used)),
        (
            "locked",
            count(&|_, outcome| matches!(outcome, Outcome::Locked(_))),
        ),
        (
            "enrolled in a login",
            count(&|op, outcome| matches!(op, Op::Setup { .. }) && *outcome == Outcome::Made),
        ),
        (
            "moved",
            count(&|op, outcome| matches!(op, Op::Move { .. }) && *outcome == Outcome::Made),
        ),
        (
            "let in by sshd",
            count(&|op, outcome| {
                let by_sshd = matches!(op, Op::Login { host, .. } if host.ends_with("(sshd)"));
                by_sshd && *outcome == Outcome::Let
            }),
        ),
        ("faults", faults.count()),
    ] {
        assert!(number > 2, "{what}: {number}");
    }
}
