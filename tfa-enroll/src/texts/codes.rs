//! Backup codes.

use std::fmt::Display;

use zeroize::Zeroizing;

pub(crate) const CODES_INTRO: &str = "\
A new set of backup codes. The old set is void as soon as the new one is made.
";

pub(crate) const NEW_CODES: &str = "The new set is made; the old one is void.\n";

pub(crate) fn backup_codes(codes: &[String]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(512));
    text.push_str(
        "Your backup codes. Each lets you in once when the phone is not at hand.\n\
         They are shown only now.\n",
    );
    for code in codes {
        text.push_str("\n    ");
        text.push_str(code);
    }
    text.push('\n');
    text
}

pub(crate) const HOW_TO_SAVE: &str = "\
Write them down, or copy them into a password manager. For a page to print,
type the name of a new file, for example backup-codes.pdf";

pub(crate) const NO_FILE_NAME: &str =
    "Not saved: the name of a file ends in .pdf, or has its folder in front.";

pub(crate) fn codes_in_file(path: &dyn Display) -> String {
    format!("{path} holds the backup codes. Print it, then delete it.")
}

pub(crate) const PDF_HEADING: &str = "Backup codes for two-factor login";

pub(crate) fn pdf_title(user: &str, host: &str) -> String {
    format!("Backup codes of {user} on {host}")
}

pub(crate) fn pdf_head(user: &str, host: &str, date: &str) -> [String; 3] {
    [
        format!("User:  {user}"),
        format!("Host:  {host}"),
        format!("Made:  {date}"),
    ]
}

pub(crate) const PDF_FOOT: [&str; 6] = [
    "When the login asks for a code and your phone is not at hand,",
    "type one of these instead. Each works once: tick it off.",
    "",
    "A new set voids this one. To make it: tfa-enroll codes",
    "Keep this page where only you can get at it, and not",
    "together with your password.",
];
