//! A panic ends this login, not the login program, and prints nothing.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Once;

/// Does the work; `None` if it panicked. Whatever the work left half done is thrown away with it:
/// nothing but the transaction's own data outlives a call, and that is written in one step.
pub(crate) fn contain<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Keeps panics off the host's standard error.
///
/// The hook is the one of the standard library *inside this shared object*: a `cdylib` carries its
/// own and exports none of it, so a host that is itself written in Rust has another hook, which
/// this does not touch. It goes when the object is unloaded, and points nowhere outside it.
pub(crate) fn silence() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| set_hook(Box::new(|_| {})));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_goes_no_further() {
        assert_eq!(contain(|| 7), Some(7));
        assert_eq!(contain(|| panic!("on purpose")), None::<u8>);
    }
}
