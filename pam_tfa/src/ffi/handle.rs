//! A PAM transaction: its items, its environment, and the delay of a failure.

use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};
use std::time::Duration;

use libc::{c_int, c_uint, c_void};
use pam_sys::{PamHandle, PamItemType, PamReturnCode, raw};
use zeroize::Zeroizing;

use super::answer::Answer;
use super::c_string;

// Declared in security/pam_modules.h, and missing in pam-sys, which links libpam.
unsafe extern "C" {
    fn pam_fail_delay(pamh: *mut PamHandle, microseconds: c_uint) -> c_int;
}

/// A PAM transaction. It is made in `exports` and lent out, so it does not outlive the call of libpam.
/// One thread uses it at a time.
pub(crate) struct Handle {
    raw: NonNull<PamHandle>,
}

/// The items that are text and not secret.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Item {
    /// `PAM_SERVICE`.
    Service,
    /// `PAM_TTY`.
    Tty,
    /// `PAM_RHOST`.
    Rhost,
    /// `PAM_RUSER`.
    Ruser,
}

/// libpam could not store a value.
#[derive(Debug)]
pub(crate) struct NotStored;

impl Handle {
    pub(super) fn new(raw: NonNull<PamHandle>) -> Self {
        Self { raw }
    }

    pub(super) fn as_ptr(&self) -> *mut PamHandle {
        self.raw.as_ptr()
    }

    /// Returns an item; `None` if it is not set.
    pub(crate) fn item(&self, item: Item) -> Option<String> {
        let item = match item {
            Item::Service => PamItemType::SERVICE,
            Item::Tty => PamItemType::TTY,
            Item::Rhost => PamItemType::RHOST,
            Item::Ruser => PamItemType::RUSER,
        };
        // SAFETY: these items are C strings.
        let text = unsafe { self.string_item(item) }?;
        Some(text.to_string_lossy().into_owned())
    }

    /// Returns `PAM_USER`; `None` if it is not set, empty, or not UTF-8. Does not call
    /// pam_get_user(3), which asks for a name: the module that asks for the password does so.
    pub(crate) fn user(&self) -> Option<String> {
        // SAFETY: this item is a C string.
        let name = unsafe { self.string_item(PamItemType::USER) }?;
        name.into_string().ok().filter(|name| !name.is_empty())
    }

    /// Returns whether `PAM_USER` is set and not empty. It need not be UTF-8.
    pub(crate) fn has_user(&self) -> bool {
        // SAFETY: this item is a C string.
        let name = unsafe { self.string_item(PamItemType::USER) };
        name.is_some_and(|name| !name.is_empty())
    }

    /// Returns `PAM_AUTHTOK`, the password that an earlier module of this phase asked for; `None` if
    /// it is not set or empty.
    pub(crate) fn password(&self) -> Option<Answer> {
        // SAFETY: this item is a C string.
        let password = unsafe { self.string_item(PamItemType::AUTHTOK) }?;
        let password = Zeroizing::new(password.into_bytes());
        Some(password).filter(|password| !password.is_empty())
    }

    /// Sets `PAM_AUTHTOK` for the next modules.
    ///
    /// # Errors
    /// libpam is out of memory.
    pub(crate) fn set_password(&self, password: &[u8]) -> Result<(), NotStored> {
        let mut terminated = Zeroizing::new(Vec::with_capacity(password.len() + 1));
        terminated.extend_from_slice(password);
        terminated.push(0);
        let item = PamItemType::AUTHTOK as c_int;
        // SAFETY: the handle is live, and the item is a C string, which libpam copies.
        stored(unsafe { raw::pam_set_item(self.as_ptr(), item, terminated.as_ptr().cast()) })
    }

    /// Returns a variable of the PAM environment. The login program and its modules set it; the user
    /// cannot.
    pub(crate) fn environment(&self, name: &CStr) -> Option<String> {
        // SAFETY: the handle is live, and the name is a C string. The result is null or a C string, and
        // is copied before libpam is called again.
        let value = unsafe { c_string::copy(raw::pam_getenv(self.as_ptr(), name.as_ptr())) }?;
        Some(value.to_string_lossy().into_owned())
    }

    /// Sets a variable of the PAM environment (`NAME=value`), or deletes it (`NAME`).
    ///
    /// # Errors
    /// libpam is out of memory, or there is no variable to delete.
    pub(crate) fn set_environment(&self, assignment: &CStr) -> Result<(), NotStored> {
        // SAFETY: the handle is live, and libpam copies the C string.
        stored(unsafe { raw::pam_putenv(self.as_ptr(), assignment.as_ptr()) })
    }

    /// Sets the minimum delay before libpam reports a failure. libpam varies it at random, and takes
    /// the longest of all modules.
    pub(crate) fn set_fail_delay(&self, delay: Duration) {
        let microseconds = c_uint::try_from(delay.as_micros()).unwrap_or(c_uint::MAX);
        // SAFETY: the handle is live.
        unsafe { pam_fail_delay(self.as_ptr(), microseconds) };
    }

    /// # Safety
    /// The item is a C string.
    unsafe fn string_item(&self, item: PamItemType) -> Option<CString> {
        let mut text: *const c_void = ptr::null();
        // SAFETY: the handle is live, and `text` is a place for a pointer.
        let code = unsafe { raw::pam_get_item(self.as_ptr(), item as c_int, &raw mut text) };
        if code != PamReturnCode::SUCCESS as c_int {
            return None;
        }
        // SAFETY: null or a C string, by this function's contract; copied before libpam is called
        // again.
        unsafe { c_string::copy(text.cast()) }
    }
}

pub(super) fn stored(code: c_int) -> Result<(), NotStored> {
    if code == PamReturnCode::SUCCESS as c_int {
        Ok(())
    } else {
        Err(NotStored)
    }
}
