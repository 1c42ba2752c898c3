//! Copies of C strings.

use std::ffi::{CStr, CString};

use libc::c_char;

/// Copies a C string; `None` if it is null.
///
/// # Safety
/// `text` is null or a C string.
pub(super) unsafe fn copy(text: *const c_char) -> Option<CString> {
    if text.is_null() {
        return None;
    }
    // SAFETY: a C string, by this function's contract.
    Some(unsafe { CStr::from_ptr(text) }.to_owned())
}
