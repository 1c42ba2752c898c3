//! The administrator moves records to other names and uids: one, or many at once.

use std::collections::HashMap;

use tfa_core::Account;
use tfa_proto::{RenameOutcome, Renamed};
use zeroize::Zeroizing;

use super::{Accounts, Error, busy, resolve};
use crate::host::users::{LookUpError, NameService, User};
use crate::messages;
use tfa_store::{ByUid, Commit, Move, Revision, Store, StoreError};

/// The number of conflicts in a row after which the change is given up.
const TRIES: u32 = 20;

/// A record that is to go to a user.
struct Plan {
    from: String,
    /// The uid that the record was set up for.
    former_uid: u32,
    to: User,
    record: Zeroizing<Vec<u8>>,
    expected: Revision,
}

/// What is to be done for a pair.
struct Planned {
    renamed: Renamed,
    plan: Option<Plan>,
}

impl Accounts {
    /// Moves the records of these names to these users, with the uids of the users: all of them in one
    /// change, or none. With `check` nothing is changed. What would be refused is reported for each pair,
    /// and records in the way are no error: another call may move them. `uids` has those that the administrator
    /// tells of new names, as [`Self::named_user`].
    ///
    /// # Errors
    /// [`Error::UnknownUser`] for a new name that no user has, and as [`Self::named_user`] for one with a
    /// told uid; [`Error::OwnerStays`] for a record whose
    /// owner is still there; [`Error::InTheWay`] for one that would take another's place; as
    /// [`Self::load`].
    pub fn rename(
        &self,
        pairs: &[(String, String)],
        uids: &HashMap<String, u32>,
        check: bool,
    ) -> Result<Vec<Renamed>, Error> {
        for _ in 0..TRIES {
            let planned = self.plan_all(pairs, uids, check)?;
            let plans: Vec<&Plan> = planned.iter().filter_map(|one| one.plan.as_ref()).collect();
            if !check && !plans.is_empty() {
                must_have_room(&planned)?;
                let moves: Vec<Move<'_>> = plans.iter().map(|plan| plan.as_move()).collect();
                match self.store.rename(&moves)? {
                    Commit::Committed(_) => {}
                    Commit::Conflict => continue,
                }
                for plan in &plans {
                    self.log_move(&plan.from, &plan.to);
                }
                for plan in &plans {
                    let is_given_one = plans.iter().any(|other| other.to.uid == plan.former_uid);
                    if !is_given_one {
                        self.leave_without_grace(plan)?;
                    }
                }
            }
            return Ok(planned.into_iter().map(|one| one.renamed).collect());
        }
        Err(busy())
    }
}

impl Accounts {
    fn plan_all(
        &self,
        pairs: &[(String, String)],
        uids: &HashMap<String, u32>,
        check: bool,
    ) -> Result<Vec<Planned>, Error> {
        let planned = pairs.iter().map(|(old, new)| {
            let to = self.new_owner(new, uids.get(new).copied());
            let planned = to.and_then(|to| plan(&*self.store, self.names(), old, to));
            planned.or_else(|error| match check {
                true => Ok(Planned {
                    renamed: Renamed {
                        old: old.clone(),
                        new: new.clone(),
                        outcome: RenameOutcome::Refused.into(),
                        why: error.to_string(),
                        ..Renamed::default()
                    },
                    plan: None,
                }),
                false => Err(error),
            })
        });
        planned.collect()
    }

    /// The record may have belonged to the user who has its former uid now, and who has no record without
    /// it: that user gets no grace, as after a reset.
    fn leave_without_grace(&self, plan: &Plan) -> Result<(), Error> {
        match self.names.by_uid(plan.former_uid)? {
            Some(holder) => self.change(&holder, Account::forbid_grace),
            None => Ok(()),
        }
    }
}

impl Plan {
    fn as_move(&self) -> Move<'_> {
        Move {
            from: &self.from,
            to: &self.to.name,
            uid: self.to.uid,
            record: &self.record,
            expected: self.expected,
        }
    }
}

