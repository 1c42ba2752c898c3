//! Logins of a member, from the call of the module to the engine of a verifier. `tfa-fleet` is a thread.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

mod alice;

use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{Shutdown, shutdown};
use nix::unistd::geteuid;
use tfa_core::{Account, Authenticator, Fingerprint, Parameters, Secret, Time};
use tfa_fleet_wire::{
    AttemptBytes, Connection, LoginCall, LoginLine, LoginReply, LoginTurn, MemberCall, NeededFact,
    Reply, Request, SecretBytes, SecretText, frame,
};
use tfa_proto::{Context, Next, PromptStyle, Verdict};
use tfa_testkit::MemoryStore;
use tfad::account::Accounts;
use tfad::caller::Caller;
use tfad::config::Config;
use tfad::fleet::{Forwarder, LoginTimes, MemberLogins};
use tfad::host::clock;
use tfad::log::{Journal, MemoryLog};
use tfad::login::{Error, LoginService as _};
use tfad::owner::Method;
use tfad::state::DaemonState;
use totp_rs::Builder;

use alice::{Names, alice};

const KEY: &[u8] = b"12345678901234567890";
const DAY: u64 = 24 * 3600;
/// More than any call takes.
const LONG: Duration = Duration::from_secs(60);

fn state(policy: &str) -> Arc<DaemonState> {
    let config = Config::parse(&[("tfad.toml".to_owned(), policy.to_owned())]).unwrap();
    let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
    Arc::new(DaemonState::new(journal, PathBuf::new(), config, None))
}

/// A verifier at which alice has enrolled.
fn verifier(policy: &str) -> MemberLogins {
    MemberLogins::new(state(policy), store(), Arc::new(Names))
}

/// A store in which alice has enrolled.
fn store() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let long_ago = Time::from_secs(clock::now().as_secs() - 100 * DAY);
    let enroll = |account: &mut Account| {
        let phone = Authenticator::totp("phone", Parameters::default(), Secret::new(KEY).unwrap());
        account.bind(phone, long_ago).map(|_| ())
    };
    let accounts = Accounts::new(Arc::clone(&store) as _).by_name_alone();
    accounts.change(&alice(), enroll).unwrap().unwrap();
    store
}

/// The reply of a verifier to a call of web1.
fn at(verifier: &MemberLogins, name: &str, call: LoginCall) -> Reply {
    let member = "web1.example".to_owned();
    let key = Fingerprint::new([1; Fingerprint::LENGTH]);
    said(name, verifier.answer(MemberCall { member, call, key }))
}

/// What a verifier says.
fn said(verifier: &str, reply: LoginReply) -> Reply {
    let verifier = verifier.to_owned();
    Reply::Login { verifier, reply }
}

/// A member whose `tfa-fleet` answers so.
struct Member {
    folder: PathBuf,
    forwarder: Forwarder,
    fleet: Option<Arc<UnixListener>>,
}

/// Time for each call, on a busy host as well.
const TIMES: LoginTimes = LoginTimes {
    begin: LONG,
    answer: LONG,
    cancel: LONG,
    account: LONG,
};

/// The logins of a member, through a socket in this folder.
fn forwarder(folder: &Path, times: LoginTimes) -> Forwarder {
    let socket = folder.join("call");
    let uid = geteuid().as_raw();
    Forwarder::new(state(OPTIONAL), Arc::new(Names), &socket, uid, times)
}

/// Answers the calls on each connection, one call at a time, until the listener is shut down.
fn serve(listener: &UnixListener, answer: impl FnMut(LoginCall, Option<String>) -> Reply + Send) {
    let answer = Mutex::new(answer);
    thread::scope(|scope| {
        while let Ok((stream, _)) = listener.accept() {
            let answer = &answer;
            scope.spawn(move || {
                let uid = geteuid().as_raw();
                let mut connection = Connection::accept(stream, uid, LONG).unwrap();
                while let Ok(Request::Login { call, verifier, .. }) = connection.receive() {
                    let reply = answer.lock().unwrap()(call, verifier);
                    // The member may have given up.
                    let _ = connection.send(&frame::encode(&reply).unwrap());
                }
            });
        }
    });
}

impl Member {
    fn start(
        name: &str,
        answer: impl FnMut(LoginCall, Option<String>) -> Reply + Send + 'static,
    ) -> Self {
        let mut member = Self::without_fleet(name);
        let listener = Arc::new(UnixListener::bind(member.folder.join("call")).unwrap());
        member.fleet = Some(Arc::clone(&listener));
        thread::spawn(move || serve(&listener, answer));
        member
    }

