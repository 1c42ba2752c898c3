//! The boundary to libpam: the exports, and the one place of the module with `unsafe`.
//!
//! Everything beyond it is safe Rust over [`Handle`]: nothing of libpam's memory is held longer
//! than it takes to copy it, and nothing unwinds into C.

#![expect(unsafe_code, reason = "libpam is C: this file is the boundary")]

use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};
use std::slice;
use std::time::Duration;

use libc::{c_char, c_int, c_uint, c_void};
use pam_sys::{
    PamConversation, PamFlag, PamHandle, PamItemType, PamMessage, PamMessageStyle, PamResponse,
    PamReturnCode, raw,
};
use tfa_proto::Phase;
use zeroize::{Zeroize, Zeroizing};

use crate::conversation::Typed;
use crate::log::Log;
use crate::login::{self, Pinned};
use crate::outcome::{Failure, Refusal, Reply};
use crate::{panics, texts};

// The unwinder, as a part of the module: as a library of its own it takes longer to load than all
// the rest.
#[link(name = "gcc_eh", kind = "static", modifiers = "+whole-archive,-bundle")]
unsafe extern "C" {}

// What pam-sys lacks. It links libpam, which has both.
unsafe extern "C" {
    fn pam_syslog(pamh: *const PamHandle, priority: c_int, format: *const c_char, ...);
    fn pam_fail_delay(pamh: *mut PamHandle, microseconds: c_uint) -> c_int;
}

/// The auth phase.
///
/// # Safety
/// As libpam calls it: a live handle, and `argc` C strings in `argv`.
#[unsafe(no_mangle)]
unsafe extern "C" fn pam_sm_authenticate(
    pamh: *mut PamHandle,
    flags: c_int,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    // SAFETY: the caller is libpam, and this is what it promises its modules.
    unsafe { enter(Phase::Auth, pamh, flags, argc, argv) }
}

/// The account phase.
///
/// # Safety
/// As libpam calls it: a live handle, and `argc` C strings in `argv`.
#[unsafe(no_mangle)]
unsafe extern "C" fn pam_sm_acct_mgmt(
    pamh: *mut PamHandle,
    flags: c_int,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    // SAFETY: the caller is libpam, and this is what it promises its modules.
    unsafe { enter(Phase::Account, pamh, flags, argc, argv) }
}

/// There are no credentials to set. libpam asks every module of the auth stack, and a login whose
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
unsafe fn enter(
    phase: Phase,
    pamh: *mut PamHandle,
    flags: c_int,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    let Some(raw) = NonNull::new(pamh) else {
        return code(Reply::Refuse(Failure::Module.refusal(phase)));
    };
    let pam = Handle { raw };
    let reply = panics::contain(|| {
        // SAFETY: passed on from the caller.
        let arguments = unsafe { arguments(argc, argv) };
        let silent = flags & PamFlag::SILENT as c_int != 0;
        login::conduct(&pam, phase, silent, &arguments)
    });
    code(reply.unwrap_or_else(|place| {
        Log::new(&pam).error(&texts::log_panic(&place));
        Reply::Refuse(Failure::Panic.refusal(phase))
    }))
}

/// # Safety
/// `argv` has `argc` C strings.
unsafe fn arguments(argc: c_int, argv: *const *const c_char) -> Vec<String> {
    let count = usize::try_from(argc).unwrap_or(0);
    if count == 0 || argv.is_null() {
        return Vec::new();
    }
    // SAFETY: passed on from the caller; not null, as just seen.
    unsafe { slice::from_raw_parts(argv, count) }
        .iter()
        // SAFETY: passed on from the caller.
        .filter_map(|&argument| unsafe { copied(argument) })
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect()
}

fn code(reply: Reply) -> c_int {
    let code = match reply {
        Reply::Pass => PamReturnCode::SUCCESS,
        Reply::Ignore => PamReturnCode::IGNORE,
        Reply::Refuse(refusal) => match refusal {
            Refusal::ServiceErr => PamReturnCode::SERVICE_ERR,
            Refusal::PermDenied => PamReturnCode::PERM_DENIED,
            Refusal::AuthErr => PamReturnCode::AUTH_ERR,
            Refusal::AuthinfoUnavail => PamReturnCode::AUTHINFO_UNAVAIL,
            Refusal::UserUnknown => PamReturnCode::USER_UNKNOWN,
            Refusal::MaxTries => PamReturnCode::MAXTRIES,
            Refusal::ConvErr => PamReturnCode::CONV_ERR,
            Refusal::Abort => PamReturnCode::ABORT,
        },
    };
    code as c_int
}

