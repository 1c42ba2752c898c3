//! The signatures of bodies.

use zbus::wire::Signature;

/// The arguments of `Begin`: the user and the context.
pub(crate) const BEGIN: &str = "sa{sv}";
/// The arguments of `Answer`: the dialog and the answer.
pub(crate) const ANSWER: &str = "us";
/// The argument of `Cancel`: the dialog.
pub(crate) const CANCEL: &str = "u";
/// The reply to `Begin`: the dialog and the first turn.
pub(crate) const BEGUN: &str = "u(a(ss)ssu)";
/// The reply to `Answer`: the next turn.
pub(crate) const TURN: &str = "(a(ss)ssu)";
/// The text of an error.
pub(crate) const TEXT: &str = "s";

/// Returns whether a text is a signature. zbus parses those that no login has.
pub(crate) fn is_valid(signature: &str) -> bool {
    matches!(signature, BEGIN | ANSWER | CANCEL | BEGUN | TURN | TEXT)
        || Signature::try_from(signature).is_ok()
}
