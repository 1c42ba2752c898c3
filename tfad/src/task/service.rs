//! The daemon, as systemd sees it, while a task replaces its database.

use std::path::Path;
use std::process::{Command, Stdio};

const UNIT: &str = "tfad.service";
const SYSTEMD: &str = "/run/systemd/system";

/// The unit of the daemon, stopped or not.
#[derive(Default)]
pub(super) struct Service {
    was_running: bool,
}

impl Service {
    /// Stops the daemon. Whatever starts it waits for the lock of the state directory, which the caller
    /// holds.
    pub(super) fn stop(&mut self) -> Result<(), String> {
        // Without systemd, the administrator stops the daemon; a database in use is not replaced.
        if !Path::new(SYSTEMD).is_dir() {
            return Ok(());
        }
        let state = systemctl(&["show", "--property=ActiveState", "--value"])?;
        self.was_running |= !matches!(state.as_str(), "inactive" | "failed");
        systemctl(&["stop"]).map(drop)
    }

    /// Has the daemon look for what was asked of it, and starts it if it does not run.
    pub(super) fn wake() -> Result<(), String> {
        systemctl(&["start"])?;
        systemctl(&["kill", "--kill-whom=main", "--signal=HUP"]).map(drop)
    }

    /// Has the daemon open its store anew.
    pub(super) fn restart() -> Result<(), String> {
        match Path::new(SYSTEMD).is_dir() {
            true => systemctl(&["restart"]).map(drop),
            false => Ok(()),
        }
    }

    /// Starts the daemon again, if it was running.
    pub(super) fn start(&self) -> Result<(), String> {
        if self.was_running {
            systemctl(&["start"])?;
        }
        Ok(())
    }
}

fn systemctl(words: &[&str]) -> Result<String, String> {
    let output = Command::new("systemctl")
        .args(words)
        .arg(UNIT)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("systemctl cannot be started: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("systemctl {}: {}", words.join(" "), said.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
