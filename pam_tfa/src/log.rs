//! The log: syslog, facility AUTHPRIV, under the service's name. Never standard output or error,
//! never a secret, a code or a password at any level.

use libc::c_int;

use crate::ffi::Handle;
use crate::printable;

/// Writes the log lines of one phase.
pub(crate) struct Log<'a> {
    pam: &'a Handle,
    debug: bool,
}

impl<'a> Log<'a> {
    /// A log that keeps debugging lines back.
    pub(crate) fn new(pam: &'a Handle) -> Self {
        Self { pam, debug: false }
    }

    /// Lets debugging lines through, or not.
    pub(crate) fn with_debug(self, debug: bool) -> Self {
        Self { debug, ..self }
    }

    /// How the phase goes, for who set the option `debug`.
    pub(crate) fn debug(&self, text: &str) {
        if self.debug {
            self.write(libc::LOG_DEBUG, text);
        }
    }

    /// A login was refused.
    pub(crate) fn notice(&self, text: &str) {
        self.write(libc::LOG_NOTICE, text);
    }

    /// The administrator should change something.
    pub(crate) fn warning(&self, text: &str) {
        self.write(libc::LOG_WARNING, text);
    }

    /// Logins fail that should not.
    pub(crate) fn error(&self, text: &str) {
        self.write(libc::LOG_ERR, text);
    }

    /// A login went round the second factor.
    pub(crate) fn alert(&self, text: &str) {
        self.write(libc::LOG_ALERT, text);
    }

    /// A wrong answer to sshd's question, in sshd's own words.
    pub(crate) fn notice_of_sshd(&self, text: &str) {
        self.pam
            .syslog_for_program(libc::LOG_NOTICE, &printable::for_log(text));
    }

    fn write(&self, priority: c_int, text: &str) {
        self.pam.syslog(priority, &printable::for_log(text));
    }
}
