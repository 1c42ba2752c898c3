//! A new key: `setup`, and the pages of `move`.

use tfa_text::shell::user_argument;

pub(crate) fn setup_intro(user: &str) -> String {
    format!(
        "Setting up two-factor login for {user}.\n\
         You need an authenticator app on your phone. You get a key for the app, as a QR\n\
         code and as text. The app then shows a new code every 30 seconds.\n\
         Logins ask for codes only after you have entered a correct one.\n"
    )
}

pub(crate) const SSHD_CANNOT_ASK: &str = "\
WARNING: SSH logins on this host cannot ask for a code, because sshd has
KbdInteractiveAuthentication no. When two-factor login is on, SSH logins with your
password are refused. Tell your administrator; see SSH in pam_tfa(8).
";

pub(crate) fn invitation_intro(user: &str) -> String {
    format!(
        "This host requires an invitation code for the setup.\n\
         Your administrator can create one: tfactl invite {}\n",
        user_argument(user)
    )
}

pub(crate) const TOO_MANY_INVITATIONS: &str = "\
Stopped after three wrong invitation codes, because more could lock your
account. Nothing was changed. A newer invitation code replaces an older one.
If you need another one, ask your administrator.";

pub(crate) const INVITATION_CANCELLED: &str = "\
Cancelled. Nothing was changed. An unused invitation code stays valid.";

pub(crate) const NO_QR: &str = "\
The link is too long for a QR code. Use the link or the key.";

pub(crate) fn qr_in_file(path: &str) -> String {
    format!(
        "The QR code is in the file {path}. Open it and scan it.\n\
         It contains the key. Do not show it to other people."
    )
}

/// A number of rows and of columns.
type Size = (usize, usize);

pub(crate) fn qr_scrolls((rows, columns): Size, (has_rows, has_columns): Size) -> String {
    format!(
        "The QR code needs {rows} rows and {columns} columns. This window has {has_rows} and {has_columns}.\n\
         To see all of it, scroll back or make the font smaller. Close the window\n\
         afterwards, because the scrollback contains the key.\n"
    )
}

pub(crate) fn qr_too_large((rows, columns): Size, (has_rows, has_columns): Size) -> String {
    format!(
        "The QR code needs {rows} rows and {columns} columns. This window has {has_rows} and {has_columns}.\n\
         Make the window larger or its font smaller, and type qr. To get the QR code as\n\
         a picture, press Ctrl-C and use the option --qr png:FILE.\n\
         You can also use the link or the key."
    )
}

/// As [`qr_too_large`], for a terminal without UTF-8.
pub(crate) fn ascii_qr_too_large((rows, columns): Size, (has_rows, has_columns): Size) -> String {
    format!(
        "The QR code needs {rows} rows and {columns} columns. This window has {has_rows} and {has_columns}.\n\
         Make the window larger or its font smaller, and type qr. To get the QR code as\n\
         a picture, press Ctrl-C and use the option --qr png:FILE. In a UTF-8 locale it\n\
         needs half as many rows; --qr utf8 tries that.\n\
         You can also use the link or the key."
    )
}

pub(crate) fn too_many_codes(last: &str) -> String {
    format!(
        "{last}\nStopped after five wrong codes. Nothing was changed.\n\
         The usual cause is a wrong clock. Let the phone set its clock from the network,\n\
         compare it with the clock of this host (date), and start again."
    )
}

pub(crate) fn is_on(user: &str) -> String {
    format!(
        "Two-factor login is on for {user}.\n\
         From now on, logins ask for a code from your phone after the password.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_the_user_is_one_word_of_the_command() {
        let text = invitation_intro("x y;$(reboot)");
        assert!(text.contains("tfactl invite 'x y;$(reboot)'\n"), "{text}");
    }
}
