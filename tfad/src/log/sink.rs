//! Where the entries go.

use std::io::{ErrorKind, Write as _};
use std::time::Duration;

use super::Entry;
use super::journald::Journald;
use super::memory::MemoryLog;
use super::syslog::Syslog;

/// The time that a log daemon has to take an entry.
const SEND_TIMEOUT: Duration = Duration::from_millis(250);

/// The way to the log daemon.
pub(super) struct Sink {
    target: Target,
    connect: Box<dyn Fn() -> Target + Send>,
}

/// What takes the entries.
pub(super) enum Target {
    /// journald, with fields.
    Journald(Journald),
    /// A syslog daemon.
    Syslog(Syslog),
    /// No log daemon.
    StandardError,
    /// A test.
    Memory(MemoryLog),
}

/// Why an entry was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendError {
    /// The log daemon is there and takes nothing now.
    Busy,
    /// The log daemon does not take this entry.
    Refused,
}

impl Sink {
    /// Connects to the log daemon of this host.
    pub(super) fn connect() -> Self {
        Self::new(Box::new(Target::connect))
    }

    /// Calls `connect` now, and again after the log daemon has not taken an entry.
    pub(super) fn new(connect: Box<dyn Fn() -> Target + Send>) -> Self {
        Self {
            target: connect(),
            connect,
        }
    }

    /// Sends an entry. A log daemon that does not take it is connected to once more, because it may have
    /// been restarted.
    pub(super) fn send(&mut self, entry: &Entry) -> Result<(), SendError> {
        self.try_send(entry).or_else(|_| {
            self.target = (self.connect)();
            self.try_send(entry)
        })
    }

    /// Sends an entry if that takes no wait, and is busy otherwise.
    pub(super) fn send_at_once(&mut self, entry: &Entry) -> Result<(), SendError> {
        match &mut self.target {
            Target::Journald(journald) => journald.send_at_once(entry).map_err(|_| SendError::Busy),
            Target::Memory(memory) => {
                memory.add(entry);
                Ok(())
            }
            // Both may block.
            Target::Syslog(_) | Target::StandardError => Err(SendError::Busy),
        }
    }

    fn try_send(&mut self, entry: &Entry) -> Result<(), SendError> {
        match &mut self.target {
            Target::Journald(journald) => {
                let sent = journald.send(entry);
                sent.map_err(|error| SendError::of(error.kind()))
            }
            Target::Syslog(syslog) => syslog.send(entry).map_err(|error| match error {
                syslog::Error::Write(error) | syslog::Error::Io(error) => {
                    SendError::of(error.kind())
                }
                syslog::Error::Initialization(_) => SendError::Refused,
            }),
            Target::Memory(memory) => {
                memory.add(entry);
                Ok(())
            }
            Target::StandardError => {
                let written = writeln!(std::io::stderr(), "tfad: {}", entry.line);
                // A log daemon may have been started.
                self.target = (self.connect)();
                // Under systemd it leads to journald, which may have been stopped. Refused, and not
                // busy: a connection that fails at once must not be tried again without a pause.
                written.map_err(|_| SendError::Refused)
            }
        }
    }
}

impl Target {
    fn connect() -> Self {
        if let Some(journald) = Journald::connect(SEND_TIMEOUT) {
            return Self::Journald(journald);
        }
        Syslog::connect(SEND_TIMEOUT).map_or(Self::StandardError, Self::Syslog)
    }
}

impl SendError {
    fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Self::Busy,
            _ => Self::Refused,
        }
    }
}
