//! The accounts that have a record, page by page.

use std::time::{Duration, Instant};

use tfa_core::{Account, State, Time};
use tfa_proto::{Error, ListFilter, Status};

use super::Administrator;
use crate::account::{self, resolve, status};
use crate::host::clock;
use crate::host::record_owner::{RecordOwner, RecordOwners};
use crate::host::users::{NameServiceFailed, User};
use crate::messages;

/// A record, and its number in the page.
type Numbered = ((String, Result<Account, account::Error>), u32);

/// What bounds a page. The store bounds it by the length of the records too.
struct Bounds {
    /// The most accounts.
    accounts: usize,
    /// The time after which a page ends, if it has an account. Accounts go out while a look-up takes long.
    time: Duration,
    /// The time for the look-up of its first user. nslcd takes 20 seconds while its directory hangs.
    first: Duration,
}

/// The first page is short, so that its accounts go out soon.
const FIRST_PAGE: Bounds = Bounds {
    accounts: 50,
    time: Duration::from_millis(50),
    ..FURTHER_PAGES
};

const FURTHER_PAGES: Bounds = Bounds {
    accounts: 1000,
    time: Duration::from_secs(1),
    first: Duration::from_secs(30),
};

/// The most names in a page of them.
const MAX_NAMES: usize = 10_000;

/// Accounts, and the name after which the next page begins; empty at the end. Then how many records were
/// read.
type Page = (Vec<Status>, String, u32);

impl Administrator {
    /// A page of the accounts that the filter selects, in the order of the names of their records.
    pub(in crate::dbus::interface) fn list(
        &self,
        filter: &str,
        after: &str,
    ) -> Result<Page, Error> {
        let filter = ListFilter::from_name(filter).ok_or_else(messages::unknown_filter)?;
        let bounds = if after.is_empty() {
            &FIRST_PAGE
        } else {
            &FURTHER_PAGES
        };
        self.page(filter, after, bounds)
    }

    /// A page of the names of all records, in order, and the name after which the next page begins. No user
    /// is looked up.
    pub(in crate::dbus::interface) fn record_names(
        &self,
        after: &str,
    ) -> Result<(Vec<String>, String), Error> {
        let (names, more_follow) = self.accounts.record_names(after, MAX_NAMES)?;
        let next = names.last().filter(|_| more_follow).cloned();
        Ok((names, next.unwrap_or_default()))
    }

    fn page(&self, filter: ListFilter, after: &str, bounds: &Bounds) -> Result<Page, Error> {
        let page = self.accounts.list(after, bounds.accounts)?;
        // A slow disk leaves the look-ups their time.
        let begun = Instant::now();
        let decoded = page.records.into_iter().map(|(name, record)| {
            let account = record
                .map_err(account::Error::from)
                .and_then(|(record, _)| resolve::decode(&record, &name));
            (name, account)
        });
        let (now, mut read) = (clock::now(), 0);
        // Before the look-ups, which cost most.
        let selected = decoded.zip(0_u32..).filter(|((_, account), _)| {
            read += 1;
            account
                .as_ref()
                .map_or(filter == ListFilter::All, |account| {
                    selects(filter, account, now)
                })
        });
        let records: Vec<Numbered> = selected.collect();
        let of_record = |((name, account), _): &Numbered| {
            (name.clone(), account.as_ref().ok().map(Account::uid))
        };
        let asked = records.iter().map(of_record).collect();
        let names = self.accounts.shared_names();
        let mut owners = RecordOwners::of(&names, asked, begun + bounds.first);
        let mut accounts: Vec<Status> = Vec::with_capacity(records.len());
        let mut last = String::new();
        for ((name, account), number) in records {
            let limit = if accounts.is_empty() {
                bounds.first
            } else {
                bounds.time
            };
            match owners.next(begun + limit) {
                Some(owner) => accounts.push(self.status_of_record(&name, account, owner)),
                None if accounts.is_empty() => {
                    let late = NameServiceFailed(messages::look_up_takes_too_long(&name));
                    return Err(self.reported("list", late.into()));
                }
                None => return Ok((accounts, last, number)),
            }
            last = name;
        }
        Ok((accounts, page.next.unwrap_or_default(), read))
    }

