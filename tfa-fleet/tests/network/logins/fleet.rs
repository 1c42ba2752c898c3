//! Verifiers and members of a test: each a process of the program, with tfad in this one.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::geteuid;
use tfa_core::{Account, Authenticator, Parameters, Secret, Time};
use tfa_fleet_wire::{Connection, LoginCall, LoginReply, MemberCall, VerifierCall, frame};
use tfa_proto::{Context, Next, Turn};
use tfa_testkit::MemoryStore;
use tfad::account::Accounts;
use tfad::caller::Caller;
use tfad::config::Config;
use tfad::fleet::{Forwarder, LoginTimes, MemberLogins};
use tfad::host::clock;
use tfad::host::users::{NameService, NameServiceFailed, User};
use tfad::log::{Journal, MemoryLog};
use tfad::login::{Error, LoginService as _};
use tfad::state::DaemonState;
use totp_rs::Builder;

use crate::TIMEOUT;
use crate::authority::Authority;
use crate::fixture::Program;

const KEY: &[u8] = b"12345678901234567890";

struct Names;

impl NameService for Names {
    fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed> {
        Ok((name == "alice").then(alice))
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed> {
        Ok((uid == 1000).then(alice))
    }
}

pub(crate) fn alice() -> User {
    User {
        name: "alice".to_owned(),
        uid: 1000,
        aliases: Vec::new(),
    }
}

pub(crate) fn state() -> Arc<DaemonState> {
    let policy = "[policy]\nmode = \"optional\"\n".to_owned();
    let config = Config::parse(&[("tfad.toml".to_owned(), policy)]).unwrap();
    let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
    Arc::new(DaemonState::new(journal, PathBuf::new(), config, None))
}

/// A store in which alice has enrolled.
pub(crate) fn store() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let long_ago = Time::from_secs(clock::now().as_secs() - 100 * 24 * 3600);
    let enroll = |account: &mut Account| {
        let phone = Authenticator::totp("phone", Parameters::default(), Secret::new(KEY).unwrap());
        account.bind(phone, long_ago).map(|_| ())
    };
    let accounts = Accounts::new(Arc::clone(&store) as _).by_name_alone();
    accounts.change(&alice(), enroll).unwrap().unwrap();
    store
}

/// The logins of a verifier to this store.
pub(crate) fn logins(store: &Arc<MemoryStore>) -> MemberLogins {
    MemberLogins::new(state(), Arc::clone(store) as _, Arc::new(Names))
}

/// The present code of alice.
pub(crate) fn code() -> String {
    let phone = Builder::new().with_secret(KEY).build_noncompliant();
    phone.generate(clock::now().as_secs()).to_string()
}

/// Answers calls at a socket of tfad until `answer` gives none, or the socket is another one. Returns the calls.
pub(crate) fn tfad(
    socket: &Path,
    answer: impl Fn(MemberCall) -> Option<LoginReply> + Send + Sync + 'static,
) -> Receiver<MemberCall> {
    tfad_at(UnixListener::bind(socket).unwrap(), answer)
}

/// The same at a socket that listens already.
pub(crate) fn tfad_at(
    listener: UnixListener,
    answer: impl Fn(MemberCall) -> Option<LoginReply> + Send + Sync + 'static,
) -> Receiver<MemberCall> {
    let address = listener.local_addr().unwrap();
    let socket = address.as_pathname().unwrap().to_owned();
    let inode = |socket: &Path| fs::metadata(socket).map(|found| found.ino()).ok();
    let own = inode(&socket);
    let (seen, calls) = channel();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let (answer, seen, socket) = (Arc::clone(&answer), seen.clone(), socket.clone());
            thread::spawn(move || {
                let uid = geteuid().as_raw();
                let mut connection = Connection::accept(stream, uid, TIMEOUT).unwrap();
                while let Ok(VerifierCall::Member(call)) = connection.receive() {
                    if inode(&socket) != own {
                        return;
                    }
                    let _ = seen.send(call.clone());
                    match answer(call) {
                        Some(reply) => connection.send(&frame::encode(&reply).unwrap()).unwrap(),
                        // Until the test ends.
                        None => thread::sleep(TIMEOUT),
                    }
                }
            });
        }
    });
    calls
}

