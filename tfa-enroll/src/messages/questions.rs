//! Questions, and replies to answers that are not valid.

pub(crate) fn ask_proof(has_codes: bool) -> &'static str {
    if has_codes {
        "Code from your phone, or a backup code: "
    } else {
        "Backup code: "
    }
}

pub(crate) const ASK_NEW_CODE: &str = "Code from your phone: ";
pub(crate) const ASK_INVITATION: &str = "Invitation code: ";
pub(crate) const TYPE_YES: &str = "To remove it, type yes. To keep it, press Enter: ";
pub(crate) const SET_UP_NOW: &str = "Set it up now? [Y/n] ";
pub(crate) const START_OVER: &str = "Start over? [y/N] ";
pub(crate) const SET_UP_ANYWAY: &str = "To set it up anyway, type yes. To stop, press Enter: ";
pub(crate) const BEFORE_QR: &str = "Press Enter to show the QR code: ";
pub(crate) const AFTER_QR: &str = "Scan it with the app, then press Enter: ";
pub(crate) const SAVED: &str = "Press Enter when you have saved them: ";
pub(crate) const FINISH: &str = "Press Enter to finish: ";

pub(crate) const YES_OR_NO: &str = "Type y or n, or press Enter for yes.";
pub(crate) const NO_OR_YES: &str = "Type y or n, or press Enter for no.";
pub(crate) const EMPTY_CODE: &str = "Enter the code, or press Enter again to cancel.";
pub(crate) const EMPTY_INVITATION: &str =
    "Enter the invitation code, or press Enter again to cancel.";

pub(crate) fn not_a_proof(has_codes: bool) -> &'static str {
    if has_codes {
        "\
Not a valid code. A code has 6 or 8 digits. A backup code has two groups of five
letters and digits."
    } else {
        "Not a valid backup code. It has two groups of five letters and digits."
    }
}

pub(crate) const NOT_A_ONE_TIME_CODE: &str = "\
Not a valid code. A code has 6 or 8 digits. To cancel, press Enter.";

pub(crate) fn not_a_code(digits: u32) -> String {
    format!("Not a valid code. A code has {digits} digits. Enter the one that the app shows now.")
}

pub(crate) const NOT_AN_INVITATION: &str = "\
Not a valid invitation code. It has two groups of five letters and digits.";
