//! The user of a record, looked up under a time limit.

use std::sync::Arc;
use std::time::Instant;

use super::time_limit::{self, CallsFor};
use super::users::{LookUpError, NameService, NameServiceFailed, User};

/// Whose a record is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RecordOwner {
    /// The user of its name.
    Named(User),
    /// The system does not know its name. The user of its uid has another one.
    Renamed(User),
    /// The system knows neither its name nor its uid, or the uid is not known.
    Gone,
}

/// Looks up the user of a record by its name, and else by its uid. Returns `None` if the name service has
/// not answered by the deadline.
pub(crate) fn find(
    names: Arc<dyn NameService>,
    name: &str,
    uid: Option<u32>,
    deadline: Instant,
) -> Option<Result<RecordOwner, NameServiceFailed>> {
    let left = deadline.saturating_duration_since(Instant::now());
    let name = name.to_owned();
    time_limit::within(CallsFor::Administrators, left, move || {
        match names.look_up(&name) {
            Ok(user) => return Ok(RecordOwner::Named(user)),
            Err(LookUpError::Failed(failed)) => return Err(failed),
            Err(LookUpError::Unknown(_)) => {}
        }
        let renamed = uid.map(|uid| names.by_uid(uid)).transpose()?.flatten();
        Ok(renamed.map_or(RecordOwner::Gone, RecordOwner::Renamed))
    })
}
