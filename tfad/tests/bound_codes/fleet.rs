//! A verifier and a member of it, in this process.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::unistd::geteuid;
use tfa_core::{Account, Authenticator, Fingerprint, Parameters, Secret, Time};
use tfa_fleet_wire::{
    Connection, LinkError, LinkErrorKind, LoginReply, MemberCall, Reply, Request, Status,
    VerifierStatus, frame,
};
use tfa_proto::{Context, Next, Turn, Verdict};
use tfa_store::{Commit, Opened, Revision, StateDir, Store as _};
use tfa_testkit::MemoryStore;
use tfad::account::Accounts;
use tfad::caller::Caller;
use tfad::config::Config;
use tfad::fleet::{BoundStore, Forwarder, LoginTimes, MemberLogins};
use tfad::host::clock;
use tfad::log::{Journal, MemoryLog};
use tfad::login::{Error, LoginService as _};
use tfad::state::DaemonState;
use totp_rs::Builder;

use crate::alice::{Names, NoNames, alice};

const KEY: &[u8] = b"12345678901234567890";
pub(crate) const BOUND: &str = "[policy]\nmode = \"optional\"\noffline = \"bound-codes\"\n";
pub(crate) const DENY: &str = "[policy]\nmode = \"optional\"\n";
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn state(policy: &str) -> (Arc<DaemonState>, MemoryLog) {
    let config = Config::parse(&[("tfad.toml".to_owned(), policy.to_owned())]).unwrap();
    let log = MemoryLog::default();
    let journal = Arc::new(Journal::in_memory(log.clone()));
    let state = DaemonState::new(journal, PathBuf::new(), config, None);
    (Arc::new(state), log)
}

/// What the link to the verifier does.
#[derive(Default)]
pub(crate) struct Link {
    is_cut: AtomicBool,
    /// There is no connection because the certificate of the member is refused.
    pub(crate) refuses: AtomicBool,
    /// How many replies are lost after the verifier has acted.
    pub(crate) loses_replies: AtomicU8,
    /// The error of a verifier that refuses each call.
    pub(crate) refusal: Mutex<Option<String>>,
}

impl Link {
    /// What `tfa-fleet` tells of the verifier.
    fn status(&self) -> Status {
        let kind = match self.refuses.load(Ordering::SeqCst) {
            true => LinkErrorKind::Refused,
            false => LinkErrorKind::Unreachable,
        };
        let error = LinkError {
            kind,
            text: "the link is cut".to_owned(),
        };
        let verifier = VerifierStatus {
            name: "v1".to_owned(),
            is_connected: false,
            clock_ahead_ms: None,
            round_trip_us: None,
            error: Some(error),
            refusal: None,
            is_only_told: false,
        };
        Status {
            version: "0".to_owned(),
            host: "web1.example".to_owned(),
            hosts: 0,
            verifiers: vec![verifier],
            etcd: Vec::new(),
            is_etcd_full: None,
        }
    }
}

/// A verifier with alice, and a member of it.
pub(crate) struct Fleet {
    pub(crate) folder: PathBuf,
    pub(crate) link: Arc<Link>,
    pub(crate) accounts: Accounts,
    pub(crate) verifier: Arc<MemberLogins>,
    pub(crate) of_verifier: (Arc<DaemonState>, MemoryLog),
    pub(crate) member: Forwarder,
    pub(crate) of_member: (Arc<DaemonState>, MemoryLog),
    /// How many codes the phone has shown.
    shown: AtomicU64,
}

fn serve(listener: &UnixListener, link: &Link, verifier: &MemberLogins) {
    let verifier = Mutex::new(verifier);
    thread::scope(|scope| {
        while let Ok((stream, _)) = listener.accept() {
            let verifier = &verifier;
            scope.spawn(move || {
                let uid = geteuid().as_raw();
                let mut connection = Connection::accept(stream, uid, LONG).unwrap();
                while let Ok(request) = connection.receive() {
                    let Request::Login { call, .. } = request else {
                        let status = Reply::Status(link.status());
                        let _ = connection.send(&frame::encode(&status).unwrap());
                        continue;
                    };
                    let reply = if link.is_cut.load(Ordering::SeqCst) {
                        Reply::NoVerifier("the link is cut".to_owned())
                    } else {
                        let (member, key) = ("web1.example".to_owned(), [1; Fingerprint::LENGTH]);
                        let key = Fingerprint::new(key);
                        let call = MemberCall { member, call, key };
                        let reply = match link.refusal.lock().unwrap().clone() {
                            None => verifier.lock().unwrap().answer(call),
                            Some(error) => LoginReply::Refused {
                                error,
                                text: "refused".to_owned(),
                            },
                        };
                        let verifier = "v1".to_owned();
                        let lost = &link.loses_replies;
                        let counted = |left: u8| left.checked_sub(1);
                        match lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, counted) {
                            Ok(_) => Reply::NoAnswer("lost".to_owned()),
                            Err(_) => Reply::Login { verifier, reply },
                        }
                    };
                    let _ = connection.send(&frame::encode(&reply).unwrap());
                }
            });
        }
    });
}

