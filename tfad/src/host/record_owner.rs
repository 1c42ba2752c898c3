//! The users of records, looked up under a time limit.

use std::sync::Arc;
use std::time::Instant;

use super::results::Results;
use super::time_limit::{self, CallsFor};
use super::users::{LookUpError, NameService, NameServiceFailed, User};

/// How many records of a page are looked up at once.
const LOOK_UPS: usize = 2;

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

/// The owners of records, in the order of the records. They are looked up while they are taken.
pub(crate) struct RecordOwners {
    /// The look-ups of every second record, say, and those of the others.
    lanes: Vec<Results<Result<RecordOwner, NameServiceFailed>>>,
    /// The lane that the next record is in.
    next: usize,
}

/// A record: its name, and the uid in it, if that is known.
pub(crate) type NameAndUid = (String, Option<u32>);

impl RecordOwners {
    /// Begins to look up the user of each record by its name, and else by its uid. There is none if the name
    /// service has not begun by the deadline.
    ///
    /// Several records are looked up at once: most of a look-up is calls of the system, or a wait for a
    /// directory.
    pub(crate) fn of(
        names: &Arc<dyn NameService>,
        records: Vec<NameAndUid>,
        deadline: Instant,
    ) -> Self {
        let mut lanes: Vec<Vec<NameAndUid>> = vec![Vec::new(); LOOK_UPS.min(records.len())];
        let number = lanes.len();
        for (record, lane) in records.into_iter().zip((0..number).cycle()) {
            if let Some(lane) = lanes.get_mut(lane) {
                lane.push(record);
            }
        }
        let begin = |records| {
            let names = Arc::clone(names);
            let left = deadline.saturating_duration_since(Instant::now());
            let find = move |record| find(&*names, record);
            time_limit::each(CallsFor::Administrators, left, records, find)
        };
        // Without all of them there is no order.
        let lanes: Option<Vec<_>> = lanes.into_iter().map(begin).collect();
        let lanes = lanes.unwrap_or_default();
        Self { lanes, next: 0 }
    }

    /// The next owner. `None` if the name service has not answered by the deadline.
    pub(crate) fn next(
        &mut self,
        deadline: Instant,
    ) -> Option<Result<RecordOwner, NameServiceFailed>> {
        let owner = self.lanes.get_mut(self.next)?.next(deadline)?;
        self.next = (self.next + 1) % self.lanes.len();
        Some(owner)
    }
}

fn find(
    names: &dyn NameService,
    (name, uid): NameAndUid,
) -> Result<RecordOwner, NameServiceFailed> {
    match names.look_up(&name) {
        Ok(user) => return Ok(RecordOwner::Named(user)),
        Err(LookUpError::Failed(failed)) => return Err(failed),
        Err(LookUpError::Unknown(_)) => {}
    }
    let renamed = uid.map(|uid| names.by_uid(uid)).transpose()?.flatten();
    Ok(renamed.map_or(RecordOwner::Gone, RecordOwner::Renamed))
}
