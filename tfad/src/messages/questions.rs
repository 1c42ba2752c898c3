//! The questions of a login. Each one fits 40 columns.

use super::Shown;

/// Asks for a code.
pub const ASK_CODE: &str = "Verification code or backup code: ";
/// Asks a user whose authenticators compute no codes.
pub const ASK_BACKUP_CODE: &str = "Backup code: ";
/// Asks an administrator at the console who can enter nothing else.
pub const ASK_RECOVERY_CODE: &str = "Recovery code of this host: ";
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

/// Asks whether to remember the device after a right code.
#[must_use]
pub fn ask_remember(days: u32) -> String {
    match days {
        1 => "Remember this device for a day? [y/N] ".to_owned(),
        _ => format!("Remember this device for {days} days? [y/N] "),
    }
}

/// Asks to start the enrollment that is required.
#[must_use]
pub fn ask_to_begin(shown: Shown) -> &'static str {
    match shown {
        Shown::OnRequest { .. } => "Press Enter, or type qr, or no to stop: ",
        Shown::First | Shown::Never => "Press Enter to begin, or no to stop: ",
    }
}

#[cfg(test)]
mod tests {
    use super::ask_remember;

    #[test]
    fn the_question_about_the_device_fits_40_columns_for_a_month() {
        assert_eq!(ask_remember(30), "Remember this device for 30 days? [y/N] ");
        assert!(ask_remember(30).len() <= 40 && ask_remember(1).len() <= 40);
    }
}
