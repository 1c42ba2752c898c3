//! The one thread that writes.
//!
//! It takes all requests that have queued up, applies them in one transaction, and answers after
//! the commit: while one commit waits for the disk the next batch gathers, so that many logins
//! share one synchronisation.
//!
//! # Revisions
//! They are reserved in blocks. The first commit that needs a block moves the head to its end, in its
//! own transaction; the others take their revisions out of memory, leave the head alone, and so write
//! one page instead of two. What is left of a block when the writer ends is never given.
//!
//! A block is good for as long as the head is where this writer moved it to, which each transaction
//! looks at. Where another process has moved it on, a new block is reserved behind that one's: so
//! revisions grow in the order of the commits, whoever makes them.

use std::sync::mpsc::{Receiver, SyncSender};

use rusqlite::{Connection, Statement, params};

use super::checkpoint::Alarm;
use super::index::{Index, PARTS, Part};
use super::schema::{self, Anchor, Head, Layout, damaged, failure};
use crate::key::KeyId;
use crate::{Commit, Revision, StoreError};

/// How many requests share a transaction at most.
const BATCH: usize = 256;
/// How many revisions are reserved in one go. With a thousand the head costs next to nothing; and
/// the 63 bits of a revision are enough for a block a microsecond, for 290 years.
const BLOCK: i64 = 1000;

type Outcome = Result<Commit, StoreError>;

/// A change that somebody waits for.
pub(super) struct Request {
    pub(super) change: Change,
    pub(super) answer: SyncSender<Outcome>,
}

pub(super) enum Change {
    Store(Sealed),
    /// Records that get other names or uids, all of them at once.
    Rename(Vec<(String, Sealed)>),
    Remove {
        user: String,
        expected: Option<Revision>,
    },
}

/// A record as it is to stand in the database.
pub(super) struct Sealed {
    pub(super) user: String,
    pub(super) uid: u32,
    pub(super) bytes: Vec<u8>,
    /// The revision of the record that it replaces.
    pub(super) expected: Revision,
}

impl Change {
    /// About how many pages it adds to the log.
    fn pages(&self) -> usize {
        let pages = |record: &Sealed| 1 + record.bytes.len() / 4096;
        match self {
            Self::Store(record) => {
                let beside = if record.expected == Revision::NONE {
                    3
                } else {
                    0
                };
                beside + pages(record)
            }
            Self::Rename(moves) => moves.iter().map(|(_, record)| 5 + pages(record)).sum(),
            Self::Remove { .. } => 4,
        }
    }
}

/// Why a batch did not go through.
enum Trouble {
    /// A statement failed: nothing was asked to be committed yet.
    Underway(StoreError),
    /// The transaction did not start, or its commit failed.
    Whole(StoreError),
}

/// Serves requests until nobody can send any more, then lets go of the database.
pub(super) fn serve(
    db: &Connection,
    anchor: Anchor,
    layout: Layout,
    key: Option<KeyId>,
    requests: &Receiver<Request>,
    mut alarm: Alarm,
) -> Result<(), StoreError> {
    let mut writer = Writer::new(db, anchor, layout, key)?;
    let mut batch = Vec::with_capacity(BATCH);
    while let Ok(first) = requests.recv() {
        batch.push(first);
        batch.extend(requests.try_iter().take(BATCH - 1));
        let outcomes = writer.settle(&batch);
        let (mut pages, mut stuck) = (0, false);
        for (request, outcome) in batch.drain(..).zip(outcomes) {
            match &outcome {
                Ok(Commit::Committed(_)) => pages += request.change.pages(),
                Ok(Commit::Conflict) => {}
                Err(error) => stuck |= matches!(error, StoreError::Unavailable { .. }),
            }
            // There is room for one answer. Where it is not waited for the change stands as well.
            let _ = request.answer.try_send(outcome);
        }
        alarm.stored(pages);
        if stuck {
            alarm.stuck();
        }
    }
    Ok(())
}

