//! The units of the machine, and the store of the daemon.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::process::Process;
use crate::layout;
use tfa_tests::OrFail;

/// The unit of the daemon.
pub(crate) const DAEMON: &str = "tfad.service";

/// Stops the daemon, calls `change`, and starts the daemon on the store with this number of users.
pub(crate) fn serve_after(users: u32, change: impl FnOnce()) {
    stop(DAEMON);
    change();
    set_store(&layout::ours(users));
    systemctl("start", DAEMON);
}

/// Sets the store that the daemon opens at its next start.
pub(crate) fn set_store(state: &Path) {
    let line = format!("STORE={}\n", state.display());
    fs::write(layout::SERVED, line).or_fail("write the path of the store");
}

/// Stops a unit, and waits for the end.
pub(crate) fn stop(unit: &str) {
    systemctl("stop", unit);
}

/// The main process of a unit.
pub(crate) fn process_of(unit: &str) -> Process {
    let output = systemctl_output(&["show", "--property=MainPID", "--value", unit]);
    Process(output.trim().parse().or_fail("read the PID of a service"))
}

fn systemctl(verb: &str, unit: &str) {
    systemctl_output(&[verb, unit]);
}

fn systemctl_output(arguments: &[&str]) -> String {
    let output = Command::new("systemctl")
        .args(arguments)
        .output()
        .or_fail("run systemctl");
    if !output.status.success() {
        panic!(
            "`systemctl {}` failed, see the journal: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    String::from_utf8_lossy(&output.stdout).into_owned()
}