/// A transaction of libpam. It exists only inside [`enter`], which lends it out, so it cannot
/// outlive the call; and libpam gives a handle to one thread at a time.
pub(crate) struct Handle {
    raw: NonNull<PamHandle>,
}

/// The items of a transaction that are text and no secret.
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

/// The login program did not show or ask.
#[derive(Debug)]
pub(crate) struct NoConversation;

/// libpam did not keep a value.
#[derive(Debug)]
pub(crate) struct NotKept;

/// Under which name [`Handle::pin`] leaves its data: this module's alone.
const PINNED: &CStr = c"org.tfad.Tfa1.pinned";

impl Handle {
    /// An item; `None` if it is not set.
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

    /// `PAM_USER`; `None` if it is not set, empty, or not UTF-8. libpam's `pam_get_user` would
    /// ask for a name: that is for the module that asks for the password.
    pub(crate) fn user(&self) -> Option<String> {
        // SAFETY: this item is a C string.
        let name = unsafe { self.string_item(PamItemType::USER) }?;
        name.into_string().ok().filter(|name| !name.is_empty())
    }

    /// Whether `PAM_USER` is set, whatever is in it.
    pub(crate) fn has_user(&self) -> bool {
        // SAFETY: this item is a C string.
        let name = unsafe { self.string_item(PamItemType::USER) };
        name.is_some_and(|name| !name.is_empty())
    }

    /// `PAM_AUTHTOK`, the password that a module of this phase asked for; `None` if there is none
    /// or an empty one.
    pub(crate) fn password(&self) -> Option<Typed> {
        // SAFETY: this item is a C string.
        let password = unsafe { self.string_item(PamItemType::AUTHTOK) }?;
        let password = Zeroizing::new(password.into_bytes());
        Some(password).filter(|password| !password.is_empty())
    }

    /// Leaves the password to the modules after this one.
    pub(crate) fn set_password(&self, password: &[u8]) -> Result<(), NotKept> {
        let mut terminated = Zeroizing::new(Vec::with_capacity(password.len() + 1));
        terminated.extend_from_slice(password);
        terminated.push(0);
        let item = PamItemType::AUTHTOK as c_int;
        // SAFETY: the handle is live, and the item a C string, which libpam copies.
        let code =
            unsafe { raw::pam_set_item(self.raw.as_ptr(), item, terminated.as_ptr().cast()) };
        kept(code)
    }

    /// A variable of the PAM environment, which is the login program's and its modules', not the
    /// person's.
    pub(crate) fn variable(&self, name: &CStr) -> Option<String> {
        // SAFETY: the handle is live, and the name a C string; what comes back is null or a C
        // string, and is copied before libpam is called again.
        let value = unsafe { copied(raw::pam_getenv(self.raw.as_ptr(), name.as_ptr())) }?;
        Some(value.to_string_lossy().into_owned())
    }

    /// Leaves data for the later phases of this transaction, in place of what was left before.
    pub(crate) fn pin(&self, pinned: Pinned) -> Result<(), NotKept> {
        let data = Box::into_raw(Box::new(pinned));
        // SAFETY: the handle is live, the name a C string, and `unpin` takes what `data` is.
        // libpam calls it before it unloads this module.
        let code = unsafe {
            raw::pam_set_data(self.raw.as_ptr(), PINNED.as_ptr(), data.cast(), Some(unpin))
        };
        kept(code).inspect_err(|NotKept| {
            // SAFETY: libpam did not take the data, so it is still ours.
            drop(unsafe { Box::from_raw(data) });
        })
    }

    /// What an earlier phase of this transaction left.
    pub(crate) fn pinned(&self) -> Option<Pinned> {
        let mut data: *const c_void = ptr::null();
        // SAFETY: the handle is live, the name a C string, and `data` a place for a pointer.
        let code = unsafe { raw::pam_get_data(self.raw.as_ptr(), PINNED.as_ptr(), &raw mut data) };
        if code != PamReturnCode::SUCCESS as c_int {
            return None;
        }
        // SAFETY: under this name stands null or what `pin` left, until libpam replaces or frees
        // it, which it does not before it is called again.
        unsafe { data.cast::<Pinned>().as_ref() }.cloned()
    }

