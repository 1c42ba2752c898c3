//! Options that change what a module does.

use crate::stack::{Line, Phase};

/// Whether the line has this word as an argument.
pub(crate) fn has(line: &Line, option: &str) -> bool {
    line.arguments.iter().any(|word| word == option)
}

/// Whether the line calls `pam_tfa` with the option to succeed where it would be ignored. Without a public key, a line
/// that asks after one only is ignored in the auth phase in spite of it.
pub(crate) fn says_yes(line: &Line, phase: Phase) -> bool {
    let needs_key = phase == Phase::Auth && line.asks_after_public_key();
    line.is_tfa() && !needs_key && has(line, "not_required=success")
}

/// Whether the line calls a module that verifies passwords otherwise, and with an option certificates alone.
pub(crate) fn takes_certificates(line: &Line) -> bool {
    line.calls("pam_krb5.so") && has(line, "use_pkinit")
}

/// Whether an option lets the module ignore some users: `ignore_unknown_user`, `ignore_root`, and in
/// `pam_google_authenticator` `nullok`, for a user without a file.
#[must_use]
pub fn ignores_users(line: &Line) -> bool {
    ignoring(line).any(|word| word != "ignore_authinfo_unavail")
}

/// Whether an option lets the module ignore some logins: of some users, or while its server does not answer.
#[must_use]
pub fn ignores_logins(line: &Line) -> bool {
    ignoring(line).next().is_some()
}

/// The options with which the module ignores logins. `pam_krb5` refuses root with `ignore_root` in the auth phase.
fn ignoring(line: &Line) -> impl Iterator<Item = &str> {
    let (is_google, is_krb5) = (
        line.calls("pam_google_authenticator.so"),
        line.calls("pam_krb5.so"),
    );
    let words = line.arguments.iter().map(String::as_str);
    words.filter(move |word| {
        (word.starts_with("ignore_") && !is_krb5) || (is_google && *word == "nullok")
    })
}
