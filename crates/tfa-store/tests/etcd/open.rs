//! The opening of the store in etcd, and what keeps a host from using another one.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tfa_store::etcd::{self, EtcdStore, Kv as _, Opened};
use tfa_store::{
    Commit, DocumentId, DocumentKind, Documents as _, Notice, Revision, Sealed, StateDir,
    Store as _, StoreError,
};
use tfa_testkit::MemoryKv;

/// The state directory of a host.
pub(crate) struct Host(PathBuf);

impl Host {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("etcd-host-{}-{number}", std::process::id());
        // Hundreds of hosts are made, and no test depends on the disk.
        let memory = PathBuf::from("/dev/shm");
        let base = match memory.is_dir() {
            true => memory,
            false => PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        };
        let path = base.join(name);
        DirBuilder::new().mode(0o700).create(&path).unwrap();
        Self(path)
    }

    pub(crate) fn state_dir(&self) -> StateDir {
        StateDir {
            path: self.0.clone(),
            credentials: None,
        }
    }

    /// A host with the same files.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        for entry in fs::read_dir(&self.0).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.0.join(entry.file_name())).unwrap();
        }
        copy
    }

    /// Gives another host the sealing key of this one.
    pub(crate) fn share_key_with(&self, other: &Self) {
        fs::copy(self.0.join("key"), other.0.join("key")).unwrap();
    }

    pub(crate) fn open(&self, etcd: &MemoryKv) -> Result<Opened<MemoryKv>, StoreError> {
        etcd::open(&self.state_dir(), etcd.another())
    }

    fn store(&self, etcd: &MemoryKv) -> Sealed<EtcdStore<MemoryKv>> {
        self.open(etcd).unwrap().store
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn commit(store: &impl tfa_store::Store, record: &[u8], expected: Revision) {
    let outcome = store.commit("lea", 1000, record, expected);
    assert!(matches!(outcome, Ok(Commit::Committed(_))), "{outcome:?}");
}

fn is_superseded<T>(outcome: Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Superseded { .. }))
}

#[test]
fn first_start_makes_a_store_and_the_next_ones_open_it() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let Opened { store, notices } = host.open(&etcd).unwrap();
    assert!(matches!(notices[..], [Notice::MadeInEtcd { .. }]));
    commit(&store, b"one", Revision::NONE);
    assert_eq!(etcd.keys(), ["a/lea", "meta", "u/1000"]);
    let Opened { store, notices } = host.open(&etcd).unwrap();
    assert_eq!(notices, []);
    let (record, _) = store.load("lea").unwrap().unwrap();
    assert_eq!(record.as_bytes(), b"one");
}

#[test]
fn verifiers_with_one_key_share_the_store() {
    let (etcd, one, other) = (MemoryKv::default(), Host::new(), Host::new());
    commit(&one.store(&etcd), b"one", Revision::NONE);
    one.share_key_with(&other);
    let Opened { store, notices } = other.open(&etcd).unwrap();
    assert_eq!(notices, []);
    assert!(store.load("lea").unwrap().is_some());
}

#[test]
fn verifier_with_another_key_refuses_who_has_enrolled() {
    let (etcd, one, other) = (MemoryKv::default(), Host::new(), Host::new());
    commit(&one.store(&etcd), b"one", Revision::NONE);
    for has_key in [false, true] {
        if has_key {
            fs::write(other.0.join("key"), [7; 32]).unwrap();
        }
        let Opened { store, notices } = other.open(&etcd).unwrap();
        assert!(matches!(notices[..], [Notice::KeyLost { .. }]));
        // No key of its own is made.
        assert_eq!(other.0.join("key").exists(), has_key);
        assert!(matches!(store.load("lea"), Err(StoreError::KeyLost { .. })));
        let new = store.commit("max", 1001, b"new", Revision::NONE);
        assert!(matches!(new, Err(StoreError::KeyLost { .. })));
    }
}

#[test]
fn two_first_starts_at_once_make_one_store() {
    let (etcd, one, other) = (MemoryKv::default(), Host::new(), Host::new());
    let made = one.store(&etcd);
    let mark = etcd.get(&[b"meta".to_vec()]).unwrap();
    one.share_key_with(&other);
    let _ = other.store(&etcd);
    let now = etcd.get(&[b"meta".to_vec()]).unwrap();
    let value = |found: &[Option<etcd::Entry>]| found[0].as_ref().unwrap().value.clone();
    assert_eq!(value(&mark), value(&now));
    commit(&made, b"one", Revision::NONE);
}

