//! The users that the name service switch enumerates: `setpwent`, `getpwent_r` and `endpwent` of glibc.
//!
//! The position in the enumeration is global to the process. glibc calls these functions unsafe where a
//! process has threads, and some NSS modules reset the position at each look-up of another thread. So
//! the enumeration needs a process with one thread, and refuses to run in any other.

#![expect(unsafe_code, reason = "the name service switch is a C library")]

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::{fs, io, ptr};

/// The first size of the buffer for the strings of an entry.
const BUFFER: usize = 16 * 1024;
/// An entry that needs a longer buffer is an error.
const MAX_BUFFER: usize = 1024 * 1024;

/// A user, as an entry of the name service has it.
#[derive(Debug, Clone, Copy)]
pub struct User<'entry> {
    /// The login name.
    pub name: &'entry CStr,
    /// The uid.
    pub uid: u32,
    /// The gid of the primary group.
    pub gid: u32,
    /// The path of the shell. An empty one stands for `/bin/sh`.
    pub shell: &'entry CStr,
}

/// Calls `visit` for each user that the name service enumerates, until it fails. Users of several
/// sources may come several times. It may block for as long as a directory takes.
///
/// glibc reports the end and a source that does not answer in the same way. To tell them apart, look up
/// a uid that does not exist: that look-up fails if a source does not answer.
///
/// # Errors
/// The process has more than one thread, the name service fails, an entry is longer than 1 MiB, or
/// `visit` fails. The users before the error were visited.
pub fn for_each_user(mut visit: impl FnMut(User<'_>) -> io::Result<()>) -> io::Result<()> {
    let threads = fs::read_dir("/proc/self/task")?.count();
    if threads != 1 {
        let why = format!("users are enumerated in a process with one thread, not {threads}");
        return Err(io::Error::other(why));
    }
    let _end = Position::start();
    let mut buffer: Vec<c_char> = vec![0; BUFFER];
    loop {
        // Zeroed: a module may leave a string out without writing the pointer.
        let mut entry = MaybeUninit::zeroed();
        let mut result = ptr::null_mut();
        // SAFETY: the pointers are those of live variables, and the length is that of the buffer. The
        // process had one thread above. `visit` may have started more; these can call safe functions
        // only, and this function refuses to run beside another thread.
        let status = unsafe {
            libc::getpwent_r(
                entry.as_mut_ptr(),
                buffer.as_mut_ptr(),
                buffer.len(),
                &raw mut result,
            )
        };
        match status {
            0 if !result.is_null() => {}
            0 | libc::ENOENT => return Ok(()),
            // The next call returns the same entry.
            libc::ERANGE if buffer.len() < MAX_BUFFER => {
                buffer.resize(buffer.len() * 2, 0);
                continue;
            }
            error => return Err(io::Error::from_raw_os_error(error)),
        }
        // SAFETY: getpwent_r succeeded and returned an entry, so it has filled `entry`. A
        // field that it has left out is zero, which is valid for each.
        let entry: libc::passwd = unsafe { entry.assume_init() };
        // SAFETY: the strings of the entry are in `buffer`, which lives until the next call and is not
        // changed while `visit` has them.
        let (name, shell) = unsafe { (string(entry.pw_name), string(entry.pw_shell)) };
        visit(User {
            name,
            uid: entry.pw_uid,
            gid: entry.pw_gid,
            shell,
        })?;
    }
}

/// The string behind a pointer of an entry. A module that does not know it may leave out the string.
///
/// # Safety
/// The pointer is null, or points to a string that ends with NUL and lives for `'entry`.
unsafe fn string<'entry>(text: *const c_char) -> &'entry CStr {
    if text.is_null() {
        return c"";
    }
    // SAFETY: as the caller ensures.
    unsafe { CStr::from_ptr(text) }
}

/// An enumeration, which ends on drop.
struct Position;

impl Position {
    fn start() -> Self {
        // SAFETY: the function has no arguments, and the caller has checked that no other thread runs.
        unsafe { libc::setpwent() };
        Self
    }
}

impl Drop for Position {
    fn drop(&mut self) {
        // SAFETY: as in `start`; another thread cannot enumerate.
        unsafe { libc::endpwent() };
    }
}
