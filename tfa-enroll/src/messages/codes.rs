//! Backup codes, on the screen and on paper.

use std::fmt::Display;

pub(crate) const CODES_INTRO: &str = "\
Creating new backup codes. The old backup codes become invalid.
";

pub(crate) const NEW_CODES: &str = "\
The new backup codes are valid. The old ones are invalid.
";

pub(crate) const HOW_TO_SAVE: &str = "\
Write them down, or copy them to a password manager. For a page to print, type
the name of a new file, for example backup-codes.pdf";

pub(crate) const NOT_A_FILE_NAME: &str = "\
Not saved. The name of the file must end in .pdf or contain a slash.";

pub(crate) fn codes_in_file(path: &dyn Display) -> String {
    format!("The backup codes are in {path}\nPrint the file, then delete it.")
}

pub(crate) const PDF_HEADING: &str = "Backup codes for two-factor login";

pub(crate) fn pdf_title(user: &str, host: &str) -> String {
    format!("Backup codes of {user} on {host}")
}

pub(crate) fn pdf_head(user: &str, host: &str, date: &str) -> [String; 3] {
    [
        format!("User:     {user}"),
        format!("Host:     {host}"),
        format!("Created:  {date}"),
    ]
}

pub(crate) const PDF_FOOT: [&str; 7] = [
    "When a login asks for a code and you do not have your",
    "phone, enter one of these. Each works once: tick it off.",
    "",
    "To create new backup codes: tfa-enroll codes",
    "New backup codes make these invalid.",
    "Keep this page in a place that only you can reach,",
    "and apart from your password.",
];
