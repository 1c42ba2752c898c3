//! polkit's text agent, `pkttyagent`: asks for the password on this terminal.
//!
//! It is registered for this process without the option `--fallback`. An agent with that option lets the
//! agent of a desktop session go first, and polkit ignores it for a process without a login session.

use std::fs::{self, File};
use std::io::{self, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, getpid, kill_process};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// How long an agent that complained may take to end.
const END_TIMEOUT: Duration = Duration::from_secs(2);
/// How much of its complaint is kept.
const MAX_COMPLAINT: usize = 2048;

/// A running agent. It ends with the value, and the terminal is then as it was before.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    terminal: Option<Termios>,
    // Open as long as the agent runs: a write to a closed pipe would end it.
    _complaints: Option<ChildStderr>,
}

/// Why there is no agent.
#[derive(Debug)]
pub enum NoAgent {
    /// `pkttyagent` is not installed.
    Missing,
    /// It could not be started.
    Failed(io::Error),
    /// This process has no controlling terminal, on which the agent would ask.
    NoTerminal,
    /// `/proc` is mounted so that polkit cannot see this process.
    Hidden,
    /// The agent could not register with polkit: its own words.
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
        // The agent closes its end once it is registered, and so does its death.
        if let Some(mut notice) = child.stdout.take() {
            let _ = notice.read(&mut [0]);
        }
        let complaints = child.stderr.take();
        let mut agent = Self {
            child,
            terminal,
            _complaints: None,
        };
        // One that does not register says why before it ends, so before the notice.
        if let Some(complaint) = complaints.as_ref().and_then(complaint)
            && agent.has_ended()
        {
            return Err(if is_proc_hidden() {
                NoAgent::Hidden
            } else {
                NoAgent::Unregistered(complaint)
            });
        }
        agent._complaints = complaints;
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

/// What has been written to a pipe by now; `None` where that is nothing and the pipe is open.
fn complaint(pipe: &ChildStderr) -> Option<String> {
    let mut ready = [PollFd::new(pipe, PollFlags::IN)];
    match poll(&mut ready, Some(&Timespec::default())) {
        Ok(0) | Err(_) => return None,
        Ok(_) => {}
    }
    let mut text = vec![0; MAX_COMPLAINT];
    let length = rustix::io::read(pipe, text.as_mut_slice()).unwrap_or(0);
    let text = text.get(..length).unwrap_or_default();
    Some(String::from_utf8_lossy(text).trim().to_owned())
}

/// Whether other users, polkit's among them, see no process of this user in `/proc`.
fn is_proc_hidden() -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    hides_processes(&mounts)
}

/// The same, out of `mountinfo`. A group that may see everything can be named; whether polkit is in it
/// cannot be known from here, and so its agent's failure is put down to the option.
fn hides_processes(mounts: &str) -> bool {
    mounts
        .lines()
        .filter(|mount| mount.split(' ').nth(4) == Some("/proc"))
        .filter_map(|mount| mount.rsplit(' ').next())
        .flat_map(|options| options.split(','))
        .filter_map(|option| option.strip_prefix("hidepid="))
        .any(|value| !matches!(value, "0" | "off"))
}

/// This process as polkit names it: with the start time, the pid cannot be mistaken for a later
/// process of the same number.
fn myself() -> String {
    let pid = getpid();
    let start = fs::read_to_string("/proc/self/stat").ok();
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

    #[test]
    fn hidepid_of_proc_alone_hides_processes() {
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