fn plan(store: &dyn Store, names: &dyn NameService, old: &str, to: User) -> Result<Planned, Error> {
    let renamed = Renamed {
        old: old.to_owned(),
        new: to.name.clone(),
        uid: to.uid,
        outcome: RenameOutcome::Moved.into(),
        ..Renamed::default()
    };
    let nothing = |outcome: RenameOutcome| {
        let outcome = outcome.into();
        let renamed = Renamed {
            outcome,
            ..renamed.clone()
        };
        Ok(Planned {
            renamed,
            plan: None,
        })
    };
    let Some(from) = place_of(store, names, old)? else {
        let stands = holder(store, to.uid)?.is_some_and(|name| name == to.name);
        return nothing(if stands {
            RenameOutcome::Stands
        } else {
            RenameOutcome::NoRecord
        });
    };
    let Some((record, expected)) = store.load(&from)? else {
        return Err(busy());
    };
    let mut account = resolve::decode(&record, &from)?;
    if from == to.name && account.uid() == to.uid {
        return nothing(RenameOutcome::Stands);
    }
    must_have_left(names, &from, account.uid(), &to)?;
    let former_uid = account.uid();
    let mut in_the_way = Vec::new();
    if from != to.name && !matches!(store.load(&to.name), Ok(None)) {
        in_the_way.push(to.name.clone());
    }
    let holder = holder(store, to.uid)?;
    in_the_way.extend(holder.filter(|name| *name != from && *name != to.name));
    account.set_uid(to.uid);
    let plan = Plan {
        from,
        former_uid,
        to,
        record: account.encode(),
        expected,
    };
    Ok(Planned {
        renamed: Renamed {
            in_the_way,
            ..renamed
        },
        plan: Some(plan),
    })
}

/// The name that the record of an old name is stored under: this one, or a still older one.
fn place_of(
    store: &dyn Store,
    names: &dyn NameService,
    old: &str,
) -> Result<Option<String>, Error> {
    if store.load(old)?.is_some() {
        return Ok(Some(old.to_owned()));
    }
    match names.look_up(old) {
        Ok(user) => holder(store, user.uid),
        Err(LookUpError::Unknown(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The name that the record of a uid is stored under. A record that cannot be read counts.
fn holder(store: &dyn Store, uid: u32) -> Result<Option<String>, Error> {
    match store.find(uid) {
        Ok(ByUid::Found(name, ..)) => Ok(Some(name)),
        Ok(ByUid::None | ByUid::Unknown(_)) => Ok(None),
        Err(StoreError::RecordDamaged { user, .. }) => Ok(Some(user)),
        Err(error) => Err(error.into()),
    }
}

/// Checks that a record does not move away from its owner: the owner is the new user, or is gone, or has
/// another uid, so that the record is in doubt.
fn must_have_left(names: &dyn NameService, from: &str, uid: u32, to: &User) -> Result<(), Error> {
    match names.by_name(from)? {
        Some(owner) if owner.uid == uid && uid != to.uid => {
            let text = messages::owner_stays(from, uid, &to.name);
            Err(Error::OwnerStays(text))
        }
        Some(_) | None => Ok(()),
    }
}

/// Checks that every record in the way moves in the same change.
fn must_have_room(planned: &[Planned]) -> Result<(), Error> {
    let moving = |name: &String| {
        let mut plans = planned.iter().filter_map(|one| one.plan.as_ref());
        plans.any(|plan| plan.from == *name)
    };
    for Planned { renamed, .. } in planned {
        let in_the_way = renamed.in_the_way.iter().find(|name| !moving(name));
        if let Some(name) = in_the_way {
            let Renamed { old, new, uid, .. } = renamed;
            let text = messages::in_the_way(old, new, *uid, name);
            return Err(Error::InTheWay(text));
        }
    }
    Ok(())
}
