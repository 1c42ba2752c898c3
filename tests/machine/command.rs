//! Commands inside a machine, run as root or as a user, without a login.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::process::{self, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, memfd_create};

use crate::cgroup;
use crate::failure::OrFail;
use crate::process::wait_until;
use crate::terminal::{Pty, Terminal};

/// The default time limit of a command.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The first process of a machine. Commands enter its namespaces and control groups.
#[derive(Clone)]
pub(crate) struct Leader {
    pid: u32,
    groups: Vec<PathBuf>,
}

impl Leader {
    pub(crate) fn new(pid: u32) -> Self {
        Self {
            pid,
            groups: cgroup::groups_of(pid),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }
}

/// A command to run inside a machine. [`Machine::command`](crate::Machine::command) creates it.
///
/// It runs in the user's home directory, with a clean environment and without a session, like a
/// command of a system service. For a login session, log in through [`Terminal`].
#[must_use]
pub struct Command {
    leader: Leader,
    words: Vec<String>,
    user: Option<String>,
    environment: Vec<String>,
    stdin: Vec<u8>,
    timeout: Duration,
}

impl Command {
    pub(crate) fn new<W: AsRef<str>>(leader: &Leader, words: &[W]) -> Self {
        Self {
            leader: leader.clone(),
            words: words.iter().map(|word| word.as_ref().to_owned()).collect(),
            user: None,
            environment: Vec::new(),
            stdin: Vec::new(),
            timeout: TIMEOUT,
        }
    }

    /// Runs the command as this user instead of root.
    pub fn user(mut self, name: &str) -> Self {
        self.user = Some(name.to_owned());
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push(format!("{name}={value}"));
        self
    }

    /// Sets the standard input, which is empty by default.
    pub fn stdin(mut self, content: impl Into<Vec<u8>>) -> Self {
        self.stdin = content.into();
        self
    }

    /// Sets the time limit, which is a minute by default.
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs the command, and returns its result. Panics on timeout.
    pub fn run(&self) -> Output {
        let (mut stdin, stdout, stderr) = (memory(), memory(), memory());
        stdin
            .write_all(&self.stdin)
            .or_fail("write a command's input");
        stdin.rewind().or_fail("write a command's input");
        let mut child = self
            .host_command(&[])
            .stdin(stdin)
            .stdout(stdout.try_clone().or_fail("keep a command's output"))
            .stderr(stderr.try_clone().or_fail("keep a command's output"))
            .spawn()
            .or_fail("run setsid");
        let status = wait_until(&mut child, Instant::now() + self.timeout);
        if status.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let (stdout, stderr) = (content(stdout), content(stderr));
        let Some(status) = status else {
            panic!(
                "{self} did not end within {} s\nstdout:\n{stdout}\nstderr:\n{stderr}\njournal:\n{}",
                self.timeout.as_secs(),
                last_journal_lines(&self.leader)
            );
        };
        Output {
            status,
            stdout,
            stderr,
        }
    }

    /// Runs the command, and returns its standard output. Panics with all output and the journal if
    /// it fails.
    #[track_caller]
    pub fn succeed(&self) -> String {
        let output = self.run();
        if !output.success() {
            panic!(
                "{self} failed: {output}\njournal:\n{}",
                last_journal_lines(&self.leader)
            );
        }
        output.stdout
    }

    /// Runs the command, and returns all output. Panics if it succeeds.
    #[track_caller]
    pub fn fail(&self) -> Output {
        let output = self.run();
        if output.success() {
            panic!("{self} should have failed: {output}");
        }
        output
    }

    /// Runs the command on a terminal of its own, 80 columns by 24 rows.
    #[must_use]
    pub fn terminal(&self) -> Terminal {
        let pty = Pty::of_machine(self.leader.pid);
        let child = self
            .host_command(&["--ctty"])
            .stdin(Stdio::from(pty.slave()))
            .stdout(Stdio::from(pty.slave()))
            .stderr(Stdio::from(pty.slave()))
            .spawn()
            .or_fail("run setsid");
        Terminal::on(pty, &self.to_string(), Some(child))
    }

    /// The command line on the host. It creates a session, enters the machine's control group and
    /// namespaces, and then sets the user, the environment and the home directory.
    fn host_command(&self, session: &[&str]) -> process::Command {
        const JOIN: &str = r#"
            for group in $GROUPS_TO_JOIN; do echo $$ >"$group/cgroup.procs"; done
            unset GROUPS_TO_JOIN
            exec "$@""#;
        const BECOME: &str = r#"
            user=$1; shift
            if terminal=$(tty); then chown "$user" "$terminal"; fi
            exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --reset-env -- "$@""#;
        const GO_HOME: &str = r#"cd && exec "$@""#;

        let groups: Vec<_> = self
            .leader
            .groups
            .iter()
            .map(|g| g.display().to_string())
            .collect();
        let mut command = process::Command::new("setsid");
        command
            .args(session)
            .args(["sh", "-c", JOIN, "sh"])
            .args([
                "nsenter",
                "--target",
                &self.leader.pid.to_string(),
                "--all",
                "--",
            ])
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("GROUPS_TO_JOIN", groups.join(" "))
            .env("TERM", "xterm-256color")
            .env("SHELL", "/bin/bash")
            .env("HOME", "/root")
            .env("USER", "root")
            .env("LOGNAME", "root");
        if let Some(user) = &self.user {
            command.args(["sh", "-c", BECOME, "sh", user]);
        }
        command
            .args(["env", "LANG=C.UTF-8"])
            .args(&self.environment)
            .args(["sh", "-c", GO_HOME, "sh"])
            .args(&self.words);
        command
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.words.join(" "))?;
        match &self.user {
            Some(user) => write!(f, " as {user}"),
            None => Ok(()),
        }
    }
}

/// The result of a command.
#[derive(Debug)]
pub struct Output {
    /// The exit status.
    pub status: ExitStatus,
    /// The standard output.
    pub stdout: String,
    /// The standard error.
    pub stderr: String,
}

impl Output {
    /// Whether the exit code is 0.
    pub fn success(&self) -> bool {
        self.status.success()
    }

    /// The exit code; `None` if a signal terminated the command.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The standard output, followed by the standard error.
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\nstdout:\n{}\nstderr:\n{}",
            self.status, self.stdout, self.stderr
        )
    }
}

/// The last lines of the journal, for the message of a panic.
pub(crate) fn last_journal_lines(leader: &Leader) -> String {
    Command::new(leader, &["journalctl", "--no-pager", "--lines=40"])
        .run()
        .stdout
}

fn memory() -> File {
    memfd_create("tfa-tests", MemfdFlags::CLOEXEC)
        .or_fail("make a memory file")
        .into()
}

fn content(mut file: File) -> String {
    let mut bytes = Vec::new();
    file.rewind().or_fail("read a command's output");
    file.read_to_end(&mut bytes)
        .or_fail("read a command's output");
    String::from_utf8_lossy(&bytes).into_owned()
}
