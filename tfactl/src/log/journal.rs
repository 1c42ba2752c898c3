//! The journal, through `journalctl`.

use std::io::{self, BufRead as _, BufReader, ErrorKind};
use std::process::{Child, ChildStdout, Command, Stdio};

use tfa_client::Failure;

use super::entry::FIELDS;
use crate::messages;

/// The kernel vouches for the uid, so that a program that runs as a user cannot write entries of the
/// daemon. The unit is not matched: journald does not find it for the last entries of a daemon that has
/// ended.
const FROM_THE_DAEMON: [&str; 2] = ["_UID=0", "SYSLOG_IDENTIFIER=tfad"];

/// A running `journalctl`.
pub(super) struct Journal {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Journal {
    /// Starts to read the entries about a user, under the present or a former name, or about all
    /// users, from a time on.
    pub(super) fn read(user: Option<&str>, since: Option<u64>) -> Result<Self, Failure> {
        let mut command = Command::new("journalctl");
        command
            .args(["--output=json", "--no-pager", "--quiet", "--all"])
            .arg(format!("--output-fields={}", FIELDS.join(",")))
            .args(since.map(|seconds| format!("--since=@{seconds}")))
            .args(matches(user))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut process = command.spawn().map_err(|error| {
            Failure::Refused(match error.kind() {
                ErrorKind::NotFound => messages::NO_JOURNAL.to_owned(),
                _ => messages::journal_not_read(&error),
            })
        })?;
        let Some(output) = process.stdout.take() else {
            return Err(Failure::Refused(messages::NO_JOURNAL.to_owned()));
        };
        Ok(Self {
            process,
            output: BufReader::new(output),
        })
    }

    /// The entries, one a line.
    pub(super) fn lines(&mut self) -> impl Iterator<Item = io::Result<String>> {
        (&mut self.output).lines()
    }

    /// Waits for the end, and fails if the journal was not read to its end.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let status = self.process.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::Refused(messages::journal_failed(status)))
        }
    }
}

/// The entries to read: fields in a row are joined by "and", groups separated by `+` by "or".
fn matches(user: Option<&str>) -> Vec<String> {
    let daemon = || FROM_THE_DAEMON.map(str::to_owned);
    let Some(user) = user else {
        return daemon().into();
    };
    let present = format!("TFA_USER={user}");
    let former = format!("TFA_FORMER_USER={user}");
    let groups = daemon().into_iter().chain([present, "+".to_owned()]);
    groups.chain(daemon()).chain([former]).collect()
}