struct Writer<'c> {
    db: &'c Connection,
    anchor: Anchor,
    /// The key that the records which come here are sealed with.
    key: Option<KeyId>,
    /// The last revision that was taken, if only for a change that was rolled back.
    taken: i64,
    /// Where the last block ends that was reserved here.
    reserved: i64,
    begin: Statement<'c>,
    commit: Statement<'c>,
    rollback: Statement<'c>,
    head: Statement<'c>,
    set_head: Statement<'c>,
    revision: Statement<'c>,
    delete: Statement<'c>,
    part: Statement<'c>,
    set_part: Statement<'c>,
    /// What the first layout has not.
    present: Option<Present<'c>>,
}

/// The statements of the present layout alone. Without them nothing is stored.
struct Present<'c> {
    insert: Statement<'c>,
    update: Statement<'c>,
    uid: Statement<'c>,
    uid_part: Statement<'c>,
    set_uid_part: Statement<'c>,
}

impl<'c> Present<'c> {
    fn new(db: &'c Connection) -> Result<Self, StoreError> {
        let prepare = |sql| db.prepare(sql).map_err(failure);
        Ok(Self {
            insert: prepare("INSERT INTO account VALUES (?1, ?2, ?3, ?4)")?,
            update: prepare(
                "UPDATE account SET revision = ?3, sealed = ?4 WHERE user = ?1 AND uid = ?2",
            )?,
            uid: prepare("SELECT uid FROM account WHERE user = ?1")?,
            uid_part: prepare(Index::Uids.select())?,
            set_uid_part: prepare(Index::Uids.update())?,
        })
    }

    fn part(&mut self, uid: u32) -> Result<Part, StoreError> {
        Part::query(Index::Uids, Part::of_uid(uid), &mut self.uid_part)
    }

    /// Whether a uid has a record under another name than one of these.
    fn is_taken<'n>(
        &mut self,
        uid: u32,
        but_by: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<bool, StoreError> {
        let part = self.part(uid)?;
        Ok(part
            .names_of(uid)
            .any(|name| !but_by.clone().any(|user| user.as_bytes() == name)))
    }

    fn insert(&mut self, record: &Sealed, revision: i64) -> Result<(), StoreError> {
        let Sealed {
            user, uid, bytes, ..
        } = record;
        let mut part = self.part(*uid)?;
        if part.names_of(*uid).next().is_some() {
            return damaged(format!(
                "the index of uids has a record of uid {uid}, and {user} has none"
            ));
        }
        part.add_uid(*uid, user);
        part.update(&mut self.set_uid_part)?;
        self.insert
            .execute(params![user, uid, revision, bytes])
            .map(drop)
            .map_err(failure)
    }

    /// Strikes a name, whatever uid it has there. The row tells where to look; where it is gone or
    /// does not tell the truth, the whole index is looked through.
    fn strike(&mut self, user: &str) -> Result<(), StoreError> {
        let mut rows = self.uid.query([user]).map_err(failure)?;
        let row = rows.next().map_err(failure)?;
        let uid = row.and_then(|row| row.get::<_, u32>(0).ok());
        drop(rows);
        if let Some(uid) = uid
            && self.strike_in(Part::of_uid(uid), user)?
        {
            return Ok(());
        }
        for number in 0..PARTS {
            self.strike_in(number, user)?;
        }
        Ok(())
    }

    fn strike_in(&mut self, number: i64, user: &str) -> Result<bool, StoreError> {
        let mut part = Part::query(Index::Uids, number, &mut self.uid_part)?;
        let found = part.strike_name(user);
        if found {
            part.update(&mut self.set_uid_part)?;
        }
        Ok(found)
    }
}

impl<'c> Writer<'c> {
    fn new(
        db: &'c Connection,
        anchor: Anchor,
        layout: Layout,
        key: Option<KeyId>,
    ) -> Result<Self, StoreError> {
        let prepare = |sql| db.prepare(sql).map_err(failure);
        Ok(Self {
            db,
            anchor,
            key,
            taken: 0,
            reserved: 0,
            begin: prepare("BEGIN IMMEDIATE")?,
            commit: prepare("COMMIT")?,
            rollback: prepare("ROLLBACK")?,
            head: prepare(Head::SELECT)?,
            set_head: prepare(Head::UPDATE)?,
            revision: prepare("SELECT revision FROM account WHERE user = ?1")?,
            delete: prepare("DELETE FROM account WHERE user = ?1")?,
            part: prepare(Index::Names.select())?,
            set_part: prepare(Index::Names.update())?,
            present: match layout {
                Layout::First => None,
                Layout::Present => Some(Present::new(db)?),
            },
        })
    }

