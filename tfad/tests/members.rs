//! Logins of a member at the verifiers of a fleet, which share one store.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

mod alice;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tfa_core::{
    Account, AnswerId, AttemptId, Authenticator, Code, Credential, Fingerprint, HostName,
    LockState, MemberPlace, MemberScope, Parameters, Secret, ThrottleScope, Time,
};
use tfa_fleet_wire::{
    AttemptBytes, BeginLogin, Connection, ContextEntry, EntryValue, LoginCall, LoginFacts,
    LoginGroup, LoginIdentity, LoginReply, LoginTurn, LoginUser, MemberCall, Membership,
    NeededFact, SecretText, SubjectAnswer, SubjectQuestion, VerifierCall, frame,
};
use tfa_proto::{Context, Next, Turn, Verdict};
use tfa_testkit::{MemoryStore, NOBODY, skip_without_uid};
use tfad::account::{self, Accounts};
use tfad::caller::Caller;
use tfad::config::Config;
use tfad::fleet::{MemberFacts, MemberLogins, MemberSocket};
use tfad::host::clock;
use tfad::host::users::User;
use tfad::log::{Entry, Journal, MemoryLog};
use tfad::login::{BeginRequest, Error, Logins};
use tfad::state::DaemonState;
use totp_rs::Builder;

use alice::NoNames;

const KEY: &[u8] = b"12345678901234567890";
const DAY: u64 = 24 * 3600;
const KEY_OF_HOST: Fingerprint = Fingerprint::new([1; Fingerprint::LENGTH]);

fn user(name: &str, uid: u32) -> User {
    User {
        name: name.to_owned(),
        uid,
        aliases: Vec::new(),
    }
}

fn accounts(store: &Arc<MemoryStore>) -> Accounts {
    Accounts::new(Arc::clone(store) as _).by_name_alone()
}

/// A store in which alice has enrolled.
fn store() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let long_ago = Time::from_secs(clock::now().as_secs() - 100 * DAY);
    let enroll = |account: &mut Account| {
        let phone = Authenticator::totp("phone", Parameters::default(), Secret::new(KEY).unwrap());
        account.bind(phone, long_ago).map(|_| ())
    };
    let enrolled = accounts(&store).change(&user("alice", 1000), enroll);
    enrolled.unwrap().unwrap();
    store
}

fn state(policy: &str) -> Arc<DaemonState> {
    state_logging_to(policy, MemoryLog::default())
}

fn state_logging_to(policy: &str, log: MemoryLog) -> Arc<DaemonState> {
    let config = Config::parse(&[("tfad.toml".to_owned(), policy.to_owned())]).unwrap();
    let journal = Arc::new(Journal::in_memory(log));
    Arc::new(DaemonState::new(journal, PathBuf::new(), config, None))
}

fn verifier(store: &Arc<MemoryStore>) -> Logins {
    let state = state("[policy]\nmode = \"optional\"\n");
    Logins::new(state, Arc::new(accounts(store)))
}

/// One attempt to log in at a member.
#[derive(Clone, Copy)]
struct Attempt {
    member: &'static str,
    random: u8,
}

impl Attempt {
    fn host(self) -> HostName {
        HostName::new(self.member).unwrap()
    }

    fn id(self) -> AttemptId {
        AttemptId::of_member(&self.host(), [self.random; AttemptId::LENGTH])
    }

    fn caller(self) -> Caller {
        Caller {
            name: format!("host {}", self.member),
            uid: 0,
            pid: None,
            host: Some(self.host()),
        }
    }

    fn begin(self, verifier: &Logins, user: User) -> Result<(u32, Turn), Error> {
        let context = Context {
            service: "sshd".to_owned(),
            rhost: "192.0.2.7".to_owned(),
            password_given: true,
            ..Context::default()
        };
        self.begin_in(verifier, user, context, false)
    }

