//! The half that runs in the machine: it fills the stores, logs in and measures. The outer half
//! starts it with a task, and reads the result from its standard output. Both are JSON.

pub(crate) mod administration;
pub(crate) mod at_once;
pub(crate) mod client;
pub(crate) mod daemon;
mod disk;
pub(crate) mod fill;
pub(crate) mod folder;
pub(crate) mod load;
pub(crate) mod logins;
pub(crate) mod module;
mod passwd;
pub(crate) mod process;
pub(crate) mod programs;
mod service;
pub(crate) mod sshd;
mod store;
mod stub;
pub(crate) mod upkeep;

use std::io::Write as _;
use std::process::Command;

use serde::{Deserialize, Serialize};

use tfa_tests::OrFail;

/// A task of the inner half.
#[derive(Serialize, Deserialize)]
pub(crate) enum Task {
    /// Fill the stores.
    Fill(fill::Task),
    /// Measure logins one after the other.
    Logins(logins::Task),
    /// Measure concurrent logins through PAM.
    AtOnce(at_once::Task),
    /// Measure concurrent logins without PAM.
    Load(load::Task),
    /// Measure concurrent logins through sshd.
    Sshd(sshd::Task),
    /// Measure the start and the memory of the daemon.
    Daemon(daemon::Task),
    /// Measure the size and the memory of the modules.
    Module(module::Task),
    /// Measure commands on many accounts.
    Administration(administration::Task),
}

/// Runs the task, and prints its result. Earlier writes are synchronized first, so that they do not
/// keep the disk busy during the measurement.
pub(crate) fn run(task: &str) {
    let task = serde_json::from_str(task).or_fail("read the task");
    programs::output_of(&mut Command::new("sync"));
    match task {
        Task::Fill(task) => print(&fill::run(&task)),
        Task::Logins(task) => print(&logins::run(&task)),
        Task::AtOnce(task) => print(&at_once::run(&task)),
        Task::Load(task) => print(&load::run(&task)),
        Task::Sshd(task) => print(&sshd::run(&task)),
        Task::Daemon(task) => print(&daemon::run(&task)),
        Task::Module(task) => print(&module::run(&task)),
        Task::Administration(task) => print(&administration::run(&task)),
    }
}

fn print(result: &impl Serialize) {
    let text = serde_json::to_string(result).or_fail("write the result");
    writeln!(std::io::stdout(), "{text}").or_fail("print the result");
}
