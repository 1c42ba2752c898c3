//! The syslog protocol of RFC 3164 over `/dev/log`, for hosts without journald.

use std::time::Duration;
use syslog::{Facility, Formatter3164, Logger, LoggerBackend};

use super::{Entry, Level};

/// A connection to the syslog daemon.
pub(super) struct Syslog(Logger<LoggerBackend, Formatter3164>);

impl Syslog {
    /// Connects to the syslog daemon; `None` where there is none.
    pub(super) fn connect(send_timeout: Duration) -> Option<Self> {
        let logger = syslog::unix(Formatter3164 {
            facility: Facility::LOG_AUTHPRIV,
            hostname: None,
            process: "tfad".to_owned(),
            pid: std::process::id(),
        })
        .ok()?;
        if let LoggerBackend::Unix(socket) = &logger.backend {
            socket.set_write_timeout(Some(send_timeout)).ok()?;
        }
        Some(Self(logger))
    }

    /// Sends the line of an entry. The protocol has no fields.
    pub(super) fn send(&mut self, entry: &Entry) -> syslog::Result<()> {
        let line = entry.line.as_str();
        match entry.level {
            Level::Info => self.0.info(line),
            Level::Notice => self.0.notice(line),
            Level::Warning => self.0.warning(line),
            Level::Error => self.0.err(line),
            Level::Critical => self.0.crit(line),
            Level::Alert => self.0.alert(line),
        }
    }
}
