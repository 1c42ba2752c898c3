//! A published policy is in force on every verifier from the next login on.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

mod alice;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tfa_core::{PublishedPolicy, Time};
use tfa_proto::{Context, Next, Phase, Verdict};
use tfa_store::etcd::EtcdStore;
use tfa_store::{
    Commit, DaemonStore, DocumentChange, DocumentId, DocumentKind, Revision, Sealed, SealingKey,
    StateDir,
};
use tfa_testkit::{Fault, MemoryKv};
use tfad::account::Accounts;
use tfad::caller::Caller;
use tfad::config::Config;
use tfad::host::users::{NameService, NameServiceFailed, User};
use tfad::log::{Journal, MemoryLog};
use tfad::login::{Error, LoginService as _, Logins};
use tfad::state::DaemonState;
use zeroize::Zeroizing;

const OPTIONAL: &str = "[policy]\nmode = \"optional\"\n";
const OFF: &str = "[policy]\nmode = \"off\"\n";
/// Refuses who has not enrolled.
const REQUIRED: &str =
    "[policy]\nmode = \"required\"\ngrace = \"0d\"\nafter_grace = \"deny\"\nguard = [\"vsftpd\"]\n";

/// Knows alice and root.
struct Names;

impl NameService for Names {
    fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed> {
        match name {
            "root" => Ok(Some(root())),
            name => alice::Names.by_name(name),
        }
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed> {
        match uid {
            0 => Ok(Some(root())),
            uid => alice::Names.by_uid(uid),
        }
    }
}

fn root() -> User {
    User {
        name: "root".to_owned(),
        uid: 0,
        aliases: Vec::new(),
    }
}

/// A host whose files have a policy, and whose store may have another one.
struct Host {
    store: Arc<dyn DaemonStore>,
    state: Arc<DaemonState>,
    logins: Logins,
    log: MemoryLog,
}

impl Host {
    fn new(store: Arc<dyn DaemonStore>, files: &str) -> Self {
        Self::keeping(store, files, None)
    }

    /// The same, which keeps the number of the policy in this state directory.
    fn keeping(store: Arc<dyn DaemonStore>, files: &str, state_dir: Option<&StateDir>) -> Self {
        let config = Config::parse(&[("tfad.toml".to_owned(), files.to_owned())]).unwrap();
        let accounts = Accounts::new(Arc::clone(&store) as _).with_names(Arc::new(Names));
        let log = MemoryLog::default();
        let journal = Arc::new(Journal::in_memory(log.clone()));
        let state = DaemonState::new(journal, PathBuf::new(), config, None);
        let state = state.publishing_in(Arc::clone(&store), PathBuf::new());
        let state = match state_dir {
            None => state,
            Some(state_dir) => state.keeping_policy_serial_in(state_dir),
        };
        let state = Arc::new(state);
        let logins = Logins::new(Arc::clone(&state), Arc::new(accounts));
        Self {
            store,
            state,
            logins,
            log,
        }
    }

    fn publish(&self, text: &str, expected: Revision) -> Revision {
        let zone = "UTC".to_owned();
        let host = "v1".to_owned();
        let now = Time::from_secs(1_800_000_000);
        let policy = PublishedPolicy::new(text.to_owned(), zone, now, host, 0);
        let publication = self.state.publication();
        match publication.replace(Some(&policy), Some(expected)) {
            Ok(Commit::Committed(revision)) => revision,
            other => panic!("{other:?}"),
        }
    }

    fn unpublish(&self) {
        let removed = self.state.publication().replace(None, None);
        assert!(matches!(removed, Ok(Commit::Committed(_))), "{removed:?}");
    }

    fn begin(&self, user: &str, context: Context) -> Result<Next, Error> {
        let caller = Caller {
            name: ":1.7".to_owned(),
            uid: 0,
            pid: None,
            host: None,
        };
        let begun = self.logins.begin(&caller, user, Ok(context));
        begun.map(|(_, turn)| turn.next)
    }

    /// What becomes of a login over SSH.
    fn verdict(&self) -> Verdict {
        match self.begin("alice", over_ssh()) {
            Ok(Next::Verdict(verdict)) => verdict,
            other => panic!("{other:?}"),
        }
    }

