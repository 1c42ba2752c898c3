//! Logins of a member, from the call of the module to the engine of a verifier. `tfa-fleet` is a thread.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::unistd::geteuid;
use tfa_core::{Account, Authenticator, Parameters, Secret, Time};
use tfa_fleet_wire::{
    Connection, LoginCall, LoginLine, LoginReply, LoginTurn, MemberCall, NeededFact, Reply,
    Request, SecretText, frame,
};
use tfa_proto::{Context, Next, Verdict};
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

const KEY: &[u8] = b"12345678901234567890";
const DAY: u64 = 24 * 3600;
/// More than any call takes.
const LONG: Duration = Duration::from_secs(60);

struct Names;

impl NameService for Names {
    fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed> {
        Ok((name == "alice").then(alice))
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed> {
        Ok((uid == 1000).then(alice))
    }
}

fn alice() -> User {
    User {
        name: "alice".to_owned(),
        uid: 1000,
        aliases: Vec::new(),
    }
}

fn state(policy: &str) -> Arc<DaemonState> {
    let config = Config::parse(&[("tfad.toml".to_owned(), policy.to_owned())]).unwrap();
    let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
    Arc::new(DaemonState::new(journal, PathBuf::new(), config, None))
}

/// A verifier at which alice has enrolled.
fn verifier(policy: &str) -> MemberLogins {
    let store = Arc::new(MemoryStore::new());
    let long_ago = Time::from_secs(clock::now().as_secs() - 100 * DAY);
    let enroll = |account: &mut Account| {
        let phone = Authenticator::totp("phone", Parameters::default(), Secret::new(KEY).unwrap());
        account.bind(phone, long_ago).map(|_| ())
    };
    let accounts = Accounts::new(Arc::clone(&store) as _).by_name_alone();
    accounts.change(&alice(), enroll).unwrap().unwrap();
    MemberLogins::new(state(policy), store)
}

/// A member whose `tfa-fleet` answers so.
struct Member {
    folder: PathBuf,
    forwarder: Forwarder,
}

impl Member {
    fn start(name: &str, answer: impl Fn(LoginCall) -> Reply + Send + 'static) -> Self {
        let member = Self::without_fleet(name);
        let listener = UnixListener::bind(member.folder.join("call")).unwrap();
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let uid = geteuid().as_raw();
            let mut connection = Connection::accept(stream, uid, LONG).unwrap();
            while let Ok(Request::Login { call, .. }) = connection.receive() {
                let reply = frame::encode(&answer(call)).unwrap();
                connection.send(&reply).unwrap();
            }
        });
        member
    }

    fn without_fleet(name: &str) -> Self {
        let folder = format!("tfad-forwarding-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let (state, uid) = (state("[policy]\nmode = \"optional\"\n"), geteuid().as_raw());
        let socket = folder.join("call");
        let forwarder = Forwarder::new(state, Arc::new(Names), &socket, uid);
        let times = LoginTimes {
            begin: LONG,
            answer: LONG,
        };
        let forwarder = forwarder.with_times(times);
        Self { folder, forwarder }
    }

    /// A member of this verifier.
    fn of(name: &str, verifier: MemberLogins) -> Self {
        Self::start(name, move |call| {
            let member = "web1.example".to_owned();
            Reply::Login(verifier.answer(MemberCall { member, call }))
        })
    }

    fn begin(&self, caller: &Caller) -> Result<(u32, Next), Error> {
        let context = Context {
            service: "sshd".to_owned(),
            rhost: "192.0.2.7".to_owned(),
            password_given: true,
            ..Context::default()
        };
        let begun = self.forwarder.begin(caller, "alice", Ok(context));
        begun.map(|(dialog, turn)| (dialog, turn.next))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn root() -> Caller {
    Caller {
        name: "connection 1".to_owned(),
        uid: 0,
        pid: None,
    }
}

fn code() -> String {
    let phone = Builder::new().with_secret(KEY).build_noncompliant();
    phone.generate(clock::now().as_secs()).to_string()
}

const OPTIONAL: &str = "[policy]\nmode = \"optional\"\n";

#[test]
fn a_login_is_asked_and_let_in_by_the_verifier_and_its_code_is_used() {
    let member = Member::of("code", verifier(OPTIONAL));
    let code = code();
    let (dialog, next) = member.begin(&root()).unwrap();
    assert!(matches!(next, Next::Ask(_)) && dialog != 0);
    let turn = member
        .forwarder
        .answer("connection 1", dialog, &code)
        .unwrap();
    assert_eq!(turn.next, Next::Verdict(Verdict::VerifiedByTotp));
    // The dialog is over, and the code is used.
    let over = member.forwarder.answer("connection 1", dialog, &code);
    assert!(matches!(over, Err(Error::NoSuchDialog)));
    let (dialog, _) = member.begin(&root()).unwrap();
    let turn = member
        .forwarder
        .answer("connection 1", dialog, &code)
        .unwrap();
    assert!(matches!(turn.next, Next::Ask(_)), "{turn:?}");
}

#[test]
fn a_dialog_belongs_to_its_connection_and_ends_with_it() {
    let member = Member::of("connection", verifier(OPTIONAL));
    let (dialog, _) = member.begin(&root()).unwrap();
    let other = member.forwarder.answer("connection 2", dialog, &code());
    assert!(matches!(other, Err(Error::NoSuchDialog)));
    assert!(member.forwarder.idle_timeout("connection 1").is_some());
    member.forwarder.forget("connection 1");
    assert_eq!(member.forwarder.idle_timeout("connection 1"), None);
    let gone = member.forwarder.answer("connection 1", dialog, &code());
    assert!(matches!(gone, Err(Error::NoSuchDialog)));
    let (dialog, _) = member.begin(&root()).unwrap();
    member.forwarder.cancel("connection 1", dialog).unwrap();
    let cancelled = member.forwarder.answer("connection 1", dialog, &code());
    assert!(matches!(cancelled, Err(Error::NoSuchDialog)));
}

#[test]
fn a_program_of_a_user_asks_about_that_user_alone() {
    let member = Member::of("own", verifier(OPTIONAL));
    let of = |uid| Caller { uid, ..root() };
    assert!(matches!(
        member.begin(&of(1001)),
        Err(Error::NotOwnUser { .. })
    ));
    assert!(matches!(member.begin(&of(1000)), Ok((_, Next::Ask(_)))));
    let unknown = member
        .forwarder
        .begin(&root(), "bob", Ok(Context::default()));
    assert_eq!(unknown.unwrap().1.next, Next::Verdict(Verdict::UnknownUser));
}

fn turn(next: &str, text: &str) -> LoginTurn {
    LoginTurn {
        lines: Vec::new(),
        next: next.to_owned(),
        text: text.to_owned(),
        number: 0,
    }
}

#[test]
fn a_reply_that_is_not_valid_denies() {
    let line = LoginLine {
        kind: "other".to_owned(),
        text: SecretText::new(String::new()),
    };
    let verified = |dialog, turn| LoginReply::Begun { dialog, turn };
    let replies = [
        Reply::NotUnderstood,
        Reply::Login(LoginReply::Cancelled),
        // Asked for again and again.
        Reply::Login(LoginReply::NeedFact(NeededFact::Console)),
        Reply::Login(verified(0, turn("verdict", "let-in"))),
        Reply::Login(verified(0, turn("verified", ""))),
        Reply::Login(verified(0, turn("ask-hidden", "Code: "))),
        Reply::Login(verified(
            0,
            LoginTurn {
                lines: vec![line],
                ..turn("verdict", "verified")
            },
        )),
        Reply::Login(LoginReply::Refused {
            error: "org.tfad.Tfa1.Error.Later".to_owned(),
            text: "a later version".to_owned(),
        }),
    ];
    for (number, reply) in replies.into_iter().enumerate() {
        let answer = reply.clone();
        let member = Member::start(&format!("wrong-{number}"), move |_| answer.clone());
        let begun = member.begin(&root());
        let is_denied = matches!(begun, Err(Error::Refused(tfa_proto::Error::Storage(_))));
        assert!(is_denied, "{reply:?}: {begun:?}");
    }
}

#[test]
fn the_error_of_a_verifier_is_the_error_of_the_login() {
    let member = Member::start("error", |_| {
        Reply::Login(LoginReply::Refused {
            error: "org.tfad.Tfa1.Error.UidChanged".to_owned(),
            text: "alice has another uid".to_owned(),
        })
    });
    let Err(Error::Refused(error)) = member.begin(&root()) else {
        panic!("not refused");
    };
    let expected = tfa_proto::Error::UidChanged("alice has another uid".to_owned());
    assert_eq!(error, expected);
}

#[test]
fn without_a_verifier_no_login_is_served() {
    let member = Member::start("none", |_| Reply::NoVerifier("v1 is down".to_owned()));
    assert!(
        matches!(member.begin(&root()), Err(Error::NoVerifier(why)) if why.contains("v1 is down"))
    );
    let member = Member::without_fleet("absent");
    assert!(matches!(member.begin(&root()), Err(Error::NoVerifier(_))));
}
