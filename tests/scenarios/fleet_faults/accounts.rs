//! The users of the run, their keys, and what administrators do to them. The keys have counters: a code does not wait
//! for a time step.

use std::process::Command;
use std::sync::Mutex;

use tfa_fleet_history::{Code, Op, Outcome};
use tfa_tests::{Machine, Output};

use super::cluster::Cluster;
use super::log::Log;

/// How many users log in with right codes, and how many have wrong ones tried.
const USERS: usize = 24;
const VICTIMS: usize = 6;
/// How many codes of a key are computed at once.
const CODES: usize = 500;

/// A user.
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) epoch: u32,
    /// The counter of the next code. A code whose login had no answer is tried again.
    pub(crate) next: u64,
    codes: Vec<String>,
    /// Whether an administrator has certainly given the user the key.
    pub(crate) is_enrolled: bool,
}

impl Account {
    fn new(number: usize) -> Self {
        let mut account = Self {
            name: format!("user{number}"),
            epoch: 0,
            next: 0,
            codes: Vec::new(),
            is_enrolled: false,
        };
        account.compute_codes();
        account
    }

    fn key(&self) -> String {
        format!("{:0>34}{:06x}", hex(self.name.as_bytes()), self.epoch)
    }

    fn compute_codes(&mut self) {
        let window = (CODES - 1).to_string();
        let output = Command::new("oathtool")
            .args(["--hotp", "--counter", "0", "--window", &window, &self.key()])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        self.codes = text.lines().map(str::to_owned).collect();
        assert_eq!(self.codes.len(), CODES);
    }

    /// The digits of a code.
    pub(crate) fn digits(&self, code: Code) -> &str {
        &self.codes[usize::try_from(code.number).unwrap()]
    }

    /// Digits that no code near the counter has.
    pub(crate) fn wrong_digits(&self) -> String {
        let all = (0..10).map(|digit| digit.to_string().repeat(6));
        all.into_iter()
            .find(|digits| !self.codes.contains(digits))
            .unwrap()
    }

    /// The next code, or the last one before it.
    pub(crate) fn code(&self, is_used: bool) -> Code {
        Code {
            epoch: self.epoch,
            number: self.next.saturating_sub(u64::from(is_used)),
        }
    }

    /// Gives the user a new key.
    fn change_key(&mut self) {
        self.epoch += 1;
        self.next = 0;
        self.is_enrolled = false;
        self.compute_codes();
    }

    /// An administrator at a verifier removes the key, and gives another one.
    pub(crate) fn replace_key(&mut self, machine: &Machine, log: &Log) {
        let user = self.name.clone();
        let reset = || administer(machine, &["tfactl", "reset", "--yes", &user]);
        let op = Op::Reset { user: user.clone() };
        if self.is_enrolled && log.call(op, reset) != Outcome::Made {
            return;
        }
        if self.is_enrolled {
            self.change_key();
        }
        self.enroll(machine, log);
    }

    fn enroll(&mut self, machine: &Machine, log: &Log) {
        let (user, epoch) = (self.name.clone(), self.epoch);
        let name = format!("key{epoch}");
        let words = [
            "tfactl",
            "authenticator",
            "add",
            &user,
            "--kind",
            "hotp",
            "--hex",
        ];
        let key = ["--key-file", "-", "--name", &name];
        let add = machine.command(words.iter().chain(&key));
        let add = add.stdin(self.key());
        let op = Op::Enroll {
            user: user.clone(),
            epoch,
        };
        self.is_enrolled = log.call(op, || outcome(&add.run())) == Outcome::Made;
    }

    /// An administrator at a verifier removes the locks.
    pub(crate) fn unlock(&self, machine: &Machine, log: &Log) {
        let user = self.name.clone();
        let unlock = || administer(machine, &["tfactl", "unlock", &self.name]);
        log.call(Op::Unlock { user }, unlock);
    }
}

/// All users. Each is in the hands of one caller at a time.
pub(crate) struct Accounts {
    pub(crate) users: Vec<Mutex<Account>>,
    pub(crate) victims: Vec<Mutex<Account>>,
}

impl Accounts {
    /// Makes the users on all hosts, and enrolls them.
    pub(crate) fn enroll(cluster: &Cluster, log: &Log) -> Self {
        let last = USERS + VICTIMS - 1;
        let add = format!(
            "for n in $(seq 0 {last}); do id=$((20000 + n)); echo \"user$n:x:$id:$id::/:/bin/sh\" >>/etc/passwd; \
             echo \"user$n:x:$id:\" >>/etc/group; echo \"user$n:*:19000:0:99999:7:::\" >>/etc/shadow; done"
        );
        for host in cluster.verifiers.iter().chain(&cluster.members) {
            host.machine.succeed(["sh", "-c", &add]);
        }
        let enrolled = |number| {
            let mut account = Account::new(number);
            account.enroll(&cluster.verifiers[0].machine, log);
            assert!(account.is_enrolled, "{} has no key", account.name);
            Mutex::new(account)
        };
        Self {
            users: (0..USERS).map(enrolled).collect(),
            victims: (USERS..=last).map(enrolled).collect(),
        }
    }
}

fn administer(machine: &Machine, words: &[&str]) -> Outcome {
    outcome(&machine.run(words))
}

/// What became of a command is known if it succeeds, or if it finds its change made.
fn outcome(output: &Output) -> Outcome {
    let text = output.text();
    match output.success() || text.contains("already") {
        true => Outcome::Made,
        false => Outcome::Unknown(text),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
