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
    /// `PAM_SESSION_ERR`.
    SessionErr,
}

impl Outcome {
    pub(crate) fn pam_result(self, phase: Phase, not_required: NotRequired) -> PamResult {
        match self {
            Self::Verdict(verdict) => match verdict {
                Verdict::Verified
                | Verdict::VerifiedByTotp
                | Verdict::VerifiedByHotp
                | Verdict::VerifiedBySecurityKey
                | Verdict::VerifiedByBackupCode
                | Verdict::Remembered
                | Verdict::CodeOfSession
                | Verdict::Recovered => PamResult::Success,
                // A session stack of ignored lines alone refuses.
                Verdict::NotRequired if phase == Phase::Session => PamResult::Success,
                Verdict::LeftToSession if phase != Phase::Account => {
                    PamResult::Refuse(denied(phase))
                }
                Verdict::NotRequired | Verdict::LeftToSession => match not_required {
                    NotRequired::Ignore => PamResult::Ignore,
                    NotRequired::Success => PamResult::Success,
                },
                Verdict::Denied | Verdict::MustEnroll => PamResult::Refuse(denied(phase)),
                Verdict::Locked => PamResult::Refuse(match phase {
                    Phase::Auth => RefusalCode::MaxTries,
                    Phase::Account | Phase::Session => denied(phase),
                }),
                Verdict::UnknownUser => PamResult::Refuse(Failure::UnknownUser.refusal(phase)),
            },
            Self::NotApplicable => PamResult::Ignore,
            Self::RootAtConsole | Self::RootSwitchesUser => PamResult::Success,
        }
    }
}

impl Failure {
    pub(crate) fn refusal(self, phase: Phase) -> RefusalCode {
        match (self, phase) {
            (Self::Panic, _) => RefusalCode::Abort,
            // pam_open_session(3) has no other code.
            (_, Phase::Session) => RefusalCode::SessionErr,
            // Not AUTHINFO_UNAVAIL: some stacks skip a module with that code, and a mistake in the
            // options must never skip the module.
            (Self::Module, _) => RefusalCode::ServiceErr,
            (Self::Unavailable, _) => RefusalCode::AuthinfoUnavail,
            (Self::UnknownUser, _) => RefusalCode::UserUnknown,
            (Self::UserChanged | Self::NoCode, _) => denied(phase),
            (Self::Conversation, _) => RefusalCode::ConvErr,
        }
    }
}

/// Returns the code for a denial. pam_acct_mgmt(3) has no `PAM_MAXTRIES`, and its
/// `PAM_AUTH_ERR` would mean a wrong password.
fn denied(phase: Phase) -> RefusalCode {
    match phase {
        Phase::Auth => RefusalCode::AuthErr,
        Phase::Account => RefusalCode::PermDenied,
        Phase::Session => RefusalCode::SessionErr,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: [Phase; 3] = [Phase::Auth, Phase::Account, Phase::Session];

    #[test]
    fn every_verdict_has_its_code_in_each_phase() {
        use PamResult::{Ignore, Success};
        use RefusalCode::{AuthErr, MaxTries, PermDenied, SessionErr, UserUnknown};
        let refuse = PamResult::Refuse;
        let denied = [refuse(AuthErr), refuse(PermDenied), refuse(SessionErr)];
        let locked = [refuse(MaxTries), refuse(PermDenied), refuse(SessionErr)];
        let unknown = [refuse(UserUnknown), refuse(UserUnknown), refuse(SessionErr)];
        let left = [refuse(AuthErr), Ignore, refuse(SessionErr)];
        for (verdict, results) in [
            (Verdict::Verified, [Success; 3]),
            (Verdict::VerifiedByTotp, [Success; 3]),
            (Verdict::VerifiedByHotp, [Success; 3]),
            (Verdict::VerifiedBySecurityKey, [Success; 3]),
            (Verdict::VerifiedByBackupCode, [Success; 3]),
            (Verdict::Remembered, [Success; 3]),
            (Verdict::Recovered, [Success; 3]),
            (Verdict::CodeOfSession, [Success; 3]),
            (Verdict::NotRequired, [Ignore, Ignore, Success]),
            (Verdict::LeftToSession, left),
            (Verdict::Denied, denied),
            (Verdict::MustEnroll, denied),
            (Verdict::Locked, locked),
            (Verdict::UnknownUser, unknown),
        ] {
            for (phase, expected) in PHASES.into_iter().zip(results) {
                let result = Outcome::Verdict(verdict).pam_result(phase, NotRequired::Ignore);
                assert_eq!(result, expected, "{verdict:?}, {phase:?}");
            }
        }
    }

    #[test]
    fn not_required_success_changes_ignored_verdicts_only() {
        for verdict in Verdict::ALL.iter().copied() {
            for phase in PHASES {
                let result = |option| Outcome::Verdict(verdict).pam_result(phase, option);
                let expected = match result(NotRequired::Ignore) {
                    PamResult::Ignore => PamResult::Success,
                    other => other,
                };
                assert_eq!(result(NotRequired::Success), expected, "{verdict:?}");
            }
        }
        assert_eq!(
            Outcome::NotApplicable.pam_result(Phase::Auth, NotRequired::Success),
            PamResult::Ignore
        );
    }

    #[test]
    fn every_failure_has_its_code_in_each_phase() {
        use RefusalCode::{
            Abort, AuthErr, AuthinfoUnavail, ConvErr, PermDenied, ServiceErr, SessionErr,
            UserUnknown,
        };
        for (failure, codes) in [
            (Failure::Module, [ServiceErr, ServiceErr, SessionErr]),
            (
                Failure::Unavailable,
                [AuthinfoUnavail, AuthinfoUnavail, SessionErr],
            ),
            (Failure::UnknownUser, [UserUnknown, UserUnknown, SessionErr]),
            (Failure::UserChanged, [AuthErr, PermDenied, SessionErr]),
            (Failure::Conversation, [ConvErr, ConvErr, SessionErr]),
            (Failure::NoCode, [AuthErr, PermDenied, SessionErr]),
            (Failure::Panic, [Abort; 3]),
        ] {
            for (phase, expected) in PHASES.into_iter().zip(codes) {
                assert_eq!(failure.refusal(phase), expected, "{failure:?}, {phase:?}");
            }
        }
    }
}
