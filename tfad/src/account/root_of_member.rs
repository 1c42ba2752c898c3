//! root is one user of all hosts of a fleet, the verifiers too. Root on one member sees what is typed there, and could
//! change the second factor of root everywhere: `docs/adr/0105-changes-of-enrollments-on-members.md`.

use tfa_core::{Account, EnrollmentMark};

use super::Error;
use crate::host::users::User;
use crate::messages;

/// The enrollment of root before a call or a login on a member; `None` for other users.
pub(super) fn enrollment_before(user: &User, account: Option<&Account>) -> Option<EnrollmentMark> {
    (user.uid == 0).then(|| match account {
        Some(account) => account.enrollment_mark(),
        None => Account::new(user.uid).enrollment_mark(),
    })
}

/// Checks that the enrollment of root is what it was.
///
/// # Errors
/// [`Error::NotOnMember`].
pub(super) fn must_be_unchanged(
    before: Option<&EnrollmentMark>,
    after: &Account,
) -> Result<(), Error> {
    match before.is_none_or(|before| before.is_of(after)) {
        true => Ok(()),
        false => Err(Error::NotOnMember(
            messages::ROOT_CHANGES_ON_A_VERIFIER.to_owned(),
        )),
    }
}
