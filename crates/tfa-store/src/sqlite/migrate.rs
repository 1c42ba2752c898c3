//! From the first layout to the present one: the index by uid is made.
//!
//! The uid is inside the sealed records, so it takes the key. One transaction does it: after a crash
//! the database is the old one or the new one, whole.

use rusqlite::{Connection, Rows, TransactionBehavior, params};

use super::UidOf;
use super::index::{self, Index, PARTS, Part, UNKNOWN_UID};
use super::schema::{self, VERSION, damaged, failure};
use crate::StoreError;
use crate::key::SealingKey;
use crate::seal;

/// What was migrated.
pub(super) struct Migrated {
    /// How many records there are.
    pub(super) records: usize,
    /// Whose records could not be read. Their uids are not known.
    pub(super) unread: Vec<String>,
}

/// Migrates a database of the first layout, unless that was done meanwhile.
pub(super) fn migrate(
    db: &mut Connection,
    key: &SealingKey,
    uid_of: UidOf,
) -> Result<Option<Migrated>, StoreError> {
    let tx = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failure)?;
    // Another process may have done it while this one waited.
    if schema::check(&tx)? == schema::Layout::Present {
        return Ok(None);
    }
    let execute = |sql: &str| tx.execute(sql, []).map(drop).map_err(failure);
    // SQLite keeps the text of a table's definition, and writes its own where a table gets a new name:
    // so the new table is made under its name, and the old one put aside.
    execute("ALTER TABLE account RENAME TO account_1")?;
    execute(schema::ACCOUNT)?;
    execute(schema::UID_INDEX)?;
    index::create(&tx, Index::Uids).map_err(failure)?;
    let mut parts: Vec<Part> = (0..PARTS)
        .map(|number| Part::empty(Index::Uids, number))
        .collect();
    let mut migrated = Migrated {
        records: 0,
        unread: Vec::new(),
    };
    let mut enter = |user: &str, uid: Option<u32>| {
        if uid.is_none() {
            migrated.unread.push(user.to_owned());
        }
        let uid = uid.unwrap_or(UNKNOWN_UID);
        let part = usize::try_from(Part::of_uid(uid)).ok();
        if let Some(part) = part.and_then(|number| parts.get_mut(number)) {
            part.add_uid(uid, user);
        }
        uid
    };
    {
        let mut select = tx
            .prepare("SELECT user, revision, sealed FROM account_1")
            .map_err(failure)?;
        let mut insert = tx
            .prepare("INSERT INTO account VALUES (?1, ?2, ?3, ?4)")
            .map_err(failure)?;
        let mut rows = select.query([]).map_err(failure)?;
        while let Some((user, revision, sealed)) = next(&mut rows)? {
            let record = seal::open(key, &user, &sealed).ok();
            let uid = record
                .and_then(|record| uid_of(record.as_bytes()))
                .filter(|uid| *uid != UNKNOWN_UID);
            let uid = enter(&user, uid);
            insert
                .execute(params![user, uid, revision, sealed])
                .map_err(failure)?;
            migrated.records += 1;
        }
    }
    // Who stands on the roll and has lost the row may have had any uid.
    let mut on_the_roll = tx.prepare(Index::Names.select()).map_err(failure)?;
    let mut has_row = tx
        .prepare("SELECT 1 FROM account WHERE user = ?1")
        .map_err(failure)?;
    for number in 0..PARTS {
        let part = Part::query(Index::Names, number, &mut on_the_roll)?;
        for name in part.names() {
            let user = String::from_utf8_lossy(name);
            if !has_row.exists([user.as_ref()]).map_err(failure)? {
                enter(&user, None);
            }
        }
    }
    drop((on_the_roll, has_row));
    {
        let mut update = tx.prepare(Index::Uids.update()).map_err(failure)?;
        for part in parts.iter().filter(|part| !part.is_empty()) {
            part.update(&mut update)?;
        }
    }
    execute("DROP TABLE account_1")?;
    tx.pragma_update(None, "user_version", VERSION)
        .map_err(failure)?;
    if schema::check(&tx)? != schema::Layout::Present {
        return damaged("it is not what the migration made".into());
    }
    tx.commit().map_err(failure)?;
    Ok(Some(migrated))
}

type Row = (String, i64, Vec<u8>);

fn next(rows: &mut Rows<'_>) -> Result<Option<Row>, StoreError> {
    let row = rows.next().map_err(failure)?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .transpose()
        .map_err(failure)
}
