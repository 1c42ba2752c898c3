//! The questions of a login. They are short: ssh writes user and host in front of them.

use super::Shown;

/// Asks for a code.
pub const ASK_CODE: &str = "Verification code or backup code: ";
/// Asks for the invitation code.
pub const ASK_INVITATION: &str = "Invitation code from your administrator: ";
/// Offers enrollment in the grace period.
pub const ASK_TO_SET_UP: &str = "Set it up now? Type yes, or press Enter for later: ";
/// Below the QR code.
pub const ASK_SCANNED: &str = "Scan it with the app, then press Enter: ";
/// Below the page with the key.
pub const ASK_NEW_CODE: &str = "Code from your phone: ";
/// Below the backup codes.
pub const ASK_SAVED: &str = "Press Enter when you have saved them: ";

/// Asks to start the enrollment that is required.
#[must_use]
pub fn ask_to_begin(shown: Shown) -> &'static str {
    match shown {
        Shown::OnRequest { .. } => "Press Enter to begin, or type qr, or no to stop: ",
        Shown::First | Shown::Never => "Press Enter to begin, or type no to stop: ",
    }
}
