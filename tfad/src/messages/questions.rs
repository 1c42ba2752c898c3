//! The questions of a login. Each one fits 40 columns.

use super::Shown;

/// Asks for a code.
pub const ASK_CODE: &str = "Verification code or backup code: ";
/// Asks for the invitation code.
pub const ASK_INVITATION: &str = "Invitation code: ";
/// Offers enrollment in the grace period.
pub const ASK_TO_SET_UP: &str = "Set it up now? yes, or Enter for later: ";
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
        Shown::OnRequest { .. } => "Press Enter, or type qr, or no to stop: ",
        Shown::First | Shown::Never => "Press Enter to begin, or no to stop: ",
    }
}
