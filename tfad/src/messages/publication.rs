//! The policy that is published in the store.

use tfa_proto::Error;
use tfa_store::Revision;

use crate::policy_serial::{SERIAL_FILE, SerialError};

/// A published policy that this host cannot use.
#[must_use]
pub fn unusable_policy(revision: Revision, problem: &str) -> String {
    format!(
        "the published policy (revision {revision}) cannot be used here: {problem}. Logins are refused. If \
         another tfad has published it, install that version here. Else publish another one: tfactl policy \
         publish FILE; or go back to the policy of the files: tfactl policy unpublish"
    )
}

/// The number of a published policy is not one that may follow.
#[must_use]
pub fn serial(error: &SerialError) -> String {
    match error {
        SerialError::Older { highest } => format!(
            "the published policy is older than one that was in force here (number {highest}), or was removed \
             without a command: the store was restored from a copy, another can write to it, or an older version \
             of tfad has published it. Logins are refused. If that is known, publish the policy again: tfactl \
             policy publish FILE. To have that of the files in force, then run: tfactl policy unpublish"
        ),
        SerialError::File(error) => format!(
            "the number of the published policy cannot be kept in {SERIAL_FILE} of the state directory: {error}. \
             Logins are refused until it can"
        ),
        SerialError::Damaged => format!(
            "{SERIAL_FILE} in the state directory has no number. Logins are refused. Look at the published policy \
             (tfactl policy show). If it is the newest one, remove the file and restart tfad"
        ),
    }
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
