//! Many logins at once: at the daemon, at a service that only knows the answers, and the same number
//! of commits at the store alone. In slices, one of each in turn with the disk's own rate, at each
//! number of clients in turn.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::client;
use super::disk::Disk;
use super::echo::Echo;
use super::fill;
use super::process::Process;
use super::requesters;
use super::service;
use crate::layout;
use crate::person::{Person, SEATED};
use crate::phone::{self, Phones};
use crate::statistics::{Rate, Times};
use tfa_tests::OrFail;

/// How many users log in: each has a code every 30 seconds, and three at first.
pub(crate) const USERS: u32 = 50_000;

/// How long the disk is measured in each slice.
const DISK_TIME: Duration = Duration::from_millis(500);

/// What is to be measured.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// The numbers of clients.
    pub(crate) clients: Vec<u32>,
    /// How many slices each number of clients has.
    pub(crate) slices: u32,
    /// How long one slice is.
    pub(crate) slice: Duration,
}

/// What came out.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    /// One thread that writes and synchronises.
    pub(crate) disk: Rate,
    /// Each number of clients.
    pub(crate) levels: Vec<Level>,
    /// What the daemon's memory was after the last login, in KiB.
    pub(crate) resident: u64,
    /// How many threads the daemon had then.
    pub(crate) threads: usize,
}

/// What came out at one number of clients.
#[derive(Serialize, Deserialize)]
pub(crate) struct Level {
    /// How many clients.
    pub(crate) clients: u32,
    /// Logins at the daemon.
    pub(crate) daemon: Rate,
    /// Processor time of the daemon and the bus while it served them.
    pub(crate) daemon_time: Duration,
    /// The bus'.
    pub(crate) bus_time: Duration,
    /// The clients' own.
    pub(crate) clients_time: Duration,
    /// The same logins at a service that knows the answers.
    pub(crate) echo: Rate,
    /// Commits at the store alone.
    pub(crate) store: Rate,
}

pub(super) fn run(task: &Task) -> Measured {
    let mut measured = Measured {
        disk: Rate::default(),
        levels: task.clients.iter().copied().map(Level::new).collect(),
        resident: 0,
        threads: 0,
    };
    fill::fill_ours(&layout::store_alone(), Crowd::PARTS);
    let mut disk = Disk::new();
    let crowd = Crowd::new();
    for _ in 0..task.slices {
        for level in &mut measured.levels {
            measured.disk.add(&disk.rate(DISK_TIME));

            service::stop(service::DAEMON);
            let echo = Echo::serve(tfa_proto::NAME);
            let answered = crowd.log_in(level.clients, task.slice, Codes::Any);
            level.echo.add(&answered);
            drop(echo);

            let state = layout::store_alone();
            let committed = requesters::commit(&state, level.clients, task.slice);
            level.store.add(&committed);

            service::serve_after(USERS, || {});
            let daemon = service::process_of(service::DAEMON);
            let processes = [daemon, service::process_of(service::BUS), Process::own()];
            let before = processes.map(Process::processor_time);
            let logged_in = crowd.log_in(level.clients, task.slice, Codes::Right);
            let after = processes.map(Process::processor_time);
            level.daemon.add(&logged_in);
            level.daemon_time += after[0] - before[0];
            level.bus_time += after[1] - before[1];
            level.clients_time += after[2] - before[2];
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
            bus_time: Duration::ZERO,
            clients_time: Duration::ZERO,
            echo: Rate::default(),
            store: Rate::default(),
        }
    }
}

/// Which codes are given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codes {
    /// Right ones that were not used yet.
    Right,
    /// Anything: nobody looks at it.
    Any,
}

/// The users of the load and their phones.
pub(crate) struct Crowd {
    /// In as many parts as there are ever clients: who logs in is nobody else at the moment.
    parts: Vec<Mutex<Part>>,
}

struct Part {
    people: Vec<Person>,
    next: usize,
    phones: Phones<Person>,
}

impl Crowd {
    const PARTS: u32 = 256;

    pub(crate) fn new() -> Self {
        let part = |number: u32| {
            // Who logs in elsewhere in the bench has used up codes.
            let people = Person::first(USERS).skip((SEATED + number) as usize);
            Mutex::new(Part {
                people: people.step_by(Self::PARTS as usize).collect(),
                next: 0,
                phones: Phones::new(),
            })
        };
        Self {
            parts: (0..Self::PARTS).map(part).collect(),
        }
    }

    /// So many clients log in, each as soon as it is in again as another user, until the time is
    /// over.
    pub(crate) fn log_in(&self, clients: u32, time: Duration, codes: Codes) -> Rate {
        let start = Instant::now();
        let times = thread::scope(|scope| {
            let running: Vec<_> = (0..clients)
                .map(|client| {
                    scope.spawn(move || self.be_client(client, clients, start, time, codes))
                })
                .collect();
            let mut times = Times::default();
            for client in running {
                match client.join() {
                    Ok(own) => times.extend(&own),
                    Err(_) => panic!("a client of the load failed, see above"),
                }
            }
            times
        });
        Rate {
            elapsed: start.elapsed(),
            times,
        }
    }

    fn be_client(
        &self,
        client: u32,
        clients: u32,
        start: Instant,
        time: Duration,
        codes: Codes,
    ) -> Times {
        let mut times = Times::default();
        let mine = self.parts.iter().skip(client as usize);
        for part in mine.step_by(clients as usize).cycle() {
            let mut part = part.lock().or_fail("find somebody to log in");
            if start.elapsed() >= time {
                break;
            }
            let (person, code) = part.next(codes);
            let begin = Instant::now();
            client::log_in(person, &code);
            times.push(begin.elapsed());
        }
        times
    }
}

impl Part {
    /// The next user who has a code.
    fn next(&mut self, codes: Codes) -> (Person, String) {
        for _ in 0..self.people.len() {
            let place = self.next % self.people.len();
            self.next += 1;
            let Some(person) = self.people.get(place).copied() else {
                break;
            };
            if codes == Codes::Any {
                return (person, phone::code(person, 0));
            }
            if let Some(code) = self.phones.fresh(person, person) {
                return (person, code);
            }
        }
        panic!("the users of the load have no codes left: there must be more of them (load.rs)");
    }
}
