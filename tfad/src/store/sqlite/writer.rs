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

use rusqlite::{Connection, Statement, params};
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Alarm;
use super::schema::{Anchor, Head, Part, damaged, failure};
use crate::store::key::KeyId;
use crate::store::{Commit, Revision, StoreError};

/// How many requests share a transaction at most.
const BATCH: usize = 256;
/// How many revisions are reserved in one go. With a thousand the head costs next to nothing; and
/// the 63 bits of a revision are enough for a block a microsecond, for 290 years.
const BLOCK: i64 = 1000;

type Outcome = Result<Commit, StoreError>;

/// A change that somebody waits for.
pub(super) struct Request {
    pub(super) user: String,
    pub(super) change: Change,
    pub(super) answer: oneshot::Sender<Outcome>,
}

pub(super) enum Change {
    Store { sealed: Vec<u8>, expected: Revision },
    Remove { expected: Option<Revision> },
}

impl Change {
    /// About how many pages it adds to the log.
    fn pages(&self) -> usize {
        match self {
            Self::Store { sealed, expected } => {
                let beside = if *expected == Revision::NONE { 2 } else { 0 };
                1 + beside + sealed.len() / 4096
            }
            Self::Remove { .. } => 3,
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
    key: Option<KeyId>,
    mut requests: mpsc::Receiver<Request>,
    mut alarm: Alarm,
) -> Result<(), StoreError> {
    let mut writer = Writer::new(db, anchor, key)?;
    let mut batch = Vec::with_capacity(BATCH);
    while requests.blocking_recv_many(&mut batch, BATCH) > 0 {
        let outcomes = writer.settle(&batch);
        let (mut pages, mut stuck) = (0, false);
        for (request, outcome) in batch.drain(..).zip(outcomes) {
            match &outcome {
                Ok(Commit::Committed(_)) => pages += request.change.pages(),
                Ok(Commit::Conflict) => {}
                Err(error) => stuck |= matches!(error, StoreError::Unavailable { .. }),
            }
            // Nobody there any more: the change stands all the same.
            let _ = request.answer.send(outcome);
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
    insert: Statement<'c>,
    update: Statement<'c>,
    delete: Statement<'c>,
    part: Statement<'c>,
    set_part: Statement<'c>,
}

impl<'c> Writer<'c> {
    fn new(db: &'c Connection, anchor: Anchor, key: Option<KeyId>) -> Result<Self, StoreError> {
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
            insert: prepare("INSERT INTO account VALUES (?1, ?2, ?3)")?,
            update: prepare("UPDATE account SET revision = ?2, sealed = ?3 WHERE user = ?1")?,
            delete: prepare("DELETE FROM account WHERE user = ?1")?,
            part: prepare("SELECT names FROM roll WHERE part = ?1")?,
            set_part: prepare("UPDATE roll SET names = ?2 WHERE part = ?1")?,
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
        let mut head = Head::query(&mut self.head)?;
        let before = head.revision;
        let mut outcomes = Vec::with_capacity(batch.len());
        for Request { user, change, .. } in batch {
            outcomes.push(match change {
                Change::Store { .. } if self.key != Some(head.key) => Err(StoreError::KeyLost {
                    remedy: "another tfad has changed the sealing key of accounts.db: restart tfad"
                        .into(),
                }),
                Change::Store { sealed, expected } => {
                    Ok(self.store(&mut head, user, sealed, *expected)?)
                }
                Change::Remove { expected } => Ok(self.remove(user, *expected)?),
            });
        }
        if head.revision != before {
            head.update(&mut self.set_head).map_err(failure)?;
        }
        Ok(outcomes)
    }

    fn store(
        &mut self,
        head: &mut Head,
        user: &str,
        sealed: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError> {
        if self.current(user)? != expected {
            return Ok(Commit::Conflict);
        }
        let next = self.take_revision(head)?;
        let row = params![user, next, sealed];
        if expected == Revision::NONE {
            let mut part = self.part(user)?;
            if part.has(user) {
                return Err(lost(user));
            }
            part.add(user);
            self.insert.execute(row).map_err(failure)?;
            self.set_part(user, &part)?;
        } else if self.update.execute(row).map_err(failure)? != 1 {
            return damaged(format!("the record of {user} is found and not found"));
        }
        Ok(Commit::Committed(Revision(next.unsigned_abs())))
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
        self.delete.execute([user]).map_err(failure)?;
        let mut part = self.part(user)?;
        if part.has(user) {
            part.strike(user);
            self.set_part(user, &part)?;
        }
        Ok(Commit::Committed(Revision::NONE))
    }

    fn current(&mut self, user: &str) -> Result<Revision, StoreError> {
        let mut rows = self.revision.query([user]).map_err(failure)?;
        match rows.next().map_err(failure)? {
            None => Ok(Revision::NONE),
            Some(row) => revision(user, row.get_ref(0)),
        }
    }

    fn part(&mut self, user: &str) -> Result<Part, StoreError> {
        let number = Part::of(user);
        let mut rows = self.part.query([number]).map_err(failure)?;
        let row = rows.next().map_err(failure)?;
        Part::decode(
            number,
            row.and_then(|row| row.get_ref(0).ok()?.as_blob().ok()),
        )
    }

    fn set_part(&mut self, user: &str, part: &Part) -> Result<(), StoreError> {
        if self
            .set_part
            .execute(params![Part::of(user), part.encode()])
            .map_err(failure)?
            != 1
        {
            return damaged("a part of the roll of names is found and not found".into());
        }
        Ok(())
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
