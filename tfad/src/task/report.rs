//! The report of a task on the standard output, and its cancellation by the standard input.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tfa_store::{BackupError, Passphrase};
use tfa_text::task::TaskLine;
use tfa_text::time::date_time;
use zeroize::Zeroizing;

/// The longest line that is taken as a passphrase or a token, in bytes.
const MAX_LINE: usize = 4096;

/// The report of a task.
pub(super) struct Report {
    passphrase: Option<Passphrase>,
    token: Option<Zeroizing<String>>,
    cancelled: Arc<AtomicBool>,
}

impl Report {
    /// Reads the passphrase from the standard input, and the token if one follows. Then waits beside the task for
    /// the end of the input.
    pub(super) fn begin(has_token: bool) -> Self {
        let passphrase = read_line().map(Passphrase::new);
        let token = has_token.then(read_line).flatten();
        let cancelled = Arc::new(AtomicBool::new(false));
        let is_cancelled = Arc::clone(&cancelled);
        let watch = move || {
            // Nothing follows; an error ends the task, too.
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            is_cancelled.store(true, Ordering::Relaxed);
        };
        if thread::Builder::new().spawn(watch).is_err() {
            cancelled.store(true, Ordering::Relaxed);
        }
        Self {
            passphrase,
            token,
            cancelled,
        }
    }

    /// The passphrase, once.
    pub(super) fn passphrase(&mut self) -> Option<Passphrase> {
        self.passphrase.take()
    }

    /// The token, once.
    pub(super) fn token(&mut self) -> Option<Zeroizing<String>> {
        self.token.take()
    }

    /// Reports progress. Returns whether the task goes on.
    pub(super) fn progress(&self, done: u64, total: u64) -> bool {
        write(&TaskLine::Progress { done, total }) && !self.cancelled.load(Ordering::Relaxed)
    }

    /// Whether the task was cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Reports a result.
    pub(super) fn result(&self, name: &str, value: impl std::fmt::Display) {
        write(&TaskLine::result(name, value));
    }

    /// Reports that the task was refused.
    pub(super) fn refuse(&self, reason: &str, text: &str) {
        write(&TaskLine::Refused {
            reason: reason.to_owned(),
            text: text.to_owned(),
        });
    }

    /// Reports why a backup was not made or not restored, and why the daemon did not start again, if it
    /// did not.
    pub(super) fn refuse_backup(&self, error: &BackupError, not_started: Option<&str>) {
        let mut text = error.to_string();
        if let BackupError::Different { created, host, .. } = error {
            let made = date_time(*created);
            text.push_str(&format!(". The backup was made at {made} on {host}"));
        }
        if let Some(why) = not_started {
            text.push_str(&format!(
                ". The daemon tfad was stopped and did not start again: {why}. See: systemctl status tfad"
            ));
        }
        self.refuse(reason(error), &text);
    }
}

/// The name of a refusal, for `tfactl`.
fn reason(error: &BackupError) -> &'static str {
    match error {
        BackupError::NeedsPassphrase => "needs-passphrase",
        BackupError::WrongPassphrase => "wrong-passphrase",
        BackupError::Cancelled => "cancelled",
        _ => "refused",
    }
}

fn write(line: &TaskLine) -> bool {
    writeln!(io::stdout(), "{line}").is_ok()
}

/// The next line, byte by byte: no buffer keeps a copy.
fn read_line() -> Option<Zeroizing<String>> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
    let mut byte = Zeroizing::new([0]);
    let mut input = io::stdin().lock();
    while line.len() < MAX_LINE
        && input.read(byte.as_mut_slice()).is_ok_and(|read| read == 1)
        && *byte != [b'\n']
    {
        line.extend_from_slice(byte.as_slice());
    }
    let text = Zeroizing::new(String::from_utf8_lossy(&line).into_owned());
    (!text.is_empty()).then_some(text)
}
