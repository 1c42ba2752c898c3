//! The log: pam_syslog(3), syslog(3).

use std::ffi::CStr;

use libc::{c_char, c_int};
use pam_sys::PamHandle;

use super::handle::Handle;

// Declared in security/pam_ext.h, and missing in pam-sys, which links libpam.
unsafe extern "C" {
    fn pam_syslog(pamh: *const PamHandle, priority: c_int, format: *const c_char, ...);
}

impl Handle {
    /// Logs a line to the facility authpriv, after module, service and phase.
    pub(crate) fn syslog(&self, priority: c_int, line: &CStr) {
        // SAFETY: the handle is live, and the format takes one C string.
        unsafe { pam_syslog(self.as_ptr(), priority, c"%s".as_ptr(), line.as_ptr()) }
    }

    /// Logs a line unchanged, under the name of the login program.
    pub(crate) fn syslog_as_program(&self, priority: c_int, line: &CStr) {
        // SAFETY: the format takes one C string.
        unsafe { libc::syslog(libc::LOG_AUTHPRIV | priority, c"%s".as_ptr(), line.as_ptr()) }
    }
}