/// The daemon of the member.
pub(crate) fn member(folder: &Path, state: &Arc<DaemonState>) -> Forwarder {
    let times = LoginTimes {
        begin: LONG,
        answer: LONG,
        cancel: LONG,
        account: LONG,
    };
    let socket = folder.join("call");
    let uid = geteuid().as_raw();
    let store = BoundStore::new(&StateDir {
        path: folder.to_owned(),
        credentials: None,
    });
    Forwarder::new(Arc::clone(state), Arc::new(Names), &socket, uid, times).with_bound_codes(store)
}

impl Fleet {
    pub(crate) fn start(name: &str, of_verifier: &str, of_member: &str) -> Self {
        let folder = format!("tfad-bound-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let store = Arc::new(MemoryStore::new());
        let long_ago = Time::from_secs(clock::now().as_secs() - 100 * 24 * 3600);
        let enroll = |account: &mut Account| {
            let phone =
                Authenticator::totp("phone", Parameters::default(), Secret::new(KEY).unwrap());
            account.bind(phone, long_ago).map(|_| ())
        };
        let accounts = Accounts::new(Arc::clone(&store) as _).by_name_alone();
        accounts.change(&alice(), enroll).unwrap().unwrap();
        let of_verifier = state(of_verifier);
        let state = Arc::clone(&of_verifier.0);
        let verifier = Arc::new(MemberLogins::new(state, store, Arc::new(NoNames)));
        let listener = UnixListener::bind(folder.join("call")).unwrap();
        let link = Arc::new(Link::default());
        let (of_thread, serving) = (Arc::clone(&link), Arc::clone(&verifier));
        thread::spawn(move || serve(&listener, &of_thread, &serving));
        let of_member = self::state(of_member);
        Self {
            member: member(&folder, &of_member.0),
            folder,
            link,
            accounts,
            verifier,
            of_verifier,
            of_member,
            shown: AtomicU64::new(0),
        }
    }

    pub(crate) fn cut(&self, is_cut: bool) {
        self.link.is_cut.store(is_cut, Ordering::SeqCst);
    }

    /// tfad on the member is killed, and starts again.
    pub(crate) fn restart_member(&mut self, policy: &str) {
        self.of_member = state(policy);
        self.member = member(&self.folder, &self.of_member.0);
    }

    /// Makes a set, with the next code of the phone. A test has two.
    pub(crate) fn make_codes(&self) -> Result<Vec<String>, Error> {
        let phone = Builder::new().with_secret(KEY).build_noncompliant();
        let steps = self.shown.fetch_add(1, Ordering::SeqCst);
        let code = phone.generate(clock::now().as_secs() + 30 * steps);
        self.member
            .new_bound_codes(&alice(), &code.to_string(), None)
    }

    pub(crate) fn begin(&self) -> Result<(u32, Turn), Error> {
        self.begin_with(ssh())
    }

    pub(crate) fn begin_with(&self, context: Context) -> Result<(u32, Turn), Error> {
        self.member.begin(&root(), "alice", Ok(context))
    }

    /// Damages the record of a user on the member, whose daemon does not use it now.
    pub(crate) fn damage(&self, user: &str) {
        let directory = StateDir {
            path: self.folder.join("bound"),
            credentials: None,
        };
        let Opened { store, .. } = tfa_store::open(&directory, |_| None).unwrap();
        let found = store.load(user).unwrap();
        let revision = found.map_or(Revision::NONE, |(_, revision)| revision);
        let uid = if user == "alice" { alice().uid } else { 2000 };
        let damaged = store.commit(user, uid, b"damaged", revision).unwrap();
        assert!(matches!(damaged, Commit::Committed(_)));
    }

    /// The verdict of a login with this code; `None` if it is asked again.
    pub(crate) fn log_in(&self, code: &str) -> Option<Verdict> {
        let (dialog, turn) = self.begin().unwrap();
        assert!(asks_for_bound_code(&turn), "{turn:?}");
        verdict(&self.member.answer("connection 1", dialog, code).unwrap())
    }

    /// What an offline login comes to.
    pub(crate) fn verdict_of_begin(&self) -> Option<Verdict> {
        verdict(&self.begin().unwrap().1)
    }

    pub(crate) fn left(&self) -> Vec<u8> {
        let account = self.accounts.load(&alice()).unwrap().unwrap();
        let sets = account.bound_hosts().filter_map(|host| host.in_use());
        sets.map(|set| set.left).collect()
    }
}

pub(crate) fn root() -> Caller {
    Caller {
        name: "connection 1".to_owned(),
        uid: 0,
        pid: None,
        host: None,
    }
}

pub(crate) fn ssh() -> Context {
    Context {
        service: "sshd".to_owned(),
        rhost: "192.0.2.7".to_owned(),
        password_given: true,
        ..Context::default()
    }
}

pub(crate) fn verdict(turn: &Turn) -> Option<Verdict> {
    match &turn.next {
        Next::Verdict(verdict) => Some(*verdict),
        Next::Ask(_) => None,
    }
}

pub(crate) fn asks_for_bound_code(turn: &Turn) -> bool {
    matches!(&turn.next, Next::Ask(question) if question.text == "Bound code: ")
}
