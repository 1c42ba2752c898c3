//! A change of what is kept of a user: judged again where another change was stored meanwhile.

use tfa_core::{BoundCodes, Time};
use tfa_store::{ByUid, Commit, Revision, Store};

use super::BoundStore;
use super::store::decode;
use crate::account::Error;
use crate::host::users::User;
use crate::messages;

/// The number of conflicts in a row after which a change is given up. Each means that another change was stored.
const MAX_CONFLICTS: u32 = 1000;

impl BoundStore {
    /// Changes what is kept of a user, if something is. The answer is returned after it was stored.
    pub(super) fn change<T>(
        &self,
        user: &User,
        change: impl FnMut(&mut BoundCodes) -> T,
    ) -> Result<Option<T>, Error> {
        self.settle(user, None, change)
    }

    /// As [`Self::change`], for a user of whom something is kept from now on. What is kept of another user with the name or
    /// the uid gives way.
    pub(super) fn change_or_make(
        &self,
        user: &User,
        now: Time,
        change: impl FnMut(&mut BoundCodes),
    ) -> Result<(), Error> {
        self.settle(user, Some(now), change).map(|_| ())
    }

    fn settle<T>(
        &self,
        user: &User,
        make: Option<Time>,
        mut change: impl FnMut(&mut BoundCodes) -> T,
    ) -> Result<Option<T>, Error> {
        let store = self.store()?;
        for _ in 0..MAX_CONFLICTS {
            let found = store.load(&user.name)?;
            let (mut codes, before, expected) = match (&found, make) {
                (None, None) => return Ok(None),
                (None, Some(now)) => (BoundCodes::new(user.uid, now), None, Revision::NONE),
                (Some((record, revision)), _) => {
                    let codes = decode(record.as_bytes(), &user.name);
                    let gives_way = make.is_some()
                        && codes.as_ref().map_or(true, |codes| codes.uid() != user.uid);
                    if gives_way {
                        // A record does not change its uid, and a damaged one has nothing to change.
                        self.remove(&*store, &user.name, codes, *revision)?;
                        continue;
                    }
                    (codes?, Some(record.as_bytes()), *revision)
                }
            };
            if codes.uid() != user.uid {
                return Ok(None);
            }
            let answer = change(&mut codes);
            let bytes = codes.encode();
            if before == Some(&*bytes) {
                return Ok(Some(answer));
            }
            let stored = store.commit(&user.name, user.uid, &bytes, expected)?;
            if let Commit::Committed(_) = stored {
                return Ok(Some(answer));
            }
            // The uid may have had another name before.
            if make.is_some()
                && let ByUid::Found(other, record, revision) = store.find(user.uid)?
                && other != user.name
            {
                let codes = decode(record.as_bytes(), &other);
                self.remove(&*store, &other, codes, revision)?;
            }
        }
        Err(Error::Contended(messages::BACKUP_CODES_CONTENDED))
    }

    /// Removes what is kept of a user whose name or uid another one has now, or what cannot be read. What is not
    /// reported of it is lost.
    fn remove(
        &self,
        store: &dyn Store,
        name: &str,
        codes: Result<BoundCodes, Error>,
        revision: Revision,
    ) -> Result<(), Error> {
        if store.remove(name, Some(revision))? == Commit::Conflict {
            return Ok(());
        }
        match codes {
            Ok(codes) if codes.events().is_empty() => {}
            Ok(codes) => {
                let (uid, count) = (codes.uid(), codes.events().len());
                self.log(&messages::bound_events_lost(name, uid, count));
            }
            Err(_) => self.log(&messages::damaged_bound_codes_replaced(name)),
        }
        Ok(())
    }
}
