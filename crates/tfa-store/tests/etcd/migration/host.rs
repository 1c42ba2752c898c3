//! A host with accounts, what they should be, and a migration that ends at a chosen moment.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};

use tfa_store::etcd::{self, Entry, Kv, KvError, Range, RangeReply, Txn, TxnReply};
use tfa_store::{
    ByUid, Commit, DaemonStore, DocumentChange, DocumentId, DocumentKind, KeptIn, Migrated,
    MigrationError, MigrationStep, MigrationWatch, Move, Revision, StateDir, StoreError,
    finish_migration, migrate_to_database, migrate_to_etcd, settle_migration,
};
use tfa_testkit::MemoryKv;

pub(super) use crate::open::Host;

/// What a host should have: name, uid and record, and documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Accounts {
    pub(super) records: BTreeMap<String, (u32, Vec<u8>)>,
    pub(super) documents: BTreeMap<DocumentId, Vec<u8>>,
}

pub(super) const NOW: u64 = 1_800_000_000;

/// Opens the store of that kind.
pub(super) fn open(
    state_dir: &StateDir,
    etcd: &MemoryKv,
    kind: KeptIn,
) -> Result<Box<dyn DaemonStore>, StoreError> {
    Ok(match kind {
        KeptIn::Database => Box::new(tfa_store::open(state_dir, |_| None)?.store),
        KeptIn::Etcd => Box::new(etcd::open(state_dir, etcd.another())?.store),
    })
}

/// Opens the store as a start of tfad does, whose configuration names that kind.
pub(super) fn start(
    state_dir: &StateDir,
    etcd: &MemoryKv,
    configured: KeptIn,
) -> (KeptIn, Box<dyn DaemonStore>) {
    let settled = settle_migration(state_dir, || Ok(etcd.another()), NOW).unwrap();
    let kind = settled.unwrap_or(configured);
    (kind, open(state_dir, etcd, kind).unwrap())
}

pub(super) fn put(store: &dyn DaemonStore, user: &str, uid: u32, record: &[u8]) {
    let expected = store.load(user).unwrap().map_or(Revision::NONE, |it| it.1);
    let outcome = store.commit(user, uid, record, expected);
    assert!(matches!(outcome, Ok(Commit::Committed(_))), "{outcome:?}");
}

pub(super) fn put_document(store: &dyn DaemonStore, id: &DocumentId, document: Option<&[u8]>) {
    let expected = store
        .document(id)
        .unwrap()
        .map_or(Revision::NONE, |it| it.1);
    let change = DocumentChange {
        id,
        expected: Some(expected),
        document,
    };
    let outcome = store.change_documents(&[change]);
    assert!(matches!(outcome, Ok(Commit::Committed(_))), "{outcome:?}");
}

/// Many records, and documents of each kind.
pub(super) fn fill(store: &dyn DaemonStore) -> Accounts {
    for number in 0..130 {
        let record = format!("record {number}");
        put(
            store,
            &format!("user{number}"),
            1000 + number,
            record.as_bytes(),
        );
    }
    for (kind, name) in [
        (DocumentKind::Authority, ""),
        (DocumentKind::Policy, ""),
        (DocumentKind::Host, "web1"),
        (DocumentKind::Host, "web2"),
        (DocumentKind::Invitation, "7"),
    ] {
        put_document(
            store,
            &DocumentId::new(kind, name).unwrap(),
            Some(name.as_bytes()),
        );
    }
    let filled = read(store);
    assert_eq!(filled.documents.len(), 5);
    filled
}

/// Changes some of everything: a commit, a first record, a removal, two records that swap their names, one
/// that gets the uid of another that is gone, and documents.
pub(super) fn change(store: &dyn DaemonStore, round: u32) -> Accounts {
    let record = format!("round {round}");
    let record = record.as_bytes();
    put(store, "user7", 1007, record);
    put(store, &format!("new{round}"), 5000 + round, record);
    let gone = format!("user{}", 90 + round % 30);
    if let Some((_, revision)) = store.load(&gone).unwrap() {
        let _ = store.remove(&gone, Some(revision)).unwrap();
        put(store, &format!("a-{gone}"), 1090 + round % 30, record);
    }
    let [one, other] = ["user3", "user4"].map(|user| store.load(user).unwrap().unwrap().1);
    let uid = |user: &str| match store.find(1003).unwrap() {
        ByUid::Found(name, ..) if name == user => 1003,
        _ => 1004,
    };
    let (uid_one, uid_other) = (uid("user3"), uid("user4"));
    let moves = [
        ("user3", "user4", uid_one, one),
        ("user4", "user3", uid_other, other),
    ]
    .map(|(from, to, uid, expected)| Move {
        from,
        to,
        uid,
        record,
        expected,
    });
    assert!(matches!(store.rename(&moves), Ok(Commit::Committed(_))));
    let id = |kind, name| DocumentId::new(kind, name).unwrap();
    put_document(store, &id(DocumentKind::Policy, ""), Some(record));
    let web2 = id(DocumentKind::Host, "web2");
    let is_there = store.document(&web2).unwrap().is_some();
    put_document(store, &web2, (!is_there).then_some(record));
    read(store)
}

