//! Turns a panic into the failure of one login. It prints nothing, and the login program continues.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::{Mutex, Once};

/// The location of the last panic. Not thread-local: a login can run in a thread that is ending and has
/// no thread-local storage any more.
static LOCATION: Mutex<Option<String>> = Mutex::new(None);

/// Runs the work. After a panic its state is discarded; only the data of the transaction outlives a
/// call, and that is replaced as a whole.
///
/// # Errors
/// The location of a panic.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    install_hook();
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        LOCATION
            .lock()
            .ok()
            .and_then(|mut location| location.take())
            .unwrap_or_default()
    })
}

/// Keeps panics off the standard error of the login program.
///
/// The hook is that of the standard library inside this shared object. A login program in Rust has
/// another one, which does not change. The hook is unloaded with the object.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        set_hook(Box::new(|panic| {
            if let Ok(mut location) = LOCATION.lock() {
                *location = panic.location().map(ToString::to_string);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_location_and_not_its_message() {
        let location = catch(|| panic!("123456")).map(|()| "nowhere").unwrap_err();
        let _silent = std::panic::take_hook();
        assert!(location.starts_with(file!()), "{location}");
        assert!(!location.contains("123456"));
        assert_eq!(catch(|| 7), Ok(7));
    }
}
