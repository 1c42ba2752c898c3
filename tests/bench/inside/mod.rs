//! The half that runs in the machine: it fills the stores, logs in and measures. The other half
//! starts it with a task and reads the results from its standard output, both as JSON.

mod daemon;
mod disk;
mod echo;
pub(crate) mod fill;
mod folder;
pub(crate) mod logins;

use std::io::Write as _;

use serde::{Deserialize, Serialize};

use crate::failure::OrFail;

/// What there is to do.
#[derive(Serialize, Deserialize)]
pub(crate) enum Task {
    /// Makes the stores.
    Fill(fill::Task),
    /// Times logins one after the other.
    Logins(logins::Task),
}

/// Does the task and says what came out.
pub(crate) fn run(task: &str) {
    let task = serde_json::from_str(task).or_fail("read the task");
    match task {
        Task::Fill(task) => say(&fill::run(&task)),
        Task::Logins(task) => say(&logins::run(&task)),
    }
}

fn say(result: &impl Serialize) {
    let text = serde_json::to_string(result).or_fail("write the result");
    writeln!(std::io::stdout(), "{text}").or_fail("say the result");
}
