//! A panic ends this login, not the login program, and prints nothing.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::{Mutex, Once};

/// Where the last panic was. Not per thread: a login may come while its thread is ending and has
/// no such storage any more.
static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// Does the work. Whatever the work left half done when it panicked is thrown away with it:
/// nothing but the transaction's own data outlives a call, and that is written in one step.
///
/// # Errors
/// Where the work panicked.
pub(crate) fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    silence();
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        PLACE
            .lock()
            .ok()
            .and_then(|mut place| place.take())
            .unwrap_or_default()
    })
}

/// Keeps panics off the host's standard error.
///
/// The hook is the one of the standard library *inside this shared object*: a `cdylib` carries its
/// own and exports none of it, so a host that is itself written in Rust has another hook, which
/// this does not touch. It goes when the object is unloaded, and points nowhere outside it.
fn silence() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        set_hook(Box::new(|panic| {
            if let Ok(mut place) = PLACE.lock() {
                *place = panic.location().map(ToString::to_string);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_the_work_and_its_place_is_known_but_not_its_words() {
        let place = contain(|| panic!("123456"))
            .map(|()| "nowhere")
            .unwrap_err();
        let _silent = std::panic::take_hook();
        assert!(place.starts_with(file!()), "{place}");
        assert!(!place.contains("123456"));
        assert_eq!(contain(|| 7), Ok(7));
    }
}