    fn begin_at_console(self, verifier: &Logins) -> Result<(u32, Turn), Error> {
        let context = Context {
            service: "login".to_owned(),
            tty: "tty1".to_owned(),
            password_given: true,
            ..Context::default()
        };
        self.begin_in(verifier, user("alice", 1000), context, true)
    }

    fn begin_in(
        self,
        verifier: &Logins,
        user: User,
        context: Context,
        at_console: bool,
    ) -> Result<(u32, Turn), Error> {
        let facts = MemberFacts {
            host: self.host(),
            attempt: self.id(),
            at_console: Some(at_console),
            subject: None,
            session_phase_decides: Some(false),
            goes_on_after_wrong_password: Some(false),
            floor: None,
        };
        verifier.begin_for(BeginRequest {
            host: Arc::new(facts),
            caller: &self.caller(),
            user,
            context,
            record: None,
        })
    }

    /// Gives this answer as its first one, in a new dialog at a verifier.
    fn verdict(self, verifier: &Logins, number: u32, code: &str) -> Option<Verdict> {
        let (dialog, _) = self.begin(verifier, user("alice", 1000)).unwrap();
        let turn = self.answer(verifier, dialog, number, code).unwrap();
        match turn.next {
            Next::Verdict(verdict) => Some(verdict),
            Next::Ask(_) => None,
        }
    }

    fn answer(
        self,
        verifier: &Logins,
        dialog: u32,
        number: u32,
        code: &str,
    ) -> Result<Turn, Error> {
        let answer = AnswerId {
            attempt: self.id(),
            number,
        };
        verifier.answer_for(&self.caller().name, dialog, answer, code)
    }
}

const WEB1: Attempt = Attempt {
    member: "web1.example",
    random: 1,
};

/// The present code of alice.
fn code() -> String {
    let phone = Builder::new().with_secret(KEY).build_noncompliant();
    phone.generate(clock::now().as_secs()).to_string()
}

#[test]
fn a_code_is_right_again_at_another_verifier_for_its_attempt_alone() {
    let store = store();
    let (first, second) = (verifier(&store), verifier(&store));
    let code = code();
    let right = Some(Verdict::VerifiedByTotp);
    assert_eq!(WEB1.verdict(&first, 2, &code), right);
    // The reply was lost.
    assert_eq!(WEB1.verdict(&second, 2, &code), right);
    let others = [
        Attempt { random: 2, ..WEB1 },
        // It has seen the bytes.
        Attempt {
            member: "web2.example",
            ..WEB1
        },
    ];
    for other in others {
        assert_eq!(other.verdict(&second, 2, &code), None);
    }
    // The user has typed the code again.
    assert_eq!(WEB1.verdict(&second, 3, &code), None);
}

#[test]
fn a_dialog_takes_answers_of_its_own_attempt_and_member() {
    let verifier = verifier(&store());
    let (dialog, _) = WEB1.begin(&verifier, user("alice", 1000)).unwrap();
    let code = code();
    for other in [
        Attempt { random: 2, ..WEB1 },
        Attempt {
            member: "web2.example",
            ..WEB1
        },
    ] {
        let answered = other.answer(&verifier, dialog, 1, &code);
        assert!(matches!(answered, Err(Error::NoSuchDialog)), "{answered:?}");
    }
    let turn = WEB1.answer(&verifier, dialog, 1, &code).unwrap();
    assert_eq!(turn.next, Next::Verdict(Verdict::VerifiedByTotp));
}

#[test]
fn no_member_moves_or_takes_a_record_by_its_word_about_uids() {
    let store = store();
    let verifier = verifier(&store);
    for other in [user("mallory", 1000), user("alice", 1001)] {
        let begun = WEB1.begin(&verifier, other);
        let is_refused = matches!(begun, Err(Error::Account(account::Error::UidChanged(_))));
        assert!(is_refused, "{begun:?}");
    }
    assert_eq!(
        WEB1.verdict(&verifier, 1, &code()),
        Some(Verdict::VerifiedByTotp)
    );
    let loaded = accounts(&store).load_record(&user("alice", 1000)).unwrap();
    assert!(loaded.account().is_some() && loaded.former_name().is_none());
}

