//! The daemon as a service of the machine: which store it serves, started and stopped.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::OrFail;
use crate::layout;

/// Stops the daemon, has its store changed, and starts it on the store of so many users.
pub(crate) fn serve_after(users: u32, change: impl FnOnce()) {
    systemctl("stop");
    change();
    fs::write(layout::SERVED, place(&layout::ours(users))).or_fail("name the daemon's store");
    systemctl("start");
}

fn place(state: &Path) -> String {
    format!("STORE={}\n", state.display())
}

/// `systemctl` for the daemon; returns when it is done.
pub(crate) fn systemctl(verb: &str) {
    let done = Command::new("systemctl")
        .args([verb, "tfad.service"])
        .output()
        .or_fail("run systemctl");
    if !done.status.success() {
        panic!(
            "cannot {verb} tfad, see its journal: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}