/// A number of verifiers, v1.test and so on, and the member web1.test with its tfad.
pub(crate) struct Fleet {
    pub(crate) authority: Authority,
    pub(crate) verifiers: Vec<Program>,
    pub(crate) forwarder: Forwarder,
    /// Ends at the end of the test.
    _member: Program,
}

impl Fleet {
    /// Starts the programs, and waits for their connections. tfad of the verifiers comes later.
    pub(crate) fn start(verifiers: usize) -> Self {
        let authority = Authority::new();
        let (mut names, mut addresses) = (Vec::new(), Vec::new());
        let verifiers: Vec<_> = (1..=verifiers)
            .map(|number| {
                let name = format!("v{number}.test");
                let host = authority.issue(&name);
                let (program, address) = Program::verifier(&host, authority.certificate(), "");
                names.push(format!("'{name}:{}'", address.port()));
                addresses.push(format!("'{name}' = '{}'", address.ip()));
                program
            })
            .collect();
        let lines = format!(
            "verifiers = [{}]\naddresses = {{ {} }}",
            names.join(", "),
            addresses.join(", ")
        );
        let host = authority.issue_member("web1.test");
        let member = Program::start(&host, authority.certificate(), &lines);
        for _ in &verifiers {
            member.wait_for_line("connected to v");
        }
        let forwarder = forwarder(&member);
        Self {
            authority,
            verifiers,
            forwarder,
            _member: member,
        }
    }

    /// Serves the logins of a verifier. Returns the calls that it gets.
    pub(crate) fn tfad(
        &self,
        verifier: usize,
        answer: impl Fn(MemberCall) -> Option<LoginReply> + Send + Sync + 'static,
    ) -> Receiver<MemberCall> {
        tfad(
            &self.verifiers[verifier].folder.path().join("fleet"),
            answer,
        )
    }

    /// Serves the logins of a verifier to a store.
    pub(crate) fn logins(&self, verifier: usize, store: &Arc<MemoryStore>) -> Receiver<MemberCall> {
        let logins = logins(store);
        self.tfad(verifier, move |call| Some(logins.answer(call)))
    }

    pub(crate) fn begin(&self) -> Result<(u32, Turn), Error> {
        begin(&self.forwarder)
    }

    pub(crate) fn answer(&self, dialog: u32, text: &str) -> Result<Next, Error> {
        let turn = self.forwarder.answer("connection 1", dialog, text);
        turn.map(|turn| turn.next)
    }
}

/// tfad of a member.
pub(crate) fn forwarder(member: &Program) -> Forwarder {
    let socket = member.folder.path().join("call");
    let (uid, times) = (geteuid().as_raw(), LoginTimes::default());
    Forwarder::new(state(), Arc::new(Names), &socket, uid, times)
}

/// Begins a login of alice over SSH with a password.
pub(crate) fn begin(forwarder: &Forwarder) -> Result<(u32, Turn), Error> {
    let caller = Caller {
        name: "connection 1".to_owned(),
        uid: 0,
        pid: None,
        host: None,
    };
    let context = Context {
        service: "sshd".to_owned(),
        rhost: "192.0.2.7".to_owned(),
        password_given: true,
        ..Context::default()
    };
    forwarder.begin(&caller, "alice", Ok(context))
}

/// The next call of that kind.
pub(crate) fn next(calls: &Receiver<MemberCall>, is: fn(&LoginCall) -> bool) -> LoginCall {
    loop {
        let MemberCall { call, .. } = calls.recv_timeout(TIMEOUT).unwrap();
        if is(&call) {
            return call;
        }
    }
}

pub(crate) fn is_answer(call: &LoginCall) -> bool {
    matches!(call, LoginCall::Answer { .. })
}

pub(crate) fn is_cancel(call: &LoginCall) -> bool {
    matches!(call, LoginCall::Cancel { .. })
}

/// What the issue promises: a verifier that is killed costs a login less than that.
pub(crate) const MOST: Duration = Duration::from_secs(2);
