//! The daemon: the time from its start to its first answer, its memory, and its wake-ups without
//! logins.

use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::folder::{self, RESTORED_UP_TO};
use super::load::{self, UserPool};
use super::process::wake_ups;
use super::programs::{Phases, SUCCESS, log_in, time_of};
use super::service;
use crate::layout;
use crate::phone::Phones;
use crate::statistics::Times;
use crate::user::{DAEMON_USERS, LOCAL_USERS, User};

/// The clients and the duration of the load before the memory is measured.
const CLIENTS: u32 = 64;
const LOAD_TIME: Duration = Duration::from_secs(5);

/// The pause before the wake-ups are counted.
const SETTLE: Duration = Duration::from_secs(20);

/// What to measure.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// The numbers of users.
    pub(crate) sizes: Vec<u32>,
    /// The number of starts of each kind.
    pub(crate) starts: u32,
    /// The time in which wake-ups are counted.
    pub(crate) quiet: Duration,
}

/// The results for one number of users.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) users: u32,
    /// From the exec of the daemon to its answer to the first Begin.
    pub(crate) start: Times,
    /// A login for which the bus and systemd start the daemon.
    pub(crate) activation: Times,
    /// Resident memory in KiB after the start.
    pub(crate) started: u64,
    /// Resident memory in KiB after one login of each user.
    pub(crate) used: u64,
    /// Resident memory in KiB after a load. `None` if there are too few users for a load.
    pub(crate) loaded: Option<u64>,
    /// The number of threads of the idle daemon.
    pub(crate) threads: usize,
    /// The number of wake-ups in the quiet time.
    pub(crate) wake_ups: u64,
    /// The time in which wake-ups were counted.
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

/// Measures a new daemon: logins, a quiet time, and then a load.
fn idle(users: u32, quiet: Duration, phones: &mut Phones<(u32, User)>) -> Measured {
    service::serve_after(users, || {
        if users <= RESTORED_UP_TO {
            folder::restore(&layout::ours(users));
        }
    });
    let daemon = service::process_of(service::DAEMON);
    let started = daemon.resident();
    for number in 0..DAEMON_USERS {
        login(users, number, phones);
    }
    let used = daemon.resident();
    thread::sleep(SETTLE);
    let before = daemon.switches();
    thread::sleep(quiet);
    let after = daemon.switches();
    let loaded = (users >= load::USERS).then(|| {
        let log_in = |_, user, code: &str| super::client::log_in(user, code);
        UserPool::new().log_in(CLIENTS, LOAD_TIME, log_in);
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

/// Starts the daemon as a plain program. `activation` includes the work of systemd.
fn start(users: u32) -> Duration {
    service::stop(service::DAEMON);
    let state = layout::ours(users);
    time_of(
        "floor",
        &[
            "start",
            tfa_proto::NAME,
            &daemon_user(users, 0).name(),
            "/usr/sbin/tfad",
            "--state",
            &state.display().to_string(),
        ],
    )
}

fn activation(users: u32, number: usize, phones: &mut Phones<(u32, User)>) -> Duration {
    service::stop(service::DAEMON);
    service::set_store(&layout::ours(users));
    login(users, number as u32, phones)
}

fn login(users: u32, number: u32, phones: &mut Phones<(u32, User)>) -> Duration {
    let user = daemon_user(users, number);
    let code = phones.next((users, user), user);
    let (time, verdict) = log_in("bench-tfa", user, &code, Phases::Auth);
    if verdict != SUCCESS {
        panic!(
            "a login of {} with {users} users failed with PAM code {verdict}: see the journal of the \
             machine (TFA_KEEP=1 keeps the machine)",
            user.name()
        );
    }
    time
}

/// A user with a line in `/etc/passwd` who logs in only in this task.
fn daemon_user(users: u32, number: u32) -> User {
    let first = if users <= RESTORED_UP_TO {
        0
    } else {
        LOCAL_USERS - DAEMON_USERS
    };
    User(first + number % DAEMON_USERS)
}
