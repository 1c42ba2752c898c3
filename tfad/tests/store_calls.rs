//! How often one login of a member calls etcd. Each call is a round trip of the login, through `tfa-fleet` and back.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

mod alice;

use std::mem;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tfa_core::{
    Account, Authenticator, Fingerprint, FleetHost, Parameters, PublishedPolicy, Refusal, Secret,
    Time,
};
use tfa_fleet_wire::{
    AccountCall, AttemptBytes, BeginLogin, ContextEntry, EntryValue, LoginCall, LoginFacts,
    LoginReply, LoginTurn, LoginUser, MemberCall, SecretBytes, SecretText,
};
use tfa_proto::{Context, Next, Verdict};
use tfa_store::etcd::{Entry, EtcdStore, Kv, KvError, Range, RangeReply, Txn, TxnReply};
use tfa_store::{
    Commit, DaemonStore, DocumentChange, DocumentId, DocumentKind, Revision, Sealed, SealingKey,
};
use tfa_testkit::MemoryKv;
use tfad::account::Accounts;
use tfad::caller::Caller;
use tfad::config::Config;
use tfad::fleet::MemberLogins;
use tfad::host::clock;
use tfad::host::facts::LocalHost;
use tfad::host::time_limit::CallsFor;
use tfad::log::{Journal, MemoryLog};
use tfad::login::{BeginRequest, Logins};
use tfad::state::DaemonState;
use totp_rs::Builder;
use zeroize::Zeroizing;

use alice::{NoNames, alice};

const KEY: &[u8] = b"12345678901234567890";
const KEY_OF_HOST: Fingerprint = Fingerprint::new([1; Fingerprint::LENGTH]);
const MEMBER: &str = "web1.example";
const ATTEMPT: AttemptBytes = AttemptBytes([1; 16]);

/// A client of etcd that notes its calls.
#[derive(Clone, Default)]
struct Counted {
    etcd: Arc<MemoryKv>,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Counted {
    fn note(&self, call: &'static str) {
        self.calls.lock().unwrap().push(call);
    }

    /// The calls since the last time.
    fn take(&self) -> Vec<&'static str> {
        mem::take(&mut self.calls.lock().unwrap())
    }
}

impl Kv for Counted {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
        self.note("get");
        self.etcd.get(keys)
    }

    fn range(&self, range: &Range) -> Result<RangeReply, KvError> {
        self.note("range");
        self.etcd.range(range)
    }

    fn txn(&self, txn: &Txn) -> Result<TxnReply, KvError> {
        self.note("txn");
        self.etcd.txn(txn)
    }

    fn pause(&self, tries: u32) -> bool {
        self.etcd.pause(tries)
    }

    fn left_out(&self, key: &str) {
        self.etcd.left_out(key);
    }
}

/// Adds an app, long ago.
fn enroll(account: &mut Account) -> Result<(), Refusal> {
    let long_ago = Time::from_secs(clock::now().as_secs() - 10_000);
    let phone = Authenticator::totp("phone", Parameters::default(), Secret::new(KEY).unwrap());
    account.bind(phone, long_ago).map(|_| ())
}

/// A verifier whose store alice has enrolled in.
fn verifier(kv: &Counted) -> (MemberLogins, Arc<dyn DaemonStore>) {
    let key = SealingKey::new(Zeroizing::new([7; 32]));
    let store = Sealed::new(EtcdStore::new(kv.clone(), "/tfa/"), key);
    let store: Arc<dyn DaemonStore> = Arc::new(store);
    let accounts = Accounts::new(Arc::clone(&store) as _).by_name_alone();
    accounts.change(&alice(), enroll).unwrap().unwrap();
    let logins = MemberLogins::new(state(&store), Arc::clone(&store), Arc::new(NoNames));
    (logins, store)
}

fn state(store: &Arc<dyn DaemonStore>) -> Arc<DaemonState> {
    let policy = "[policy]\nmode = \"optional\"\n".to_owned();
    let config = Config::parse(&[("tfad.toml".to_owned(), policy)]).unwrap();
    let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
    let state = DaemonState::new(journal, PathBuf::new(), config, None);
    Arc::new(state.publishing_in(Arc::clone(store), PathBuf::new()))
}

/// Puts what the authority of the fleet knows of the member.
fn join(store: &dyn DaemonStore) {
    let document = FleetHost::joined(KEY_OF_HOST, None, clock::now()).encode();
    put(store, DocumentKind::Host, MEMBER, &document);
}

