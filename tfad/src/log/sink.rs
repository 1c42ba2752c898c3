//! Where the entries go.

use std::io::Write as _;
use std::time::Duration;

use super::Entry;
use super::journald::Journald;
use super::syslog::Syslog;

/// The time that a log daemon has to take an entry.
const SEND_TIMEOUT: Duration = Duration::from_millis(250);

/// The log daemon that takes the entries.
pub(super) enum Sink {
    /// journald, with fields.
    Journald(Journald),
    /// A syslog daemon.
    Syslog(Syslog),
    /// None.
    StandardError,
}

impl Sink {
    /// Connects to the log daemon of this host.
    pub(super) fn connect() -> Self {
        if let Some(journald) = Journald::connect(SEND_TIMEOUT) {
            return Self::Journald(journald);
        }
        Syslog::connect(SEND_TIMEOUT).map_or(Self::StandardError, Self::Syslog)
    }

    /// Sends an entry. A log daemon that does not take it is connected to once more, because it may have
    /// been restarted. One that is there and takes nothing loses the entry.
    pub(super) fn send(&mut self, entry: &Entry) {
        if !self.try_send(entry) {
            *self = Self::connect();
            let _ = self.try_send(entry);
        }
    }

    fn try_send(&mut self, entry: &Entry) -> bool {
        match self {
            Self::Journald(journald) => journald.send(entry).is_ok(),
            Self::Syslog(syslog) => syslog.send(entry).is_ok(),
            Self::StandardError => {
                let _ = writeln!(std::io::stderr(), "tfad: {}", entry.line);
                // A log daemon may have been started.
                *self = Self::connect();
                true
            }
        }
    }
}
