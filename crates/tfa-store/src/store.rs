//! The contract that every store fulfils. `tfa-testkit` has the tests that any store can be put
//! through.

use crate::{Page, Record, Revision, StoreError};

/// The result of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a conflict means that nothing was stored"]
pub enum Commit {
    /// The change is durable: it survives a power cut. The record now has this revision;
    /// [`Revision::NONE`] after a removal.
    Committed(Revision),
    /// The record no longer has the expected revision, and nothing was changed: load and judge again.
    Conflict,
}

/// The result of [`Store::find`].
pub enum ByUid {
    /// The one record of that uid, and the name it is stored under.
    Found(String, Record, Revision),
    /// The uid has no record.
    None,
    /// The uid has no record, unless it is the record of one of these users. The uids of their records
    /// are not known, because the records were damaged when the index was made.
    Unknown(Vec<String>),
}

/// A record that gets another name, another uid, or both.
#[derive(Clone, Copy)]
pub struct Move<'a> {
    /// The name it is stored under.
    pub from: &'a str,
    /// The name it is to be stored under; it may be the same.
    pub to: &'a str,
    /// The uid it is to have.
    pub uid: u32,
    /// The new record.
    pub record: &'a [u8],
    /// The revision it has.
    pub expected: Revision,
}

/// A store of opaque records. A caller that gets an error denies the login.
pub trait Store: Send + Sync {
    /// The user's record and its revision. `None` means that the user certainly has no record. A store
    /// that is not certain returns an error.
    ///
    /// # Errors
    /// Any [`StoreError`] that says why it is not certain, or [`StoreError::Invalid`] for a name that
    /// no record can have.
    fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError>;

    /// The record of a uid, whatever name it is stored under. [`ByUid::None`] is as certain as `None`
    /// of [`Store::load`].
    ///
    /// # Errors
    /// As [`Store::load`], and [`StoreError::DuplicateUid`].
    fn find(&self, uid: u32) -> Result<ByUid, StoreError>;

    /// Stores the record if the user's record has the revision `expected`. With [`Revision::NONE`] the
    /// user must have no record, and neither may the uid: a uid that has a record under another name
    /// is a conflict. A record that exists must have this uid; only [`Store::rename`] changes it.
    /// Returns after the change is durable.
    ///
    /// # Errors
    /// As [`Store::load`], and [`StoreError::Invalid`] for a record that is too long. After an error
    /// the change is usually not stored, but may be: the caller must not act on it, and load again.
    fn commit(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError>;

    /// Moves records to other names and uids, all of them in one change or none. It is a conflict if
    /// one of them no longer has its revision, or if a name or uid that one is to have belongs to a
    /// record that does not move.
    ///
    /// # Errors
    /// As [`Store::commit`].
    fn rename(&self, moves: &[Move<'_>]) -> Result<Commit, StoreError>;

    /// Removes the user's record if it has the revision `expected`. With `None` it removes any record
    /// of that name, a damaged one too. It needs no sealing key.
    ///
    /// # Errors
    /// As [`Store::commit`].
    fn remove(&self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError>;

    /// A page of the users with a record: the first `limit` of those whose names are greater than
    /// `after`, in the order of the bytes of their names. It may have fewer, even none, and is the last
    /// one only if it says so. A record that cannot be read is listed with its error.
    ///
    /// A page is not one moment in time: records may change while it is made. A record that has one name
    /// all the time is in one of the pages, whatever is added or removed between them.
    ///
    /// # Errors
    /// As [`Store::load`], where even the names cannot be read.
    fn list(&self, after: &str, limit: usize) -> Result<Page, StoreError>;

    /// The names of a page as [`Store::list`] makes it, and whether further pages follow. It may have the
    /// names of records that were removed meanwhile.
    ///
    /// # Errors
    /// As [`Store::list`].
    fn names(&self, after: &str, limit: usize) -> Result<(Vec<String>, bool), StoreError> {
        let Page { records, next } = self.list(after, limit)?;
        let more_follow = next.is_some();
        let mut names: Vec<String> = records.into_iter().map(|(name, _)| name).collect();
        // The record of that name was removed meanwhile.
        names.extend(next.filter(|next| names.last() != Some(next)));
        Ok((names, more_follow))
    }

    /// `None` if the store accepts changes. Otherwise, whether it would accept them if it were opened
    /// again now.
    fn writable_again(&self) -> Option<bool> {
        None
    }

    /// Finishes all changes that were asked for, and lets go of the data. Later calls fail with
    /// [`StoreError::Stopped`].
    fn close(&self) {}
}
