//! polkit's text agent, `pkttyagent`: asks for the password on this terminal where no other agent
//! serves the session, as over SSH and on the console.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, getpid, kill_process};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// A running agent. It ends with the value, and the terminal is then as it was before.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    terminal: Option<Termios>,
}

/// Why there is no agent.
#[derive(Debug)]
pub enum NoAgent {
    /// `pkttyagent` is not installed.
    Missing,
    /// It could not be started.
    Failed(io::Error),
}

impl Agent {
    /// Starts the agent for this process and waits until it is registered.
    ///
    /// # Errors
    /// Where it cannot be started. One that starts and then fails says so itself, on stderr.
    pub fn start() -> Result<Self, NoAgent> {
        let terminal = tcgetattr(io::stdin()).ok();
        let mut child = Command::new("pkttyagent")
            .args(["--notify-fd", "1", "--fallback", "--process"])
            .arg(myself())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => NoAgent::Missing,
                _ => NoAgent::Failed(error),
            })?;
        // The agent closes its end once it is registered, and so does its death.
        if let Some(mut notice) = child.stdout.take() {
            let _ = notice.read(&mut [0]);
        }
        Ok(Self { child, terminal })
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may be gone already, by the same Ctrl-C. Then there is only its status to collect.
        if matches!(self.child.try_wait(), Ok(None)) {
            let agent = Pid::from_child(&self.child);
            let _ = kill_process(agent, Signal::TERM);
            // One that Ctrl-Z stopped would never see it.
            let _ = kill_process(agent, Signal::CONT);
            let _ = self.child.wait();
        }
        // An agent that died at its password prompt leaves the echo off.
        if let Some(before) = &self.terminal {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// This process as polkit names it: with the start time, the pid cannot be mistaken for a later
/// process of the same number.
fn myself() -> String {
    let pid = getpid();
    let start = std::fs::read_to_string("/proc/self/stat").ok();
    // The command's name, in brackets, may hold anything; the start time is field 22, the 20th
    // after it.
    let start = start.as_deref().and_then(|stat| {
        let (_, fields) = stat.rsplit_once(')')?;
        fields.split_ascii_whitespace().nth(19)
    });
    match start {
        Some(start) => format!("{pid},{start}"),
        None => pid.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_named_with_its_start_time() {
        let name = myself();
        let (pid, start) = name.split_once(',').unwrap();
        assert_eq!(pid, std::process::id().to_string());
        assert!(start.parse::<u64>().unwrap() > 0, "{name}");
    }
}
