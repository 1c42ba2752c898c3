//! Migrates a database of the first format: the index by uid is made.
//!
//! The uid is inside the records, which only the layer above can read. One transaction does it: after a
//! crash the database has the old format or the new one.

use rusqlite::{Connection, Rows, Transaction, TransactionBehavior, params};

use super::error::{cause, damaged};
use super::index::{self, Index, PARTS, Part, UNKNOWN_UID};
use super::schema::{self, Layout};
use crate::StoreError;

/// Reads the uid out of the stored record of a user. `None` if the record is damaged.
pub(crate) type ReadUid<'a> = dyn Fn(&str, &[u8]) -> Option<u32> + 'a;

/// The result of a migration.
pub(crate) struct Migrated {
    /// How many records there are.
    pub(crate) records: usize,
    /// The users whose records could not be read. Their uids are not known.
    pub(crate) unread: Vec<String>,
}

/// The index by uid, as it is made.
struct NewIndex {
    parts: Vec<Part>,
    unread: Vec<String>,
}

impl NewIndex {
    fn new() -> Self {
        Self {
            parts: (0..PARTS)
                .map(|number| Part::empty(Index::Uids, number))
                .collect(),
            unread: Vec::new(),
        }
    }

    /// Adds a user with a uid that may not be known. Returns the uid that it is stored with.
    fn add(&mut self, user: &str, uid: Option<u32>) -> u32 {
        if uid.is_none() {
            self.unread.push(user.to_owned());
        }
        let uid = uid.unwrap_or(UNKNOWN_UID);
        let part = usize::try_from(Part::of_uid(uid)).ok();
        if let Some(part) = part.and_then(|number| self.parts.get_mut(number)) {
            part.add_uid(uid, user);
        }
        uid
    }
}

/// Migrates a database of the first format, unless another process did so meanwhile.
pub(super) fn migrate(
    db: &mut Connection,
    read_uid: &ReadUid<'_>,
) -> Result<Option<Migrated>, StoreError> {
    let tx = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(cause)?;
    if schema::check(&tx)? == Layout::Present {
        return Ok(None);
    }
    // SQLite keeps the text of a table's definition, and writes its own where a table is renamed. So
    // the new table is made under its final name, and the old one is renamed.
    for sql in [
        "ALTER TABLE account RENAME TO account_1",
        schema::ACCOUNT,
        schema::UID_INDEX,
    ] {
        tx.execute(sql, []).map_err(cause)?;
    }
    index::create(&tx, Index::Uids).map_err(cause)?;
    let mut new = NewIndex::new();
    let records = copy_records(&tx, &mut new, read_uid)?;
    add_users_without_row(&tx, &mut new)?;
    write_index(&tx, &new)?;
    tx.execute("DROP TABLE account_1", []).map_err(cause)?;
    schema::set_present(&tx).map_err(cause)?;
    if schema::check(&tx)? != Layout::Present {
        return damaged("it is not what the migration made");
    }
    tx.commit().map_err(cause)?;
    Ok(Some(Migrated {
        records,
        unread: new.unread,
    }))
}

fn copy_records(
    tx: &Transaction<'_>,
    new: &mut NewIndex,
    read_uid: &ReadUid<'_>,
) -> Result<usize, StoreError> {
    let mut select = tx
        .prepare("SELECT user, revision, sealed FROM account_1")
        .map_err(cause)?;
    let mut insert = tx
        .prepare("INSERT INTO account VALUES (?1, ?2, ?3, ?4)")
        .map_err(cause)?;
    let mut rows = select.query([]).map_err(cause)?;
    let mut records = 0;
    while let Some((user, revision, record)) = next(&mut rows)? {
        let uid = read_uid(&user, &record).filter(|uid| *uid != UNKNOWN_UID);
        let uid = new.add(&user, uid);
        insert
            .execute(params![user, uid, revision, record])
            .map_err(cause)?;
        records += 1;
    }
    Ok(records)
}

/// A user in the index of users who has lost the row may have had any uid.
fn add_users_without_row(tx: &Transaction<'_>, new: &mut NewIndex) -> Result<(), StoreError> {
    let mut has_row = tx
        .prepare("SELECT 1 FROM account WHERE user = ?1")
        .map_err(cause)?;
    for number in 0..PARTS {
        for user in Part::query(Index::Users, number, tx)?.users() {
            let user = String::from_utf8_lossy(user);
            if !has_row.exists([user.as_ref()]).map_err(cause)? {
                new.add(&user, None);
            }
        }
    }
    Ok(())
}

fn write_index(tx: &Transaction<'_>, new: &NewIndex) -> Result<(), StoreError> {
    for part in new.parts.iter().filter(|part| !part.is_empty()) {
        part.update(tx)?;
    }
    Ok(())
}

type Row = (String, i64, Vec<u8>);

fn next(rows: &mut Rows<'_>) -> Result<Option<Row>, StoreError> {
    let row = rows.next().map_err(cause)?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .transpose()
        .map_err(cause)
}
