//! The daemon: how soon it answers after a start, the memory that it takes, and how often it wakes
//! up when nobody logs in.

use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::folder::{self, RESTORED_UP_TO};
use super::load::{self, Codes, Crowd};
use super::process::wake_ups;
use super::programs::{Phases, SUCCESS, log_in, time_of};
use super::service;
use crate::layout;
use crate::person::{Person, REGULARS, SEATED};
use crate::phone::Phones;
use crate::statistics::Times;

/// Clients and time of the load after which the memory is looked at.
const CLIENTS: u32 = 64;
const LOAD_TIME: Duration = Duration::from_secs(5);

/// How long the daemon has nothing to do before it is watched being idle.
const SETTLE: Duration = Duration::from_secs(20);

/// What is to be measured.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// The numbers of users.
    pub(crate) sizes: Vec<u32>,
    /// How many starts of each kind.
    pub(crate) starts: u32,
    /// How long it is watched being idle.
    pub(crate) quiet: Duration,
}

/// What came out at one number of users.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    /// How many users.
    pub(crate) users: u32,
    /// From the daemon's exec to its answer to a first Begin.
    pub(crate) start: Times,
    /// A login that finds no daemon, and has the bus and systemd start it.
    pub(crate) activation: Times,
    /// Resident memory in KiB after the start.
    pub(crate) started: u64,
    /// After a few logins.
    pub(crate) used: u64,
    /// After a load; none where the users are too few for one.
    pub(crate) loaded: Option<u64>,
    /// How many threads it has after a few logins, when it has been idle for a while.
    pub(crate) threads: usize,
    /// How often it woke up in the quiet time.
    pub(crate) wake_ups: u64,
    /// How long that was.
    pub(crate) quiet: Duration,
}

pub(super) fn run(task: &Task) -> Vec<Measured> {
    let mut phones = Phones::new();
    let mut all: Vec<Measured> = task
        .sizes
        .iter()
        .map(|size| idle(*size, task.quiet, &mut phones))
        .collect();
    for _ in 0..task.starts {
        for measured in &mut all {
            let users = measured.users;
            measured.start.push(start(users));
            let time = activation(users, measured.activation.count(), &mut phones);
            measured.activation.push(time);
        }
    }
    all
}

/// A fresh daemon, a login of each regular, a quiet time, then a load.
fn idle(users: u32, quiet: Duration, phones: &mut Phones<(u32, Person)>) -> Measured {
    service::serve_after(users, || {
        if users <= RESTORED_UP_TO {
            folder::put_back(&layout::ours(users));
        }
    });
    let daemon = service::process_of(service::DAEMON);
    let started = daemon.resident();
    for number in 0..REGULARS {
        login(users, number, phones);
    }
    let used = daemon.resident();
    thread::sleep(SETTLE);
    let before = daemon.switches();
    thread::sleep(quiet);
    let after = daemon.switches();
    let loaded = (users >= load::USERS).then(|| {
        Crowd::new().log_in(CLIENTS, LOAD_TIME, Codes::Right);
        daemon.resident()
    });
    Measured {
        users,
        start: Times::default(),
        activation: Times::default(),
        started,
        used,
        loaded,
        threads: after.len(),
        wake_ups: wake_ups(&before, &after),
        quiet,
    }
}

/// Starts the daemon as a plain program. Its unit adds what systemd does first: see `activation`.
fn start(users: u32) -> Duration {
    service::stop(service::DAEMON);
    let state = layout::ours(users);
    time_of(
        "floor",
        &[
            "start",
            tfa_proto::NAME,
            &regular(users, 0).name(),
            "/usr/sbin/tfad",
            "--state",
            &state.display().to_string(),
        ],
    )
}

fn activation(users: u32, number: usize, phones: &mut Phones<(u32, Person)>) -> Duration {
    service::stop(service::DAEMON);
    service::choose(&layout::ours(users));
    login(users, number as u32, phones)
}

fn login(users: u32, number: u32, phones: &mut Phones<(u32, Person)>) -> Duration {
    let person = regular(users, number);
    let code = phones.next((users, person), person);
    let (time, verdict) = log_in("bench-tfa", person, &code, Phases::Auth);
    if verdict != SUCCESS {
        panic!(
            "a login of {} with {users} users failed with PAM code {verdict}: look for the reason in \
             the machine's journal (TFA_KEEP=1 keeps it)",
            person.name()
        );
    }
    time
}

/// Users who have a line in `/etc/passwd` and log in nowhere else.
fn regular(users: u32, number: u32) -> Person {
    let first = if users <= RESTORED_UP_TO {
        0
    } else {
        SEATED - REGULARS
    };
    Person(first + number % REGULARS)
}
