//! Codes that are bound to a member: made with a verifier, used while none can be reached, and reported later. The
//! verifier is the real one, and `tfa-fleet` is a thread.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

mod alice;

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::unistd::geteuid;
use tfa_core::{
    Account, Authenticator, BoundReply, BoundReport, BoundSetId, Fingerprint, OfflineEvent,
    OfflineOutcome, Parameters, Secret, Time,
};
use tfa_fleet_wire::{
    AccountCall, Client, Connection, LinkError, LinkErrorKind, LoginCall, LoginReply, LoginUser,
    MemberCall, Reply, Request, SecretBytes, Status, VerifierStatus, frame,
};
use tfa_proto::{Context, Next, Turn, Verdict};
use tfa_store::StateDir;
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

use alice::{Names, NoNames, alice};

const KEY: &[u8] = b"12345678901234567890";
const BOUND: &str = "[policy]\nmode = \"optional\"\noffline = \"bound-codes\"\n";
const DENY: &str = "[policy]\nmode = \"optional\"\n";
const LONG: Duration = Duration::from_secs(60);

fn state(policy: &str) -> (Arc<DaemonState>, MemoryLog) {
    let config = Config::parse(&[("tfad.toml".to_owned(), policy.to_owned())]).unwrap();
    let log = MemoryLog::default();
    let journal = Arc::new(Journal::in_memory(log.clone()));
    let state = DaemonState::new(journal, PathBuf::new(), config, None);
    (Arc::new(state), log)
}

/// What the link to the verifier does.
#[derive(Default)]
struct Link {
    is_cut: AtomicBool,
    /// There is no connection because the certificate of the member is refused.
    refuses: AtomicBool,
    /// How many replies are lost after the verifier has acted.
    loses_replies: AtomicU8,
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
struct Fleet {
    folder: PathBuf,
    link: Arc<Link>,
    accounts: Accounts,
    verifier: (Arc<DaemonState>, MemoryLog),
    member: Forwarder,
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
                        let reply = verifier.lock().unwrap().answer(call);
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

fn member(folder: &Path, policy: &str) -> Forwarder {
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
    Forwarder::new(state(policy).0, Arc::new(Names), &socket, uid, times).with_bound_codes(store)
}

impl Fleet {
    fn start(name: &str, of_verifier: &str, of_member: &str) -> Self {
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
        let verifier = MemberLogins::new(state, store, Arc::new(NoNames));
        let listener = UnixListener::bind(folder.join("call")).unwrap();
        let link = Arc::new(Link::default());
        let of_thread = Arc::clone(&link);
        thread::spawn(move || serve(&listener, &of_thread, &verifier));
        Self {
            member: member(&folder, of_member),
            folder,
            link,
            accounts,
            verifier: of_verifier,
        }
    }

    fn cut(&self, is_cut: bool) {
        self.link.is_cut.store(is_cut, Ordering::SeqCst);
    }

    /// tfad on the member is killed, and starts again.
    fn restart_member(&mut self, policy: &str) {
        self.member = member(&self.folder, policy);
    }

    fn make_codes(&self) -> Result<Vec<String>, Error> {
        let phone = Builder::new().with_secret(KEY).build_noncompliant();
        let code = phone.generate(clock::now().as_secs());
        self.member
            .new_bound_codes(&alice(), &code.to_string(), None)
    }

    fn begin(&self) -> Result<(u32, Turn), Error> {
        self.begin_with(ssh())
    }

    fn begin_with(&self, context: Context) -> Result<(u32, Turn), Error> {
        self.member.begin(&root(), "alice", Ok(context))
    }

    /// The verdict of a login with this code; `None` if it is asked again.
    fn log_in(&self, code: &str) -> Option<Verdict> {
        let (dialog, turn) = self.begin().unwrap();
        assert!(asks_for_bound_code(&turn), "{turn:?}");
        verdict(&self.member.answer("connection 1", dialog, code).unwrap())
    }

    /// What an offline login comes to.
    fn verdict_of_begin(&self) -> Option<Verdict> {
        verdict(&self.begin().unwrap().1)
    }

