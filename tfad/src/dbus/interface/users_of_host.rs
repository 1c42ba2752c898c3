//! The users of this host, with a record or without, page by page. Each page is a new enumeration: the
//! daemon keeps no list between two calls.

use std::collections::HashMap;
use std::time::Instant;

use tfa_core::Account;
use tfa_proto::{ENUMERATION_TIME_LIMIT, Error};

use super::administrator::Administrator;
use crate::account;
use crate::host::enumerate::{self, EnumerationError, User};
use crate::host::group_members;
use crate::host::login_accounts::LoginAccounts;
use crate::host::name_page::NamePage;

/// Names, and the one after which the next page begins; empty at the end.
type Page = (Vec<String>, String);

impl Administrator {
    /// The accounts of persons.
    pub(super) fn users(&self, root: bool, after: String) -> Result<Page, Error> {
        let accounts = LoginAccounts::of_host(root);
        let mut page = NamePage::after(after);
        let deadline = Instant::now() + ENUMERATION_TIME_LIMIT;
        self.enumerate("users", deadline, |user| {
            if accounts.include(user) {
                page.add(&user.name);
            }
        })?;
        Ok(page.finish())
    }

    /// The members of a group: the users that it lists, and those whose primary group it is. A directory
    /// may not enumerate its users, so users with a record are looked up as well.
    pub(super) fn members(&self, group: &str, after: String) -> Result<Page, Error> {
        let deadline = Instant::now() + ENUMERATION_TIME_LIMIT;
        let found = group_members::find(group, deadline);
        let found = found.map_err(|failed| self.reported("members", failed.into()))?;
        let Some(found) = found else {
            let text = format!("The group {group} does not exist on this host.");
            return Err(Error::UnknownGroup(text));
        };
        let mut page = NamePage::after(after);
        found.mem.iter().for_each(|member| page.add(member));
        let mut others: HashMap<String, Option<u32>> = HashMap::new();
        for listed in self.accounts.records() {
            let (name, record) = listed?;
            let account = record.ok();
            let account = account.and_then(|(record, _)| Account::decode(record.as_bytes()).ok());
            others.insert(name, account.map(|account| account.uid()));
        }
        self.enumerate("members", deadline, |user| {
            others.remove(&user.name);
            if user.gid == found.gid.as_raw() {
                page.add(&user.name);
            }
        })?;
        let others = others.into_iter().collect();
        let members = group_members::with_primary_group(found.gid, others, deadline);
        let members = members.map_err(|failed| self.reported("members", failed.into()))?;
        members.iter().for_each(|member| page.add(member));
        Ok(page.finish())
    }

    fn enumerate(
        &self,
        about: &str,
        deadline: Instant,
        visit: impl FnMut(&User),
    ) -> Result<(), Error> {
        enumerate::each_user(deadline, visit).map_err(|error| match error {
            EnumerationError::Busy => Error::Busy(error.to_string()),
            EnumerationError::Failed(failed) => self.reported(about, failed.into()),
        })
    }

    /// Logs an error, and returns it in the terms of the contract.
    pub(super) fn reported(&self, about: &str, error: account::Error) -> Error {
        self.state.journal.report(&self.caller, about, error).into()
    }
}
