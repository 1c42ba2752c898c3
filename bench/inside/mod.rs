//! The half that runs in the machine: it fills the stores, logs in and measures. The other half
//! starts it with a task and reads the results from its standard output, both as JSON.

pub(crate) mod client;
pub(crate) mod daemon;
mod disk;
mod echo;
pub(crate) mod fill;
pub(crate) mod folder;
pub(crate) mod load;
pub(crate) mod logins;
pub(crate) mod module;
mod process;
pub(crate) mod programs;
mod requesters;
mod service;
pub(crate) mod sshd;

use std::io::Write as _;
use std::process::Command;

use serde::{Deserialize, Serialize};

use tfa_tests::OrFail;

/// What there is to do.
#[derive(Serialize, Deserialize)]
pub(crate) enum Task {
    /// Makes the stores.
    Fill(fill::Task),
    /// Times logins one after the other.
    Logins(logins::Task),
    /// Many logins at once.
    Load(load::Task),
    /// Many logins at once through sshd.
    Sshd(sshd::Task),
    /// The daemon's start and its memory.
    Daemon(daemon::Task),
    /// The modules' size and memory.
    Module(module::Task),
}

/// Does the task and says what came out. What was written before is on disk then, and does not
/// keep the disk busy.
pub(crate) fn run(task: &str) {
    let task = serde_json::from_str(task).or_fail("read the task");
    programs::said_by(&mut Command::new("sync"));
    match task {
        Task::Fill(task) => say(&fill::run(&task)),
        Task::Logins(task) => say(&logins::run(&task)),
        Task::Load(task) => say(&load::run(&task)),
        Task::Sshd(task) => say(&sshd::run(&task)),
        Task::Daemon(task) => say(&daemon::run(&task)),
        Task::Module(task) => say(&module::run(&task)),
    }
}

fn say(result: &impl Serialize) {
    let text = serde_json::to_string(result).or_fail("write the result");
    writeln!(std::io::stdout(), "{text}").or_fail("say the result");
}