    fn left(&self) -> Vec<u8> {
        let account = self.accounts.load(&alice()).unwrap().unwrap();
        account.bound_hosts().map(|host| host.left).collect()
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

fn ssh() -> Context {
    Context {
        service: "sshd".to_owned(),
        rhost: "192.0.2.7".to_owned(),
        password_given: true,
        ..Context::default()
    }
}

fn verdict(turn: &Turn) -> Option<Verdict> {
    match &turn.next {
        Next::Verdict(verdict) => Some(*verdict),
        Next::Ask(_) => None,
    }
}

fn asks_for_bound_code(turn: &Turn) -> bool {
    matches!(&turn.next, Next::Ask(question) if question.text == "Bound code: ")
}

#[test]
fn bound_code_lets_in_once_while_the_link_is_cut() {
    let mut fleet = Fleet::start("once", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    assert_eq!((codes.len(), fleet.left()), (10, vec![10]));
    // While a verifier answers, it decides.
    let (_, turn) = fleet.begin().unwrap();
    assert!(!asks_for_bound_code(&turn));
    fleet.cut(true);
    let (dialog, _) = fleet.begin().unwrap();
    let turn = fleet
        .member
        .answer("connection 1", dialog, &codes[0])
        .unwrap();
    assert_eq!(verdict(&turn), Some(Verdict::VerifiedByBackupCode));
    // The account phase would find no verifier either.
    assert!(turn.covers_account);
    assert_eq!(fleet.log_in(&codes[0]), None);
    fleet.restart_member(BOUND);
    assert_eq!(fleet.log_in(&codes[0]), None);
    assert_eq!(fleet.log_in(&codes[1]), Some(Verdict::VerifiedByBackupCode));
}

#[test]
fn two_logins_at_once_with_one_bound_code_let_in_one() {
    let fleet = Fleet::start("parallel", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    fleet.cut(true);
    let accepted = thread::scope(|scope| {
        let logins: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| fleet.log_in(&codes[0])))
            .collect();
        let verdicts = logins.into_iter().map(|login| login.join().unwrap());
        verdicts.filter(Option::is_some).count()
    });
    assert_eq!(accepted, 1);
}

#[test]
fn what_happened_is_reported_once_when_the_link_is_back() {
    let mut fleet = Fleet::start("report", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    fleet.cut(true);
    fleet.log_in(&codes[0]).unwrap();
    assert_eq!(fleet.log_in("AAAAA-AAAAA"), None);
    assert!(!fleet.member.report_bound_codes());
    fleet.restart_member(BOUND);
    fleet.cut(false);
    // The verifier has stored the report, and its reply is lost.
    fleet.link.loses_replies.store(1, Ordering::SeqCst);
    assert!(!fleet.member.report_bound_codes());
    assert!(fleet.member.report_bound_codes());
    assert!(fleet.member.report_bound_codes());
    assert_eq!(fleet.left(), [9]);
    let (state, log) = &fleet.verifier;
    let lines = format!("{:?}", log.take(&state.journal));
    let of = |what: &str| lines.matches(what).count();
    assert_eq!(of("logged in with a bound code"), 1, "{lines}");
    assert_eq!(of("entered a wrong bound code"), 1, "{lines}");
    let mut account = fleet.accounts.load(&alice()).unwrap().unwrap();
    let client = tfa_core::Client {
        from: "192.0.2.7",
        service: "sshd",
        shows: true,
        answer: None,
    };
    let report = account.report(client, clock::now()).unwrap();
    let outcomes = report.offline.unwrap().newest;
    let outcomes: Vec<_> = outcomes.into_iter().map(|one| one.outcome).collect();
    let expected = [
        None,
        Some(OfflineOutcome::Accepted),
        Some(OfflineOutcome::WrongCode),
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn wrong_bound_codes_lock_and_stay_counted_after_a_restart() {
    let mut fleet = Fleet::start("locks", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    fleet.cut(true);
    for _ in 0..4 {
        assert_eq!(fleet.log_in("AAAAA-AAAAA"), None);
    }
    fleet.restart_member(BOUND);
    assert_eq!(fleet.log_in("AAAAA-AAAAA"), Some(Verdict::Locked));
    fleet.restart_member(BOUND);
    assert_eq!(fleet.verdict_of_begin(), Some(Verdict::Locked));
    assert_eq!(codes.len(), 10);
}

#[test]
fn set_that_is_void_at_the_verifier_is_void_here_after_a_report() {
    let fleet = Fleet::start("void", BOUND, BOUND);
    fleet.make_codes().unwrap();
    fleet.accounts.change(&alice(), Account::reset).unwrap();
    assert!(fleet.member.report_bound_codes());
    fleet.cut(true);
    assert_eq!(fleet.verdict_of_begin(), Some(Verdict::Denied));
}

#[test]
fn set_whose_registration_is_lost_is_not_in_use() {
    let fleet = Fleet::start("lost", BOUND, BOUND);
    fleet.link.loses_replies.store(1, Ordering::SeqCst);
    assert!(fleet.make_codes().is_err());
    // The verifier knows a set of which no code exists.
    assert_eq!(fleet.left(), [10]);
    fleet.cut(true);
    assert_eq!(fleet.verdict_of_begin(), Some(Verdict::Denied));
}

#[test]
fn policy_of_either_side_forbids_bound_codes() {
    for (name, of_verifier, of_member) in [("v", DENY, BOUND), ("m", BOUND, DENY)] {
        let fleet = Fleet::start(name, of_verifier, of_member);
        let Err(Error::Refused(error)) = fleet.make_codes() else {
            panic!("not refused: {name}");
        };
        assert!(matches!(error, tfa_proto::Error::Required(_)), "{error:?}");
        assert!(fleet.left().is_empty());
    }
    let mut fleet = Fleet::start("later", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    fleet.restart_member(DENY);
    fleet.cut(true);
    assert!(matches!(fleet.begin(), Err(Error::CutOff { .. })));
    assert_eq!(codes.len(), 10);
}

#[test]
fn user_without_bound_codes_is_refused_with_the_reason() {
    let fleet = Fleet::start("none", BOUND, BOUND);
    fleet.cut(true);
    let (_, turn) = fleet.begin().unwrap();
    assert_eq!(verdict(&turn), Some(Verdict::Denied));
    let text = &turn.lines[0].text;
    assert!(text.contains("no code that is bound to"), "{text}");
    assert!(!fleet.folder.join("bound").exists());
}

#[test]
fn later_phases_and_rules_on_factors_are_not_decided_offline() {
    let fleet = Fleet::start("phases", BOUND, BOUND);
    fleet.make_codes().unwrap();
    fleet.cut(true);
    let account = |auth_result, service: &str| Context {
        phase: tfa_proto::Phase::Account,
        auth_result,
        service: service.to_owned(),
        ..ssh()
    };
    for context in [
        account(Some(Verdict::VerifiedByTotp), "sshd"),
        account(Some(Verdict::NotRequired), "sshd"),
        account(None, "cron"),
    ] {
        let begun = fleet.begin_with(context.clone());
        assert!(matches!(begun, Err(Error::CutOff { .. })), "{context:?}");
    }
    let (_, turn) = fleet.begin_with(account(None, "sshd")).unwrap();
    assert!(asks_for_bound_code(&turn));
    let of_keys = format!(
        "{BOUND}[[policy.rule]]\nusers = [\"alice\"]\nmode = \"required\"\nfactors = [\"security-key\"]\n"
    );
    let mut fleet = fleet;
    fleet.restart_member(&of_keys);
    assert!(matches!(fleet.begin(), Err(Error::CutOff { .. })));
}

#[test]
fn login_that_has_begun_with_a_verifier_does_not_go_on_offline() {
    let fleet = Fleet::start("half", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    let (dialog, turn) = fleet.begin().unwrap();
    assert!(!asks_for_bound_code(&turn));
    fleet.cut(true);
    let answered = fleet.member.answer("connection 1", dialog, &codes[0]);
    assert!(answered.is_err(), "{answered:?}");
    assert_eq!(fleet.log_in(&codes[0]), Some(Verdict::VerifiedByBackupCode));
}

#[test]
fn member_whose_certificate_is_refused_accepts_no_bound_code() {
    let fleet = Fleet::start("refused", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    fleet.cut(true);
    fleet.link.refuses.store(true, Ordering::SeqCst);
    assert!(matches!(fleet.begin(), Err(Error::CutOff { .. })));
    fleet.link.refuses.store(false, Ordering::SeqCst);
    assert_eq!(fleet.log_in(&codes[0]), Some(Verdict::VerifiedByBackupCode));
}

#[test]
fn member_changes_a_record_with_reports_so_often_a_minute() {
    let fleet = Fleet::start("report-quota", BOUND, BOUND);
    fleet.make_codes().unwrap();
    let client = Client::new(fleet.folder.join("call"), geteuid().as_raw());
    let takes = |number: u64| {
        let at = clock::now();
        let event = OfflineEvent {
            number: at.as_secs() * 1000 + number,
            at,
            outcome: OfflineOutcome::WrongCode,
            service: "sshd".to_owned(),
            from: String::new(),
            set: BoundSetId::new([7; BoundSetId::LENGTH]),
            left: 10,
        };
        let report = BoundReport {
            set: None,
            events: vec![event],
        };
        let call = AccountCall {
            user: LoginUser {
                name: alice().name,
                uid: alice().uid,
                aliases: Vec::new(),
            },
            method: "ReportBoundCodes".to_owned(),
            arguments: SecretBytes(report.encode().into()),
            subject: None,
            proved_by: None,
            only_reads: true,
        };
        let request = Request::Login {
            call: LoginCall::Account(call),
            budget_ms: 60_000,
            verifier: None,
            only_there: false,
        };
        let reply = client.call(&request, LONG).unwrap();
        let Reply::Login { reply, .. } = reply else {
            panic!("{reply:?}")
        };
        let LoginReply::Account(result) = reply else {
            panic!("{reply:?}")
        };
        BoundReply::decode(&result.0).unwrap().has_taken_events
    };
    let taken = (1..=100).filter(|number| takes(*number)).count();
    // Registering the set was a change too.
    assert!((10..=20).contains(&taken), "{taken}");
}
