//! What it means for a call that a verifier refuses it, or that there is no reply.

use tonic::Code;

use crate::generated::Error;

/// What is to be done after a call without the wanted reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The call is decided: the host refuses.
    Final,
    /// Another verifier may do what this one cannot. This one is there.
    Elsewhere,
    /// The daemon of the verifier does not run: as if the verifier could not be reached.
    Absent,
}

/// The meaning of an error of a verifier. None is absence: a verifier that answers is there, and who can write to its
/// store can cause each error that says that it serves no login.
pub(super) const fn of_error(error: Error) -> Meaning {
    match error {
        Error::NotServing | Error::Storage => Meaning::Elsewhere,
        Error::Unspecified
        | Error::NoSuchDialog
        | Error::NotAuthorized
        | Error::Busy
        | Error::InvalidArgument
        | Error::UnknownUser
        | Error::Damaged
        | Error::KeyLost
        | Error::UidChanged
        | Error::WrongState => Meaning::Final,
    }
}

/// The meaning of a status in place of a reply. `tfa-fleet` of the verifier tells by one code that no program listens at
/// the socket of its tfad, which no user and no store can cause.
pub(super) const fn of_status(code: Code) -> Meaning {
    match code {
        Code::FailedPrecondition => Meaning::Absent,
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => Meaning::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_of_a_verifier_that_answers_is_absence() {
        let errors: Vec<_> = (0..).map_while(|n| Error::try_from(n).ok()).collect();
        assert_eq!(errors.len(), 12);
        for error in errors {
            let number = i32::from(error);
            let expected = match error {
                Error::NotServing | Error::Storage => Meaning::Elsewhere,
                _ => Meaning::Final,
            };
            assert_eq!(of_error(error), expected, "{number}");
        }
    }

    #[test]
    fn only_the_status_of_a_daemon_that_does_not_run_is_absence() {
        for code in (0..17).map(Code::from_i32) {
            let is_absent = of_status(code) == Meaning::Absent;
            assert_eq!(is_absent, code == Code::FailedPrecondition, "{code:?}");
        }
    }
}
