//! The log: syslog, facility authpriv. The module never writes to standard output or standard error,
//! and never logs a secret, a code or a password.

use libc::c_int;

use crate::ffi::handle::Handle;
use crate::sanitize;

/// Writes log lines of one phase.
pub(crate) struct Log<'a> {
    pam: &'a Handle,
    debug: bool,
}

impl<'a> Log<'a> {
    /// A log without debug lines.
    pub(crate) fn new(pam: &'a Handle) -> Self {
        Self { pam, debug: false }
    }

    /// Turns debug lines on or off.
    pub(crate) fn with_debug(self, debug: bool) -> Self {
        Self { debug, ..self }
    }

    /// For the option `debug`.
    pub(crate) fn debug(&self, text: &str) {
        if self.debug {
            self.write(libc::LOG_DEBUG, text);
        }
    }

    /// For a login that was refused, as it should be.
    pub(crate) fn notice(&self, text: &str) {
        self.write(libc::LOG_NOTICE, text);
    }

    /// For a configuration that the administrator should change.
    pub(crate) fn warning(&self, text: &str) {
        self.write(libc::LOG_WARNING, text);
    }

    /// For a login that failed and should not.
    pub(crate) fn error(&self, text: &str) {
        self.write(libc::LOG_ERR, text);
    }

    /// For a login without the second factor.
    pub(crate) fn alert(&self, text: &str) {
        self.write(libc::LOG_ALERT, text);
    }

    /// For a line under the name of the login program, without the module's prefix.
    pub(crate) fn notice_as_program(&self, text: &str) {
        self.pam
            .syslog_as_program(libc::LOG_NOTICE, &sanitize::for_log(text));
    }

    fn write(&self, priority: c_int, text: &str) {
        self.pam.syslog(priority, &sanitize::for_log(text));
    }
}
