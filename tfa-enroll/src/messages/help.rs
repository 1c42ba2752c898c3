//! The help, and errors of the command line.

pub(crate) const ABOUT: &str =
    "Set up and manage your two-factor login. Without a command, show the status.";

/// Without an empty line after the first one, so that all of it fits 24 rows.
pub(crate) const HELP_TEMPLATE: &str =
    "{about-with-newline}{usage-heading} {usage}\n\n{all-args}{after-help}";

pub(crate) const AFTER_HELP: &str =
    "Exit status: 0 success, 1 refused or failed, 2 wrong usage, 3 no daemon.";

pub(crate) const QR_FORMS: &str = "\n  possible forms: utf8, ascii, png:FILE, svg:FILE, none";
