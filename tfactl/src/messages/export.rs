//! `tfactl export`.

use std::io;
use std::path::Path;

use tfa_text::plural;

pub(crate) const EXPORT_HELP: &str = "\
Only root can do this. FILE must not exist; it is made for root alone. With a
passphrase, the keys are encrypted (PBKDF2, AES-128-CBC and a MAC). Otherwise
the codes can be computed from the file: delete it after use.
The log has an alert for each user, and the next login tells the user.
Security keys and backup codes are not exported: of them tfa has public keys
and hashes.
Keys of the JSON output, which do not change: file, encrypted, authenticators
(an array of objects: user, kind, name).";

pub(crate) const EXPORT_NEEDS_ROOT: &str = "only root can export keys";

pub(crate) const EXPORT_NOT_ENCRYPTED: &str = "\
The keys could not be encrypted. There is no file. The log and the users are told
of the export.";

pub(crate) const EXPORT_UNKNOWN: &str = "an authenticator of an unknown form";

pub(crate) fn exported(file: &Path, count: usize, is_encrypted: bool) -> String {
    let file = file.display();
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let head = plural(
        count,
        format!("1 key was exported to {file}."),
        format!("{count} keys were exported to {file}."),
    );
    if is_encrypted {
        format!("{head} It is encrypted to the passphrase.")
    } else {
        format!("{head}\nWhoever reads the file can compute the codes. Delete it when it was used.")
    }
}

pub(crate) fn export_not_written(file: &Path, error: &io::Error) -> String {
    let file = file.display();
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("{file} exists, and an export never replaces a file. Give another name.")
        }
        _ => format!("{file} cannot be written: {error}. Name a new file in a folder of root."),
    }
}
