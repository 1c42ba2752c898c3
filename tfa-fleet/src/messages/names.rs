//! The names of `org.tfad.Tfa1.Login` and the values of `fleet.proto`.

use crate::generated::{Error, LineKind, PromptStyle, Verdict};

/// The verdicts. One that is not here denies.
pub const VERDICTS: [(Verdict, &str); 14] = [
    (Verdict::Denied, "denied"),
    (Verdict::Locked, "locked"),
    (Verdict::MustEnroll, "must-enroll"),
    (Verdict::UnknownUser, "unknown-user"),
    (Verdict::LeftToSession, "left-to-session"),
    (Verdict::NotRequired, "not-required"),
    (Verdict::Verified, "verified"),
    (Verdict::VerifiedByTotp, "verified-by-totp"),
    (Verdict::VerifiedByHotp, "verified-by-hotp"),
    (Verdict::VerifiedBySecurityKey, "verified-by-security-key"),
    (Verdict::VerifiedByBackupCode, "verified-by-backup-code"),
    (Verdict::Remembered, "remembered"),
    (Verdict::CodeOfSession, "code-of-session"),
    (Verdict::Recovered, "recovered"),
];

/// The kinds of lines. One that is not here is shown as an error.
pub const LINE_KINDS: [(LineKind, &str); 4] = [
    (LineKind::Info, "info"),
    (LineKind::Notice, "notice"),
    (LineKind::Error, "error"),
    (LineKind::Failure, "failure"),
];

/// The styles of questions. The answer to one that is not here is hidden.
pub const STYLES: [(PromptStyle, &str); 3] = [
    (PromptStyle::Hidden, "ask-hidden"),
    (PromptStyle::Visible, "ask"),
    (PromptStyle::Optional, "ask-optional"),
];

/// What the name of each error begins with.
pub(super) const ERROR_PREFIX: &str = "org.tfad.Tfa1.Error.";

/// The name of the error for a host that may not speak.
pub(crate) fn not_authorized() -> String {
    format!("{ERROR_PREFIX}NotAuthorized")
}

/// The errors that a login may end with. One that is not here is a fault of the verifier.
pub const ERRORS: [(Error, &str); 11] = [
    (Error::NoSuchDialog, "NoSuchDialog"),
    (Error::NotAuthorized, "NotAuthorized"),
    (Error::Busy, "Busy"),
    (Error::InvalidArgument, "InvalidArgument"),
    (Error::UnknownUser, "UnknownUser"),
    (Error::Damaged, "Damaged"),
    (Error::KeyLost, "KeyLost"),
    (Error::UidChanged, "UidChanged"),
    (Error::NotServing, "NotServing"),
    (Error::Storage, "Storage"),
    (Error::WrongState, "WrongState"),
];

/// The error of a name with its prefix, if a login may end with it.
pub(crate) fn error_of(name: &str) -> Option<Error> {
    value_of(&ERRORS, name.strip_prefix(ERROR_PREFIX)?)
}

/// The name of a value.
pub(super) fn name_of<T: PartialEq>(
    table: &[(T, &'static str)],
    value: &T,
) -> Option<&'static str> {
    let mut table = table.iter();
    table.find(|(one, _)| one == value).map(|(_, name)| *name)
}

/// The value of a name.
pub(super) fn value_of<T: Copy>(table: &[(T, &'static str)], name: &str) -> Option<T> {
    let mut table = table.iter();
    table.find(|(_, one)| *one == name).map(|(value, _)| *value)
}
