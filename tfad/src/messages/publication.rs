//! The policy that is published in the store.

use tfa_proto::Error;
use tfa_store::Revision;

/// A published policy that this host cannot use.
#[must_use]
pub fn unusable_policy(revision: Revision, problem: &str) -> String {
    format!(
        "the published policy (revision {revision}) cannot be used here: {problem}. Logins are refused. If \
         another tfad has published it, install that version here. Else publish another one: tfactl policy \
         publish FILE; or go back to the policy of the files: tfactl policy unpublish"
    )
}

/// The policy is never the same when it is read again.
pub const POLICY_CHANGES_ALL_THE_TIME: &str = "another policy is published all the time";

/// A policy that is to be published and has mistakes.
#[must_use]
pub fn policy_not_published(problems: &str) -> Error {
    Error::InvalidArgument(problems.to_owned())
}

/// The policy was published or removed by another call.
#[must_use]
pub fn other_policy_published() -> Error {
    Error::WrongState(
        "another policy was published meanwhile. Look at it (tfactl policy show), and publish yours again"
            .to_owned(),
    )
}

/// A policy of a member.
#[must_use]
pub fn member_publishes_no_policy() -> Error {
    Error::WrongState(
        "this host is a member of a fleet. Policies are published on a verifier".to_owned(),
    )
}

/// There is nothing to remove.
#[must_use]
pub fn no_policy_published() -> Error {
    Error::WrongState("no policy is published".to_owned())
}

/// A warning about the policy of the files, where another one is published.
#[must_use]
pub fn policy_of_files_not_in_force() -> String {
    "[policy], [enrollment], [authenticator] and [remember] of the files are not in force: a policy is \
     published (tfactl policy show)"
        .to_owned()
}
