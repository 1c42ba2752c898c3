//! The users of the run whose keys have counters, and what administrators do to them. A code of a counter does not wait
//! for a time step.

use std::process::Command;
use std::sync::Mutex;

use tfa_fleet_history::{Code, CodeKind, Op, Outcome};
use tfa_tests::{Machine, Output};

use super::cluster::Cluster;
use super::dialog::Attempt;
use super::log::Log;
use super::phones::{Owner, PERIOD};
use crate::users::{PASSWORD, set_policy};

/// How many users log in with right codes, and how many have wrong ones tried.
const USERS: usize = 24;
const VICTIMS: usize = 6;
/// How many have a phone.
const OWNERS: usize = 16;
/// The uid of the first user.
const FIRST_UID: usize = 20_000;
/// How many codes of a key are computed at once.
const CODES: usize = 500;

/// A user.
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) epoch: u32,
    /// The counter of the next code. A code whose login had no answer is tried again.
    pub(crate) next: u64,
    codes: Vec<String>,
    /// Digits that no code has.
    wrong: String,
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
            wrong: String::new(),
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
        let mut all = (0..10).map(|digit| digit.to_string().repeat(6));
        self.wrong = all.find(|digits| !self.codes.contains(digits)).unwrap();
    }

    /// What is typed: a code, or a wrong one.
    pub(crate) fn attempt(&self, code: Option<Code>) -> Attempt<'_> {
        let place = code.map(|code| usize::try_from(code.number).unwrap());
        Attempt {
            user: &self.name,
            code,
            typed: place.map_or(&self.wrong, |place| &self.codes[place]),
        }
    }

    /// The next code, or the last one before it.
    pub(crate) fn code(&self, is_used: bool) -> Code {
        Code {
            kind: CodeKind::Counter,
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
    pub(crate) owners: Vec<Mutex<Owner>>,
}

impl Accounts {
    /// Makes the users on all hosts, and enrolls those with counters.
    pub(crate) fn enroll(cluster: &Cluster, log: &Log) -> Self {
        let first_owner = USERS + VICTIMS;
        let last = first_owner + OWNERS - 1;
        let hash = ["openssl", "passwd", "-6", PASSWORD];
        let hash = cluster.verifiers[0].machine.succeed(hash);
        let hash = hash.trim();
        let add = format!(
            "for n in $(seq 0 {last}); do id=$(({FIRST_UID} + n)); echo \"user$n:x:$id:$id::/:/bin/sh\" >>/etc/passwd; \
             echo \"user$n:x:$id:\" >>/etc/group; echo \"user$n:\"'{hash}'\":19000:0:99999:7:::\" >>/etc/shadow; done"
        );
        let (from, to) = (FIRST_UID + first_owner, FIRST_UID + last);
        let policy = format!(
            "[policy]\nmode = \"optional\"\ngrace = \"0\"\nchanges_on = [\"*\"]\n\n\
             [[policy.rule]]\nuids = [\"{from}-{to}\"]\nmode = \"required\"\n\n\
             [authenticator]\nperiod = {PERIOD}\n"
        );
        for host in &cluster.verifiers {
            set_policy(&host.machine, &policy);
        }
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
            victims: (USERS..first_owner).map(enrolled).collect(),
            owners: (first_owner..=last)
                .map(|number| Mutex::new(Owner::new(number)))
                .collect(),
        }
    }
}

pub(crate) fn administer(machine: &Machine, words: &[&str]) -> Outcome {
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