fn put(store: &dyn DaemonStore, kind: DocumentKind, name: &str, document: &[u8]) {
    let id = DocumentId::new(kind, name).unwrap();
    let put = DocumentChange {
        id: &id,
        expected: Some(Revision::NONE),
        document: Some(document),
    };
    let changed = store.change_documents(&[put]).unwrap();
    assert!(matches!(changed, Commit::Committed(_)));
}

fn begun(reply: LoginReply) -> (u32, LoginTurn) {
    match reply {
        LoginReply::Begun { dialog, turn } => (dialog, turn),
        other => panic!("{other:?}"),
    }
}

/// The reply to the begin of a login of alice, who has so many aliases.
fn reply(verifier: &MemberLogins, aliases: u32) -> LoginReply {
    let entry = |key: &str, value: &str| ContextEntry {
        key: key.to_owned(),
        value: EntryValue::Text(value.to_owned()),
    };
    let begin = BeginLogin {
        attempt: ATTEMPT,
        user: LoginUser {
            name: "alice".to_owned(),
            uid: 1000,
            aliases: (0..aliases)
                .map(|number| format!("alias{number}"))
                .collect(),
        },
        context: vec![
            entry("phase", "auth"),
            entry("service", "sshd"),
            entry("rhost", "192.0.2.7"),
        ],
        caller_uid: 0,
        facts: LoginFacts {
            at_console: Some(false),
            subject: None,
            session_phase_decides: Some(false),
            goes_on_after_wrong_password: Some(false),
        },
    };
    verifier.answer(MemberCall {
        member: MEMBER.to_owned(),
        call: LoginCall::Begin(begin),
        key: KEY_OF_HOST,
    })
}

/// Begins a login of alice, who has so many aliases, and returns its dialog and the calls.
fn begin(verifier: &MemberLogins, kv: &Counted, aliases: u32) -> (u32, Vec<&'static str>) {
    kv.take();
    let (dialog, turn) = begun(reply(verifier, aliases));
    assert_ne!(turn.next, "verdict");
    (dialog, kv.take())
}

/// Logs alice in, and returns the calls for the question and those for the answer.
fn log_in(verifier: &MemberLogins, kv: &Counted, aliases: u32) -> [Vec<&'static str>; 2] {
    let (dialog, of_begin) = begin(verifier, kv, aliases);
    let phone = Builder::new().with_secret(KEY).build_noncompliant();
    let code = phone.generate(clock::now().as_secs()).to_string();
    let answer = LoginCall::Answer {
        attempt: ATTEMPT,
        dialog,
        number: 1,
        answer: SecretText(Zeroizing::new(code)),
    };
    let (_, turn) = begun(verifier.answer(MemberCall {
        member: MEMBER.to_owned(),
        call: answer,
        key: KEY_OF_HOST,
    }));
    assert_eq!(turn.text, Verdict::VerifiedByTotp.name());
    [of_begin, kv.take()]
}

#[test]
fn login_of_a_member_takes_two_reads_and_one_transaction() {
    let expected = [vec!["get"], vec!["get", "txn"]];
    // With certificates of the organisation. The first login reads the policy.
    let kv = Counted::default();
    let (logins, _) = verifier(&kv);
    begin(&logins, &kv, 0);
    assert_eq!(log_in(&logins, &kv, 0), expected);
    // With an authority, to which the host is known.
    let kv = Counted::default();
    let (logins, store) = verifier(&kv);
    join(&*store);
    begin(&logins, &kv, 0);
    assert_eq!(log_in(&logins, &kv, 0), expected);
}

#[test]
fn login_of_a_user_with_many_names_takes_no_further_read() {
    let kv = Counted::default();
    let (logins, _) = verifier(&kv);
    begin(&logins, &kv, 0);
    // As many as tfa-fleet passes on.
    assert_eq!(log_in(&logins, &kv, 64), [vec!["get"], vec!["get", "txn"]]);
}