#[test]
fn log_names_the_member_of_a_login() {
    let log = MemoryLog::default();
    let state = state_logging_to("[policy]\nmode = \"optional\"\n", log.clone());
    let verifier = Logins::new(Arc::clone(&state), Arc::new(accounts(&store())));
    assert_eq!(WEB1.verdict(&verifier, 1, "000000"), None);
    assert!(WEB1.begin(&verifier, user("alice", 1001)).is_err());
    let entries = log.take(&state.journal);
    let hosts: Vec<_> = entries
        .iter()
        .map(|entry| entry.field("TFA_HOST"))
        .collect();
    assert_eq!(hosts, [Some("web1.example"); 2]);
    let lines: Vec<&str> = entries.iter().map(|entry| entry.line()).collect();
    assert_eq!(
        lines[0],
        "alice: wrong code (on web1.example, service sshd, from 192.0.2.7)"
    );
    assert!(
        lines[1].ends_with("(by uid 0 on web1.example)"),
        "{lines:?}"
    );
}

#[test]
fn wrong_codes_at_a_member_are_reported_with_its_name() {
    let store = store();
    let verifier = verifier(&store);
    assert_eq!(WEB1.verdict(&verifier, 1, "000000"), None);
    let (dialog, _) = WEB1.begin(&verifier, user("alice", 1000)).unwrap();
    let turn = WEB1.answer(&verifier, dialog, 2, &code()).unwrap();
    let lines = format!("{:?}", turn.lines);
    assert!(lines.contains("web1.example/192.0.2.7"), "{lines}");
}

