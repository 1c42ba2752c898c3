//! Concurrent logins without PAM: at the daemon, and as commits at the store alone. The measurements
//! alternate in slices, together with the rate of the disk, for each number of clients.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::client;
use super::disk::Disk;
use super::fill;
use super::passwd::WithoutLocalUsers;
use super::process::Process;
use super::service;
use super::store;
use crate::layout;
use crate::phone::Phones;
use crate::statistics::{Rate, Times};
use crate::user::{LOCAL_USERS, User};
use tfa_tests::OrFail;

/// The number of users who log in. Each has one code every 30 seconds, and three at the start.
pub(crate) const USERS: u32 = 50_000;

/// The duration of the measurement of the disk in each slice.
const DISK_TIME: Duration = Duration::from_millis(500);

/// What to measure.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// The numbers of clients.
    pub(crate) clients: Vec<u32>,
    /// The number of slices for each number of clients.
    pub(crate) slices: u32,
    /// The duration of one slice.
    pub(crate) slice: Duration,
}

/// The results.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    /// One thread that writes and synchronizes.
    pub(crate) disk: Rate,
    /// The results for each number of clients.
    pub(crate) levels: Vec<Level>,
    /// The resident memory of the daemon after the last login, in KiB.
    pub(crate) resident: u64,
    /// The number of threads of the daemon after the last login.
    pub(crate) threads: usize,
}

/// The results for one number of clients.
#[derive(Serialize, Deserialize)]
pub(crate) struct Level {
    pub(crate) clients: u32,
    /// Logins at the daemon.
    pub(crate) daemon: Rate,
    /// Processor time of the daemon.
    pub(crate) daemon_time: Duration,
    /// Processor time of the clients.
    pub(crate) clients_time: Duration,
    /// Commits at the store alone.
    pub(crate) store: Rate,
}

pub(super) fn run(task: &Task) -> Measured {
    let _without = WithoutLocalUsers::begin();
    let mut measured = Measured {
        disk: Rate::default(),
        levels: task.clients.iter().copied().map(Level::new).collect(),
        resident: 0,
        threads: 0,
    };
    fill::fill_ours(&layout::store_alone(), UserPool::PARTITIONS);
    let mut disk = Disk::new();
    let pool = UserPool::new();
    for _ in 0..task.slices {
        for level in &mut measured.levels {
            measured.disk.add(&disk.rate(DISK_TIME));

            let state = layout::store_alone();
            let committed = store::commit(&state, level.clients, task.slice);
            level.store.add(&committed);

            service::serve_after(USERS, || {});
            let daemon = service::process_of(service::DAEMON);
            let processes = [daemon, Process::own()];
            let before = processes.map(Process::processor_time);
            let log_in = |_, user, code: &str| client::log_in(user, code);
            let logged_in = pool.log_in(level.clients, task.slice, log_in);
            let after = processes.map(Process::processor_time);
            level.daemon.add(&logged_in);
            level.daemon_time += after[0] - before[0];
            level.clients_time += after[1] - before[1];
            measured.resident = measured.resident.max(daemon.resident());
            measured.threads = measured.threads.max(daemon.threads());
        }
    }
    measured
}

impl Level {
    fn new(clients: u32) -> Self {
        Self {
            clients,
            daemon: Rate::default(),
            daemon_time: Duration::ZERO,
            clients_time: Duration::ZERO,
            store: Rate::default(),
        }
    }
}

/// The users of the load, with the codes that they have used.
pub(crate) struct UserPool {
    /// As many partitions as the most clients. No two clients use one partition at the same time.
    partitions: Vec<Mutex<Partition>>,
}

struct Partition {
    users: Vec<User>,
    next: usize,
    phones: Phones<User>,
}

impl UserPool {
    const PARTITIONS: u32 = 256;

    pub(crate) fn new() -> Self {
        let partition = |number: u32| {
            // The other tasks have used codes of the local users.
            let users = User::first(USERS).skip((LOCAL_USERS + number) as usize);
            Mutex::new(Partition {
                users: users.step_by(Self::PARTITIONS as usize).collect(),
                next: 0,
                phones: Phones::new(),
            })
        };
        Self {
            partitions: (0..Self::PARTITIONS).map(partition).collect(),
        }
    }

    /// Each client logs in without a pause, each time as another user, until the time is over.
    /// `log_in` gets the number of the client.
    pub(crate) fn log_in(
        &self,
        clients: u32,
        time: Duration,
        log_in: impl Fn(u32, User, &str) + Sync,
    ) -> Rate {
        let log_in = &log_in;
        let start = Instant::now();
        let times = thread::scope(|scope| {
            let running: Vec<_> = (0..clients)
                .map(|client| {
                    let log_in = move |user, code: &str| log_in(client, user, code);
                    scope.spawn(move || self.run_client(client, clients, start + time, log_in))
                })
                .collect();
            let mut times = Times::default();
            for client in running {
                match client.join() {
                    Ok(own) => times.extend(&own),
                    Err(_) => {
                        panic!("a client of the load failed; the message above has the reason")
                    }
                }
            }
            times
        });
        Rate {
            elapsed: start.elapsed(),
            times,
        }
    }

    fn run_client(
        &self,
        client: u32,
        clients: u32,
        end: Instant,
        log_in: impl Fn(User, &str),
    ) -> Times {
        let mut times = Times::default();
        let mine = self.partitions.iter().skip(client as usize);
        for partition in mine.step_by(clients as usize).cycle() {
            let mut partition = partition.lock().or_fail("take the next user");
            if Instant::now() >= end {
                break;
            }
            let (user, code) = partition.next();
            let begin = Instant::now();
            log_in(user, &code);
            times.push(begin.elapsed());
        }
        times
    }
}

impl Partition {
    /// The next user with an unused code.
    fn next(&mut self) -> (User, String) {
        for _ in 0..self.users.len() {
            let place = self.next % self.users.len();
            self.next += 1;
            let Some(user) = self.users.get(place).copied() else {
                break;
            };
            if let Some(code) = self.phones.unused(user, user) {
                return (user, code);
            }
        }
        panic!("the users of the load have no codes left: increase USERS in load.rs");
    }
}
