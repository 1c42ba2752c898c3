//! The users that the name service enumerates, read from a process that does nothing else.
//!
//! An enumeration has a position that is global to its process, and may take minutes. Look-ups in the
//! same process can disturb it, it can delay them, and a thread in it cannot be stopped. So the daemon
//! starts its own program for it, with [`OPTION`], and ends that process at the time limit.

mod process;
mod record;

use std::fmt;
use std::io::{self, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::host::child::ChildProcess;
use crate::host::timed_reader::TimedReader;
use crate::host::users::NameServiceFailed;
use crate::semaphore::Semaphore;

pub use process::run;
use record::Record;
pub(crate) use record::User;

/// The option with which the program enumerates, writes the users to its standard output, and exits.
pub const OPTION: &str = "--enumerate-users";

/// This program, also after an upgrade has replaced its file.
const PROGRAM: &str = "/proc/self/exe";
const BUFFER: usize = 64 * 1024;

/// One enumeration at a time: each is a load for the directory.
static ENUMERATIONS: Semaphore = Semaphore::new(1);

/// Why the users are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EnumerationError {
    /// Another enumeration took all the time.
    Busy,
    /// The name service fails, or takes too long.
    Failed(NameServiceFailed),
}

impl fmt::Display for EnumerationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => formatter
                .write_str("another call enumerates the users of this host; try again later"),
            Self::Failed(failed) => failed.fmt(formatter),
        }
    }
}

impl From<NameServiceFailed> for EnumerationError {
    fn from(failed: NameServiceFailed) -> Self {
        Self::Failed(failed)
    }
}

/// Calls `visit` for each user that the name service enumerates, with local files first as a rule. Users
/// of several sources may come several times. It blocks, at most until the deadline.
///
/// # Errors
/// [`EnumerationError`], also where only the last user is missing.
pub(crate) fn each_user(
    deadline: Instant,
    visit: impl FnMut(&User),
) -> Result<(), EnumerationError> {
    let left = deadline.saturating_duration_since(Instant::now());
    let permit = ENUMERATIONS.acquire_within(left);
    let _permit = permit.ok_or(EnumerationError::Busy)?;
    let mut command = Command::new(PROGRAM);
    command.arg0("tfad").arg(OPTION).env_clear();
    read_users(command, deadline, visit).map_err(|error| failed(&error).into())
}

fn read_users(
    mut command: Command,
    deadline: Instant,
    mut visit: impl FnMut(&User),
) -> io::Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let output = child.stdout.take();
    let _process = ChildProcess::new(child);
    let output = output.ok_or(io::ErrorKind::BrokenPipe)?;
    let mut output = BufReader::with_capacity(BUFFER, TimedReader::new(output, deadline));
    loop {
        match Record::read(&mut output)? {
            Record::User(user) => visit(&user),
            Record::Failed(why) => return Err(io::Error::other(why)),
            Record::End => return Ok(()),
        }
    }
}

fn failed(error: &io::Error) -> NameServiceFailed {
    let why = match error.kind() {
        io::ErrorKind::TimedOut => "the name service takes too long".to_owned(),
        io::ErrorKind::UnexpectedEof => "the process that enumerates them broke off".to_owned(),
        _ => error.to_string(),
    };
    NameServiceFailed(format!(
        "the users of this host cannot be enumerated: {why}"
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// What is read from a shell with that script.
    fn read(script: &str, limit: Duration) -> (Vec<String>, Result<(), String>) {
        let mut names = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let read = read_users(command, Instant::now() + limit, |user| {
            names.push(user.name.clone());
        });
        (names, read.map_err(|error| failed(&error).0))
    }

    #[test]
    fn users_are_complete_only_with_the_end() {
        let alice = r"printf 'user\0alice\00001000\00001000\0/bin/sh\0'";
        let (names, read_all) = read(&format!(r"{alice}; printf 'end\0'"), LONG);
        assert_eq!((names, read_all), (vec!["alice".to_owned()], Ok(())));
        let (names, broken) = read(alice, LONG);
        assert_eq!(names, ["alice"]);
        let why = broken.unwrap_err();
        assert!(
            why.ends_with("the process that enumerates them broke off"),
            "{why}"
        );
        let (_, broken) = read(r"printf 'user\0ali'", LONG);
        assert!(broken.is_err());
    }

    #[test]
    fn a_failure_after_some_users_is_an_error() {
        let script = r"printf 'user\0alice\00001000\00001000\0/bin/sh\0failed\0no answer\0'";
        let (_, failed) = read(script, LONG);
        let why = "the users of this host cannot be enumerated: no answer";
        assert_eq!(failed.unwrap_err(), why);
    }

    #[test]
    fn a_process_that_hangs_is_ended_at_the_deadline() {
        let mut pid = tempfile();
        let alice = r"printf 'user\0alice\00001000\00001000\0/bin/sh\0'";
        let script = format!("echo $$ > {}; {alice}; exec sleep 600 2>&-", pid.0);
        let (names, late) = read(&script, Duration::from_secs(3));
        let why = late.unwrap_err();
        assert!(why.ends_with("the name service takes too long"), "{why}");
        assert_eq!(names, ["alice"], "the process was running");
        let process = format!("/proc/{}", pid.read());
        while std::path::Path::new(&process).exists() {
            std::thread::yield_now();
        }
    }

    /// A file that the shell of a test writes.
    struct TemporaryFile(String);

    fn tempfile() -> TemporaryFile {
        let name = format!("tfad-enumerate-{}", std::process::id());
        TemporaryFile(std::env::temp_dir().join(name).display().to_string())
    }

    impl TemporaryFile {
        fn read(&mut self) -> String {
            let text = std::fs::read_to_string(&self.0).unwrap_or_default();
            text.trim().to_owned()
        }
    }

    impl Drop for TemporaryFile {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }
}
