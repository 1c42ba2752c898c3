//! Commands of the administrator on many accounts: their time, and the memory of the daemon meanwhile.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::folder::{self, RESTORED_UP_TO};
use super::passwd::WithoutLocalUsers;
use super::process::Process;
use super::service;
use crate::layout;
use crate::user::User;
use tfa_tests::OrFail;

/// The commands, without `tfactl`.
const COMMANDS: [&[&str]; 3] = [&["list"], &["list", "--json"], &["policy", "impact"]];

/// The import, whose dry run has no option.
const IMPORT: [&str; 3] = ["import", "google-authenticator", "--apply"];

/// What to measure.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// The numbers of users.
    pub(crate) sizes: Vec<u32>,
    /// The number of users that are imported.
    pub(crate) imported: u32,
}

/// The results of one command.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) users: u32,
    /// The command, without `tfactl` and without the names of files.
    pub(crate) command: String,
    /// The time to its first line.
    pub(crate) first: Duration,
    /// The time to its end.
    pub(crate) whole: Duration,
    /// The number of its lines.
    pub(crate) lines: u64,
    /// The largest resident memory of the daemon meanwhile, in KiB.
    pub(crate) peak: u64,
}

pub(super) fn run(task: &Task) -> Vec<Measured> {
    let _without = WithoutLocalUsers::begin();
    let mut all = Vec::new();
    for users in &task.sizes {
        for command in COMMANDS {
            service::serve_after(*users, || {});
            let measured = measure(*users, command, &[]);
            // A store that no other task has filled would be listed in no time.
            if command == ["list"] && measured.lines < u64::from(*users) {
                panic!("{} lines for {users} accounts", measured.lines);
            }
            all.push(measured);
        }
    }
    all.extend(import(task.imported));
    all
}

/// Imports users with the files of google-authenticator: the dry run, the import, and once more with the
/// same files.
fn import(users: u32) -> Vec<Measured> {
    service::serve_after(RESTORED_UP_TO, || {
        folder::restore(&layout::ours(RESTORED_UP_TO))
    });
    let place = layout::imported();
    folder::create(&place);
    let files: Vec<String> = User::first(RESTORED_UP_TO + users)
        .skip(RESTORED_UP_TO as usize)
        .map(|user| {
            let file = place.join(user.name());
            folder::write_secret(&file, &user.google_file_with_codes());
            format!("{}={}", user.name(), file.display())
        })
        .collect();
    [&IMPORT[..2], &IMPORT, &IMPORT]
        .map(|command| measure(users, command, &files))
        .into()
}

fn measure(users: u32, command: &[&str], files: &[String]) -> Measured {
    let daemon = service::process_of(service::DAEMON);
    daemon.forget_peak();
    let start = Instant::now();
    let mut child = Command::new("tfactl")
        .args(command)
        .args(files)
        .stdout(Stdio::piped())
        .spawn()
        .or_fail("start tfactl");
    let output = child.stdout.take().or_fail("read the output of tfactl");
    let mut first = None;
    let mut lines = 0;
    for line in BufReader::new(output).lines() {
        line.or_fail("read a line of tfactl");
        first.get_or_insert_with(|| start.elapsed());
        lines += 1;
    }
    let status = child.wait().or_fail("wait for tfactl");
    if !status.success() {
        panic!("tfactl {} failed ({status})", command.join(" "));
    }
    Measured {
        users,
        command: command.join(" "),
        first: first.or_fail("find a line in the output of tfactl"),
        whole: start.elapsed(),
        lines,
        peak: daemon.peak(),
    }
}

impl Process {
    /// Counts the largest memory anew: proc(5), `clear_refs`.
    fn forget_peak(self) {
        let path = format!("/proc/{}/clear_refs", self.0);
        fs::write(&path, "5").or_fail(&format!("write {path}"));
    }
}
