//! The results of a phase, and the PAM code for each.
//!
//! A [`Failure`] maps to a [`RefusalCode`], which has neither "success" nor "ignore": an error that
//! lets a user in does not compile. Only an [`Outcome`] can become [`PamResult::Success`] or
//! [`PamResult::Ignore`].

use tfa_proto::{Phase, Verdict};

use crate::options::NotRequired;

/// How a phase ends without a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The verdict of the daemon.
    Verdict(Verdict),
    /// `after_publickey` is set, and sshd has accepted no public key.
    NotApplicable,
    /// The daemon is absent, and `unreachable=allow-root-console` lets root in at the console.
    RootAtConsole,
    /// The daemon is absent, and root changes to another user with su or sudo.
    RootSwitchesUser,
}

/// Why a phase failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// An option is unknown, or libpam could not store a value.
    Module,
    /// The daemon is absent, or its answer cannot be used.
    Unavailable,
    /// There is no user name, or no such user.
    UnknownUser,
    /// The user name changed during the login.
    UserChanged,
    /// The login program could not ask, or returned no answer.
    Conversation,
    /// The answer was the password, or the options forbid to ask.
    NoCode,
    /// The module panicked.
    Panic,
}

/// The return value of the phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PamResult {
    /// `PAM_SUCCESS`.
    Success,
    /// `PAM_IGNORE`.
    Ignore,
    /// A code that refuses the login.
    Refuse(RefusalCode),
}

/// The PAM codes that refuse a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusalCode {
    /// `PAM_SERVICE_ERR`.
    ServiceErr,
    /// `PAM_PERM_DENIED`.
    PermDenied,
    /// `PAM_AUTH_ERR`.
    AuthErr,
    /// `PAM_AUTHINFO_UNAVAIL`.
    AuthinfoUnavail,
    /// `PAM_USER_UNKNOWN`.
    UserUnknown,
    /// `PAM_MAXTRIES`.
    MaxTries,
    /// `PAM_CONV_ERR`.
    ConvErr,
    /// `PAM_ABORT`.
    Abort,
}

impl Outcome {
    pub(crate) fn pam_result(self, phase: Phase, not_required: NotRequired) -> PamResult {
        match self {
            Self::Verdict(verdict) => match verdict {
                Verdict::Verified | Verdict::Remembered => PamResult::Success,
                Verdict::NotRequired => match not_required {
                    NotRequired::Ignore => PamResult::Ignore,
                    NotRequired::Success => PamResult::Success,
                },
                Verdict::Denied | Verdict::MustEnroll => PamResult::Refuse(denied(phase)),
                Verdict::Locked => PamResult::Refuse(match phase {
                    Phase::Auth => RefusalCode::MaxTries,
                    Phase::Account => denied(phase),
                }),
                Verdict::UnknownUser => PamResult::Refuse(RefusalCode::UserUnknown),
            },
            Self::NotApplicable => PamResult::Ignore,
            Self::RootAtConsole | Self::RootSwitchesUser => PamResult::Success,
        }
    }
}

impl Failure {
    pub(crate) fn refusal(self, phase: Phase) -> RefusalCode {
        match self {
            // Not AUTHINFO_UNAVAIL: some stacks skip a module with that code, and a mistake in the
            // options must never skip the module.
            Self::Module => RefusalCode::ServiceErr,
            Self::Unavailable => RefusalCode::AuthinfoUnavail,
            Self::UnknownUser => RefusalCode::UserUnknown,
            Self::UserChanged | Self::NoCode => denied(phase),
            Self::Conversation => RefusalCode::ConvErr,
            Self::Panic => RefusalCode::Abort,
        }
    }
}

/// Returns the code for a denial. pam_acct_mgmt(3) has no `PAM_MAXTRIES`, and its
/// `PAM_AUTH_ERR` would mean a wrong password.
fn denied(phase: Phase) -> RefusalCode {
    match phase {
        Phase::Auth => RefusalCode::AuthErr,
        Phase::Account => RefusalCode::PermDenied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_its_code_in_both_phases() {
        let refuse = PamResult::Refuse;
        let table = [
            (Verdict::Verified, PamResult::Success, PamResult::Success),
            (Verdict::Remembered, PamResult::Success, PamResult::Success),
            (Verdict::NotRequired, PamResult::Ignore, PamResult::Ignore),
            (
                Verdict::Denied,
                refuse(RefusalCode::AuthErr),
                refuse(RefusalCode::PermDenied),
            ),
            (
                Verdict::MustEnroll,
                refuse(RefusalCode::AuthErr),
                refuse(RefusalCode::PermDenied),
            ),
            (
                Verdict::Locked,
                refuse(RefusalCode::MaxTries),
                refuse(RefusalCode::PermDenied),
            ),
            (
                Verdict::UnknownUser,
                refuse(RefusalCode::UserUnknown),
                refuse(RefusalCode::UserUnknown),
            ),
        ];
        for (verdict, auth, account) in table {
            let result = |phase| Outcome::Verdict(verdict).pam_result(phase, NotRequired::Ignore);
            assert_eq!(result(Phase::Auth), auth, "{verdict:?}");
            assert_eq!(result(Phase::Account), account, "{verdict:?}");
        }
    }

    #[test]
    fn not_required_success_changes_that_verdict_only() {
        for verdict in [Verdict::Verified, Verdict::Denied, Verdict::Locked] {
            let result = |option| Outcome::Verdict(verdict).pam_result(Phase::Auth, option);
            assert_eq!(result(NotRequired::Ignore), result(NotRequired::Success));
        }
        let outcome = Outcome::Verdict(Verdict::NotRequired);
        assert_eq!(
            outcome.pam_result(Phase::Auth, NotRequired::Success),
            PamResult::Success
        );
        assert_eq!(
            Outcome::NotApplicable.pam_result(Phase::Auth, NotRequired::Success),
            PamResult::Ignore
        );
    }

    #[test]
    fn every_failure_has_its_code_in_both_phases() {
        let table = [
            (
                Failure::Module,
                RefusalCode::ServiceErr,
                RefusalCode::ServiceErr,
            ),
            (
                Failure::Unavailable,
                RefusalCode::AuthinfoUnavail,
                RefusalCode::AuthinfoUnavail,
            ),
            (
                Failure::UnknownUser,
                RefusalCode::UserUnknown,
                RefusalCode::UserUnknown,
            ),
            (
                Failure::UserChanged,
                RefusalCode::AuthErr,
                RefusalCode::PermDenied,
            ),
            (
                Failure::Conversation,
                RefusalCode::ConvErr,
                RefusalCode::ConvErr,
            ),
            (
                Failure::NoCode,
                RefusalCode::AuthErr,
                RefusalCode::PermDenied,
            ),
            (Failure::Panic, RefusalCode::Abort, RefusalCode::Abort),
        ];
        for (failure, auth, account) in table {
            assert_eq!(failure.refusal(Phase::Auth), auth, "{failure:?}");
            assert_eq!(failure.refusal(Phase::Account), account, "{failure:?}");
        }
    }
}
