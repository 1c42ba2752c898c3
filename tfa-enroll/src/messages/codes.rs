//! Backup codes, on the screen and on paper.

use std::fmt::Display;
use std::io;

pub(crate) const CODES_INTRO: &str = "\
Creating new backup codes. The old backup codes become invalid.
";

pub(crate) const NEW_CODES: &str = "\
The new backup codes are valid. The old ones are invalid.
";

pub(crate) const BOUND_CODES_INTRO: &str = "\
Creating codes that are bound to this host. The old ones of this host become
invalid.
";

pub(crate) const NEW_BOUND_CODES: &str = "\
These codes are valid on this host alone, each once, and only while it reaches
no verifier. They are not shown again. Write them down, or copy them to a
password manager. Keep your backup codes too: these do not replace them.
";

pub(crate) const HOW_TO_SAVE: &str = "\
Write them down, or copy them to a password manager. To save them, type the name
of a new file that ends in .pdf or .txt. To print them, type print";

pub(crate) const NOT_A_FILE_NAME: &str = "\
Not saved. Type a file name that ends in .pdf or .txt, or print.";

/// After the codes were saved or printed.
pub(crate) const NO_OTHER_FILE_NAME: &str = "\
No further file was written. To save the codes again, type a file name that ends
in .pdf or .txt, or print.";

pub(crate) fn codes_in_file(path: &dyn Display) -> String {
    format!("The backup codes are in {path}\nPrint the file, then delete it.")
}

pub(crate) fn codes_printed(printer: &str) -> String {
    format!(
        "The backup codes were sent to the printer {printer}. Fetch the page now.\n\
         The print service can keep a copy for a day."
    )
}

pub(crate) const NO_DEFAULT_PRINTER: &str = "\
This host has no default printer. To choose one: lpoptions -d PRINTER
To write a page instead: tfa-enroll codes --pdf FILE";

pub(crate) fn no_print_program(program: &str) -> String {
    format!(
        "This host cannot print: the program {program} is not installed.\n\
         To write a page instead: tfa-enroll codes --pdf FILE"
    )
}

pub(crate) fn print_program_not_started(program: &str, error: &io::Error) -> String {
    format!(
        "This host cannot print: {program} did not start: {error}.\n\
         To write a page instead: tfa-enroll codes --pdf FILE"
    )
}

pub(crate) const NO_PRINT_SERVICE: &str = "\
The print service of this host is not running.
To write a page instead: tfa-enroll codes --pdf FILE";

pub(crate) fn not_printed(printer: &str, said: &str) -> String {
    format!("The backup codes were not printed on {printer}: {said}")
}

pub(crate) const PAGE_HEADING: &str = "Backup codes for two-factor login";

pub(crate) fn page_title(user: &str, host: &str) -> String {
    format!("Backup codes of {user} on {host}")
}

pub(crate) fn page_head(user: &str, host: &str, date: &str) -> [String; 3] {
    [
        format!("User:     {user}"),
        format!("Host:     {host}"),
        format!("Created:  {date}"),
    ]
}

pub(crate) const PAGE_FOOT: [&str; 7] = [
    "When a login asks for a code and you have no other one,",
    "enter one of these. Each works once: tick it off.",
    "",
    "To create new backup codes: tfa-enroll codes",
    "New backup codes make these invalid.",
    "Keep this page in a place that only you can reach,",
    "and apart from your password.",
];