    /// One outcome for each request, in their order.
    fn settle(&mut self, batch: &[Request]) -> Vec<Outcome> {
        match self.transact(batch) {
            Ok(outcomes) => outcomes,
            // One user's damaged page must not refuse those who came at the same moment.
            Err(Trouble::Underway(_)) if batch.len() > 1 => batch
                .iter()
                .flat_map(|one| self.settle(std::slice::from_ref(one)))
                .collect(),
            Err(Trouble::Underway(error) | Trouble::Whole(error)) => {
                batch.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    /// The batch in one transaction: all that is said to be committed is on disk, or nothing is.
    fn transact(&mut self, batch: &[Request]) -> Result<Vec<Outcome>, Trouble> {
        let whole = |error| Trouble::Whole(failure(error));
        self.anchor.hold().map_err(Trouble::Whole)?;
        if !self.db.is_autocommit() {
            self.rollback.execute([]).map_err(whole)?;
        }
        self.begin.execute([]).map_err(whole)?;
        let reserved = self.reserved;
        let applied = self
            .apply(batch)
            .map_err(Trouble::Underway)
            .and_then(|outcomes| {
                self.commit.execute([]).map_err(whole)?;
                Ok(outcomes)
            });
        if applied.is_err() {
            // What was not committed another process may reserve for itself.
            self.reserved = reserved;
            if !self.db.is_autocommit() {
                // If this fails too, the next transaction tries again before it starts.
                let _ = self.rollback.execute([]);
            }
        }
        applied
    }

    fn apply(&mut self, batch: &[Request]) -> Result<Vec<Outcome>, StoreError> {
        // Somebody with the key may have migrated it meanwhile.
        if self.present.is_none() && schema::version(self.db)? == schema::VERSION {
            return Err(StoreError::Unavailable {
                why: "another tfad has migrated accounts.db: restart tfad".into(),
            });
        }
        let mut head = Head::query(&mut self.head)?;
        let before = head.revision;
        let mut outcomes = Vec::with_capacity(batch.len());
        for Request { change, .. } in batch {
            outcomes.push(match change {
                Change::Store(_) | Change::Rename(_) if self.key != Some(head.key) => {
                    Err(StoreError::KeyLost {
                        remedy:
                            "another tfad has changed the sealing key of accounts.db: restart tfad"
                                .into(),
                    })
                }
                Change::Store(record) => Ok(self.store(&mut head, record)?),
                Change::Rename(moves) => Ok(self.rename(&mut head, moves)?),
                Change::Remove { user, expected } => Ok(self.remove(user, *expected)?),
            });
        }
        if head.revision != before {
            head.update(&mut self.set_head).map_err(failure)?;
        }
        Ok(outcomes)
    }

    fn store(&mut self, head: &mut Head, record: &Sealed) -> Result<Commit, StoreError> {
        let Sealed {
            user,
            uid,
            bytes,
            expected,
        } = record;
        if self.current(user)? != *expected {
            return Ok(Commit::Conflict);
        }
        if *expected == Revision::NONE
            && self
                .present()?
                .is_taken(*uid, [user.as_str()].into_iter())?
        {
            return Ok(Commit::Conflict);
        }
        let next = self.take_revision(head)?;
        if *expected == Revision::NONE {
            self.insert(record, next)?;
        } else {
            let row = params![user, uid, next, bytes];
            // The uid of a record changes by a renaming alone.
            if self.present()?.update.execute(row).map_err(failure)? != 1 {
                return Err(StoreError::RecordDamaged {
                    user: user.clone(),
                    why: format!("it is not found for uid {uid}"),
                });
            }
        }
        Ok(Commit::Committed(Revision(next.unsigned_abs())))
    }

    /// All of them, or none.
    fn rename(
        &mut self,
        head: &mut Head,
        moves: &[(String, Sealed)],
    ) -> Result<Commit, StoreError> {
        let leaving = moves.iter().map(|(from, _)| from.as_str());
        for (from, record) in moves {
            let stays = !leaving.clone().any(|user| user == record.user);
            if self.current(from)? != record.expected
                || (stays && self.current(&record.user)? != Revision::NONE)
                || self.present()?.is_taken(record.uid, leaving.clone())?
            {
                return Ok(Commit::Conflict);
            }
        }
        for (from, _) in moves {
            self.delete(from)?;
        }
        let mut last = 0;
        for (_, record) in moves {
            last = self.take_revision(head)?;
            self.insert(record, last)?;
        }
        Ok(Commit::Committed(Revision(last.unsigned_abs())))
    }

    /// Puts in a record where there is none of that name and of that uid.
    fn insert(&mut self, record: &Sealed, revision: i64) -> Result<(), StoreError> {
        let user = &record.user;
        let mut part = self.part(user)?;
        if part.has(user) {
            return Err(lost(user));
        }
        part.add(user);
        part.update(&mut self.set_part)?;
        self.present()?.insert(record, revision)
    }

    fn present(&mut self) -> Result<&mut Present<'c>, StoreError> {
        self.present.as_mut().ok_or_else(|| StoreError::KeyLost {
            remedy: "accounts.db has the format of an older tfad and was not migrated".into(),
        })
    }

    /// The next revision: of the block that this writer has, or the first of a new one.
    fn take_revision(&mut self, head: &mut Head) -> Result<i64, StoreError> {
        if head.revision != self.reserved || self.taken >= self.reserved {
            self.taken = self.taken.max(head.revision);
            let Some(end) = self.taken.checked_add(BLOCK) else {
                return damaged(format!("it has counted {} revisions", self.taken));
            };
            (self.reserved, head.revision) = (end, end);
        }
        self.taken += 1;
        Ok(self.taken)
    }

    fn remove(&mut self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError> {
        if let Some(expected) = expected
            && self.current(user)? != expected
        {
            return Ok(Commit::Conflict);
        }
        self.delete(user)?;
        Ok(Commit::Committed(Revision::NONE))
    }

    /// Takes a record out, and its name out of both indexes.
    fn delete(&mut self, user: &str) -> Result<(), StoreError> {
        if let Some(present) = &mut self.present {
            present.strike(user)?;
        }
        self.delete.execute([user]).map_err(failure)?;
        let mut part = self.part(user)?;
        if part.has(user) {
            part.strike(user);
            part.update(&mut self.set_part)?;
        }
        Ok(())
    }

    fn current(&mut self, user: &str) -> Result<Revision, StoreError> {
        let mut rows = self.revision.query([user]).map_err(failure)?;
        match rows.next().map_err(failure)? {
            None => Ok(Revision::NONE),
            Some(row) => revision(user, row.get_ref(0)),
        }
    }

    fn part(&mut self, user: &str) -> Result<Part, StoreError> {
        Part::query(Index::Names, Part::of(user), &mut self.part)
    }
}

/// A row's revision: a positive number, if the row is what was written.
pub(super) fn revision(
    user: &str,
    value: rusqlite::Result<rusqlite::types::ValueRef<'_>>,
) -> Result<Revision, StoreError> {
    let number = value
        .map_err(failure)?
        .as_i64()
        .ok()
        .and_then(|n| u64::try_from(n).ok());
    match number {
        Some(number @ 1..) => Ok(Revision(number)),
        _ => Err(StoreError::RecordDamaged {
            user: user.to_owned(),
            why: "its revision is not a number that was ever given".into(),
        }),
    }
}

/// The roll names somebody who has no row.
pub(super) fn lost(user: &str) -> StoreError {
    StoreError::RecordDamaged {
        user: user.to_owned(),
        why: "it is on the roll, but cannot be found".into(),
    }
}
