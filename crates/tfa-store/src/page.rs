//! Records in the order of their names, page by page.

use std::vec;

use crate::{Record, Revision, Store, StoreError};

/// The length of the records in one page after which it ends, in bytes.
pub const MAX_PAGE_BYTES: usize = 1024 * 1024;

/// The number of records in a page of [`Records`].
const PAGE_LENGTH: usize = 1000;

/// A user, and the record or the reason why it cannot be read.
pub type Listed = (String, Result<(Record, Revision), StoreError>);

/// A page of records.
#[derive(Default)]
pub struct Page {
    /// The records, in the order of the bytes of their names.
    pub records: Vec<Listed>,
    /// The name after which the next page begins; `None` on the last page. It may be the name of a record
    /// that was removed while the page was read.
    pub next: Option<String>,
}

impl Page {
    /// Makes a page of the records of these names, which are in order. It ends early at
    /// [`MAX_PAGE_BYTES`], but not before the first record. `more_follow` says that further names follow
    /// these.
    pub fn of_names(
        names: impl IntoIterator<Item = String>,
        more_follow: bool,
        mut load: impl FnMut(&str) -> Result<Option<(Record, Revision)>, StoreError>,
    ) -> Self {
        let mut page = Self::default();
        let mut names = names.into_iter().peekable();
        let mut length = 0;
        while let Some(name) = names.next() {
            let loaded = load(&name).transpose();
            if let Some(Ok((record, _))) = &loaded {
                length += record.as_bytes().len();
            }
            let is_last = names.peek().is_none() || length >= MAX_PAGE_BYTES;
            if is_last && (more_follow || names.peek().is_some()) {
                page.next = Some(name.clone());
            }
            page.records.extend(loaded.map(|record| (name, record)));
            if is_last {
                break;
            }
        }
        page
    }
}

/// All records of a store, in the order of their names. One page of them is in memory at a time. It ends
/// after an error.
///
/// A record that exists all the time, under one name, comes once. Others may be added and removed
/// meanwhile.
pub struct Records<'store> {
    store: &'store dyn Store,
    page: vec::IntoIter<Listed>,
    next: Option<String>,
}

impl<'store> Records<'store> {
    /// All records of this store.
    pub fn of(store: &'store dyn Store) -> Self {
        Self {
            store,
            page: Vec::new().into_iter(),
            next: Some(String::new()),
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Listed, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(listed) = self.page.next() {
                return Some(Ok(listed));
            }
            match self.store.list(&self.next.take()?, PAGE_LENGTH) {
                Ok(page) => (self.page, self.next) = (page.records.into_iter(), page.next),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
