//! The store in the state directory, seen from outside.

#[cfg(test)]
mod backup;
#[cfg(test)]
mod backup_crash;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod first_start;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod migration;
#[cfg(test)]
mod model;
#[cfg(test)]
mod read_only;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod uids;

#[cfg(test)]
mod scratch {
    //! A state directory that goes away with the test, and short ways to use a store in it.

    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tfa_store::{
        ByUid, Commit, Notice, Opened, Revision, Sealed, SqliteStore, StateDir, Store, StoreError,
    };

    /// A directory for one test.
    pub(crate) struct Scratch(PathBuf);

    impl Scratch {
        pub(crate) fn new() -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("store-{}-{count}", std::process::id());
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        /// The same of a state directory that another process made.
        pub(crate) fn of(state: PathBuf) -> Self {
            Self(state.parent().unwrap().to_owned())
        }

        /// The path of the state directory. It is not created.
        pub(crate) fn state(&self) -> PathBuf {
            self.0.join("state")
        }

        /// The state directory, created.
        pub(crate) fn made_state(&self) -> PathBuf {
            fs::create_dir_all(self.state()).unwrap();
            fs::set_permissions(self.state(), fs::Permissions::from_mode(0o700)).unwrap();
            self.state()
        }

        pub(crate) fn file(&self, name: &str) -> PathBuf {
            self.state().join(name)
        }

        pub(crate) fn state_dir(&self) -> StateDir {
            StateDir {
                path: self.state(),
                credentials: None,
            }
        }

        /// A state directory with this credential.
        pub(crate) fn with_credential(&self, key: &[u8]) -> StateDir {
            let credentials = self.0.join("credentials");
            fs::create_dir_all(&credentials).unwrap();
            fs::write(credentials.join("tfad.key"), key).unwrap();
            StateDir {
                credentials: Some(credentials),
                ..self.state_dir()
            }
        }

        pub(crate) fn store(&self) -> Sealed<SqliteStore> {
            self.open().store
        }

        pub(crate) fn open(&self) -> Opened {
            open(&self.state_dir())
        }

        pub(crate) fn refusal(&self) -> StoreError {
            error(tfa_store::open(&self.state_dir(), uid_of))
        }

        /// The whole state directory, file by file.
        pub(crate) fn picture(&self) -> Vec<(String, Vec<u8>)> {
            let mut files: Vec<_> = fs::read_dir(self.state())
                .unwrap()
                .map(|entry| {
                    let entry = entry.unwrap();
                    let name = entry.file_name().into_string().unwrap();
                    let is_file = entry.file_type().unwrap().is_file();
                    (
                        name,
                        if is_file {
                            fs::read(entry.path()).unwrap()
                        } else {
                            Vec::new()
                        },
                    )
                })
                .collect();
            files.sort();
            files
        }

        /// Runs SQL on the database of a closed store.
        pub(crate) fn sql(&self, sql: &str) {
            let db = rusqlite::Connection::open(self.file("accounts.db")).unwrap();
            db.execute_batch(sql).unwrap();
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    pub(crate) fn open(place: &StateDir) -> Opened {
        tfa_store::open(place, uid_of).unwrap_or_else(|error| panic!("it does not open: {error}"))
    }

    /// The length of the log, in pages.
    pub(crate) fn pages_in_log(scratch: &Scratch) -> i64 {
        let db = rusqlite::Connection::open(scratch.file("accounts.db")).unwrap();
        db.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))
            .unwrap()
    }

    /// The error, where there must be one.
    pub(crate) fn error<T>(result: Result<T, StoreError>) -> StoreError {
        match result {
            Ok(_) => panic!("it went well"),
            Err(error) => error,
        }
    }

    /// The remedy of a key that is lost.
    pub(crate) fn key_lost<T>(result: Result<T, StoreError>) -> String {
        match error(result) {
            StoreError::KeyLost { remedy } => remedy,
            other => panic!("another error: {other}"),
        }
    }

    pub(crate) fn lost_key_among(notices: &[Notice]) -> bool {
        notices
            .iter()
            .any(|notice| matches!(notice, Notice::KeyLost { .. }))
    }

    /// Commits, where it must succeed.
    pub(crate) fn put(store: &dyn Store, user: &str, record: &[u8], on: Revision) -> Revision {
        match store.commit(user, uid(user), record, on).unwrap() {
            Commit::Committed(revision) => revision,
            Commit::Conflict => panic!("a conflict"),
        }
    }

    /// The uid that these tests give to a user.
    pub(crate) fn uid(user: &str) -> u32 {
        let letters = user.bytes().fold(0, |hash: u64, letter| {
            (hash * 131 + u64::from(letter)) % 4_000_000_007
        });
        u32::try_from(letters).unwrap()
    }

    /// The uid that a test has put into the first four bytes of a record.
    pub(crate) fn uid_of(record: &[u8]) -> Option<u32> {
        let uid = record.first_chunk().copied().map(u32::from_le_bytes)?;
        (record.len() > 4).then_some(uid)
    }

    /// A user's record and revision.
    pub(crate) fn get(store: &dyn Store, user: &str) -> Option<(Vec<u8>, Revision)> {
        let found = store.load(user).unwrap_or_else(|error| panic!("{error}"));
        found.map(|(record, revision)| (record.as_bytes().to_vec(), revision))
    }

    /// The name of a uid's record, if it has one.
    pub(crate) fn find(store: &dyn Store, uid: u32) -> Option<String> {
        match store.find(uid).unwrap_or_else(|error| panic!("{error}")) {
            ByUid::Found(user, ..) => Some(user),
            ByUid::None => None,
            ByUid::Unknown(users) => panic!("of {users:?} the uids are not known"),
        }
    }

    /// Runs a test of this program in a process of its own, with an argument.
    pub(crate) fn child(test: &str, word: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", test, "--nocapture"])
            .env("STORE_TEST_CHILD", word);
        command
    }

    /// The argument of this process, if it is such a child.
    pub(crate) fn child_word() -> Option<String> {
        std::env::var("STORE_TEST_CHILD").ok()
    }
}
