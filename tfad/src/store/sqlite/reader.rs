//! The one thread that reads.
//!
//! A read takes some ten microseconds when its pages are in memory, and could be made on the
//! caller's thread under a lock. It has a thread because that is not always so: on a slow disk it
//! would stop every dialog, and the bus with it. Handing over costs ten microseconds in a busy
//! daemon and a hundred in one that sleeps, where a commit waits for the disk some five times as
//! long.

use std::ops::Range;
use std::sync::Arc;

use rusqlite::{Connection, Statement, params};
use tokio::sync::{mpsc, oneshot};

use super::schema::{Anchor, Part, failure};
use super::writer::{lost, revision};
use crate::store::key::SealingKey;
use crate::store::{Listed, Record, Revision, StoreError, seal};

type Loaded = Result<Option<(Record, Revision)>, StoreError>;

/// Something to be read, and who waits for it.
pub(super) enum Request {
    Load {
        user: String,
        answer: oneshot::Sender<Loaded>,
    },
    /// The records of some parts of the roll.
    List {
        parts: Range<i64>,
        answer: oneshot::Sender<Result<Vec<Listed>, StoreError>>,
    },
}

/// What opens the records, or what to say because nothing does.
#[derive(Clone)]
pub(super) struct Opener {
    pub(super) key: Option<Arc<SealingKey>>,
    pub(super) remedy: String,
}

impl Opener {
    pub(super) fn lost(&self) -> StoreError {
        StoreError::KeyLost {
            remedy: self.remedy.clone(),
        }
    }

    fn open(&self, user: &str, sealed: &[u8]) -> Result<Record, StoreError> {
        let Some(key) = &self.key else {
            return Err(self.lost());
        };
        seal::open(key, user, sealed).map_err(|broken| StoreError::RecordDamaged {
            user: user.to_owned(),
            why: broken.to_string(),
        })
    }
}

/// Serves requests until nobody can send any more.
pub(super) fn serve(
    db: &Connection,
    anchor: Anchor,
    opener: Opener,
    mut requests: mpsc::Receiver<Request>,
) -> Result<(), StoreError> {
    let prepare = |sql| db.prepare(sql).map_err(failure);
    let mut reader = Reader {
        db,
        anchor,
        opener,
        // One statement sees one state of the database: the record, and if there is none the part
        // of the roll that must not name the user.
        account: prepare(
            "SELECT 0, revision, sealed FROM account WHERE user = ?1 \
             UNION ALL SELECT 1, 0, names FROM roll WHERE part = ?2",
        )?,
        part: prepare("SELECT names FROM roll WHERE part = ?1")?,
    };
    while let Some(request) = requests.blocking_recv() {
        // An answer that nobody waits for any more is dropped.
        match request {
            Request::Load { user, answer } => drop(answer.send(reader.load(&user))),
            Request::List { parts, answer } => drop(answer.send(reader.list(parts))),
        }
    }
    Ok(())
}

struct Reader<'c> {
    db: &'c Connection,
    anchor: Anchor,
    opener: Opener,
    account: Statement<'c>,
    part: Statement<'c>,
}

impl Reader<'_> {
    fn load(&mut self, user: &str) -> Loaded {
        self.anchor.hold()?;
        let number = Part::of(user);
        let mut roll = None;
        let mut rows = self.account.query(params![user, number]).map_err(failure)?;
        while let Some(row) = rows.next().map_err(failure)? {
            let blob = row.get_ref(2).map_err(failure)?.as_blob().ok();
            if row.get::<_, i64>(0).map_err(failure)? == 0 {
                let revision = revision(user, row.get_ref(1))?;
                return Ok(Some((
                    self.opener.open(user, blob.unwrap_or_default())?,
                    revision,
                )));
            }
            roll = Some(Part::decode(number, blob)?);
        }
        match roll {
            Some(part) if !part.has(user) => Ok(None),
            Some(_) => Err(lost(user)),
            None => Part::decode(number, None).map(|_| None),
        }
    }

    fn list(&mut self, parts: Range<i64>) -> Result<Vec<Listed>, StoreError> {
        self.anchor.hold()?;
        // The names and the records of one state of the database.
        let db = self.db;
        let tx = db.unchecked_transaction().map_err(failure)?;
        let mut listed = Vec::new();
        for number in parts {
            let part = {
                let mut rows = self.part.query([number]).map_err(failure)?;
                let row = rows.next().map_err(failure)?;
                Part::decode(
                    number,
                    row.and_then(|row| row.get_ref(0).ok()?.as_blob().ok()),
                )?
            };
            for name in part.names() {
                let user = String::from_utf8_lossy(name).into_owned();
                match self.load(&user) {
                    Ok(Some(record)) => listed.push((user, Ok(record))),
                    Ok(None) => {}
                    Err(error) => listed.push((user, Err(error))),
                }
            }
        }
        tx.finish().map_err(failure)?;
        Ok(listed)
    }
}
