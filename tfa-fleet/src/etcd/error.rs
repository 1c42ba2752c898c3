//! What a failed call means. Where it is not certain that etcd did not apply a call, it may have.

use tfa_fleet_wire::{KvFailure, KvFailureKind};
use tonic::{Code, Status};

use crate::log::printable;

/// Parts of the texts with which etcd refuses a request for its length. The codes are those of other
/// errors, too.
const TOO_LARGE: [&str; 2] = ["request is too large", "too many operations"];

/// The part of the text that tells it from a member with too many requests.
const NO_SPACE: &str = "database space exceeded";

pub(super) fn unsent(why: &str) -> KvFailure {
    failure(KvFailureKind::Unsent, why)
}

pub(super) fn unknown(why: &str) -> KvFailure {
    failure(KvFailureKind::Unknown, why)
}

pub(super) fn too_large() -> KvFailure {
    failure(KvFailureKind::TooLarge, "")
}

/// What an error of etcd, or of the way there, means for a call that was sent.
///
/// "No space" is not among the refusals: the member that finds the quota used up by a change applies the
/// change all the same, and replies with the error. Nor is "no leader": one that was lost in the middle
/// may have passed the call on.
pub(super) fn of_status(status: &Status, is_read: bool) -> KvFailure {
    let text = status.message();
    match status.code() {
        Code::InvalidArgument if TOO_LARGE.iter().any(|part| text.contains(part)) => too_large(),
        // Before it is applied: no permission, a wrong user, a request without sense.
        Code::InvalidArgument | Code::PermissionDenied | Code::Unauthenticated => {
            failure(KvFailureKind::Refused, text)
        }
        // The reply is longer than what this program reads. A change may have been made.
        Code::OutOfRange if is_read => too_large(),
        _ => unknown(text),
    }
}

/// Whether etcd has refused a change, or has made it as the last one, because its quota is used up.
pub(super) fn is_out_of_space(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && status.message().contains(NO_SPACE)
}

fn failure(kind: KvFailureKind, text: &str) -> KvFailure {
    KvFailure {
        kind,
        text: printable(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: Code, text: &str, is_read: bool) -> KvFailureKind {
        of_status(&Status::new(code, text), is_read).kind
    }

    #[test]
    fn only_what_etcd_certainly_did_not_apply_is_refused() {
        use KvFailureKind::{Refused, TooLarge, Unknown};
        let cases = [
            (
                Code::InvalidArgument,
                "etcdserver: request is too large",
                TooLarge,
            ),
            (
                Code::InvalidArgument,
                "etcdserver: too many operations in txn request",
                TooLarge,
            ),
            (
                Code::InvalidArgument,
                "etcdserver: duplicate key given in txn request",
                Refused,
            ),
            (
                Code::PermissionDenied,
                "etcdserver: permission denied",
                Refused,
            ),
            // The member that uses up the quota has applied the change.
            (
                Code::ResourceExhausted,
                "etcdserver: mvcc: database space exceeded",
                Unknown,
            ),
            (Code::Unavailable, "etcdserver: no leader", Unknown),
            (Code::Unavailable, "etcdserver: request timed out", Unknown),
            (Code::Unavailable, "etcdserver: leader changed", Unknown),
            (Code::DeadlineExceeded, "context deadline exceeded", Unknown),
            (Code::Cancelled, "", Unknown),
            (Code::Unknown, "transport error", Unknown),
            (Code::Ok, "", Unknown),
        ];
        for (code, text, expected) in cases {
            for is_read in [true, false] {
                assert_eq!(kind(code, text, is_read), expected, "{code:?} {text}");
            }
        }
        assert_eq!(kind(Code::OutOfRange, "", true), TooLarge);
        assert_eq!(kind(Code::OutOfRange, "", false), Unknown);
    }
}