    /// Describes a record.
    fn status_of_record(
        &self,
        name: &str,
        account: Result<Account, account::Error>,
        owner: Result<RecordOwner, NameServiceFailed>,
    ) -> Status {
        let status = match (owner, account) {
            (Err(failed), _) => status::unusable(name, None, failed.to_string()),
            (Ok(RecordOwner::Named(user)), account) => {
                let text = resolve::other_uid_text(self.accounts.are_of_fleet());
                let account =
                    account.and_then(|account| resolve::of_uid(account, name, user.uid, text));
                self.described(&user, account.map(Some))
            }
            (Ok(RecordOwner::Gone | RecordOwner::Renamed(_)), Err(error)) => {
                status::unusable(name, None, error.to_string())
            }
            (Ok(RecordOwner::Gone), Ok(account)) if self.accounts.are_of_fleet() => {
                // As each user of members alone.
                self.of_fleet(name, account, None)
            }
            (Ok(RecordOwner::Renamed(other)), Ok(account)) if self.accounts.are_of_fleet() => {
                let note = messages::uid_of_other_here(name, other.uid, &other.name);
                self.of_fleet(name, account, Some(note))
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
        Status { record, ..status }
    }
}

impl Administrator {
    /// Describes the record of a user of a fleet whom this host does not know. Such a record follows no uid.
    fn of_fleet(&self, name: &str, account: Account, note: Option<String>) -> Status {
        let user = User {
            name: name.to_owned(),
            uid: account.uid(),
            aliases: Vec::new(),
        };
        Status {
            note,
            ..self.described(&user, Ok(Some(account)))
        }
    }
}

/// Whether the filter selects the account of a record, without a look-up of its user.
fn selects(filter: ListFilter, account: &Account, now: Time) -> bool {
    match filter {
        ListFilter::All => true,
        ListFilter::Enabled => account.state() == State::Enabled,
        ListFilter::Paused => account.state() == State::Paused,
        ListFilter::Locked => status::is_locked(account, now),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};

    use tfa_proto::{TokenParameters, UserFacts};
    use tfa_store::{Revision, Store};
    use tfa_testkit::MemoryStore;

    use super::*;
    use crate::account::Accounts;
    use crate::caller::Caller;
    use crate::config::Config;
    use crate::fleet::Hosts;
    use crate::host::users::NameService;
    use crate::log::{Journal, MemoryLog};
    use crate::state::DaemonState;

    /// A name service that knows `user<uid>`, and under another name users from uid 5000 to 8999. It never
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
            let user = User {
                name,
                uid,
                aliases: Vec::new(),
            };
            Ok(Some(user).filter(|user| user.uid < 9000))
        }
    }

    /// An administrator of records that stand under `user<uid>`. Look-ups that hang end when the second
    /// value is dropped.
    fn administrator(uids: &[u32], hangs_for: &'static str) -> (Administrator, Sender<()>) {
        administrator_of(uids, hangs_for, |accounts| accounts)
    }

