//! The pages of the enrollment in a login. Each item is a paragraph.

/// Whether the QR code is shown, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// There is none.
    Never,
    /// It comes first: it fits every window.
    First,
    /// On request: it needs a larger window, because it is in ASCII or has long names.
    OnRequest {
        /// The rows of its page, the question below included.
        rows: usize,
        /// The columns.
        columns: usize,
    },
}

/// The first row of a page of text. ssh writes user and host in front of it.
pub const PAGE_HEADING: &str = "Before you continue:";
/// The first row of the page with link and key.
pub const KEY_HEADING: &str = "The key as text.";
/// The first row of the page with the QR code. It must not wrap, because the QR code would scroll off
/// the window.
pub const QR_HEADING: &str = "QR code:";

/// As [`QR_HEADING`], for a QR code that does not fit a narrow window.
#[must_use]
pub fn wide_qr_heading(columns: usize) -> String {
    format!("QR code ({columns} columns):")
}

/// Enrollment is required now.
#[must_use]
pub fn must_set_up(host: &str, shown: Shown) -> Vec<String> {
    let required =
        format!("Two-factor login is required on {host}, and you have not set it up yet.");
    let how = match shown {
        Shown::First => {
            "You need an authenticator app on your phone. You get a key for the app, as a QR code \
             and as text. Enter the code that the app then shows, and the login continues."
        }
        Shown::OnRequest { .. } | Shown::Never => {
            "You need an authenticator app on your phone. You get a key for the app as text. Enter \
             the code that the app then shows, and the login continues."
        }
    };
    let mut page = vec![required, how.to_owned()];
    if let Shown::OnRequest { rows, columns } = shown {
        page.push(format!(
            "To show a QR code, type qr. It needs a window of {rows} rows and {columns} columns."
        ));
    }
    page
}

/// After a login with the recovery code of the host.
#[must_use]
pub fn after_recovery() -> Vec<String> {
    vec![
        "You can set up a new authenticator now. It replaces all authenticators and backup codes \
         that you have."
            .to_owned(),
        "Without it, the next login asks for a code again.".to_owned(),
    ]
}

/// sshd ends a login after its `LoginGraceTime`, which PAM does not report.
pub const SSH_TIME_LIMIT: &str =
    "sshd may end this login after a few minutes. Then log in and start again.";

/// Above the backup codes.
pub const ENROLLED: &str = "\
The code is correct.
Two-factor login is on: logins ask for a code from now on.";
