//! The uid that a member has told of a user, and what the name service of this host says of it:
//! `docs/adr/0096-a-told-uid-is-compared-before-an-enrollment.md`.

use std::sync::Arc;
use std::time::Duration;

use super::Error;
use crate::host::time_limit::{self, CallsFor};
use crate::host::users::{NameService, NameServiceFailed, User};
use crate::messages;

/// How long the name service may take.
const TIME_LIMIT: Duration = Duration::from_secs(4);

/// Checks that this host knows the name with no other uid, and the uid with no other name. A name service that knows
/// neither has nothing to say of the user. One that does not answer refuses: it may know another uid.
///
/// # Errors
/// [`Error::UidChanged`], [`Error::NameService`].
pub(super) fn must_not_differ(names: &Arc<dyn NameService>, user: &User) -> Result<(), Error> {
    let (names, asked) = (Arc::clone(names), user.clone());
    let compared = move || compare(&*names, &asked);
    let compared = time_limit::within(CallsFor::Members, TIME_LIMIT, compared);
    let compared = compared.unwrap_or_else(|| {
        let text = messages::look_up_takes_too_long(&user.name);
        Err(Error::NameService(NameServiceFailed(text)))
    });
    compared.map_err(|error| match error {
        Error::NameService(NameServiceFailed(why)) => {
            let text = messages::told_uid_not_compared(&user.name, &why);
            Error::NameService(NameServiceFailed(text))
        }
        other => other,
    })
}

fn compare(names: &dyn NameService, user: &User) -> Result<(), Error> {
    let User { name, uid, .. } = user;
    match names.by_name(name)? {
        // By another spelling too: names of one user are the business of the name service.
        Some(known) if known.uid == *uid => return Ok(()),
        Some(known) => {
            let text = messages::told_uid_differs(name, *uid, known.uid);
            return Err(Error::UidChanged(text));
        }
        None => {}
    }
    match names.by_uid(*uid)? {
        Some(other) => {
            let text = messages::told_uid_of_other(name, *uid, &other.name);
            Err(Error::UidChanged(text))
        }
        None => Ok(()),
    }
}
