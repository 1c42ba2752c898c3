//! The functions that libpam calls. They catch panics: nothing unwinds into C.

use std::ptr::NonNull;
use std::slice;

use libc::{c_char, c_int};
use pam_sys::{PamFlag, PamHandle, PamReturnCode};
use tfa_proto::Phase;

use super::c_string;
use super::handle::Handle;
use crate::log::Log;
use crate::outcome::{Failure, PamResult, RefusalCode};
use crate::{login, messages, panic_guard};

// The unwinder, linked statically: as a shared library it takes longer to load than everything else.
#[link(name = "gcc_eh", kind = "static", modifiers = "+whole-archive,-bundle")]
unsafe extern "C" {}

/// The auth phase.
///
/// # Safety
/// `pamh` is null or a live handle; `argv` has `argc` C strings.
#[unsafe(no_mangle)]
unsafe extern "C" fn pam_sm_authenticate(
    pamh: *mut PamHandle,
    flags: c_int,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    // SAFETY: libpam calls this function, and promises this to its modules.
    unsafe { run_phase(Phase::Auth, pamh, flags, argc, argv) }
}

/// The account phase.
///
/// # Safety
/// `pamh` is null or a live handle; `argv` has `argc` C strings.
#[unsafe(no_mangle)]
unsafe extern "C" fn pam_sm_acct_mgmt(
    pamh: *mut PamHandle,
    flags: c_int,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    // SAFETY: libpam calls this function, and promises this to its modules.
    unsafe { run_phase(Phase::Account, pamh, flags, argc, argv) }
}

/// The session phase.
///
/// # Safety
/// `pamh` is null or a live handle; `argv` has `argc` C strings.
#[unsafe(no_mangle)]
unsafe extern "C" fn pam_sm_open_session(
    pamh: *mut PamHandle,
    flags: c_int,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    // SAFETY: libpam calls this function, and promises this to its modules.
    unsafe { run_phase(Phase::Session, pamh, flags, argc, argv) }
}

/// The module keeps nothing for a session.
#[unsafe(no_mangle)]
extern "C" fn pam_sm_close_session(
    _pamh: *mut PamHandle,
    _flags: c_int,
    _argc: c_int,
    _argv: *const *const c_char,
) -> c_int {
    PamReturnCode::SUCCESS as c_int
}

/// There are no credentials to set. libpam calls every module of the auth stack, and a login whose
/// auth phase succeeded must not fail here.
#[unsafe(no_mangle)]
extern "C" fn pam_sm_setcred(
    _pamh: *mut PamHandle,
    _flags: c_int,
    _argc: c_int,
    _argv: *const *const c_char,
) -> c_int {
    PamReturnCode::SUCCESS as c_int
}

/// # Safety
/// `pamh` is null or a handle that lives throughout the call; `argv` has `argc` C strings.
unsafe fn run_phase(
    phase: Phase,
    pamh: *mut PamHandle,
    flags: c_int,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    let Some(raw) = NonNull::new(pamh) else {
        return return_code(PamResult::Refuse(Failure::Module.refusal(phase)));
    };
    let pam = Handle::new(raw);
    let result = panic_guard::catch(|| {
        // SAFETY: passed on from the caller.
        let arguments = unsafe { arguments(argc, argv) };
        let silent = flags & PamFlag::SILENT as c_int != 0;
        login::run(&pam, phase, silent, &arguments)
    });
    return_code(result.unwrap_or_else(|location| {
        Log::new(&pam).error(&messages::log_panic(&location));
        PamResult::Refuse(Failure::Panic.refusal(phase))
    }))
}

/// # Safety
/// `argv` has `argc` C strings.
unsafe fn arguments(argc: c_int, argv: *const *const c_char) -> Vec<String> {
    let count = usize::try_from(argc).unwrap_or(0);
    if count == 0 || argv.is_null() {
        return Vec::new();
    }
    // SAFETY: passed on from the caller; not null.
    unsafe { slice::from_raw_parts(argv, count) }
        .iter()
        // SAFETY: passed on from the caller.
        .filter_map(|&argument| unsafe { c_string::copy(argument) })
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect()
}

fn return_code(result: PamResult) -> c_int {
    let code = match result {
        PamResult::Success => PamReturnCode::SUCCESS,
        PamResult::Ignore => PamReturnCode::IGNORE,
        PamResult::Refuse(refusal) => match refusal {
            RefusalCode::ServiceErr => PamReturnCode::SERVICE_ERR,
            RefusalCode::PermDenied => PamReturnCode::PERM_DENIED,
            RefusalCode::AuthErr => PamReturnCode::AUTH_ERR,
            RefusalCode::AuthinfoUnavail => PamReturnCode::AUTHINFO_UNAVAIL,
            RefusalCode::UserUnknown => PamReturnCode::USER_UNKNOWN,
            RefusalCode::MaxTries => PamReturnCode::MAXTRIES,
            RefusalCode::ConvErr => PamReturnCode::CONV_ERR,
            RefusalCode::Abort => PamReturnCode::ABORT,
            RefusalCode::SessionErr => PamReturnCode::SESSION_ERR,
        },
    };
    code as c_int
}
