//! The data that the module stores in a transaction: pam_set_data(3), pam_get_data(3).

use std::ffi::CStr;
use std::ptr;

use libc::{c_int, c_void};
use pam_sys::{PamHandle, PamReturnCode, raw};

use super::handle::{Handle, NotStored, stored};
use crate::transaction_data::TransactionData;

/// The name of the data, which no other module uses.
const NAME: &CStr = c"org.tfad.Tfa1.transaction";

impl Handle {
    /// Stores data for the later phases of this transaction, and drops earlier data.
    ///
    /// # Errors
    /// libpam is out of memory.
    pub(crate) fn set_data(&self, data: TransactionData) -> Result<(), NotStored> {
        let data = Box::into_raw(Box::new(data));
        // SAFETY: the handle is live, the name is a C string, and `drop_data` takes what `data` is.
        // libpam calls it before it unloads this module.
        let code = unsafe {
            raw::pam_set_data(self.as_ptr(), NAME.as_ptr(), data.cast(), Some(drop_data))
        };
        stored(code).inspect_err(|NotStored| {
            // SAFETY: libpam did not take the data.
            drop(unsafe { Box::from_raw(data) });
        })
    }

    /// Returns a copy of the data that an earlier phase stored.
    pub(crate) fn data(&self) -> Option<TransactionData> {
        let mut data: *const c_void = ptr::null();
        // SAFETY: the handle is live, the name is a C string, and `data` is a place for a pointer.
        let code = unsafe { raw::pam_get_data(self.as_ptr(), NAME.as_ptr(), &raw mut data) };
        if code != PamReturnCode::SUCCESS as c_int {
            return None;
        }
        // SAFETY: null or what `set_data` stored. libpam neither replaces nor frees it before it is
        // called again.
        unsafe { data.cast::<TransactionData>().as_ref() }.cloned()
    }
}

/// Called by libpam when the data is replaced or the transaction ends.
extern "C" fn drop_data(_pamh: *mut PamHandle, data: *mut c_void, _status: c_int) {
    // SAFETY: libpam passes what `set_data` stored, once.
    drop(unsafe { Box::from_raw(data.cast::<TransactionData>()) });
}