    /// Sends one message through the login program's conversation function. `None` is an answer
    /// that is not there, as messages have.
    pub(crate) fn converse(
        &self,
        style: PamMessageStyle,
        text: &CStr,
    ) -> Result<Option<Typed>, NoConversation> {
        let mut item: *const c_void = ptr::null();
        // SAFETY: the handle is live, and `item` a place for a pointer.
        let code = unsafe {
            raw::pam_get_item(self.raw.as_ptr(), PamItemType::CONV as c_int, &raw mut item)
        };
        if code != PamReturnCode::SUCCESS as c_int {
            return Err(NoConversation);
        }
        // SAFETY: this item is null or a conversation, which libpam keeps as long as the handle.
        let conversation = unsafe { item.cast::<PamConversation>().as_ref() };
        let (converse, program) = conversation
            .and_then(|conversation| Some((conversation.conv?, conversation.data_ptr)))
            .ok_or(NoConversation)?;

        let mut message = PamMessage {
            msg_style: style as c_int,
            msg: text.as_ptr(),
        };
        let mut messages: *mut PamMessage = &raw mut message;
        let mut responses: *mut PamResponse = ptr::null_mut();
        let code = converse(1, &raw mut messages, &raw mut responses, program);
        if code != PamReturnCode::SUCCESS as c_int {
            // What the responses are now is undefined, so they are not touched.
            return Err(NoConversation);
        }
        // SAFETY: after success the responses are null or one from malloc, ours to free.
        Ok(unsafe { taken(responses) })
    }

    /// Writes a line to the log. `libpam` adds module, service and phase, and the facility.
    pub(crate) fn syslog(&self, priority: c_int, line: &CStr) {
        // SAFETY: the handle is live, and the format asks for the one C string that it gets.
        unsafe { pam_syslog(self.raw.as_ptr(), priority, c"%s".as_ptr(), line.as_ptr()) }
    }

    /// Writes a line to the log as it stands, in the words and under the name of the login program.
    pub(crate) fn syslog_for_program(&self, priority: c_int, line: &CStr) {
        // SAFETY: the format asks for the one C string that it gets.
        unsafe { libc::syslog(libc::LOG_AUTHPRIV | priority, c"%s".as_ptr(), line.as_ptr()) }
    }

    /// Asks libpam to wait about so long before it reports a failure.
    pub(crate) fn fail_delay(&self, delay: Duration) {
        let microseconds = c_uint::try_from(delay.as_micros()).unwrap_or(c_uint::MAX);
        // SAFETY: the handle is live.
        unsafe { pam_fail_delay(self.raw.as_ptr(), microseconds) };
    }

    /// # Safety
    /// The item must be one that is a C string.
    unsafe fn string_item(&self, item: PamItemType) -> Option<CString> {
        let mut text: *const c_void = ptr::null();
        // SAFETY: the handle is live, and `text` a place for a pointer.
        let code = unsafe { raw::pam_get_item(self.raw.as_ptr(), item as c_int, &raw mut text) };
        if code != PamReturnCode::SUCCESS as c_int {
            return None;
        }
        // SAFETY: null or a C string, by this function's contract; copied before libpam is called
        // again.
        unsafe { copied(text.cast()) }
    }
}

/// # Safety
/// Null, or a C string.
unsafe fn copied(text: *const c_char) -> Option<CString> {
    if text.is_null() {
        return None;
    }
    // SAFETY: a C string, by this function's contract.
    Some(unsafe { CStr::from_ptr(text) }.to_owned())
}

/// Takes the answer out of the response, wipes the program's copy, and frees what must be freed.
///
/// # Safety
/// Null, or one response from malloc whose text is null or a C string from malloc; not used after.
unsafe fn taken(response: *mut PamResponse) -> Option<Typed> {
    // SAFETY: null or a response, by this function's contract.
    let text = unsafe { response.as_ref() }?.resp;
    // SAFETY: null or a C string, by this function's contract.
    let typed = unsafe { copied(text) }.map(|text| Zeroizing::new(text.into_bytes()));
    if let Some(typed) = &typed {
        // SAFETY: the text is as long as its copy, and nobody else's.
        unsafe { slice::from_raw_parts_mut(text.cast::<u8>(), typed.len()) }.zeroize();
    }
    // SAFETY: from malloc, by this function's contract, and not used after.
    unsafe {
        libc::free(text.cast());
        libc::free(response.cast());
    }
    typed
}

/// Frees what [`Handle::pin`] left.
extern "C" fn unpin(_pamh: *mut PamHandle, data: *mut c_void, _status: c_int) {
    // SAFETY: libpam passes what `pin` left, once.
    drop(unsafe { Box::from_raw(data.cast::<Pinned>()) });
}

fn kept(code: c_int) -> Result<(), NotKept> {
    if code == PamReturnCode::SUCCESS as c_int {
        Ok(())
    } else {
        Err(NotKept)
    }
}
