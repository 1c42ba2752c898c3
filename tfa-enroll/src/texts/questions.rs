//! Questions, and what their answers may be.

pub(crate) const ASK_PROOF: &str = "Code from your phone, or a backup code: ";
pub(crate) const ASK_NEW_CODE: &str = "Code from your phone: ";
pub(crate) const ASK_INVITATION: &str = "Invitation from your administrator: ";
pub(crate) const YES_OR_NO: &str = "Please type y or n, or press Enter for yes.";
pub(crate) const EMPTY: &str =
    "Nothing was typed. Press Enter once more to cancel, or type the code.";
pub(crate) const NO_WORD: &str =
    "Nothing was typed. Press Enter once more to cancel, or type the invitation.";
pub(crate) const TYPE_YES: &str = "Type yes to remove it, or press Enter to keep it: ";
pub(crate) const SET_UP_NOW: &str = "Set it up now? [Y/n] ";
pub(crate) const BEFORE_QR: &str = "Press Enter to show the QR code: ";
pub(crate) const AFTER_QR: &str = "Scan it with the app, then press Enter: ";
pub(crate) const SAVED: &str = "Press Enter once they are saved: ";

pub(crate) const TOO_MANY_PROOFS: &str = "\
Stopped after three wrong codes, for a few more would lock you out.
Nothing was changed.";

pub(crate) fn locked(text: &str) -> String {
    format!("{text}\nNothing was changed.")
}

pub(crate) const NO_PROOF: &str = "\
That is no code: a code has 6 or 8 digits, a backup code two groups of five.";

pub(crate) const MOVE_CANCELLED: &str = "\
Cancelled. Your old phone goes on working; the code that you typed is used up.";
