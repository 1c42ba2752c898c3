//! Which record is a user's: the one under the canonical name, or else the one of the uid.
//!
//! Names change: a user is renamed, or a directory spells all names in another way. So the record
//! follows the uid. It is valid while no other user has the name that it is stored under. A record under
//! one of the user's names that was made for another uid denies the login, because only the administrator
//! knows whose it is. A user has no record only if none is known under any of the names or the uid.
//!
//! In a fleet, the record does not follow the uid ([`read_by_name`]).

use tfa_core::Account;

use super::{Error, Loaded};
use crate::host::users::{NameService, User};
use crate::messages;
use tfa_store::{ByUid, Record, RecordRead, Revision, Store};

/// The text for a name, the uid of its record, and another one that the name has.
type OtherUidText = fn(&str, u32, u32) -> String;

/// The text of this host, or of one of a fleet.
pub(crate) fn other_uid_text(is_of_fleet: bool) -> OtherUidText {
    match is_of_fleet {
        true => messages::uid_differs_in_fleet,
        false => messages::uid_changed,
    }
}

/// Reads a user's record. It blocks.
pub(super) fn read(
    store: &dyn Store,
    names: &dyn NameService,
    user: &User,
) -> Result<Loaded, Error> {
    let text = other_uid_text(false);
    for alias in &user.aliases {
        if let Some((record, _)) = store.load(alias)? {
            open(&record, alias, user.uid, text)?;
        }
    }
    if let Some((record, revision)) = store.load(&user.name)? {
        return loaded(&user.name, user.uid, record, revision, None, text);
    }
    match store.find(user.uid)? {
        ByUid::None => Ok(Loaded::none()),
        ByUid::Unknown(users) => {
            for other in users {
                must_be_known(names, &other, user)?;
            }
            Ok(Loaded::none())
        }
        // It was moved here meanwhile.
        ByUid::Found(name, record, revision) if name == user.name => {
            loaded(&user.name, user.uid, record, revision, None, text)
        }
        ByUid::Found(former, record, revision) => {
            match must_be_free(names, &former, user) {
                Err(error @ Error::UidChanged(_)) => {
                    return none_beside(former, &record, revision).ok_or(error);
                }
                Err(error) => return Err(error),
                Ok(()) => {}
            }
            let under = Some(former.clone());
            loaded(&former, user.uid, record, revision, under, text)
        }
    }
}

/// Reads the record of a user of a fleet, whose name alone is the identity: hosts tell the uid, and none may
/// move a record with it. It blocks.
pub(super) fn read_by_name(
    store: &dyn Store,
    mut read: Option<RecordRead>,
    user: &User,
) -> Result<Loaded, Error> {
    let text = other_uid_text(true);
    let mut load = |name: &str| {
        let found = read.as_mut().and_then(|read| read.take(name));
        found.unwrap_or_else(|| store.load(name))
    };
    for alias in &user.aliases {
        if let Some((record, _)) = load(alias)? {
            open(&record, alias, user.uid, text)?;
        }
    }
    let mut own = Loaded::none();
    if let Some((record, revision)) = load(&user.name)? {
        own = loaded(&user.name, user.uid, record, revision, None, text)?;
        if !own.is_mark_of_other {
            return Ok(own);
        }
    }
    match store.find(user.uid)? {
        ByUid::None | ByUid::Unknown(_) => Ok(own),
        // It was stored meanwhile.
        ByUid::Found(name, record, revision) if name == user.name => {
            loaded(&user.name, user.uid, record, revision, None, text)
        }
        ByUid::Found(other, record, revision) => {
            let of_other = messages::uid_of_other_record(&user.name, user.uid);
            let none = none_beside(other, &record, revision);
            let Loaded { in_the_way, .. } = none.ok_or(Error::UidChanged(of_other))?;
            Ok(Loaded { in_the_way, ..own })
        }
    }
}

/// No record of a user, if the one of the uid under another name refuses no other user. One that was never enrolled
/// gives way to a record of the user.
fn none_beside(other: String, record: &Record, revision: Revision) -> Option<Loaded> {
    let account = Account::decode(record.as_bytes()).ok()?;
    let mark = account.mark_for(account.uid())?;
    Some(Loaded {
        in_the_way: (!mark.was_enrolled()).then_some((other, revision)),
        ..Loaded::none()
    })
}

fn loaded(
    name: &str,
    uid: u32,
    record: Record,
    revision: Revision,
    former_name: Option<String>,
    text: OtherUidText,
) -> Result<Loaded, Error> {
    let account = decode(&record, name)?;
    let is_mark_of_other = account.uid() != uid;
    let account = of_uid(account, name, uid, text)?;
    Ok(Loaded {
        refuses_other_uids: account.refuses_other_uids(),
        account: Some(account),
        is_mark_of_other,
        record: Some(record),
        revision,
        former_name,
        in_the_way: None,
    })
}

/// Checks that no other user has the name that the record of a user's uid is stored under.
fn must_be_free(names: &dyn NameService, former: &str, user: &User) -> Result<(), Error> {
    match names.by_name(former)? {
        Some(other) if other.uid != user.uid => {
            let text =
                messages::record_under_name_of_other(&user.name, user.uid, former, other.uid);
            Err(Error::UidChanged(text))
        }
        Some(_) | None => Ok(()),
    }
}

/// Checks that a damaged record, whose uid is not known, belongs to another user who still exists.
fn must_be_known(names: &dyn NameService, other: &str, user: &User) -> Result<(), Error> {
    match names.by_name(other)? {
        Some(found) if found.uid != user.uid => Ok(()),
        Some(_) | None => Err(Error::Damaged(messages::damaged_record_may_be_of(
            other, &user.name,
        ))),
    }
}

/// Decodes the record of a name and checks that it was made for a uid.
///
/// # Errors
/// [`Error::Damaged`], [`Error::UidChanged`].
fn open(record: &Record, name: &str, uid: u32, text: OtherUidText) -> Result<Account, Error> {
    of_uid(decode(record, name)?, name, uid, text)
}

/// The account of a name, if it was made for the uid that the name has, or refuses no user of another one.
///
/// # Errors
/// [`Error::UidChanged`].
pub(crate) fn of_uid(
    account: Account,
    name: &str,
    uid: u32,
    text: OtherUidText,
) -> Result<Account, Error> {
    if account.uid() != uid
        && let Some(mark) = account.mark_for(uid)
    {
        return Ok(mark);
    }
    must_be_of(&account, name, uid, text).map(|()| account)
}

/// Checks that the account of a name was made for the uid that the name has.
///
/// # Errors
/// [`Error::UidChanged`].
fn must_be_of(account: &Account, name: &str, uid: u32, text: OtherUidText) -> Result<(), Error> {
    if account.uid() == uid {
        return Ok(());
    }
    Err(Error::UidChanged(text(name, account.uid(), uid)))
}

/// Decodes the record of a name, without a check of its uid.
///
/// # Errors
/// [`Error::Damaged`].
pub(crate) fn decode(record: &Record, name: &str) -> Result<Account, Error> {
    Account::decode(record.as_bytes())
        .map_err(|undecodable| Error::Damaged(messages::damaged_record(name, &undecodable)))
}