    fn lines(&self) -> String {
        format!("{:?}", self.log.take(&self.state.journal))
    }
}

fn over_ssh() -> Context {
    Context {
        service: "sshd".to_owned(),
        rhost: "192.0.2.7".to_owned(),
        ..Context::default()
    }
}

fn at_console() -> Context {
    Context {
        service: "login".to_owned(),
        tty: "tty1".to_owned(),
        ..Context::default()
    }
}

/// The account phase of a service that asked no password.
fn cron() -> Context {
    Context {
        phase: Phase::Account,
        service: "cron".to_owned(),
        ..Context::default()
    }
}

fn sealed(kv: MemoryKv) -> Arc<dyn DaemonStore> {
    let key = SealingKey::new(Zeroizing::new([7; 32]));
    Arc::new(Sealed::new(EtcdStore::new(kv, "/tfa/"), key))
}

/// Two verifiers with different files, on one etcd.
fn verifiers() -> (MemoryKv, Host, Host) {
    let etcd = MemoryKv::default();
    let one = Host::new(sealed(etcd.another()), OPTIONAL);
    let other = Host::new(sealed(etcd.another()), OFF);
    (etcd, one, other)
}

#[test]
fn published_policy_is_in_force_from_the_next_login_on() {
    let (_etcd, one, other) = verifiers();
    assert_eq!(one.verdict(), Verdict::NotRequired);
    assert_eq!(other.verdict(), Verdict::NotRequired);
    let mut revision = Revision::NONE;
    for (text, expected) in [
        (REQUIRED, Verdict::Denied),
        (OPTIONAL, Verdict::NotRequired),
        (REQUIRED, Verdict::Denied),
        (OFF, Verdict::NotRequired),
        (REQUIRED, Verdict::Denied),
    ] {
        revision = one.publish(text, revision);
        assert_eq!(other.verdict(), expected);
        assert_eq!(one.verdict(), expected);
    }
    let lines = other.lines();
    let said = format!("the published policy is in force: revision {revision}");
    assert!(lines.contains(&said), "{lines}");
    one.unpublish();
    assert_eq!(other.verdict(), Verdict::NotRequired);
    assert!(other.lines().contains("none is published"));
}

#[test]
fn policy_is_published_in_a_database_too() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = folder.join(format!("publication-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let state_dir = StateDir {
        path: folder.join("state"),
        credentials: None,
    };
    let open = || Arc::new(tfa_store::open(&state_dir, |_| None).unwrap().store);
    {
        let host = Host::new(open(), OFF);
        assert_eq!(host.verdict(), Verdict::NotRequired);
        host.publish(REQUIRED, Revision::NONE);
        assert_eq!(host.verdict(), Verdict::Denied);
    }
    // Also after a restart.
    assert_eq!(Host::new(open(), OFF).verdict(), Verdict::Denied);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn login_after_a_publication_is_never_judged_by_an_older_policy() {
    let (_etcd, one, other) = verifiers();
    let (one, other) = (&one, &other);
    thread::scope(|scope| {
        for host in [one, other] {
            // Logins all the time, so that reads of all ages are under way.
            scope.spawn(move || {
                for _ in 0..300 {
                    let _ = host.begin("alice", over_ssh()).unwrap();
                }
            });
        }
        let mut revision = Revision::NONE;
        for _ in 0..100 {
            for (text, expected) in [
                (REQUIRED, Verdict::Denied),
                (OPTIONAL, Verdict::NotRequired),
            ] {
                revision = one.publish(text, revision);
                assert_eq!(other.verdict(), expected);
                assert_eq!(one.verdict(), expected);
            }
        }
    });
}

#[test]
fn policy_that_cannot_be_used_refuses_every_login() {
    let (_etcd, one, other) = verifiers();
    let mut revision = Revision::NONE;
    for text in [
        "[policy]\nmode = \"strict\"\n",
        "[policy]\nmode = \"off\"\n[store]\nkind = \"sqlite\"\n",
        "",
        "mode",
    ] {
        revision = one.publish(text, revision);
        for context in [over_ssh(), at_console(), cron()] {
            let refused = other.begin("alice", context);
            assert!(matches!(refused, Err(Error::NotServing(_))), "{text}");
        }
        let lines = other.lines();
        assert!(lines.contains("tfactl policy publish FILE"), "{lines}");
    }
    revision = one.publish(OPTIONAL, revision);
    assert_eq!(other.verdict(), Verdict::NotRequired);
    assert_eq!(one.verdict(), Verdict::NotRequired);
    // A document of another format.
    let id = DocumentId::new(DocumentKind::Policy, "").unwrap();
    let put = one.store.change_documents(&[DocumentChange {
        id: &id,
        expected: Some(revision),
        document: Some(b"later"),
    }]);
    assert!(matches!(put, Ok(Commit::Committed(_))), "{put:?}");
    let refused = other.begin("alice", over_ssh());
    assert!(matches!(refused, Err(Error::NotServing(_))));
    one.unpublish();
    assert_eq!(other.verdict(), Verdict::NotRequired);
}

#[test]
fn damaged_document_refuses_every_login_until_it_is_replaced_or_removed() {
    let (etcd, one, other) = verifiers();
    one.publish(OPTIONAL, Revision::NONE);
    for is_replaced in [true, false] {
        etcd.put("/tfa/d/policy/", b"\x02not a document that was sealed");
        etcd.put("/tfa/policy", b"another");
        for host in [&one, &other] {
            let refused = host.begin("alice", over_ssh());
            assert!(matches!(refused, Err(Error::NotServing(_))), "{refused:?}");
            let problem = host.state.publication().problem().unwrap();
            assert!(problem.contains("tfactl policy unpublish"), "{problem}");
        }
        // What the command replaces or removes it by, in one change.
        let revision = one.state.publication().revision().unwrap().unwrap();
        assert!(revision > Revision::NONE);
        if is_replaced {
            one.publish(OPTIONAL, revision);
        } else {
            let removed = one.state.publication().replace(None, Some(revision));
            assert!(matches!(removed, Ok(Commit::Committed(_))), "{removed:?}");
        }
        assert_eq!(other.verdict(), Verdict::NotRequired);
    }
}

#[test]
fn without_an_answer_of_the_store_only_root_at_the_console_goes_on() {
    let etcd = MemoryKv::default();
    let kv = Arc::new(etcd.another());
    let key = SealingKey::new(Zeroizing::new([7; 32]));
    let store = Arc::new(Sealed::new(
        EtcdStore::new(Shared(Arc::clone(&kv)), "/tfa/"),
        key,
    ));
    let host = Host::new(store, OFF);
    assert_eq!(host.verdict(), Verdict::NotRequired);
    let is_let_in = |user: &str, context: Context| {
        kv.fail([Some(Fault::Unsent); 4]);
        let begun = host.begin(user, context);
        matches!(begun, Ok(Next::Verdict(Verdict::NotRequired)))
    };
    assert!(!is_let_in("alice", over_ssh()));
    assert!(!is_let_in("root", over_ssh()));
    assert!(!is_let_in("alice", at_console()));
    assert!(is_let_in("root", at_console()));
    assert!(is_let_in("alice", cron()));
    // That a newer one was met is not forgotten.
    let newer = Host::new(sealed(etcd.another()), OFF);
    newer.publish(REQUIRED, Revision::NONE);
    assert_eq!(host.verdict(), Verdict::Denied);
    assert!(!is_let_in("root", at_console()));
}

/// A client of etcd that a test still has.
struct Shared(Arc<MemoryKv>);

impl tfa_store::etcd::Kv for Shared {
    fn get(
        &self,
        keys: &[Vec<u8>],
    ) -> Result<Vec<Option<tfa_store::etcd::Entry>>, tfa_store::etcd::KvError> {
        self.0.get(keys)
    }

    fn range(
        &self,
        range: &tfa_store::etcd::Range,
    ) -> Result<tfa_store::etcd::RangeReply, tfa_store::etcd::KvError> {
        self.0.range(range)
    }

    fn txn(
        &self,
        txn: &tfa_store::etcd::Txn,
    ) -> Result<tfa_store::etcd::TxnReply, tfa_store::etcd::KvError> {
        self.0.txn(txn)
    }

    fn pause(&self, tries: u32) -> bool {
        self.0.pause(tries)
    }

    fn left_out(&self, key: &str) {
        self.0.left_out(key);
    }
}

/// The document of the policy as it is in the store.
fn document(host: &Host) -> Option<Vec<u8>> {
    let id = DocumentId::new(DocumentKind::Policy, "").unwrap();
    let document = host.store.document(&id).unwrap();
    document.map(|(document, _)| document.as_bytes().to_vec())
}

/// What a program that can write to the store does: it puts a sealed document of before, or removes it.
fn put_back(host: &Host, document: Option<&[u8]>) {
    let id = DocumentId::new(DocumentKind::Policy, "").unwrap();
    let found = host.store.document(&id).unwrap();
    let expected = Some(found.map_or(Revision::NONE, |(_, revision)| revision));
    let put = host.store.change_documents(&[DocumentChange {
        id: &id,
        expected,
        document,
    }]);
    assert!(matches!(put, Ok(Commit::Committed(_))), "{put:?}");
}

fn is_refused(host: &Host) -> bool {
    let begun = host.begin("alice", over_ssh());
    let is_refused = matches!(begun, Err(Error::NotServing(_)));
    is_refused && host.lines().contains("older than one that was in force")
}

#[test]
fn older_policy_that_is_put_back_refuses_until_one_is_published() {
    let (_etcd, one, other) = verifiers();
    one.publish(OPTIONAL, Revision::NONE);
    let optional = document(&one);
    assert_eq!(other.verdict(), Verdict::NotRequired);
    let revision = one.state.publication().revision().unwrap().unwrap();
    one.publish(REQUIRED, revision);
    let required = document(&one);
    assert_eq!(other.verdict(), Verdict::Denied);
    for older in [optional.as_deref(), None] {
        put_back(&one, older);
        assert!(is_refused(&other), "{older:?}");
    }
    put_back(&one, required.as_deref());
    assert_eq!(other.verdict(), Verdict::Denied);
    // A removal is a document too, and none goes back behind it.
    one.unpublish();
    assert_eq!(other.verdict(), Verdict::NotRequired);
    assert_eq!(one.state.publication().revision().unwrap(), None);
    put_back(&one, required.as_deref());
    assert!(is_refused(&other));
    // What the administrator does after a restore of the store.
    let revision = one.state.publication().revision().unwrap().unwrap();
    other.publish(OPTIONAL, revision);
    assert_eq!(other.verdict(), Verdict::NotRequired);
    assert_eq!(one.verdict(), Verdict::NotRequired);
}

const ROOT_EXEMPT: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\nafter_grace = \"deny\"\n\
     [[policy.rule]]\nusers = [\"root\"]\norigins = [\"local\"]\nmode = \"off\"\n";

#[test]
fn older_policy_leaves_root_at_a_console_the_way_in_of_the_newest_one() {
    let (_etcd, one, other) = verifiers();
    let publish = |text| {
        let revision = one.state.publication().revision().unwrap();
        one.publish(text, revision.unwrap_or(Revision::NONE));
        document(&one)
    };
    let lets_root_in = |context: Context| match other.begin("root", context) {
        Ok(next) => next == Next::Verdict(Verdict::NotRequired),
        Err(Error::NotServing(_)) => false,
        Err(error) => panic!("{error:?}"),
    };
    let off = publish("[policy]\nmode = \"off\"\n");
    publish(ROOT_EXEMPT);
    assert!(lets_root_in(at_console()) && !lets_root_in(over_ssh()));
    put_back(&one, off.as_deref());
    // In each phase. No other login, and none by the older policy.
    for phase in [Phase::Auth, Phase::Account] {
        let context = Context {
            phase,
            ..at_console()
        };
        assert!(lets_root_in(context), "{phase:?}");
    }
    assert!(!lets_root_in(over_ssh()) && is_refused(&other));
    let alice = other.begin("alice", at_console());
    assert!(matches!(alice, Err(Error::NotServing(_))), "{alice:?}");

    // What the newest policy does not exempt is refused, whatever an older one says.
    let exempt = publish(ROOT_EXEMPT);
    assert!(lets_root_in(at_console()));
    publish(REQUIRED);
    assert!(!lets_root_in(at_console()));
    put_back(&one, exempt.as_deref());
    assert!(!lets_root_in(at_console()));
}

#[test]
fn highest_number_of_a_policy_is_kept_over_a_restart() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = folder.join(format!("serial-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let state_dir = StateDir {
        path: folder.clone(),
        credentials: None,
    };
    let etcd = MemoryKv::default();
    let start = || Host::keeping(sealed(etcd.another()), OFF, Some(&state_dir));
    let one = start();
    one.publish(OPTIONAL, Revision::NONE);
    let optional = document(&one);
    let revision = one.state.publication().revision().unwrap().unwrap();
    one.publish(REQUIRED, revision);
    assert_eq!(one.verdict(), Verdict::Denied);
    put_back(&one, optional.as_deref());
    assert!(is_refused(&start()));
    put_back(&one, None);
    assert!(is_refused(&start()));
    // In another store the numbers begin anew.
    std::fs::write(folder.join("etcd.id"), "another").unwrap();
    assert_eq!(start().verdict(), Verdict::NotRequired);
    // What cannot be kept now refuses until it can, without a restart.
    let file = folder.join("policy.serial");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let full = start();
    for _ in 0..2 {
        let refused = full.begin("alice", over_ssh());
        assert!(matches!(refused, Err(Error::NotServing(_))), "{refused:?}");
    }
    std::fs::remove_dir(&file).unwrap();
    assert_eq!(full.verdict(), Verdict::NotRequired);
    // What cannot be read is not taken for 0.
    std::fs::write(folder.join("policy.serial"), "x").unwrap();
    let damaged = start().begin("alice", over_ssh());
    assert!(matches!(damaged, Err(Error::NotServing(_))), "{damaged:?}");
    std::fs::remove_dir_all(folder).unwrap();
}