    /// The same, with accounts that were changed so.
    fn administrator_of(
        uids: &[u32],
        hangs_for: &'static str,
        change: impl FnOnce(Accounts) -> Accounts,
    ) -> (Administrator, Sender<()>) {
        let store = MemoryStore::new();
        for uid in uids {
            let record = Account::new(*uid).encode();
            let user = format!("user{uid}");
            let _ = store.commit(&user, *uid, &record, Revision::NONE).unwrap();
        }
        let (go, wait) = channel();
        let wait = Mutex::new(wait);
        let names = Names { hangs_for, wait };
        let accounts = change(Accounts::new(Arc::new(store)).with_names(Arc::new(names)));
        let text = "[policy]\nmode = \"optional\"\n".to_owned();
        let config = Config::parse(&[("tfad.toml".to_owned(), text)]).unwrap();
        let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
        let none = Arc::new(MemoryStore::new());
        let hosts = Arc::new(Hosts::new(none, Arc::clone(&journal)));
        let state = DaemonState::new(journal, PathBuf::new(), config, None);
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid: 0,
            pid: None,
            host: None,
        };
        let administrator = Administrator {
            state: Arc::new(state),
            accounts: Arc::new(accounts),
            hosts,
            caller,
        };
        (administrator, go)
    }

    const PATIENT: Bounds = Bounds {
        accounts: 3,
        time: Duration::from_secs(60),
        first: Duration::from_secs(60),
    };

    fn users((accounts, next, _): Page) -> (Vec<String>, String) {
        let users = accounts.into_iter().map(|status| status.user);
        (users.collect(), next)
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let (administrator, _go) = administrator(&[1001, 1002, 1003, 1004], "");
        let first = administrator.page(ListFilter::All, "", &PATIENT).unwrap();
        let listed = ["user1001", "user1002", "user1003"].map(str::to_owned);
        assert_eq!(users(first), (listed.to_vec(), "user1003".to_owned()));
        let second = administrator
            .page(ListFilter::All, "user1003", &PATIENT)
            .unwrap();
        assert_eq!(users(second), (vec!["user1004".to_owned()], String::new()));
    }

    #[test]
    fn a_filter_leaves_out_records_before_their_users_are_looked_up() {
        // The look-up of a user whom the filter leaves out would not end.
        let (administrator, _go) = administrator(&[1001, 1002, 1003, 1004], "user1002");
        let phone = TokenParameters {
            name: "phone".to_owned(),
            ..TokenParameters::default()
        };
        administrator
            .add_authenticator("user1003", &phone, &[7; 20])
            .unwrap();
        let page = |filter| administrator.page(filter, "", &PATIENT).unwrap();
        let enabled = page(ListFilter::Enabled);
        assert_eq!(enabled.2, 3, "the records that were read");
        let listed = (vec!["user1003".to_owned()], "user1003".to_owned());
        assert_eq!(users(enabled), listed);
        for filter in [ListFilter::Paused, ListFilter::Locked] {
            assert_eq!(users(page(filter)), (Vec::new(), listed.1.clone()));
        }
        administrator.disable("user1003").unwrap();
        assert_eq!(
            users(page(ListFilter::Enabled)),
            (Vec::new(), listed.1.clone())
        );
        assert_eq!(users(page(ListFilter::Paused)), listed);
    }

    #[test]
    fn a_record_of_a_renamed_user_names_both() {
        let (administrator, _go) = administrator(&[1001, 5002], "");
        let (accounts, ..) = administrator.page(ListFilter::All, "", &PATIENT).unwrap();
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
    fn user_of_a_fleet_who_is_not_known_here_is_described_by_the_record() {
        let (administrator, _go) =
            administrator_of(&[1001, 5002, 9003], "", Accounts::by_name_alone);
        let (accounts, ..) = administrator.page(ListFilter::All, "", &PATIENT).unwrap();
        let described = |at: usize| {
            let one = &accounts[at];
            (
                &*one.user,
                one.uid,
                one.record.as_deref(),
                one.problem.as_deref(),
            )
        };
        assert_eq!(described(0), ("user1001", Some(1001), None, None));
        // The name of uid 5002 is another one here. The record does not go to it.
        assert_eq!(described(1), ("user5002", Some(5002), None, None));
        let note = accounts[1].note.as_deref().unwrap();
        assert!(note.contains("renamed5002"), "{note}");
        // Each user of members alone would have a note.
        assert_eq!(described(2), ("user9003", Some(9003), None, None));
        assert_eq!((&accounts[0].note, &accounts[2].note), (&None, &None));
    }

    #[test]
    fn a_page_ends_before_a_look_up_that_hangs_and_the_next_one_fails() {
        let (administrator, _go) = administrator(&[1001, 1002, 1003], "user1002");
        let bounds = Bounds {
            time: Duration::from_secs(1),
            first: Duration::from_secs(1),
            ..PATIENT
        };
        let first = administrator.page(ListFilter::All, "", &bounds).unwrap();
        assert_eq!(
            users(first),
            (vec!["user1001".to_owned()], "user1001".to_owned())
        );
        let failed = administrator
            .page(ListFilter::All, "user1001", &bounds)
            .unwrap_err();
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
        let first = administrator.page(ListFilter::All, "", &bounds).unwrap();
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
                .exempt(user, 3600, "a phone in repair", UserFacts::default())
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