#[test]
fn etcd_without_the_store_is_refused_at_the_start_and_later() {
    let (etcd, empty, host) = (MemoryKv::default(), MemoryKv::default(), Host::new());
    let store = host.store(&etcd);
    commit(&store, b"one", Revision::NONE);
    assert!(is_superseded(host.open(&empty)));
    assert_eq!(empty.keys(), [""; 0]);
    // Another store in it.
    let _ = Host::new().store(&empty);
    assert!(is_superseded(host.open(&empty)));

    let id = DocumentId::new(DocumentKind::Host, "web1").unwrap();
    for mark in [b"".as_slice(), &[3; 33]] {
        etcd.put("meta", mark);
        assert!(is_superseded(store.load("lea")));
        assert!(is_superseded(store.load("max")));
        assert!(is_superseded(store.find(1001)));
        assert!(is_superseded(store.document(&id)));
        assert!(is_superseded(store.list("", 9)));
        assert!(is_superseded(store.documents(DocumentKind::Host, None, 9)));
        let new = store.commit("max", 1001, b"new", Revision::NONE);
        assert!(is_superseded(new));
        assert!(is_superseded(host.open(&etcd)));
    }
}

#[test]
fn accounts_without_the_mark_of_their_store_are_no_new_store() {
    let etcd = MemoryKv::default();
    etcd.put("a/lea", b"whatever");
    assert!(is_superseded(Host::new().open(&etcd)));
    assert_eq!(etcd.keys(), ["a/lea"]);
}

#[test]
fn host_changes_its_kind_of_store_only_without_accounts() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let sqlite = || tfa_store::open(&host.state_dir(), |_| None);
    // An empty database, as an installation makes it.
    drop(sqlite().unwrap());
    let key = fs::read(host.0.join("key")).unwrap();
    drop(host.store(&etcd));
    assert_eq!(fs::read(host.0.join("key")).unwrap(), key);
    assert!(matches!(sqlite(), Err(StoreError::Unsafe { .. })));

    fs::remove_file(host.0.join("etcd.id")).unwrap();
    let store = sqlite().unwrap().store;
    commit(&store, b"one", Revision::NONE);
    store.close();
    drop(store);
    assert!(matches!(host.open(&etcd), Err(StoreError::Unsafe { .. })));
}

#[test]
fn etcd_that_does_not_answer_is_no_first_start() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let kv = etcd.another();
    kv.fail([Some(tfa_testkit::Fault::Unsent); 8]);
    let outcome = etcd::open(&host.state_dir(), kv);
    assert!(matches!(outcome, Err(StoreError::Unavailable { .. })));
    assert!(!host.0.join("etcd.id").exists() && !host.0.join("key").exists());
}

#[test]
fn key_that_cannot_be_remembered_stops_no_logins_of_a_known_store() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    drop(host.store(&etcd));
    // As a host of before, with a disk on which no file can be made.
    fs::remove_file(host.0.join("etcd.key-id")).unwrap();
    let obstacle = host.0.join("etcd.key-id.new");
    fs::create_dir(&obstacle).unwrap();
    let store = host.store(&etcd);
    commit(&store, b"one", Revision::NONE);
    drop(store);

    // A store that is not known yet needs it.
    fs::remove_file(host.0.join("etcd.id")).unwrap();
    assert!(matches!(host.open(&etcd), Err(StoreError::Io { .. })));
    assert!(!host.0.join("etcd.id").exists());
    fs::remove_dir(&obstacle).unwrap();
    drop(host.store(&etcd));
}

#[test]
fn store_with_another_key_than_before_is_refused_and_changes_nothing() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    drop(host.store(&etcd));
    let remembered = || fs::read(host.0.join("etcd.key-id")).unwrap();
    let before = remembered();
    let found = etcd.get(&[b"meta".to_vec()]).unwrap();
    let mut mark = found[0].as_ref().unwrap().value.clone();
    *mark.last_mut().unwrap() ^= 1;
    etcd.put("meta", &mark);
    assert!(is_superseded(host.open(&etcd)));
    assert_eq!(remembered(), before);
}