/// All that a store has. Each record is found by its uid.
pub(super) fn read(store: &dyn DaemonStore) -> Accounts {
    let mut found = Accounts::default();
    let mut after = Some(String::new());
    while let Some(last) = after {
        let page = store.list(&last, 50).unwrap();
        for (user, record) in page.records {
            found
                .records
                .insert(user, (0, record.unwrap().0.as_bytes().to_vec()));
        }
        after = page.next;
    }
    for uid in (1000..1130).chain(5000..5060) {
        if let ByUid::Found(user, record, _) = store.find(uid).unwrap() {
            let known = found
                .records
                .get_mut(&user)
                .expect("the index names a record");
            assert_eq!(known.1, record.as_bytes());
            known.0 = uid;
        }
    }
    assert!(found.records.values().all(|(uid, _)| *uid != 0));
    for kind in [
        DocumentKind::Authority,
        DocumentKind::Policy,
        DocumentKind::Host,
        DocumentKind::Invitation,
    ] {
        for (name, document) in store.documents(kind, None, 99).unwrap().records {
            let id = DocumentId::new(kind, &name).unwrap();
            found
                .documents
                .insert(id, document.unwrap().0.as_bytes().to_vec());
        }
    }
    found
}

/// How the last call to etcd before a kill ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// It is not made.
    Unsent,
    /// It is made.
    Made,
    /// It is made later.
    Late,
}

/// Counts what a migration does, and ends the process (of the test, its call) at a chosen moment.
#[derive(Clone)]
pub(super) struct Killer(Arc<Mutex<State>>);

struct State {
    left: u32,
    last: Last,
    late: Option<Txn>,
    /// The kill was in a transaction.
    in_transaction: bool,
}

struct Killed;

impl Killer {
    /// Kills after so many calls and steps.
    pub(super) fn after(left: u32, last: Last) -> Self {
        Self(Arc::new(Mutex::new(State {
            left,
            last,
            late: None,
            in_transaction: false,
        })))
    }

    /// Whether the kill was the same with any [`Last`].
    pub(super) fn is_alike(&self) -> bool {
        let state = self.0.lock().unwrap();
        state.last != Last::Unsent && !state.in_transaction
    }

    /// Whether the process is killed in this call or step.
    fn kills(&self) -> bool {
        let mut state = self.0.lock().unwrap();
        state.left = state.left.saturating_sub(1);
        state.left == 0
    }

    /// Lets the transaction arrive that was under way.
    pub(super) fn deliver(&self, etcd: &MemoryKv) {
        if let Some(txn) = self.0.lock().unwrap().late.take() {
            let _ = etcd.another().txn(&txn);
        }
    }

    /// Migrates until the kill. `None` if it was killed.
    pub(super) fn migrate(
        &self,
        host: &Host,
        etcd: &MemoryKv,
        to: KeptIn,
        during: &mut dyn FnMut(MigrationStep),
    ) -> Option<Result<Migrated, MigrationError>> {
        let kv = KilledKv {
            kv: etcd.another(),
            killer: self.clone(),
        };
        let mut watch = Watch {
            killer: Some(self.clone()),
            during,
            goes_on: true,
        };
        let run = || migrate(host, kv, to, &mut watch);
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(outcome) => Some(outcome),
            Err(panic) if panic.is::<Killed>() => None,
            Err(panic) => resume_unwind(panic),
        }
    }
}

/// Migrates, and ends the migration as `tfad` does.
pub(super) fn migrate<K: Kv>(
    host: &Host,
    kv: K,
    to: KeptIn,
    watch: &mut Watch<'_>,
) -> Result<Migrated, MigrationError> {
    let state_dir = host.state_dir();
    let migrated = match to {
        KeptIn::Etcd => migrate_to_etcd(&state_dir, kv, NOW, watch)?,
        KeptIn::Database => migrate_to_database(&state_dir, kv, NOW, watch)?,
    };
    finish_migration(&state_dir)?;
    Ok(migrated)
}

/// Watches a migration.
pub(super) struct Watch<'w> {
    pub(super) killer: Option<Killer>,
    pub(super) during: &'w mut dyn FnMut(MigrationStep),
    pub(super) goes_on: bool,
}

impl<'w> Watch<'w> {
    /// Goes on to the end, and calls `during` at each step.
    pub(super) fn of(during: &'w mut dyn FnMut(MigrationStep)) -> Self {
        Self {
            killer: None,
            during,
            goes_on: true,
        }
    }
}

impl MigrationWatch for Watch<'_> {
    fn progress(&mut self, done: u64, total: u64) -> bool {
        assert!(done <= total);
        self.goes_on
    }

    fn stop(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn reached(&mut self, step: MigrationStep) {
        (self.during)(step);
        if self.killer.as_ref().is_some_and(Killer::kills) {
            resume_unwind(Box::new(Killed));
        }
    }
}

struct KilledKv {
    kv: MemoryKv,
    killer: Killer,
}

impl KilledKv {
    fn call<T>(&self, call: impl FnOnce() -> Result<T, KvError>) -> Result<T, KvError> {
        match self.killer.kills() {
            false => call(),
            true => resume_unwind(Box::new(Killed)),
        }
    }
}

impl Kv for KilledKv {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
        self.call(|| self.kv.get(keys))
    }

    fn range(&self, range: &Range) -> Result<RangeReply, KvError> {
        self.call(|| self.kv.range(range))
    }

    fn txn(&self, txn: &Txn) -> Result<TxnReply, KvError> {
        if !self.killer.kills() {
            return self.kv.txn(txn);
        }
        let mut state = self.killer.0.lock().unwrap();
        state.in_transaction = true;
        match state.last {
            Last::Unsent => {}
            Last::Made => drop(self.kv.txn(txn)),
            Last::Late => state.late = Some(txn.clone()),
        }
        drop(state);
        resume_unwind(Box::new(Killed))
    }

    fn pause(&self, tries: u32) -> bool {
        self.kv.pause(tries)
    }

    fn left_out(&self, key: &str) {
        self.kv.left_out(key);
    }
}
