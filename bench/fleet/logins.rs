//! One login after the other: through member and verifier, on one host, and the parts of the floor.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use serde::Serialize;
use tfa_tests::{Machine, OrFail};

use super::floor::RoundTrip;
use super::machines::FleetMachines;
use super::puts::Puts;
use crate::inside::client::{self, Daemon};
use crate::inside::logins::shuffled;
use crate::phone::Phones;
use crate::statistics::Times;
use crate::user::{LOCAL_USERS, User};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    /// A login through a member and a verifier, with the account in etcd.
    Etcd,
    /// The same, with the account in the database of the verifier.
    Database,
    /// A login on one host, with the account in its database.
    Alone,
    /// A message and its reply over TLS, from the member to the verifier.
    RoundTrip,
    /// One put of etcd, from the verifier.
    Put,
    /// A durable write of 4 KiB on the disk of etcd.
    Disk,
}

impl Subject {
    pub(crate) const ALL: [Self; 6] = [
        Self::Etcd,
        Self::Database,
        Self::Alone,
        Self::RoundTrip,
        Self::Put,
        Self::Disk,
    ];
}

/// The times with this number of accounts in etcd.
pub(crate) struct Measured {
    pub(crate) accounts: u32,
    pub(crate) times: BTreeMap<Subject, Times>,
}

impl Measured {
    /// The median of a subject in nanoseconds.
    pub(crate) fn median(&self, subject: Subject) -> f64 {
        self.times.get(&subject).map_or(f64::NAN, Times::median)
    }

    /// The minimum cost of a login: one round trip, and one put.
    pub(crate) fn floor(&self) -> f64 {
        self.median(Subject::RoundTrip) + self.median(Subject::Put)
    }
}

/// What the samples use.
pub(crate) struct Probes {
    daemons: [(Subject, Daemon); 3],
    pub(crate) phones: Phones<(Subject, User)>,
    round_trip: RoundTrip,
    pub(crate) puts: Puts,
    disk: File,
    next: u32,
}

impl Probes {
    pub(crate) fn new(fleet: &FleetMachines, round_trip: RoundTrip, puts: Puts) -> Self {
        let of = |machine: &Machine| Daemon::of(machine);
        Self {
            daemons: [
                (Subject::Etcd, of(&fleet.members_of_one[0])),
                (Subject::Database, of(&fleet.database_member)),
                (Subject::Alone, of(&fleet.alone)),
            ],
            phones: Phones::new(),
            round_trip,
            puts,
            disk: disk(&fleet.etcd),
            next: 0,
        }
    }

    /// Takes samples of these subjects, in a new random order in each round. One sample of each is not counted.
    pub(crate) fn take(&mut self, subjects: &[Subject], rounds: u32) -> BTreeMap<Subject, Times> {
        let mut times = BTreeMap::new();
        for round in 0..=rounds {
            let user = self.next_user();
            for subject in shuffled(subjects, self.next) {
                let code = match self.daemon(subject) {
                    Some(_) => self.phones.next((subject, user), user),
                    None => String::new(),
                };
                // The work that follows the last sample ends.
                std::thread::sleep(PAUSE);
                let time = self.sample(subject, user, &code);
                if round > 0 {
                    times
                        .entry(subject)
                        .or_insert_with(Times::default)
                        .push(time);
                }
            }
        }
        times
    }

    /// The next of the local users, in turn: none waits for the next code of one user.
    pub(crate) fn next_user(&mut self) -> User {
        let user = User(self.next % LOCAL_USERS);
        self.next += 1;
        user
    }

    fn daemon(&self, subject: Subject) -> Option<&Daemon> {
        let mut daemons = self.daemons.iter();
        let (_, daemon) = daemons.find(|(of, _)| *of == subject)?;
        Some(daemon)
    }

    fn sample(&mut self, subject: Subject, user: User, code: &str) -> Duration {
        if let Some(daemon) = self.daemon(subject) {
            let start = Instant::now();
            client::log_in_at(daemon, user, code);
            return start.elapsed();
        }
        match subject {
            Subject::RoundTrip => self.round_trip.time(),
            Subject::Put => self.puts.time(),
            _ => {
                let start = Instant::now();
                let written = self.disk.write_all_at(&[0x5a; 4096], 0);
                let written = written.and_then(|()| self.disk.sync_data());
                written.or_fail("write to the disk of etcd");
                start.elapsed()
            }
        }
    }
}

/// As for logins on one host.
const PAUSE: Duration = Duration::from_millis(3);

/// A file on the disk of a machine, whose blocks are allocated.
fn disk(machine: &Machine) -> File {
    let path = machine.path_on_host("/var/lib/in-place");
    let file = File::create(path).or_fail("create a file");
    file.write_all_at(&[0x5a; 4096], 0)
        .or_fail("write to the disk of etcd");
    file.sync_all().or_fail("write to the disk of etcd");
    file
}
