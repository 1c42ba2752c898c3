//! The help, and errors of the command line.

pub(crate) const ABOUT: &str = "Set up and manage your two-factor login";

/// Without an empty line after the first one, so that all of it fits 24 rows.
pub(crate) const HELP_TEMPLATE: &str =
    "{about-with-newline}{usage-heading} {usage}\n\n{all-args}{after-help}";

pub(crate) const AFTER_HELP: &str = "\
Without a command, tfa-enroll shows the status and the available commands.
Exit status: 0 success, 1 refused or failed, 2 wrong usage, 3 no daemon.";

pub(crate) const LIST_HELP: &str = "\
KIND is totp (codes by time) or hotp (codes by a counter). A hyphen stands for a
time that is not known, or for no use yet.
The JSON output is an array of objects: id, kind, name, created and
last_accepted, the last two in RFC 3339 format, in UTC, or null.";

pub(crate) const KINDS: &str = "\n  possible kinds: totp, hotp";

pub(crate) const ALGORITHMS: &str = "\n  possible algorithms: SHA1, SHA256, SHA512";

pub(crate) const QR_FORMS: &str = "\n  possible forms: utf8, ascii, png:FILE, svg:FILE, none";
