//! polkit's text agent, `pkttyagent`. It asks for the password on this terminal.
//!
//! It is registered for this process, without the option `--fallback`. With that option, an agent of
//! a desktop session takes precedence, and polkit ignores the agent of a process without a login session.

use std::fs::{self, File};
use std::io::{self, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, getpid, kill_process};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// For an agent to end after it printed an error.
const END_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of its error output that are kept.
const MAX_ERROR: usize = 2048;

/// A running agent. Dropping it ends the agent and restores the terminal.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    terminal: Option<Termios>,
    // Kept open: a write to a closed pipe would end the agent.
    _stderr: Option<ChildStderr>,
}

/// Why no agent could be started.
#[derive(Debug)]
pub enum NoAgent {
    /// `pkttyagent` is not installed.
    Missing,
    /// It could not be started.
    Failed(io::Error),
    /// This process has no controlling terminal.
    NoTerminal,
    /// polkit cannot see this process, because of the mount option `hidepid`.
    Hidden,
    /// The agent could not register with polkit. The text is its error output.
    Unregistered(String),
}

impl Agent {
    /// Starts the agent for this process and waits until it is registered.
    ///
    /// # Errors
    /// Where it cannot be started or does not register.
    pub fn start() -> Result<Self, NoAgent> {
        if File::open("/dev/tty").is_err() {
            return Err(NoAgent::NoTerminal);
        }
        let terminal = tcgetattr(io::stdin()).ok();
        let mut child = Command::new("pkttyagent")
            .args(["--notify-fd", "1", "--process"])
            .arg(myself())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => NoAgent::Missing,
                _ => NoAgent::Failed(error),
            })?;
        // The agent closes the pipe when it is registered or ends.
        if let Some(mut notice) = child.stdout.take() {
            let _ = notice.read(&mut [0]);
        }
        let stderr = child.stderr.take();
        let mut agent = Self {
            child,
            terminal,
            _stderr: None,
        };
        // An agent that cannot register prints an error before it ends.
        if let Some(error_output) = stderr.as_ref().and_then(error_output)
            && agent.has_ended()
        {
            return Err(if is_proc_hidden() {
                NoAgent::Hidden
            } else {
                NoAgent::Unregistered(error_output)
            });
        }
        agent._stderr = stderr;
        Ok(agent)
    }

    fn has_ended(&mut self) -> bool {
        let deadline = Instant::now() + END_TIMEOUT;
        loop {
            match self.child.try_wait() {
                Ok(None) if Instant::now() < deadline => sleep(Duration::from_millis(5)),
                Ok(None) => return false,
                Ok(Some(_)) | Err(_) => return true,
            }
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // The same Ctrl-C may have ended it. Then only its status has to be collected.
        if matches!(self.child.try_wait(), Ok(None)) {
            let agent = Pid::from_child(&self.child);
            let _ = kill_process(agent, Signal::TERM);
            // A stopped process does not handle SIGTERM before it continues.
            let _ = kill_process(agent, Signal::CONT);
            let _ = self.child.wait();
        }
        // An agent that ended at its password prompt leaves the echo disabled.
        if let Some(before) = &self.terminal {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// What the pipe contains now; `None` if it is empty and open.
fn error_output(pipe: &ChildStderr) -> Option<String> {
    let mut ready = [PollFd::new(pipe, PollFlags::IN)];
    match poll(&mut ready, Some(&Timespec::default())) {
        Ok(0) | Err(_) => return None,
        Ok(_) => {}
    }
    let mut text = vec![0; MAX_ERROR];
    let length = rustix::io::read(pipe, text.as_mut_slice()).unwrap_or(0);
    let text = text.get(..length).unwrap_or_default();
    Some(String::from_utf8_lossy(text).trim().to_owned())
}

/// Whether `/proc` hides the processes of this user from other users, such as polkit's.
fn is_proc_hidden() -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    hides_processes(&mounts)
}

/// Reads the option `hidepid` from `mountinfo`. Whether polkit is in the group that is exempt from it
/// (`gid=`) cannot be determined here, so the exemption is ignored.
fn hides_processes(mounts: &str) -> bool {
    mounts
        .lines()
        .filter(|mount| mount.split(' ').nth(4) == Some("/proc"))
        .filter_map(|mount| mount.rsplit(' ').next())
        .flat_map(|options| options.split(','))
        .filter_map(|option| option.strip_prefix("hidepid="))
        .any(|value| !matches!(value, "0" | "off"))
}

/// The pid and start time of this process, as `pkttyagent` expects them. With the start time, a later
/// process with the same pid is not confused with this one.
fn myself() -> String {
    let pid = getpid();
    let start = fs::read_to_string("/proc/self/stat").ok();
    // The command name, in brackets, can contain any character. The start time is field 22, the 20th
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
    fn the_process_is_identified_by_pid_and_start_time() {
        let name = myself();
        let (pid, start) = name.split_once(',').unwrap();
        assert_eq!(pid, std::process::id().to_string());
        assert!(start.parse::<u64>().unwrap() > 0, "{name}");
    }

    #[test]
    fn only_hidepid_of_proc_hides_processes() {
        let mount = |place: &str, options: &str| {
            format!("22 26 0:21 / {place} rw,nosuid shared:12 - proc proc {options}\n")
        };
        for options in ["rw,hidepid=2", "rw,gid=9,hidepid=invisible", "rw,hidepid=1"] {
            assert!(hides_processes(&mount("/proc", options)), "{options}");
            assert!(!hides_processes(&mount("/other", options)), "{options}");
        }
        for options in ["rw", "rw,hidepid=0", "rw,hidepid=off"] {
            assert!(!hides_processes(&mount("/proc", options)), "{options}");
        }
    }
}
