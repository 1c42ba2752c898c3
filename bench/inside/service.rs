//! Services of the machine: which store the daemon serves, started and stopped.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::process::Process;
use crate::layout;
use tfa_tests::OrFail;

/// The daemon's unit.
pub(crate) const DAEMON: &str = "tfad.service";

/// The system bus' unit.
pub(crate) const BUS: &str = "dbus.service";

/// Stops the daemon, has its store changed, and starts it on the store of so many users.
pub(crate) fn serve_after(users: u32, change: impl FnOnce()) {
    stop(DAEMON);
    change();
    choose(&layout::ours(users));
    systemctl("start", DAEMON);
}

/// Has the daemon serve this store from its next start on.
pub(crate) fn choose(state: &Path) {
    let line = format!("STORE={}\n", state.display());
    fs::write(layout::SERVED, line).or_fail("name the daemon's store");
}

/// Stops a unit; returns when it has.
pub(crate) fn stop(unit: &str) {
    systemctl("stop", unit);
}

/// The main process of a unit.
pub(crate) fn process_of(unit: &str) -> Process {
    let said = systemctl_said(&["show", "--property=MainPID", "--value", unit]);
    Process(said.trim().parse().or_fail("find a service's process"))
}

fn systemctl(verb: &str, unit: &str) {
    systemctl_said(&[verb, unit]);
}

fn systemctl_said(words: &[&str]) -> String {
    let done = Command::new("systemctl")
        .args(words)
        .output()
        .or_fail("run systemctl");
    if !done.status.success() {
        panic!(
            "`systemctl {}` failed, see the journal: {}",
            words.join(" "),
            String::from_utf8_lossy(&done.stderr)
        );
    }
    String::from_utf8_lossy(&done.stdout).into_owned()
}
