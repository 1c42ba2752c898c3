//! The accounts that have a record, page by page.

use std::time::{Duration, Instant};

use tfa_core::Account;
use tfa_proto::{Error, Status};

use super::Administrator;
use crate::account::{self, resolve, status};
use crate::host::record_owner::{self, RecordOwner};
use crate::host::users::NameServiceFailed;
use crate::messages;

/// What bounds a page. The store bounds it by the length of the records too.
struct Bounds {
    /// The most accounts.
    accounts: usize,
    /// The time after which a page ends, if it has an account. Accounts go out while a look-up takes long.
    time: Duration,
    /// The time for the look-up of its first user. nslcd takes 20 seconds while its directory hangs.
    first: Duration,
}

const BOUNDS: Bounds = Bounds {
    accounts: 1000,
    time: Duration::from_secs(1),
    first: Duration::from_secs(30),
};

/// Accounts, and the name after which the next page begins; empty at the end.
type Page = (Vec<Status>, String);

impl Administrator {
    /// A page of the accounts, in the order of the names of their records.
    pub(in crate::dbus::interface) fn list(&self, after: &str) -> Result<Page, Error> {
        self.page(after, &BOUNDS)
    }

    fn page(&self, after: &str, bounds: &Bounds) -> Result<Page, Error> {
        let page = self.accounts.list(after, bounds.accounts)?;
        // A slow disk leaves the look-ups their time.
        let begun = Instant::now();
        let mut accounts: Vec<Status> = Vec::with_capacity(page.records.len());
        let mut last = String::new();
        for (name, record) in page.records {
            let account = record
                .map_err(account::Error::from)
                .and_then(|(record, _)| resolve::decode(&record, &name));
            let limit = if accounts.is_empty() {
                bounds.first
            } else {
                bounds.time
            };
            match self.status_of_record(&name, account, begun + limit) {
                Some(status) => accounts.push(status),
                None if accounts.is_empty() => {
                    let late = NameServiceFailed(messages::look_up_takes_too_long(&name));
                    return Err(self.reported("list", late.into()));
                }
                None => return Ok((accounts, last)),
            }
            last = name;
        }
        Ok((accounts, page.next.unwrap_or_default()))
    }

    /// Describes a record. `None` if its user is not known by the deadline.
    fn status_of_record(
        &self,
        name: &str,
        account: Result<Account, account::Error>,
        deadline: Instant,
    ) -> Option<Status> {
        let uid = account.as_ref().ok().map(Account::uid);
        let owner = record_owner::find(self.accounts.shared_names(), name, uid, deadline)?;
        let status = match (owner, account) {
            (Err(failed), _) => status::unusable(name, None, failed.to_string()),
            (Ok(RecordOwner::Named(user)), account) => {
                let account = account.and_then(|account| {
                    resolve::must_be_of(&account, name, user.uid).map(|()| account)
                });
                self.described(&user, account.map(Some))
            }
            (Ok(RecordOwner::Gone | RecordOwner::Renamed(_)), Err(error)) => {
                status::unusable(name, None, error.to_string())
            }
            (Ok(RecordOwner::Gone), Ok(_)) => {
                status::unusable(name, None, messages::user_gone(name))
            }
            (Ok(RecordOwner::Renamed(user)), Ok(_)) if !self.accounts.has_none(&user.name) => {
                let why = messages::left_over(name, &user.name);
                status::unusable(name, Some(user.uid), why)
            }
            (Ok(RecordOwner::Renamed(user)), Ok(account)) => Status {
                note: Some(messages::moved(name, &user.name, user.uid)),
                ..self.described(&user, Ok(Some(account)))
            },
        };
        let record = (status.user != name).then(|| name.to_owned());
        Some(Status { record, ..status })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};

    use tfa_store::{Revision, Store};
    use tfa_testkit::MemoryStore;

    use super::*;
    use crate::account::Accounts;
    use crate::caller::Caller;
    use crate::config::Config;
    use crate::host::users::{NameService, User};
    use crate::log::{Journal, MemoryLog};
    use crate::state::DaemonState;

    /// A name service that knows `user<uid>`, and under another name users from uid 5000 on. It never
    /// answers for one name.
    struct Names {
        hangs_for: &'static str,
        wait: Mutex<Receiver<()>>,
    }

    fn name_of(uid: u32) -> String {
        let prefix = if uid < 5000 { "user" } else { "renamed" };
        format!("{prefix}{uid}")
    }

    impl NameService for Names {
        fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed> {
            if name == self.hangs_for {
                let _ = self.wait.lock().unwrap().recv();
            }
            let uid = name.trim_start_matches(char::is_alphabetic).parse();
            let user = uid.ok().map(|uid| User {
                name: name.to_owned(),
                uid,
                aliases: Vec::new(),
            });
            Ok(user.filter(|user| user.name == name_of(user.uid)))
        }

        fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed> {
            let name = name_of(uid);
            Ok(Some(User {
                name,
                uid,
                aliases: Vec::new(),
            }))
        }
    }

    /// An administrator of records that stand under `user<uid>`. Look-ups that hang end when the second
    /// value is dropped.
    fn administrator(uids: &[u32], hangs_for: &'static str) -> (Administrator, Sender<()>) {
        let store = MemoryStore::new();
        for uid in uids {
            let record = Account::new(*uid).encode();
            let user = format!("user{uid}");
            let _ = store.commit(&user, *uid, &record, Revision::NONE).unwrap();
        }
        let (go, wait) = channel();
        let wait = Mutex::new(wait);
        let names = Names { hangs_for, wait };
        let accounts = Accounts::new(Arc::new(store)).with_names(Arc::new(names));
        let text = "[policy]\nmode = \"optional\"\n".to_owned();
        let config = Config::parse(&[("tfad.toml".to_owned(), text)]).unwrap();
        let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
        let state = DaemonState::new(journal, PathBuf::new(), config, None);
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid: 0,
            pid: None,
        };
        let administrator = Administrator {
            state: Arc::new(state),
            accounts: Arc::new(accounts),
            caller,
        };
        (administrator, go)
    }

    const PATIENT: Bounds = Bounds {
        accounts: 3,
        time: Duration::from_secs(60),
        first: Duration::from_secs(60),
    };

    fn users((accounts, next): Page) -> (Vec<String>, String) {
        let users = accounts.into_iter().map(|status| status.user);
        (users.collect(), next)
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let (administrator, _go) = administrator(&[1001, 1002, 1003, 1004], "");
        let first = administrator.page("", &PATIENT).unwrap();
        let listed = ["user1001", "user1002", "user1003"].map(str::to_owned);
        assert_eq!(users(first), (listed.to_vec(), "user1003".to_owned()));
        let second = administrator.page("user1003", &PATIENT).unwrap();
        assert_eq!(users(second), (vec!["user1004".to_owned()], String::new()));
    }

    #[test]
    fn a_record_of_a_renamed_user_names_both() {
        let (administrator, _go) = administrator(&[1001, 5002], "");
        let (accounts, _) = administrator.page("", &PATIENT).unwrap();
        let records: Vec<_> = accounts
            .iter()
            .map(|one| (&*one.user, one.record.as_deref()))
            .collect();
        assert_eq!(
            records,
            [("user1001", None), ("renamed5002", Some("user5002"))]
        );
        assert!(accounts[1].note.is_some() && accounts[1].problem.is_none());
    }

    #[test]
    fn a_page_ends_before_a_look_up_that_hangs_and_the_next_one_fails() {
        let (administrator, _go) = administrator(&[1001, 1002, 1003], "user1002");
        let bounds = Bounds {
            time: Duration::from_secs(1),
            first: Duration::from_secs(1),
            ..PATIENT
        };
        let first = administrator.page("", &bounds).unwrap();
        assert_eq!(
            users(first),
            (vec!["user1001".to_owned()], "user1001".to_owned())
        );
        let failed = administrator.page("user1001", &bounds).unwrap_err();
        assert!(
            matches!(&failed, Error::Storage(why) if why.contains("\"user1002\"")),
            "{failed}"
        );
    }

    #[test]
    fn a_page_that_takes_long_ends_after_one_account() {
        let (administrator, _go) = administrator(&[1001, 1002, 1003], "");
        let bounds = Bounds {
            time: Duration::ZERO,
            ..PATIENT
        };
        let first = administrator.page("", &bounds).unwrap();
        assert_eq!(
            users(first),
            (vec!["user1001".to_owned()], "user1001".to_owned())
        );
    }

    #[test]
    fn exemptions_of_users_are_read_page_by_page() {
        let uids: Vec<u32> = (1000..1000 + 2500).collect();
        let (administrator, _go) = administrator(&uids, "");
        for user in ["user1001", "user3499"] {
            administrator
                .exempt(user, 3600, "a phone in repair")
                .unwrap();
        }
        let (exemptions, next) = administrator.user_exemptions("").unwrap();
        let users: Vec<_> = exemptions.iter().map(|one| one.user.as_deref()).collect();
        assert_eq!((&users[..], &*next), (&[Some("user1001")][..], "user2999"));
        let (exemptions, next) = administrator.user_exemptions(&next).unwrap();
        let users: Vec<_> = exemptions.iter().map(|one| one.user.as_deref()).collect();
        assert_eq!((&users[..], &*next), (&[Some("user3499")][..], ""));
    }
}
