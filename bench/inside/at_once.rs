//! Concurrent logins through PAM: pam_tfa and its peers, with the same client. The stacks alternate in
//! slices, with the disk between them.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::fill;
use super::folder;
use super::passwd::WithoutLocalUsers;
use super::programs::{SUCCESS, numbers, output_of};
use super::service;
use crate::layout;
use crate::phone;
use crate::statistics::{Rate, Times};
use crate::user::User;
use tfa_tests::OrFail;

/// The number of users in the stores.
pub(crate) const USERS: u32 = 1000;

/// The codes of a user in one slice: those of the current step and of the next one are valid for 30
/// seconds at least, and a slice takes less.
const CODES: u64 = 2;

/// The duration of the measurement of the disk in each slice.
const DISK_TIME: Duration = Duration::from_millis(300);

/// What to measure.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// The numbers of clients.
    pub(crate) clients: Vec<u32>,
    /// The number of slices for each number of clients.
    pub(crate) slices: u32,
    /// The number of logins in one slice.
    pub(crate) logins: u32,
}

/// A PAM stack with a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stack {
    Ours,
    Google,
    Oath,
}

impl Stack {
    const ALL: [Self; 3] = [Self::Ours, Self::Google, Self::Oath];

    fn service(self) -> String {
        match self {
            Self::Ours => "bench-tfa".to_owned(),
            Self::Google => layout::service("google", USERS),
            Self::Oath => layout::service(layout::OATH_EACH, USERS),
        }
    }
}

/// The results.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    /// One thread that writes and synchronizes, between the slices.
    pub(crate) disk: Rate,
    pub(crate) levels: Vec<Level>,
}

/// The logins of one stack with one number of clients.
#[derive(Serialize, Deserialize)]
pub(crate) struct Level {
    pub(crate) clients: u32,
    pub(crate) stack: Stack,
    pub(crate) logins: Rate,
}

pub(super) fn run(task: &Task) -> Measured {
    let _without = WithoutLocalUsers::begin();
    service::stop(service::DAEMON);
    fill::run(&fill::Task {
        users: USERS,
        peers: true,
    });
    fill::fill_oath_each(&layout::oath_each(USERS), USERS);
    stores().iter().for_each(|store| folder::save(store));
    let levels = task.clients.iter().flat_map(|clients| {
        Stack::ALL.map(|stack| Level {
            clients: *clients,
            stack,
            logins: Rate::default(),
        })
    });
    let mut measured = Measured {
        disk: Rate::default(),
        levels: levels.collect(),
    };
    let mut disk = Disk::new();
    for slice in 0..task.slices {
        // Each slice starts with another stack.
        let first = slice as usize % Stack::ALL.len();
        for stacks in measured.levels.chunks_mut(Stack::ALL.len()) {
            restore();
            measured.disk.add(&disk.rate(DISK_TIME));
            stacks.rotate_left(first);
            for level in stacks.iter_mut() {
                level.log_in(task.logins);
            }
            stacks.rotate_right(first);
        }
    }
    restore();
    measured
}

fn stores() -> [PathBuf; 3] {
    [
        layout::ours(USERS),
        layout::google(USERS),
        layout::oath_each(USERS),
    ]
}

/// Restores the stores: no code is used. Synchronizes, so that the writes do not delay a login.
fn restore() {
    service::serve_after(USERS, || {
        stores().iter().for_each(|store| folder::restore(store));
        output_of(&mut Command::new("sync"));
    });
}

impl Level {
    /// The logins of one slice. Each must succeed.
    fn log_in(&mut self, logins: u32) {
        let service = self.stack.service();
        let output = run_clients(self.clients, &service, &codes(logins));
        let printed = numbers(&output);
        let Some((elapsed, logins)) = printed.split_first() else {
            panic!("the login program printed {output:?}");
        };
        let mut times = Times::default();
        for login in logins.chunks(2) {
            match login {
                [time, verdict] if *verdict == SUCCESS as u64 => {
                    times.push(Duration::from_nanos(*time));
                }
                _ => panic!(
                    "a login through {service} with {} clients failed: {login:?}",
                    self.clients
                ),
            }
        }
        self.logins.add(&Rate {
            elapsed: Duration::from_nanos(*elapsed),
            times,
        });
    }
}

/// Lines with a user and a code. A user comes again after all others, with a later code.
fn codes(count: u32) -> String {
    let first = phone::current_step();
    let logins = (0..CODES).flat_map(|later| User::first(USERS).map(move |user| (user, later)));
    let lines: Vec<String> = logins
        .take(count as usize)
        .map(|(user, later)| format!("{} {}\n", user.name(), phone::code(user, first + later)))
        .collect();
    if lines.len() < count as usize {
        panic!("{USERS} users have no codes for {count} logins");
    }
    lines.concat()
}

fn run_clients(clients: u32, service: &str, codes: &str) -> String {
    let mut child = Command::new(layout::program("login"))
        .args(["at-once", &clients.to_string(), service])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .or_fail("start the login program");
    let mut stdin = child.stdin.take().or_fail("feed the login program");
    stdin
        .write_all(codes.as_bytes())
        .or_fail("feed the login program");
    drop(stdin);
    let output = child
        .wait_with_output()
        .or_fail("wait for the login program");
    if !output.status.success() {
        panic!("the login program failed ({})", output.status);
    }
    String::from_utf8_lossy(&output.stdout).into_owned()
}