#[test]
fn record_under_an_alias_refuses_the_login_with_no_further_read() {
    let mut of_other = Account::new(2000);
    enroll(&mut of_other).unwrap();
    let of_other = of_other.encode();
    for (record, expected) in [
        (of_other.as_slice(), "alias7 was set up with the uid 2000"),
        (b"no account".as_slice(), "the record of alias7"),
    ] {
        let kv = Counted::default();
        let (logins, store) = verifier(&kv);
        begin(&logins, &kv, 64);
        let stored = store.commit("alias7", 2000, record, Revision::NONE);
        assert!(matches!(stored, Ok(Commit::Committed(_))), "{stored:?}");
        kv.take();
        match reply(&logins, 64) {
            LoginReply::Refused { text, .. } => assert!(text.contains(expected), "{text}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(kv.take(), ["get"]);
    }
}

#[test]
fn status_of_a_user_of_a_member_is_read_with_the_host() {
    let kv = Counted::default();
    let (logins, store) = verifier(&kv);
    join(&*store);
    let status = || {
        let call = AccountCall {
            user: LoginUser {
                name: "alice".to_owned(),
                uid: 1000,
                aliases: Vec::new(),
            },
            method: "Status".to_owned(),
            arguments: SecretBytes(Zeroizing::default()),
            subject: None,
            proved_by: None,
            only_reads: true,
        };
        kv.take();
        let reply = logins.answer(MemberCall {
            member: MEMBER.to_owned(),
            call: LoginCall::Account(call),
            key: KEY_OF_HOST,
        });
        assert!(matches!(reply, LoginReply::Account(_)), "{reply:?}");
        kv.take()
    };
    // The first one reads the policy.
    status();
    // The host with the record, which policy is the newest, and the verifiers that a text names.
    assert_eq!(status(), ["get", "get", "range"]);
}

#[test]
fn record_is_read_again_where_a_newer_policy_was_met_since() {
    let kv = Counted::default();
    let (_, store) = verifier(&kv);
    let accounts = Accounts::new(Arc::clone(&store) as _).of_members();
    let logins = Logins::new(
        state(&store),
        Arc::new(accounts.with_names(Arc::new(NoNames))),
    );
    let id = |kind, name| DocumentId::new(kind, name).unwrap();
    let (host, authority) = (
        id(DocumentKind::Host, MEMBER),
        id(DocumentKind::Authority, ""),
    );
    let read = || {
        let together = store.read_together(&host, &authority, &["alice"]);
        together.unwrap().record
    };
    let calls_with = |record| {
        kv.take();
        let caller = Caller {
            name: "host web1.example".to_owned(),
            uid: 0,
            pid: None,
            host: None,
        };
        let context = Context {
            service: "sshd".to_owned(),
            ..Context::default()
        };
        let (_, turn) = logins
            .begin_for(BeginRequest {
                host: Arc::new(LocalHost(CallsFor::Logins)),
                caller: &caller,
                user: alice(),
                context,
                record,
            })
            .unwrap();
        assert!(matches!(turn.next, Next::Ask(_)), "{turn:?}");
        kv.take()
    };
    // The first login reads the policy.
    calls_with(read());
    assert_eq!(calls_with(read()), Vec::<&str>::new());
    let early = read();
    let text = "[policy]\nmode = \"optional\"\n".to_owned();
    let now = clock::now();
    let policy = PublishedPolicy::new(text, "UTC".to_owned(), now, "v1".to_owned(), 0);
    put(&*store, DocumentKind::Policy, "", &policy.encode());
    // The stamp, the document, the stamp again, and the record.
    assert_eq!(calls_with(early), ["get", "get", "get", "get"]);
}

#[test]
fn unknown_host_is_refused_beside_an_authority_that_cannot_be_read() {
    let kv = Counted::default();
    let (logins, store) = verifier(&kv);
    let cancel = || LoginCall::Cancel {
        attempt: AttemptBytes([1; 16]),
        dialog: 7,
    };
    let answer = || {
        let member = MEMBER.to_owned();
        let key = KEY_OF_HOST;
        logins.answer(MemberCall {
            member,
            call: cancel(),
            key,
        })
    };
    let without_authority = answer();
    put(&*store, DocumentKind::Authority, "", b"not an authority");
    kv.take();
    let refused = answer();
    assert_eq!(kv.take(), ["get"]);
    assert_ne!(refused, without_authority);
    match refused {
        LoginReply::Refused { text, .. } => assert!(text.contains("has not joined"), "{text}"),
        other => panic!("{other:?}"),
    }
    // Nor can the value in its place be decrypted.
    kv.etcd
        .put("/tfa/d/authority/", b"\x02not a document that was sealed");
    assert!(matches!(answer(), LoginReply::Refused { .. }));
}
