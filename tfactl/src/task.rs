//! Starts the daemon's program for a task, and follows its report.

use std::ffi::OsStr;
use std::process::Stdio;

use tfa_client::{Failure, Interrupt, Terminal, is_root};
use tfa_text::task::{OPTION, TaskLine};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use zeroize::Zeroizing;

use crate::messages;
use crate::progress::ProgressBar;

const PROGRAM: &str = "/usr/sbin/tfad";

/// How a task ended.
pub(crate) enum Outcome {
    /// It is done, with these results.
    Done(Results),
    /// It needs the passphrase of the file, or another one. The text says which.
    NeedsPassphrase(String),
}

/// Names and values.
///
/// A value may be a token.
pub(crate) struct Results(Vec<(String, Zeroizing<String>)>);

impl Results {
    /// The value of this name; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        let named = self.0.iter().find(|(found, _)| found == name);
        named.map_or("", |(_, value)| value)
    }

    /// The number of this name.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or_default()
    }

    /// All values of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(found, _)| found == name);
        named.map(|(_, value)| value.as_str())
    }
}

/// Refuses a command that only root can run, before it asks for anything.
pub(crate) fn require_root() -> Result<(), Failure> {
    match is_root() {
        true => Ok(()),
        false => Err(Failure::NotAllowed(messages::TASK_NEEDS_ROOT.to_owned())),
    }
}

/// Does a task. A signal cancels it.
pub(crate) async fn run(
    interrupt: &mut Interrupt,
    terminal: &Terminal,
    words: &[&OsStr],
    passphrase: Option<&str>,
) -> Result<Outcome, Failure> {
    let not_started =
        |error: std::io::Error| Failure::Refused(messages::daemon_not_started(PROGRAM, &error));
    let mut child = Command::new(PROGRAM)
        .arg(OPTION)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // The keys of the terminal reach this command alone, which cancels the task.
        .process_group(0)
        .spawn()
        .map_err(not_started)?;
    if let Some(input) = &mut child.stdin {
        // An error shows in the report, which then has no end.
        let passphrase = passphrase.unwrap_or_default().as_bytes();
        let _ = input.write_all(passphrase).await;
        let _ = input.write_all(b"\n").await;
    }
    follow(&mut child, interrupt, terminal).await
}

async fn follow(
    child: &mut Child,
    interrupt: &mut Interrupt,
    terminal: &Terminal,
) -> Result<Outcome, Failure> {
    let Some(output) = child.stdout.take() else {
        return Err(Failure::Refused(messages::TASK_ENDED.to_owned()));
    };
    let mut report = Report::new(output);
    let mut bar = ProgressBar::new(terminal);
    if interrupt.during(report.read(&mut bar)).await.is_none() {
        // The end of its input cancels the task. Its last words still count.
        drop(child.stdin.take());
        report.read(&mut bar).await;
    }
    drop(child.stdin.take());
    let succeeded = child.wait().await?.success();
    match report.refusal {
        Some((reason, _)) if reason == "cancelled" => {
            Err(Failure::Cancelled(messages::TASK_CANCELLED.to_owned()))
        }
        Some((reason, _)) if reason == "continues" => {
            Err(Failure::Cancelled(messages::ROTATION_CONTINUES.to_owned()))
        }
        Some((reason, _)) if reason == "resumes" => {
            Err(Failure::Cancelled(messages::MIGRATION_RESUMES.to_owned()))
        }
        Some((reason, text)) if reason == "asked" => {
            Err(Failure::Refused(messages::rotation_asked(&text)))
        }
        Some((reason, text)) if ["needs-passphrase", "wrong-passphrase"].contains(&&*reason) => {
            Ok(Outcome::NeedsPassphrase(messages::task_refused(&text)))
        }
        Some((_, text)) => Err(Failure::Refused(messages::task_refused(&text))),
        None if succeeded => Ok(Outcome::Done(Results(report.results))),
        None => Err(Failure::Refused(messages::TASK_ENDED.to_owned())),
    }
}

struct Report {
    lines: tokio::io::Lines<BufReader<ChildStdout>>,
    results: Vec<(String, Zeroizing<String>)>,
    refusal: Option<(String, String)>,
}

impl Report {
    fn new(output: ChildStdout) -> Self {
        Self {
            lines: BufReader::new(output).lines(),
            results: Vec::new(),
            refusal: None,
        }
    }

    /// Reads to the end.
    async fn read(&mut self, bar: &mut ProgressBar<'_>) {
        while let Ok(Some(line)) = self.lines.next_line().await {
            let line = Zeroizing::new(line);
            match TaskLine::parse(&line) {
                Some(TaskLine::Progress { done, total }) => bar.show(done, total),
                Some(TaskLine::Result { name, value }) => {
                    self.results.push((name, Zeroizing::new(value)));
                }
                Some(TaskLine::Refused { reason, text }) => self.refusal = Some((reason, text)),
                None => {}
            }
        }
    }
}
