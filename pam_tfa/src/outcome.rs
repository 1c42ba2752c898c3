//! What happened, and what libpam is told about it: the whole table, in both phases.
//!
//! A failure maps to a [`Refusal`], and a refusal has no way to say "success" or "ignore": that an
//! error lets somebody in, or makes libpam overlook the module, does not type-check. Only a
//! [`Judgement`] can become a [`Reply::Pass`] or a [`Reply::Ignore`].

use tfa_proto::{Phase, Verdict};

use crate::options::NotRequired;

/// What a phase came to without failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// The daemon's verdict.
    Verdict(Verdict),
    /// `after_publickey`, and this login brought no public key: the line is not about it.
    NotConcerned,
    /// `unreachable=allow-root-console`, and this is root, at the console, and the daemon down.
    RootAtConsole,
    /// Root becomes another user with su or sudo, and the daemon is down.
    RootSwitches,
}

/// Why a phase came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// An option is not understood, or libpam did not keep what it was given.
    Module,
    /// There is no daemon, or no use of its answers.
    Unavailable,
    /// No user name, or one that nobody has.
    UnknownUser,
    /// The user name changed in the middle.
    UserChanged,
    /// The login program could not ask, or came back without an answer.
    Conversation,
    /// The answer was the password, or there was none to give: no code.
    NoCode,
    /// A defect of the module.
    Panic,
}

/// What libpam is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// `PAM_SUCCESS`.
    Pass,
    /// `PAM_IGNORE`.
    Ignore,
    /// Anything else.
    Refuse(Refusal),
}

/// The codes that refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
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

impl Judgement {
    /// What libpam is told.
    pub(crate) fn reply(self, phase: Phase, not_required: NotRequired) -> Reply {
        match self {
            Self::Verdict(verdict) => match verdict {
                Verdict::Verified | Verdict::Remembered => Reply::Pass,
                Verdict::NotRequired => match not_required {
                    NotRequired::Ignore => Reply::Ignore,
                    NotRequired::Success => Reply::Pass,
                },
                Verdict::Denied | Verdict::MustEnroll => Reply::Refuse(denied(phase)),
                Verdict::Locked => Reply::Refuse(match phase {
                    Phase::Auth => Refusal::MaxTries,
                    Phase::Account => denied(phase),
                }),
                Verdict::UnknownUser => Reply::Refuse(Refusal::UserUnknown),
            },
            Self::NotConcerned => Reply::Ignore,
            Self::RootAtConsole | Self::RootSwitches => Reply::Pass,
        }
    }
}

impl Failure {
    /// What libpam is told.
    pub(crate) fn refusal(self, phase: Phase) -> Refusal {
        match self {
            // Not AUTHINFO_UNAVAIL: some stacks skip a module whose *service* is down, and a
            // mistake on the line itself must never be skipped.
            Self::Module => Refusal::ServiceErr,
            Self::Unavailable => Refusal::AuthinfoUnavail,
            Self::UnknownUser => Refusal::UserUnknown,
            Self::UserChanged | Self::NoCode => denied(phase),
            Self::Conversation => Refusal::ConvErr,
            Self::Panic => Refusal::Abort,
        }
    }
}

/// "No", in the word that each phase has for it: pam_acct_mgmt(3) knows no MAXTRIES, and its
/// AUTH_ERR would speak of a password.
fn denied(phase: Phase) -> Refusal {
    match phase {
        Phase::Auth => Refusal::AuthErr,
        Phase::Account => Refusal::PermDenied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_its_code_in_both_phases() {
        let refuse = Reply::Refuse;
        let table = [
            (Verdict::Verified, Reply::Pass, Reply::Pass),
            (Verdict::Remembered, Reply::Pass, Reply::Pass),
            (Verdict::NotRequired, Reply::Ignore, Reply::Ignore),
            (
                Verdict::Denied,
                refuse(Refusal::AuthErr),
                refuse(Refusal::PermDenied),
            ),
            (
                Verdict::MustEnroll,
                refuse(Refusal::AuthErr),
                refuse(Refusal::PermDenied),
            ),
            (
                Verdict::Locked,
                refuse(Refusal::MaxTries),
                refuse(Refusal::PermDenied),
            ),
            (
                Verdict::UnknownUser,
                refuse(Refusal::UserUnknown),
                refuse(Refusal::UserUnknown),
            ),
        ];
        for (verdict, auth, account) in table {
            let reply = |phase| Judgement::Verdict(verdict).reply(phase, NotRequired::Ignore);
            assert_eq!(reply(Phase::Auth), auth, "{verdict:?}");
            assert_eq!(reply(Phase::Account), account, "{verdict:?}");
        }
    }

    #[test]
    fn not_required_is_a_success_where_the_line_says_so_and_nothing_else_changes() {
        for verdict in [Verdict::Verified, Verdict::Denied, Verdict::Locked] {
            let reply = |option| Judgement::Verdict(verdict).reply(Phase::Auth, option);
            assert_eq!(reply(NotRequired::Ignore), reply(NotRequired::Success));
        }
        let judgement = Judgement::Verdict(Verdict::NotRequired);
        assert_eq!(
            judgement.reply(Phase::Auth, NotRequired::Success),
            Reply::Pass
        );
        assert_eq!(
            Judgement::NotConcerned.reply(Phase::Auth, NotRequired::Success),
            Reply::Ignore
        );
    }

    #[test]
    fn every_failure_has_its_code_in_both_phases() {
        let table = [
            (Failure::Module, Refusal::ServiceErr, Refusal::ServiceErr),
            (
                Failure::Unavailable,
                Refusal::AuthinfoUnavail,
                Refusal::AuthinfoUnavail,
            ),
            (
                Failure::UnknownUser,
                Refusal::UserUnknown,
                Refusal::UserUnknown,
            ),
            (Failure::UserChanged, Refusal::AuthErr, Refusal::PermDenied),
            (Failure::Conversation, Refusal::ConvErr, Refusal::ConvErr),
            (Failure::NoCode, Refusal::AuthErr, Refusal::PermDenied),
            (Failure::Panic, Refusal::Abort, Refusal::Abort),
        ];
        for (failure, auth, account) in table {
            assert_eq!(failure.refusal(Phase::Auth), auth, "{failure:?}");
            assert_eq!(failure.refusal(Phase::Account), account, "{failure:?}");
        }
    }
}
