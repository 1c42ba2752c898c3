//! Pages of the enrollment, which a login and `tfa-enroll` both show.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use crate::wrapped;

/// A new authenticator, as it is shown to its owner.
#[derive(Clone, Copy)]
pub struct Key<'a> {
    /// `otpauth://…`.
    pub uri: &'a str,
    /// The secret in base32.
    pub secret: &'a str,
    /// The login name.
    pub account: &'a str,
    /// The name of the host, or another name for it.
    pub issuer: &'a str,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub algorithm: &'a str,
    /// The digits of a code.
    pub digits: u32,
    /// How its codes follow each other.
    pub sequence: Sequence,
}

/// How the codes of an authenticator follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// By time.
    Time {
        /// The time step in seconds.
        period: u32,
    },
    /// By a counter.
    Counter {
        /// The counter of the next code.
        next: u64,
    },
}

/// How the user gets to the QR code from the page of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QrHint {
    /// There is no QR code, or it is on the same page.
    None,
    /// The user can show the QR code again.
    ShowAgain,
    /// The user can show the QR code in a window of this size.
    Enlarge {
        /// With the question below the QR code.
        rows: usize,
        /// The columns of the QR code.
        columns: usize,
    },
}

/// How the user cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancel {
    /// In a terminal of the command.
    CtrlC,
    /// In a login, where Ctrl-C may end the connection.
    TypeNo,
}

/// The page with the link and the key, and what to do with them. It ends with a line feed.
#[must_use]
pub fn key(key: &Key<'_>, hint: QrHint, cancel: Cancel, width: usize) -> Zeroizing<String> {
    let Key {
        uri,
        secret,
        account,
        issuer,
        algorithm,
        digits,
        sequence,
    } = key;
    let codes = match sequence {
        Sequence::Time { period } => {
            format!("Time-based (TOTP), {algorithm}, {digits} digits, every {period} seconds")
        }
        Sequence::Counter { next } => {
            format!("Counter-based (HOTP), {algorithm}, {digits} digits, counter {next}")
        }
    };
    let secret = grouped(secret);
    // Of the full size at once: a string that grows leaves copies behind.
    let mut page = Zeroizing::new(String::with_capacity(1024 + uri.len()));
    // Writing to a string does not fail.
    let _ = write!(
        page,
        "The link, for an app on this device:\n\
         {uri}\n\
         \n\
         The key, to type into the app:\n    \
         {secret}\n    \
         Account: {account}\n    \
         Issuer: {issuer}\n    \
         {codes}\n\
         \n\
         {next}\n",
        secret = *secret,
        next = what_next(hint, cancel),
    );
    Zeroizing::new(wrapped(&page, width))
}

fn what_next(hint: QrHint, cancel: Cancel) -> String {
    match (hint, cancel) {
        (QrHint::None, Cancel::CtrlC) => "\
Enter the code that the app shows now. To cancel, press Ctrl-C."
            .to_owned(),
        (QrHint::None, Cancel::TypeNo) => "\
Enter the code that the app shows now. To stop, type no."
            .to_owned(),
        (QrHint::ShowAgain, Cancel::CtrlC) => "\
Enter the code that the app shows now.
To show the QR code again, type qr. To cancel, press Ctrl-C."
            .to_owned(),
        (QrHint::ShowAgain, Cancel::TypeNo) => "\
Enter the code that the app shows now.
To show the QR code again, type qr. To stop, type no."
            .to_owned(),
        (QrHint::Enlarge { rows, columns }, Cancel::CtrlC) => format!(
            "Enter the code that the app shows now. To cancel, press Ctrl-C.\n\
             To show the QR code, make the window {rows} rows by {columns} columns and type qr."
        ),
        (QrHint::Enlarge { rows, columns }, Cancel::TypeNo) => format!(
            "Enter the code that the app shows now. To stop, type no.\n\
             To show the QR code, make the window {rows} rows by {columns} columns and type qr."
        ),
    }
}

/// The page with the backup codes. It ends with a line feed.
#[must_use]
pub fn backup_codes(codes: &[impl AsRef<str>], width: usize) -> Zeroizing<String> {
    let mut page = Zeroizing::new(String::with_capacity(512));
    page.push_str(&wrapped(
        "These are your backup codes. Each one works once, in place of any other code.\n\
         Save or print them now: they are not shown again.\n\n",
        width,
    ));
    for (number, code) in (1..).zip(codes) {
        let _ = writeln!(page, "{number:>4}  {}", code.as_ref());
    }
    page
}

/// The key in groups of four characters.
#[must_use]
pub fn grouped(key: &str) -> Zeroizing<String> {
    let mut groups = Zeroizing::new(String::with_capacity(2 * key.len()));
    for (index, c) in key.chars().filter(char::is_ascii_alphanumeric).enumerate() {
        if index > 0 && index % 4 == 0 {
            groups.push(' ');
        }
        groups.push(c);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key<'static> = Key {
        uri: "otpauth://totp/host.example.org:alice?secret=LJNFUWS2LJNFUWS2LJNFUWS2LJNFUWS2&issuer=h",
        secret: "LJNFUWS2LJNFUWS2LJNFUWS2LJNFUWS2",
        account: "alice",
        issuer: "host.example.org",
        algorithm: "SHA1",
        digits: 6,
        sequence: Sequence::Time { period: 30 },
    };
    const HINTS: [QrHint; 3] = [
        QrHint::None,
        QrHint::ShowAgain,
        QrHint::Enlarge {
            rows: 47,
            columns: 90,
        },
    ];

    #[test]
    fn a_key_page_fits_80_and_40_columns_except_the_link() {
        for (width, hint, cancel) in [80, 40].into_iter().flat_map(|width| {
            let both = [Cancel::CtrlC, Cancel::TypeNo];
            HINTS
                .into_iter()
                .flat_map(move |hint| both.map(|cancel| (width, hint, cancel)))
        }) {
            let page = key(&KEY, hint, cancel, width);
            let long = |row: &&str| row.len() > width && !row.starts_with("otpauth://");
            assert_eq!(page.lines().find(long), None);
            assert!(page.contains("LJNF UWS2") && page.ends_with(".\n"));
        }
    }

    #[test]
    fn a_key_page_tells_the_counter_of_a_counter_based_key() {
        let counted = Key {
            sequence: Sequence::Counter { next: 7 },
            ..KEY
        };
        let page = key(&counted, QrHint::None, Cancel::CtrlC, 80);
        assert!(page.contains("Counter-based (HOTP), SHA1, 6 digits, counter 7\n"));
        assert!(!page.contains("seconds"));
    }

    #[test]
    fn backup_codes_are_numbered_below_each_other() {
        let page = backup_codes(&["ABCDE-FGHJK"; 10], 40);
        assert!(page.ends_with("\n   9  ABCDE-FGHJK\n  10  ABCDE-FGHJK\n"));
        assert!(page.lines().all(|row| row.len() <= 40));
    }
}
