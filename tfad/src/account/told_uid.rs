//! The uid that a member or an administrator has told of a user, and what the name service of this host says of it:
//! `docs/adr/0096-a-told-uid-is-compared-before-an-enrollment.md`.

use std::sync::Arc;
use std::time::Duration;

use super::Error;
use crate::host::time_limit::{self, CallsFor};
use crate::host::users::{NameService, NameServiceFailed, User};
use crate::messages;

/// How long the name service may take.
const TIME_LIMIT: Duration = Duration::from_secs(4);

/// What the name service says of a name and a uid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Comparison {
    /// It knows the name with this uid. By another spelling too: names of one user are its business.
    Same,
    /// It knows neither, and has nothing to say of the user.
    Neither,
    /// It knows the name with this other uid.
    OtherUid(u32),
    /// It does not know the name, and knows the uid with this other name.
    OtherName(String),
}

/// Checks that this host knows the name with no other uid, and the uid with no other name. A name service that does
/// not answer refuses: it may know another uid.
///
/// # Errors
/// [`Error::UidChanged`], [`Error::NameService`].
pub(super) fn must_not_differ(names: &Arc<dyn NameService>, user: &User) -> Result<(), Error> {
    let User { name, uid, .. } = user;
    let text = match compared(names, name, *uid, CallsFor::Members) {
        Ok(Comparison::Same | Comparison::Neither) => return Ok(()),
        Ok(Comparison::OtherUid(known)) => messages::told_uid_differs(name, *uid, known),
        Ok(Comparison::OtherName(other)) => messages::told_uid_of_other(name, *uid, &other),
        Err(NameServiceFailed(why)) => {
            let text = messages::told_uid_not_compared(name, &why);
            return Err(Error::NameService(NameServiceFailed(text)));
        }
    };
    Err(Error::UidChanged(text))
}

/// Asks the name service of a name and a uid. It blocks, for a limited time.
///
/// # Errors
/// [`NameServiceFailed`], also where it takes too long.
pub(super) fn compared(
    names: &Arc<dyn NameService>,
    name: &str,
    uid: u32,
    calls: CallsFor,
) -> Result<Comparison, NameServiceFailed> {
    let (names, asked) = (Arc::clone(names), name.to_owned());
    let compared = move || compare(&*names, &asked, uid);
    let compared = time_limit::within(calls, TIME_LIMIT, compared);
    compared.unwrap_or_else(|| Err(NameServiceFailed(messages::look_up_takes_too_long(name))))
}

fn compare(names: &dyn NameService, name: &str, uid: u32) -> Result<Comparison, NameServiceFailed> {
    match names.by_name(name)? {
        Some(known) if known.uid == uid => return Ok(Comparison::Same),
        Some(known) => return Ok(Comparison::OtherUid(known.uid)),
        None => {}
    }
    let other = names.by_uid(uid)?;
    Ok(other.map_or(Comparison::Neither, |other| {
        Comparison::OtherName(other.name)
    }))
}