    fn without_fleet(name: &str) -> Self {
        let folder = format!("tfad-forwarding-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        Self {
            forwarder: forwarder(&folder, TIMES),
            folder,
            fleet: None,
        }
    }

    /// A member of this verifier.
    fn of(name: &str, verifier: MemberLogins) -> Self {
        Self::start(name, move |call, _| at(&verifier, "v1", call))
    }

    fn with_times(mut self, times: LoginTimes) -> Self {
        self.forwarder = forwarder(&self.folder, times);
        self
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
        if let Some(listener) = &self.fleet {
            shutdown(listener.as_raw_fd(), Shutdown::Read).unwrap();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn root() -> Caller {
    Caller {
        name: "connection 1".to_owned(),
        uid: 0,
        pid: None,
        host: None,
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
    let verified = |dialog, turn| said("v1", LoginReply::Begun { dialog, turn });
    let replies = [
        Reply::NotUnderstood,
        // No dialog is there to be lost.
        Reply::Lost("v1 is down".to_owned()),
        said("v1", LoginReply::Cancelled),
        // Asked for again and again.
        said("v1", LoginReply::NeedFact(NeededFact::Console)),
        verified(0, turn("verdict", "let-in")),
        verified(0, turn("verified", "")),
        // Not of an auth phase, or not of a member.
        verified(0, turn("verdict", "verified")),
        verified(0, turn("verdict", "left-to-session")),
        verified(0, turn("verdict", "recovered")),
        verified(0, turn("ask-hidden", "Code: ")),
        verified(
            0,
            LoginTurn {
                lines: vec![line],
                ..turn("verdict", "verified")
            },
        ),
        said(
            "v1",
            LoginReply::Refused {
                error: "org.tfad.Tfa1.Error.Later".to_owned(),
                text: "a later version".to_owned(),
            },
        ),
    ];
    for (number, reply) in replies.into_iter().enumerate() {
        let answer = reply.clone();
        let member = Member::start(&format!("wrong-{number}"), move |_, _| answer.clone());
        let begun = member.begin(&root());
        let is_denied = matches!(begun, Err(Error::Refused(tfa_proto::Error::Storage(_))));
        assert!(is_denied, "{reply:?}: {begun:?}");
    }
}

#[test]
fn the_error_of_a_verifier_is_the_error_of_the_login() {
    let member = Member::start("error", |_, _| {
        let error = "org.tfad.Tfa1.Error.UidChanged".to_owned();
        let text = "alice has another uid".to_owned();
        said("v1", LoginReply::Refused { error, text })
    });
    let Err(Error::Refused(error)) = member.begin(&root()) else {
        panic!("not refused");
    };
    let expected = tfa_proto::Error::UidChanged("alice has another uid".to_owned());
    assert_eq!(error, expected);
}

#[test]
fn without_a_verifier_no_login_is_served() {
    let member = Member::start("none", |_, _| Reply::NoVerifier("v1 is down".to_owned()));
    assert!(
        matches!(member.begin(&root()), Err(Error::CutOff { why, console: false }) if why.contains("v1 is down"))
    );
    let member = Member::without_fleet("absent");
    assert!(matches!(member.begin(&root()), Err(Error::CutOff { .. })));
}

/// Whether the login counts as one of a host that is cut off.
fn is_absent(begun: Result<(u32, Next), Error>) -> bool {
    let error = tfa_proto::Error::from(begun.unwrap_err());
    matches!(error, tfa_proto::Error::CutOff(_))
}

#[test]
fn only_what_no_user_can_cause_counts_as_no_verifier() {
    let absent = Member::start("there-is-none", |_, _| Reply::NoVerifier("none".to_owned()));
    assert!(is_absent(absent.begin(&root())));
    assert!(is_absent(Member::without_fleet("no-socket").begin(&root())));
    let busy = Member::start("busy", |_, _| Reply::NoAnswer("busy".to_owned()));
    assert!(!is_absent(busy.begin(&root())));
    let broken = Member::start("broken", |_, _| Reply::NotUnderstood);
    assert!(!is_absent(broken.begin(&root())));
    // tfa-fleet is full, and closes the connection.
    let full = Member::without_fleet("full");
    let listener = UnixListener::bind(full.folder.join("call")).unwrap();
    thread::spawn(move || while listener.accept().is_ok() {});
    assert!(!is_absent(full.begin(&root())));
    // It hangs.
    let hangs = Member::without_fleet("hangs");
    let _listener = UnixListener::bind(hangs.folder.join("call")).unwrap();
    let short = Duration::from_millis(10);
    let times = LoginTimes {
        begin: short,
        answer: short,
        cancel: short,
        account: short,
    };
    let hangs = hangs.with_times(times);
    assert!(!is_absent(hangs.begin(&root())));
}

#[test]
fn a_dialog_that_is_given_up_leaves_its_place_at_the_verifier() {
    let (seen, cancelled) = channel();
    let mut begun = 0;
    let member = Member::start("places", move |call, verifier| match call {
        LoginCall::Begin(_) => {
            begun += 1;
            said("v1", asks(begun, "Code: "))
        }
        LoginCall::Answer { dialog, .. } => said("v1", asks(dialog, "Code: ")),
        LoginCall::Cancel { dialog, .. } => {
            assert_eq!(verifier.as_deref(), Some("v1"));
            seen.send(dialog).unwrap();
            said("v1", LoginReply::Cancelled)
        }
        LoginCall::Account(_) => unreachable!(),
    });
    // A user has eight at most: the ninth is refused here.
    let of_alice = Caller {
        uid: 1000,
        ..root()
    };
    for _ in 0..8 {
        member.begin(&of_alice).unwrap();
    }
    let refused = member.begin(&of_alice);
    assert!(matches!(refused, Err(Error::TooManyDialogs)));
    assert_eq!(cancelled.recv_timeout(LONG), Ok(9));
    // The connection ends.
    member.forwarder.forget("connection 1");
    let mut all: Vec<u32> = (0..8)
        .map(|_| cancelled.recv_timeout(LONG).unwrap())
        .collect();
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3, 4, 5, 6, 7, 8]);
    // It ends while an answer is judged.
    let (seen, judging) = channel();
    let (go_on, told) = channel::<()>();
    let (sent, cancelled) = channel();
    let member = Member::start("place-of-one", move |call, _| match call {
        LoginCall::Begin(_) => said("v1", asks(1, "Code: ")),
        LoginCall::Answer { .. } => {
            seen.send(()).unwrap();
            told.recv().unwrap();
            said("v1", asks(1, "Code: "))
        }
        LoginCall::Cancel { dialog, .. } => {
            sent.send(dialog).unwrap();
            said("v1", LoginReply::Cancelled)
        }
        LoginCall::Account(_) => unreachable!(),
    });
    let (dialog, _) = member.begin(&root()).unwrap();
    let forwarder = &member.forwarder;
    thread::scope(|scope| {
        scope.spawn(move || forwarder.answer("connection 1", dialog, "123456"));
        judging.recv_timeout(LONG).unwrap();
        forwarder.forget("connection 1");
        go_on.send(()).unwrap();
    });
    assert_eq!(cancelled.recv_timeout(LONG), Ok(1));
}

#[test]
fn the_reply_of_another_dialog_or_verifier_denies() {
    for (verifier, dialog) in [("v2", 1), ("v1", 2)] {
        let member = Member::start(&format!("other-{verifier}"), move |call, _| match call {
            LoginCall::Begin(_) => said("v1", asks(1, "Code: ")),
            _ => {
                let turn = turn("verdict", "verified");
                said(verifier, LoginReply::Begun { dialog, turn })
            }
        });
        let (open, _) = member.begin(&root()).unwrap();
        let answered = member.forwarder.answer("connection 1", open, "123456");
        let is_denied = matches!(answered, Err(Error::Refused(tfa_proto::Error::Storage(_))));
        assert!(is_denied, "{answered:?}");
    }
}

// A verifier that is lost.

/// An answer as a verifier gets it: its attempt and its number.
type Numbered = (AttemptBytes, u32);

/// A member of two verifiers with one store. The first one gets each answer, and judges it where `judges` says
/// so, but its replies to answers are lost.
fn of_two(
    name: &str,
    policy: &'static str,
    store: &Arc<MemoryStore>,
    judges: impl Fn(u32) -> Judges + Send + 'static,
) -> (Member, Receiver<(String, Numbered)>) {
    let logins = |()| MemberLogins::new(state(policy), Arc::clone(store) as _, Arc::new(Names));
    let both = [(); 2].map(logins);
    let (seen, answers) = channel();
    let mut is_lost = false;
    let member = Member::start(name, move |call, named| {
        let [first, second] = &both;
        let (at_verifier, name) = match is_lost {
            false => (first, "v1"),
            true => (second, "v2"),
        };
        let LoginCall::Answer {
            attempt, number, ..
        } = call
        else {
            assert!(named.is_none() || named.as_deref() == Some(name));
            return at(at_verifier, name, call);
        };
        assert_eq!(named.as_deref(), Some(name));
        seen.send((name.to_owned(), (attempt, number))).unwrap();
        match (is_lost, judges(number)) {
            (true, _) | (false, Judges::AndReplies) => at(at_verifier, name, call),
            (false, judges) => {
                is_lost = true;
                if judges == Judges::AndIsLost {
                    let _ = at(at_verifier, name, call);
                }
                Reply::Lost("v1 is down".to_owned())
            }
        }
    });
    (member, answers)
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Judges {
    AndReplies,
    AndIsLost,
    Never,
}

#[test]
fn an_answer_is_sent_again_to_another_verifier_as_the_same_one() {
    for judges in [Judges::Never, Judges::AndIsLost] {
        let (member, answers) =
            of_two(&format!("lost-{judges:?}"), OPTIONAL, &store(), move |_| {
                judges
            });
        let (dialog, _) = member.begin(&root()).unwrap();
        let code = code();
        let turn = member.forwarder.answer("connection 1", dialog, &code);
        let verdict = Next::Verdict(Verdict::VerifiedByTotp);
        assert_eq!(turn.unwrap().next, verdict, "{judges:?}");
        let (first, second) = (answers.recv().unwrap(), answers.recv().unwrap());
        assert_eq!((&*first.0, first.1.1, &*second.0), ("v1", 1, "v2"));
        assert!(first.1 == second.1, "{judges:?}");
        // Another login is another attempt, for which the code is used.
        let (dialog, _) = member.begin(&root()).unwrap();
        let turn = member.forwarder.answer("connection 1", dialog, &code);
        assert!(matches!(turn.unwrap().next, Next::Ask(_)), "{judges:?}");
        assert!(answers.recv().unwrap().1.0 != first.1.0);
    }
}

#[test]
fn a_wrong_code_that_is_sent_again_counts_once() {
    let store = store();
    let (member, answers) = of_two("wrong", OPTIONAL, &store, |number| match number {
        1 => Judges::AndReplies,
        _ => Judges::AndIsLost,
    });
    let (dialog, _) = member.begin(&root()).unwrap();
    for number in 1..=2 {
        let turn = member.forwarder.answer("connection 1", dialog, "000000");
        let turn = turn.unwrap();
        assert!(matches!(turn.next, Next::Ask(_)), "{number}: {turn:?}");
    }
    let numbers: Vec<u32> = answers.try_iter().map(|(_, (_, number))| number).collect();
    assert_eq!(numbers, [1, 2, 2]);
    let loaded = Accounts::new(store as _).load_record(&alice()).unwrap();
    let failed = loaded.account().unwrap().failed_attempts(clock::now());
    assert_eq!(failed.map(|one| one.count).sum::<u32>(), 2);
    let turn = member.forwarder.answer("connection 1", dialog, &code());
    let verdict = Next::Verdict(Verdict::VerifiedByTotp);
    assert_eq!(turn.unwrap().next, verdict);
}

/// After a right code, the device may be remembered.
const REMEMBER: &str = "[policy]\nmode = \"optional\"\n[remember]\ndays = 30\nby = [\"address\"]\n";

#[test]
fn the_code_comes_again_before_the_question_that_follows_it() {
    let (member, answers) = of_two("optional", REMEMBER, &store(), |number| match number {
        1 => Judges::AndReplies,
        _ => Judges::Never,
    });
    let (dialog, _) = member.begin(&root()).unwrap();
    let answer = |text: &str| member.forwarder.answer("connection 1", dialog, text);
    let Next::Ask(question) = answer(&code()).unwrap().next else {
        panic!("not asked whether to remember the device");
    };
    assert_eq!(question.style, PromptStyle::Optional);
    let verdict = Next::Verdict(Verdict::VerifiedByTotp);
    assert_eq!(answer("").unwrap().next, verdict);
    let numbers: Vec<_> = answers.try_iter().map(|(at, (_, n))| (at, n)).collect();
    let expected = [("v1", 1), ("v1", 2), ("v2", 1), ("v2", 2)];
    assert_eq!(numbers, expected.map(|(at, n)| (at.to_owned(), n)));
}

/// A turn with this question, in a dialog.
fn asks(dialog: u32, text: &str) -> LoginReply {
    let turn = turn("ask-hidden", text);
    LoginReply::Begun { dialog, turn }
}

#[test]
fn an_answer_is_never_given_to_another_question() {
    let (seen, calls) = channel();
    let mut begun = 0;
    let member = Member::start("other-question", move |call, verifier| {
        let reply = match &call {
            LoginCall::Begin(_) => {
                begun += 1;
                let questions = ["Invitation code: ", "Code: "];
                said("v1", asks(begun, questions[usize::from(begun != 1)]))
            }
            LoginCall::Answer { .. } => Reply::Lost("v1 is down".to_owned()),
            LoginCall::Cancel { .. } => said("v1", LoginReply::Cancelled),
            LoginCall::Account(_) => unreachable!(),
        };
        seen.send((call, verifier)).unwrap();
        reply
    });
    let (dialog, _) = member.begin(&root()).unwrap();
    let answered = member.forwarder.answer("connection 1", dialog, "secret");
    assert!(matches!(answered, Err(Error::NoSuchDialog)), "{answered:?}");
    drop(member);
    let calls: Vec<_> = calls.iter().map(|(call, _)| call).collect();
    assert_eq!(calls.len(), 4);
    assert!(matches!(calls[1], LoginCall::Answer { dialog: 1, .. }));
    assert!(matches!(calls[2], LoginCall::Begin(_)));
    assert!(matches!(calls[3], LoginCall::Cancel { dialog: 2, .. }));
}

#[test]
fn verifiers_that_are_lost_one_after_the_other_end_the_login() {
    let (seen, calls) = channel();
    let member = Member::start("all-lost", move |call, _| {
        seen.send(()).unwrap();
        match call {
            LoginCall::Begin(_) => said("v1", asks(1, "Code: ")),
            _ => Reply::Lost("v1 is down".to_owned()),
        }
    });
    let (dialog, _) = member.begin(&root()).unwrap();
    let answered = member.forwarder.answer("connection 1", dialog, "123456");
    assert!(matches!(answered, Err(Error::NoAnswer(why)) if why.contains("v1 is down")));
    drop(member);
    // A begin and an answer, three times.
    assert_eq!(calls.iter().count(), 6);
}

// Calls of owners.

fn pause(member: &Member) -> Result<SecretBytes, Error> {
    let proof = SecretBytes::new(b"\x06\0\0\x00123456\0".to_vec());
    member
        .forwarder
        .account(&alice(), Method::Pause, proof, None)
}

/// The text of the error.
fn told(answered: Result<SecretBytes, Error>) -> String {
    tfa_proto::Error::from(answered.unwrap_err())
        .text()
        .to_owned()
}

#[test]
fn call_of_an_owner_is_told_to_a_verifier_with_the_uid_and_name_of_this_host() {
    let (seen, calls) = channel();
    let member = Member::start("owner", move |call, verifier| {
        seen.send((call, verifier)).unwrap();
        said("v1", LoginReply::Account(SecretBytes::default()))
    });
    assert_eq!(pause(&member).unwrap(), SecretBytes::default());
    let (LoginCall::Account(call), None) = calls.recv_timeout(LONG).unwrap() else {
        unreachable!("another call");
    };
    assert_eq!((&*call.user.name, call.user.uid), ("alice", 1000));
    assert_eq!((&*call.method, call.only_reads), ("Pause", false));
    assert!(call.proved_by.is_none() && call.arguments.0.len() == 11);
}

#[test]
fn owner_is_told_that_the_outcome_of_a_lost_change_is_not_known() {
    let unknown = "it is not known whether the change was made";
    let lost = Member::start("owner-lost", |_, _| Reply::Lost("v1 is down".to_owned()));
    let text = told(pause(&lost));
    assert!(
        text.contains(unknown) && text.contains("v1 is down"),
        "{text}"
    );
    let broken = Member::without_fleet("owner-broken");
    let listener = UnixListener::bind(broken.folder.join("call")).unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let uid = geteuid().as_raw();
        let mut connection = Connection::accept(stream, uid, LONG).unwrap();
        let _ = connection.receive::<Request>();
    });
    let text = told(pause(&broken));
    assert!(text.contains(unknown), "{text}");
    // Nothing was sent, or nothing is changed.
    let absent = Member::without_fleet("owner-absent");
    let text = told(pause(&absent));
    assert!(!text.contains(unknown), "{text}");
    let none = SecretBytes::default();
    let status = lost.forwarder.account(&alice(), Method::Status, none, None);
    let text = told(status);
    assert!(!text.contains(unknown), "{text}");
}

#[test]
fn error_of_a_verifier_is_the_error_of_the_call_of_an_owner() {
    let member = Member::start("owner-error", |_, _| {
        let error = "org.tfad.Tfa1.Error.CodeNeeded".to_owned();
        let text = "a code is needed".to_owned();
        said("v1", LoginReply::Refused { error, text })
    });
    let Err(Error::Refused(error)) = pause(&member) else {
        unreachable!("not refused");
    };
    let expected = tfa_proto::Error::CodeNeeded("a code is needed".to_owned());
    assert_eq!(error, expected);
}
