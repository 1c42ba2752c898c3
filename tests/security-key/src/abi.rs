//! The functions and structures of `sk-api.h`. OpenSSH frees what it gets with `free`.
#![expect(unsafe_code, reason = "the boundary to OpenSSH, which is written in C")]

use std::ffi::{CStr, c_char, c_int};
use std::{mem, ptr, slice};

use crate::keys::{self, Algorithm};
use crate::{Statement, signed_bytes};

/// `SSH_SK_VERSION_MAJOR` of OpenSSH 8.9 to 10.
const VERSION: u32 = 0x000a_0000;
/// `SSH_SK_ERR_GENERAL`.
const FAILED: c_int = -1;
/// `SSH_SK_ERR_UNSUPPORTED`.
const UNSUPPORTED: c_int = -2;

#[repr(C)]
struct EnrollResponse {
    flags: u8,
    public_key: *mut u8,
    public_key_len: usize,
    key_handle: *mut u8,
    key_handle_len: usize,
    signature: *mut u8,
    signature_len: usize,
    attestation_cert: *mut u8,
    attestation_cert_len: usize,
    authdata: *mut u8,
    authdata_len: usize,
}

#[repr(C)]
struct SignResponse {
    flags: u8,
    counter: u32,
    sig_r: *mut u8,
    sig_r_len: usize,
    sig_s: *mut u8,
    sig_s_len: usize,
}

#[unsafe(no_mangle)]
extern "C" fn sk_api_version() -> u32 {
    VERSION
}

/// # Safety
/// As `sk-api.h` says: `enroll_response` is valid for a write.
#[unsafe(no_mangle)]
unsafe extern "C" fn sk_enroll(
    algorithm: u32,
    _challenge: *const u8,
    _challenge_len: usize,
    _application: *const c_char,
    flags: u8,
    _pin: *const c_char,
    _options: *mut *mut (),
    enroll_response: *mut *mut EnrollResponse,
) -> c_int {
    let Some(algorithm) = Algorithm::from_number(algorithm) else {
        return UNSUPPORTED;
    };
    let private = keys::draw(algorithm);
    let enrolled = private.and_then(|private| Some((private, keys::public(algorithm, &private)?)));
    let Some((private, public)) = enrolled else {
        return FAILED;
    };
    let (public_key, public_key_len) = allocated(&public);
    let (key_handle, key_handle_len) = allocated(&private);
    let response = EnrollResponse {
        flags,
        public_key,
        public_key_len,
        key_handle,
        key_handle_len,
        // OpenSSH wants some attestation, and does not check it.
        signature: ptr::null_mut(),
        signature_len: 0,
        attestation_cert: ptr::null_mut(),
        attestation_cert_len: 0,
        authdata: ptr::null_mut(),
        authdata_len: 0,
    };
    // SAFETY: the caller passes a valid place for the response.
    unsafe { give(response, enroll_response) }
}

/// # Safety
/// As `sk-api.h` says: `data` and `key_handle` have their lengths, `application` ends with a null byte,
/// and `sign_response` is valid for a write.
#[unsafe(no_mangle)]
unsafe extern "C" fn sk_sign(
    algorithm: u32,
    data: *const u8,
    data_len: usize,
    application: *const c_char,
    key_handle: *const u8,
    key_handle_len: usize,
    flags: u8,
    _pin: *const c_char,
    _options: *mut *mut (),
    sign_response: *mut *mut SignResponse,
) -> c_int {
    let Some(algorithm) = Algorithm::from_number(algorithm) else {
        return UNSUPPORTED;
    };
    // SAFETY: the caller passes these texts, none of which is null, with their lengths.
    let (data, private, application) = unsafe {
        (
            slice::from_raw_parts(data, data_len),
            slice::from_raw_parts(key_handle, key_handle_len),
            CStr::from_ptr(application),
        )
    };
    let statement = Statement { flags, counter: 1 };
    let bytes = signed_bytes(application.to_bytes(), &statement, data);
    let Some(signature) = keys::sign(algorithm, private, &bytes) else {
        return FAILED;
    };
    let (sig_r, sig_r_len) = allocated(&signature.r);
    let (sig_s, sig_s_len) = allocated(&signature.s);
    let response = SignResponse {
        flags: statement.flags,
        counter: statement.counter,
        sig_r,
        sig_r_len,
        sig_s,
        sig_s_len,
    };
    // SAFETY: the caller passes a valid place for the response.
    unsafe { give(response, sign_response) }
}

#[unsafe(no_mangle)]
extern "C" fn sk_load_resident_keys(
    _pin: *const c_char,
    _options: *mut *mut (),
    _keys: *mut *mut *mut (),
    _number_of_keys: *mut usize,
) -> c_int {
    UNSUPPORTED
}

/// The bytes in memory that the caller frees; null for none.
fn allocated(bytes: &[u8]) -> (*mut u8, usize) {
    if bytes.is_empty() {
        return (ptr::null_mut(), 0);
    }
    // SAFETY: malloc takes any size; the copy fits what it returns, if that is not null.
    unsafe {
        let copy = libc::malloc(bytes.len()).cast::<u8>();
        if copy.is_null() {
            return (copy, 0);
        }
        ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len());
        (copy, bytes.len())
    }
}

/// Gives a response to the caller, who frees it.
///
/// # Safety
/// `place` is valid for a write.
unsafe fn give<T>(response: T, place: *mut *mut T) -> c_int {
    // SAFETY: malloc returns memory for any type, or null, which is not written to.
    unsafe {
        let memory = libc::malloc(mem::size_of::<T>()).cast::<T>();
        if memory.is_null() {
            return FAILED;
        }
        memory.write(response);
        place.write(memory);
    }
    0
}
