//! root is one user of all hosts of a fleet, the verifiers too. Root on one member could enroll an authenticator of
//! its own for it, and so shut root out everywhere: `docs/adr/0099-what-a-member-or-etcd-cannot-do-alone.md`.

use tfa_core::{Account, State};

use super::Error;
use crate::host::users::User;
use crate::messages;

/// Checks that a member enrolls nothing for root: no first authenticator, and no first use of one that waits for it.
///
/// # Errors
/// [`Error::NotOnMember`].
pub(super) fn must_not_enroll(user: &User, before: State, after: &Account) -> Result<(), Error> {
    let enrolls = match (before, after.state()) {
        (State::None, State::Pending) => true,
        (State::None | State::Pending, State::Enabled | State::Paused) => true,
        (State::None | State::Pending, State::None)
        | (State::Pending, State::Pending)
        | (State::Enabled | State::Paused, _) => false,
    };
    match user.uid == 0 && enrolls {
        true => Err(Error::NotOnMember(
            messages::ROOT_ENROLLS_ON_A_VERIFIER.to_owned(),
        )),
        false => Ok(()),
    }
}
