//! The help, and errors of the command line.

pub(crate) const ABOUT: &str = "Set up and manage your two-factor login";

pub(crate) const AFTER_HELP: &str = "\
Without a command, tfa-enroll shows the status and the available commands.
With a screen reader, use --qr none: the key is then shown as text only.
Codes are not accepted on the command line, because other users could see them.
Exit status: 0 success, 1 refused or failed, 2 wrong usage, 3 no daemon.";

pub(crate) const ALGORITHMS: &str = "\n  possible algorithms: SHA1, SHA256, SHA512";

pub(crate) const QR_FORMS: &str = "\n  possible forms: utf8, ascii, png:FILE, svg:FILE, none";