#[test]
fn lock_of_a_console_holds_at_its_member_alone() {
    let store = store();
    let verifier = verifier(&store);
    let web2 = Attempt {
        member: "web2.example",
        ..WEB1
    };
    for number in 1..=5 {
        let (dialog, _) = WEB1.begin_at_console(&verifier).unwrap();
        WEB1.answer(&verifier, dialog, number, "000000").unwrap();
    }
    let verdict = |attempt: Attempt| match attempt.begin_at_console(&verifier) {
        Ok((_, turn)) => turn.next,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(verdict(WEB1), Next::Verdict(Verdict::Locked));
    assert!(matches!(verdict(web2), Next::Ask(_)));
    // A remote login at the member is one as anywhere else.
    assert_eq!(
        WEB1.verdict(&verifier, 9, &code()),
        Some(Verdict::VerifiedByTotp)
    );
}

/// Locks a scope of alice until an administrator unlocks it.
fn lock_for_good(store: &Arc<MemoryStore>, scope: ThrottleScope) {
    let wrong = Credential::Code(Code::from_digits("000000").unwrap());
    let now = clock::now().as_secs();
    let lock = |account: &mut Account| {
        for hours in (1..=300).rev() {
            let at = Time::from_secs(now - hours * 2 * 3600);
            let _ = account.judge(&wrong, scope, at);
        }
        account.lock_state(scope, clock::now())
    };
    let state = accounts(store).change(&user("alice", 1000), lock);
    assert_eq!(state.unwrap(), LockState::Permanent);
}

#[test]
fn lock_without_an_end_is_told_at_a_member_with_who_removes_it() {
    let console = MemberScope::new(&WEB1.host(), MemberPlace::Console);
    let scopes = [ThrottleScope::UNKNOWN, ThrottleScope::AtMember(console)];
    for scope in scopes {
        let store = store();
        lock_for_good(&store, scope);
        let begun = match scope {
            ThrottleScope::AtMember(_) => WEB1.begin_at_console(&verifier(&store)),
            _ => WEB1.begin(&verifier(&store), user("alice", 1000)),
        };
        let (_, turn) = begun.unwrap();
        assert_eq!(turn.next, Next::Verdict(Verdict::Locked));
        let lines: Vec<_> = turn
            .lines
            .iter()
            .map(|line| line.text.replace('\n', " "))
            .collect();
        let lines = lines.join(" ");
        assert!(lines.contains("(tfactl unlock, on a verifier)"), "{lines}");
        // At the console of a member it opens no lock.
        assert!(!lines.contains("backup code"), "{lines}");
    }
}

// Over the socket.

/// Members of staff need no code.
const STAFF: &str = "[policy]\nmode = \"required\"\ngrace = \"0\"\n\
    [[policy.rule]]\ngroups = [\"staff\"]\nmode = \"off\"\n";
/// More than any call takes.
const LONG: Duration = Duration::from_secs(60);
/// The socket that a program of another user calls.
const SOCKET: &str = "TFAD_TEST_MEMBER_SOCKET";

/// A verifier with its socket, in a folder of its own.
struct Listener {
    folder: PathBuf,
    state: Arc<DaemonState>,
    log: MemoryLog,
    socket: Option<MemberSocket>,
}

impl Listener {
    fn start(name: &str, policy: &str) -> Self {
        Self::with_store(name, policy, store())
    }

    fn with_store(name: &str, policy: &str, store: Arc<MemoryStore>) -> Self {
        let folder = format!("tfad-members-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let log = MemoryLog::default();
        let state = state_logging_to(policy, log.clone());
        let logins = Arc::new(MemberLogins::new(
            Arc::clone(&state),
            store,
            Arc::new(NoNames),
        ));
        let uid = fs::metadata(&folder).unwrap().uid();
        let socket = MemberSocket::open(&folder.join("fleet"), uid, logins).unwrap();
        let socket = Some(socket);
        Self {
            folder,
            state,
            log,
            socket,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("fleet")
    }

    fn connect(&self) -> Connection {
        let uid = fs::metadata(&self.folder).unwrap().uid();
        let stream = UnixStream::connect(self.path()).unwrap();
        Connection::accept(stream, uid, LONG).unwrap()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.close();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn call(connection: &mut Connection, member: &str, call: LoginCall) -> LoginReply {
    let member = member.to_owned();
    let call = MemberCall {
        member,
        call,
        key: KEY_OF_HOST,
    };
    let frame = frame::encode(&VerifierCall::Member(call)).unwrap();
    connection.send(&frame).unwrap();
    connection.receive().unwrap()
}

fn entry(key: &str, value: EntryValue) -> ContextEntry {
    let key = key.to_owned();
    ContextEntry { key, value }
}

/// The begin of a login of alice over SSH with a password.
fn begin(facts: LoginFacts) -> BeginLogin {
    let text = |text: &str| EntryValue::Text(text.to_owned());
    BeginLogin {
        attempt: AttemptBytes([1; 16]),
        user: LoginUser {
            name: "alice".to_owned(),
            uid: 1000,
            aliases: Vec::new(),
        },
        context: vec![
            entry("phase", text("auth")),
            entry("service", text("sshd")),
            entry("rhost", text("192.0.2.7")),
            entry("password-given", EntryValue::Flag(true)),
        ],
        caller_uid: 0,
        facts,
    }
}

/// The answer of a member that has looked up the groups.
fn in_staff(question: SubjectQuestion, belongs: bool) -> SubjectAnswer {
    let group = LoginGroup::Name("staff".to_owned());
    assert_eq!(question.groups, std::slice::from_ref(&group));
    let belongs = Some(belongs);
    let identities = vec![LoginIdentity {
        name: "alice".to_owned(),
        groups: vec![Membership { group, belongs }],
    }];
    SubjectAnswer {
        question,
        identities,
    }
}

/// Begins a login whose member tells each fact when it is asked for it.
fn begun(connection: &mut Connection, is_in_staff: bool) -> (u32, LoginTurn, usize) {
    let mut facts = LoginFacts::default();
    let mut rounds = 0;
    loop {
        rounds += 1;
        let begin = LoginCall::Begin(begin(facts.clone()));
        match call(connection, "web1.example", begin) {
            LoginReply::Begun { dialog, turn } => return (dialog, turn, rounds),
            LoginReply::NeedFact(NeededFact::Console) => facts.at_console = Some(false),
            LoginReply::NeedFact(NeededFact::Subject(question)) => {
                facts.subject = Some(in_staff(question, is_in_staff));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_member_is_asked_for_its_facts_and_then_for_a_code() {
    let listener = Listener::start("facts", STAFF);
    let mut connection = listener.connect();
    let (dialog, turn, rounds) = begun(&mut connection, true);
    assert_eq!(
        (dialog, &*turn.next, &*turn.text, rounds),
        (0, "verdict", "not-required", 3)
    );
    let (dialog, turn, rounds) = begun(&mut connection, false);
    assert_eq!((&*turn.next, rounds), ("ask-hidden", 3));
    let answer = |member: &str, attempt: u8, connection: &mut Connection| {
        let answer = LoginCall::Answer {
            attempt: AttemptBytes([attempt; 16]),
            dialog,
            number: 1,
            answer: SecretText::new(code()),
        };
        call(connection, member, answer)
    };
    // The dialog is of one attempt of one member.
    for (member, attempt) in [("web1.example", 2), ("web2.example", 1)] {
        let LoginReply::Refused { error, .. } = answer(member, attempt, &mut connection) else {
            panic!("{member} {attempt}");
        };
        assert_eq!(error, "org.tfad.Tfa1.Error.NoSuchDialog");
    }
    // On any connection of its tfa-fleet.
    let mut other = listener.connect();
    let LoginReply::Begun { turn, .. } = answer("web1.example", 1, &mut other) else {
        panic!("refused");
    };
    assert_eq!((&*turn.next, &*turn.text), ("verdict", "verified-by-totp"));
}

/// What the verifier says to a login at a member whose policy requires this.
fn next_with(
    listener: &Listener,
    user: &str,
    uid: u32,
    phase: &str,
    requires: Option<&str>,
) -> LoginTurn {
    next_after(listener, user, uid, phase, "not-run", requires)
}

/// The same with this result of the auth phase.
fn next_after(
    listener: &Listener,
    user: &str,
    uid: u32,
    phase: &str,
    auth_result: &str,
    requires: Option<&str>,
) -> LoginTurn {
    begun_after(listener, user, uid, phase, auth_result, requires).1
}

/// The same, with the dialog.
fn begun_after(
    listener: &Listener,
    user: &str,
    uid: u32,
    phase: &str,
    auth_result: &str,
    requires: Option<&str>,
) -> (u32, LoginTurn) {
    let text = |text: &str| EntryValue::Text(text.to_owned());
    let mut context = vec![
        entry("phase", text(phase)),
        entry("service", text("sshd")),
        entry("rhost", text("192.0.2.7")),
        entry("can-enroll", EntryValue::Flag(true)),
    ];
    if phase == "account" {
        context.push(entry("auth-result", text(auth_result)));
    }
    context.extend(requires.map(|requires| entry("host-requires", text(requires))));
    let mut begin = begin(LoginFacts {
        at_console: Some(false),
        ..LoginFacts::default()
    });
    begin.context = context;
    begin.user.name = user.to_owned();
    begin.user.uid = uid;
    match call(
        &mut listener.connect(),
        "web1.example",
        LoginCall::Begin(begin),
    ) {
        LoginReply::Begun { dialog, turn } => (dialog, turn),
        other => panic!("{other:?}"),
    }
}

#[test]
fn user_of_a_member_who_declines_to_enroll_is_refused() {
    let listener = Listener::start("declines", "[policy]\nmode = \"required\"\n");
    let after = "not-required";
    let (dialog, turn) = begun_after(&listener, "bob", 1001, "account", after, None);
    assert!(turn.next.starts_with("ask"), "{turn:?}");
    let answer = LoginCall::Answer {
        attempt: AttemptBytes([1; 16]),
        dialog,
        number: 1,
        answer: SecretText::new("n".to_owned()),
    };
    let reply = call(&mut listener.connect(), "web1.example", answer);
    let LoginReply::Begun { turn, .. } = reply else {
        panic!("{reply:?}");
    };
    assert_eq!((&*turn.next, &*turn.text), ("verdict", "must-enroll"));
}

#[test]
fn login_on_a_member_enrolls_other_users_than_root() {
    let listener = Listener::start("root-enrolls", "[policy]\nmode = \"required\"\n");
    let after = |user: &str, uid| next_after(&listener, user, uid, "account", "not-required", None);
    assert!(after("bob", 1001).next.starts_with("ask"));
    let turn = after("root", 0);
    assert_eq!((&*turn.next, &*turn.text), ("verdict", "must-enroll"));
    let lines: Vec<_> = turn.lines.iter().map(|line| line.text.0.as_str()).collect();
    assert!(lines.concat().contains("on a verifier"), "{lines:?}");
}

#[test]
fn stricter_of_the_policies_of_member_and_verifier_applies() {
    let off = Listener::start("off", "[policy]\nmode = \"off\"\n");
    let next = |user: &str, uid, phase: &str, requires| {
        let turn = next_with(&off, user, uid, phase, requires);
        (turn.next, turn.text)
    };
    let verdict = |name: &str| ("verdict".to_owned(), name.to_owned());
    // Alice has enrolled, Bob has not.
    assert_eq!(next("alice", 1000, "auth", None), verdict("not-required"));
    let at_once = Some("after=deny grace=0 guarded");
    assert_eq!(next("alice", 1000, "auth", at_once).0, "ask-hidden");
    assert_eq!(
        next("alice", 1000, "account", None),
        verdict("not-required")
    );
    assert_eq!(next("alice", 1000, "account", at_once), verdict("denied"));
    assert_eq!(next("bob", 1001, "auth", None), verdict("not-required"));
    assert_eq!(next("bob", 1001, "auth", at_once), verdict("denied"));
    let in_grace = Some("after=deny grace=3600");
    assert_eq!(next("bob", 1001, "auth", in_grace), verdict("not-required"));
    let no_codes = Some("after=deny grace=0 factors=security-key");
    assert_eq!(next("alice", 1000, "auth", no_codes), verdict("denied"));
}

#[test]
fn member_begins_neither_an_enrollment_nor_a_grace_period_by_itself() {
    let enroll = Some("after=enroll grace=0 guarded");
    let grace = Some("after=enroll grace=99999999");
    let next = |policy: &str, requires| {
        let listener = Listener::start("floor", policy);
        let turn = next_after(&listener, "bob", 1001, "account", "not-required", requires);
        (turn.next, turn.text)
    };
    let denied = ("verdict".to_owned(), "must-enroll".to_owned());
    for policy in [
        "[policy]\nmode = \"off\"\n",
        "[policy]\nmode = \"optional\"\n",
    ] {
        let (what, verdict) = next(policy, None);
        assert_eq!((&*what, &*verdict), ("verdict", "not-required"));
        for requires in [enroll, grace] {
            let told = next(policy, requires);
            assert_ne!(told.1, "not-required", "{told:?}");
            assert_eq!(told.0, denied.0, "{told:?}");
        }
    }
    // The policy of the verifier obliges him. He has no grace from a member, and no record before he enrolls.
    let store = store();
    let required = "[policy]\nmode = \"required\"\n";
    let listener = Listener::with_store("required", required, Arc::clone(&store));
    let turn = next_after(&listener, "bob", 1001, "account", "not-required", None);
    assert!(turn.next.starts_with("ask"), "{turn:?}");
    let loaded = accounts(&store).load_record(&user("bob", 1001)).unwrap();
    assert!(loaded.account().is_none());
}

#[test]
fn a_call_that_is_not_understood_is_refused() {
    let listener = Listener::start("refused", STAFF);
    let mut connection = listener.connect();
    let refused = |connection: &mut Connection, member: &str, begin: BeginLogin| match call(
        connection,
        member,
        LoginCall::Begin(begin),
    ) {
        LoginReply::Refused { error, .. } => error,
        other => panic!("{other:?}"),
    };
    let usual = || begin(LoginFacts::default());
    let invalid = "org.tfad.Tfa1.Error.InvalidArgument";
    assert_eq!(refused(&mut connection, "Web1", usual()), invalid);
    assert_eq!(refused(&mut connection, "", usual()), invalid);
    for (name, uid) in [("alice", 0), ("root", 1000)] {
        let mut other = usual();
        (other.user.name, other.user.uid) = (name.to_owned(), uid);
        assert_eq!(refused(&mut connection, "web1", other), invalid);
    }
    // A later version may restrict the login by it.
    let mut later = usual();
    later.context.push(entry("later", EntryValue::Flag(true)));
    assert_eq!(refused(&mut connection, "web1", later), invalid);
    let mut other = usual();
    other.caller_uid = 1001;
    let not_own = "org.tfad.Tfa1.Error.NotAuthorized";
    assert_eq!(refused(&mut connection, "web1", other), not_own);
    // What is no call ends the connection.
    let frame = frame::encode(&LoginReply::Cancelled).unwrap();
    connection.send(&frame).unwrap();
    assert!(connection.receive::<LoginReply>().is_err());
}

#[test]
fn a_program_of_another_user_is_not_answered() {
    if skip_without_uid(NOBODY) {
        return;
    }
    let listener = Listener::start("other", STAFF);
    fs::set_permissions(&listener.folder, Permissions::from_mode(0o755)).unwrap();
    let caller = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "caller_for_another_test", "--nocapture"])
        .env(SOCKET, listener.path())
        .uid(NOBODY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&caller.stdout);
    assert!(
        caller.status.success() && said.contains("not answered"),
        "{said}"
    );
    let (_, turn, _) = begun(&mut listener.connect(), false);
    assert_eq!(turn.next, "ask-hidden");
    // The line was written before the next connection was taken.
    let logged = listener.log.take(&listener.state.journal);
    let refused = format!("a program with uid {NOBODY} calls at the socket");
    let is_told = |entry: &Entry| entry.line().contains(&refused);
    assert!(logged.iter().any(is_told));
}

/// Not a test of its own: the program of another user.
#[test]
fn caller_for_another_test() {
    let Some(path) = std::env::var_os(SOCKET) else {
        return;
    };
    let stream = UnixStream::connect(Path::new(&path)).unwrap();
    let mut connection = Connection::accept(stream, 0, LONG).unwrap();
    let call = MemberCall {
        member: "web1".to_owned(),
        call: LoginCall::Begin(begin(LoginFacts::default())),
        key: KEY_OF_HOST,
    };
    let call = VerifierCall::Member(call);
    // It may be closed before the call is sent.
    let _ = connection.send(&frame::encode(&call).unwrap());
    assert!(connection.receive::<LoginReply>().is_err());
    println!("not answered");
}

#[test]
fn device_that_a_member_told_of_replaces_no_code_elsewhere() {
    let remembers = "[policy]\nmode = \"optional\"\n[remember]\nminutes = 10\nby = [\"address\"]\n";
    let store = store();
    let verifier = Logins::new(state(remembers), Arc::new(accounts(&store)));
    let right = WEB1.verdict(&verifier, 1, &code());
    assert_eq!(right, Some(Verdict::VerifiedByTotp));
    // The same address, as other members and the verifier itself see it.
    let begins = |attempt: Attempt| {
        attempt
            .begin(&verifier, user("alice", 1000))
            .unwrap()
            .1
            .next
    };
    let again = Attempt { random: 2, ..WEB1 };
    assert_eq!(begins(again), Next::Verdict(Verdict::Remembered));
    let member = "web2.example";
    assert!(matches!(begins(Attempt { member, ..again }), Next::Ask(_)));
}
