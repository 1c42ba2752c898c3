//! Calls of owners on a member at a verifier: what replaces a code, and what does not.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends by panicking"
)]

mod alice;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tfa_core::{
    Account, Authenticator, Fingerprint, HostName, MemberPlace, MemberScope, Parameters, Proof,
    PublishedPolicy, Secret, ThrottleScope, Time,
};
use tfa_fleet_wire::{
    AccountCall, AttemptBytes, BeginLogin, ContextEntry, EntryValue, LoginCall, LoginFacts,
    LoginGroup, LoginIdentity, LoginReply, LoginUser, MemberCall, Membership, NeededFact,
    SecretBytes, SecretText, SubjectAnswer,
};
use tfa_proto::{PendingAuthenticator, SecurityKeyParameters, Status};
use tfa_store::{Commit, Revision};
use tfa_testkit::MemoryStore;
use tfad::account::Accounts;
use tfad::caller::Caller;
use tfad::config::Config;
use tfad::fleet::MemberLogins;
use tfad::host::clock;
use tfad::host::users::{NameService, NameServiceFailed, User};
use tfad::log::{Journal, MemoryLog};
use tfad::state::{DaemonState, HashedFor};
use totp_rs::Builder;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{LE, Type, to_bytes};

use alice::{Names, NoNames, UID, alice};

const KEY: &[u8] = b"12345678901234567890";
/// Users change their enrollments on each member.
const OPTIONAL: &str = "[policy]\nmode = \"optional\"\nchanges_on = [\"*\"]\n";
/// They change them on verifiers.
const CHANGES_ON_VERIFIERS: &str = "[policy]\nmode = \"optional\"\n";
const WEB1: &str = "web1.example";
const SECURITY_KEY: &str = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAI\
    HCxbkM/JMbN7S9IxNFPB97oSby9IM0joiXF7GfGFGccAAAABHNzaDo=";
/// The result of a call, or the last part of the name of its error.
type Answer = Result<Vec<u8>, String>;

/// A verifier at which alice has enrolled.
struct Verifier {
    store: Arc<MemoryStore>,
    accounts: Accounts,
    logins: MemberLogins,
    state: Arc<DaemonState>,
    log: MemoryLog,
}

impl Verifier {
    fn new(policy: &str) -> Self {
        Self::over(Arc::new(MemoryStore::new()), policy)
    }

    /// Another verifier of the same fleet.
    fn sibling(&self, policy: &str) -> Self {
        Self::over(Arc::clone(&self.store), policy)
    }

    fn over(store: Arc<MemoryStore>, policy: &str) -> Self {
        Self::knowing(NoNames, store, policy)
    }

    /// A verifier with this name service.
    fn knowing(names: impl NameService + 'static, store: Arc<MemoryStore>, policy: &str) -> Self {
        let accounts = Accounts::new(Arc::clone(&store) as _).by_name_alone();
        let config = Config::parse(&[("tfad.toml".to_owned(), policy.to_owned())]).unwrap();
        let log = MemoryLog::default();
        let journal = Arc::new(Journal::in_memory(log.clone()));
        let state = DaemonState::new(journal, PathBuf::new(), config, None);
        let state = state.publishing_in(Arc::clone(&store) as _, PathBuf::new());
        let state = Arc::new(state);
        let logins =
            MemberLogins::new(Arc::clone(&state), Arc::clone(&store) as _, Arc::new(names));
        Self {
            store,
            accounts,
            logins,
            state,
            log,
        }
    }

    fn with_alice(policy: &str) -> Self {
        let verifier = Self::new(policy);
        let long_ago = Time::from_secs(clock::now().as_secs() - 100 * 24 * 3600);
        let phone = phone();
        let enroll = |account: &mut Account| account.bind(phone.clone(), long_ago).map(|_| ());
        verifier.accounts.change(&alice(), enroll).unwrap().unwrap();
        verifier
    }

    /// The users with a record.
    fn users(&self) -> Vec<String> {
        self.accounts.record_names("", 9).unwrap().0
    }

    fn account(&self) -> Option<Account> {
        self.accounts.load(&alice()).unwrap()
    }

    fn at(&self, member: &str, call: LoginCall) -> LoginReply {
        let member = member.to_owned();
        let key = Fingerprint::new([1; Fingerprint::LENGTH]);
        self.logins.answer(MemberCall { member, call, key })
    }

    /// Makes a call of alice on web1.
    fn call(&self, method: &str, arguments: &(impl Type + Serialize)) -> Result<Vec<u8>, String> {
        result(self.at(WEB1, LoginCall::Account(call(method, arguments))))
    }

    /// A login of alice to polkit on web1, with this attempt. Her code is right.
    fn log_in_to_polkit(&self, attempt: AttemptBytes, code: &str) {
        assert_eq!(self.log_in(attempt, code), "verified-by-totp");
    }

    /// The verdict on such a login.
    fn log_in(&self, attempt: AttemptBytes, code: &str) -> String {
        let text = |text: &str| EntryValue::Text(text.to_owned());
        let entry = |key: &str, value| {
            let key = key.to_owned();
            ContextEntry { key, value }
        };
        let begin = BeginLogin {
            attempt,
            user: user(),
            context: vec![
                entry("phase", text("auth")),
                entry("service", text("polkit-1")),
                entry("password-given", EntryValue::Flag(true)),
            ],
            caller_uid: 0,
            facts: LoginFacts {
                at_console: Some(false),
                ..LoginFacts::default()
            },
        };
        let LoginReply::Begun { dialog, turn } = self.at(WEB1, LoginCall::Begin(begin)) else {
            panic!("no dialog");
        };
        assert_eq!(turn.next, "ask-hidden");
        let answer = LoginCall::Answer {
            attempt,
            dialog,
            number: 1,
            answer: SecretText::new(code.to_owned()),
        };
        let LoginReply::Begun { turn, .. } = self.at(WEB1, answer) else {
            panic!("no answer");
        };
        turn.text.clone()
    }
}

fn user() -> LoginUser {
    LoginUser {
        name: "alice".to_owned(),
        uid: UID,
        aliases: Vec::new(),
    }
}

fn root() -> User {
    User {
        name: "root".to_owned(),
        uid: 0,
        aliases: Vec::new(),
    }
}

fn phone() -> Authenticator {
    Authenticator::totp("phone", Parameters::default(), Secret::new(KEY).unwrap())
}

fn call(method: &str, arguments: &(impl Type + Serialize)) -> AccountCall {
    let arguments = to_bytes(Context::new(LE, 0), arguments).unwrap();
    AccountCall {
        user: user(),
        method: method.to_owned(),
        arguments: SecretBytes::new(arguments.bytes().to_vec()),
        subject: None,
        proved_by: None,
        only_reads: false,
    }
}

/// The result, or the last part of the name of the error.
fn result(reply: LoginReply) -> Result<Vec<u8>, String> {
    match reply {
        LoginReply::Account(result) => Ok(result.0.to_vec()),
        LoginReply::Refused { error, .. } => Err(error.replace("org.tfad.Tfa1.Error.", "")),
        other => panic!("{other:?}"),
    }
}

fn read<T: Type + DeserializeOwned>(bytes: &[u8]) -> T {
    let data = Data::new(bytes, Context::new(LE, 0));
    data.deserialize().unwrap().0
}

fn code_of(key: &[u8]) -> String {
    let phone = Builder::new().with_secret(key).build_noncompliant();
    phone.generate(clock::now().as_secs()).to_string()
}

/// The bytes of a key (RFC 4648, without padding).
fn from_base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            _ => letter - b'2' + 26,
        };
        (bits, count) = ((bits << 5 | u32::from(value)) & 0xfff, count + 5);
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    bytes
}

fn code() -> String {
    code_of(KEY)
}

fn error(name: &str) -> Result<Vec<u8>, String> {
    Err(name.to_owned())
}

#[test]
fn owner_reads_the_own_status_on_a_member() {
    let verifier = Verifier::with_alice(OPTIONAL);
    let status: Status = read(&verifier.call("Status", &()).unwrap());
    assert_eq!((&*status.user, status.authenticators.len()), ("alice", 1));
    let mut other = call("Status", &());
    other.user.uid = UID + 1;
    let other = result(verifier.at(WEB1, LoginCall::Account(other)));
    assert_eq!(other, error("UidChanged"));
    for (name, uid) in [("root", UID), ("alice", 0)] {
        let mut root = call("Status", &());
        (root.user.name, root.user.uid) = (name.to_owned(), uid);
        let root = result(verifier.at(WEB1, LoginCall::Account(root)));
        assert_eq!(root, error("InvalidArgument"), "{name}");
    }
}

#[test]
fn status_on_a_member_has_no_grace_that_a_login_there_does_not_begin() {
    let grace = |policy: &str| {
        let verifier = Verifier::new(policy);
        let status: Status = read(&verifier.call("Status", &()).unwrap());
        assert!(status.required);
        status.grace_until
    };
    assert_eq!(
        grace("[policy]\nmode = \"required\"\ngrace = \"7d\"\n"),
        None
    );
    let since = "[policy]\nmode = \"required\"\nsince = 2026-01-01\ngrace = \"3650d\"\n";
    assert!(grace(since).is_some());
}

#[test]
fn member_changes_an_enrollment_with_a_code_of_the_owner_alone() {
    let verifier = Verifier::with_alice(OPTIONAL);
    let before = verifier.account().unwrap().encode();
    let none = "".to_owned();
    let parameters = tfa_proto::Parameters::default();
    let name = "new".to_owned();
    assert_eq!(verifier.call("Pause", &none), error("CodeNeeded"));
    assert_eq!(verifier.call("Remove", &none), error("CodeNeeded"));
    assert_eq!(verifier.call("NewBackupCodes", &none), error("CodeNeeded"));
    let renamed = verifier.call("RenameAuthenticator", &(1u32, &name, &none));
    assert_eq!(renamed, error("CodeNeeded"));
    let removed = verifier.call("RemoveAuthenticator", &(1u32, &none));
    assert_eq!(removed, error("CodeNeeded"));
    for method in ["Add", "Move"] {
        let added = verifier.call(method, &(&none, &parameters));
        assert_eq!(added, error("CodeNeeded"), "{method}");
    }
    assert_eq!(verifier.call("Setup", &parameters), error("AlreadySetUp"));
    assert_eq!(verifier.account().unwrap().encode(), before);

    let wrong = verifier.call("NewBackupCodes", &"000000".to_owned());
    assert_eq!(wrong, error("WrongCode"));
    let code = code();
    let codes: Vec<String> = read(&verifier.call("NewBackupCodes", &code).unwrap());
    assert_eq!(codes.len(), 10);
    let used = verifier.call("NewBackupCodes", &code);
    assert_eq!(used, error("WrongCode"));
    assert_eq!(verifier.call("Pause", &codes[0]), Ok(Vec::new()));
    let state = verifier.account().unwrap().state();
    assert_eq!(state, tfa_core::State::Paused);
    let logged = verifier.log.take(&verifier.state.journal);
    let hosts: Vec<_> = logged.iter().map(|line| line.field("TFA_HOST")).collect();
    assert!(!hosts.is_empty() && hosts.iter().all(|host| *host == Some(WEB1)));
}

#[test]
fn wrong_codes_of_calls_lock_at_their_member_alone() {
    let verifier = Verifier::with_alice(OPTIONAL);
    for _ in 0..5 {
        let _ = verifier.call("Test", &"000000".to_owned());
    }
    assert_eq!(verifier.call("Test", &code()), error("Locked"));
    let test = LoginCall::Account(call("Test", &code()));
    let at_web2 = result(verifier.at("web2.example", test));
    assert!(at_web2.is_ok(), "{at_web2:?}");
    let account = verifier.account().unwrap();
    let web1 = MemberScope::new(&HostName::new(WEB1).unwrap(), MemberPlace::OwnProgram);
    let failures = |scope| account.throttle().counter(scope).failures();
    assert_eq!(failures(ThrottleScope::AtMember(web1)), 5);
    assert_eq!(failures(ThrottleScope::OwnProgram), 0);
}

#[test]
fn code_of_a_login_to_polkit_counts_for_one_call_of_its_member() {
    let verifier = Verifier::with_alice(OPTIONAL);
    let attempt = AttemptBytes([7; 16]);
    let proved = || AccountCall {
        proved_by: Some(attempt),
        ..call("NewBackupCodes", &"".to_owned())
    };
    let made = |member: &str| result(verifier.at(member, LoginCall::Account(proved())));
    assert_eq!(made(WEB1), error("CodeNeeded"));
    let code = code();
    verifier.log_in_to_polkit(attempt, &code);
    assert_eq!(made("web2.example"), error("CodeNeeded"));
    let codes: Vec<String> = read(&made(WEB1).unwrap());
    assert_eq!(codes.len(), 10);
    assert_eq!(made(WEB1), error("CodeNeeded"));
    // The reply of the login was lost, and the login came again.
    verifier.log_in_to_polkit(attempt, &code);
    assert_eq!(made(WEB1), error("CodeNeeded"));
}

#[test]
fn code_of_a_login_counts_at_the_verifier_that_used_it_alone() {
    let verifier = Verifier::with_alice(OPTIONAL);
    let other = verifier.sibling(OPTIONAL);
    let attempt = AttemptBytes([7; 16]);
    let code = code();
    verifier.log_in_to_polkit(attempt, &code);
    // The member repeats the login at another verifier, which knows the answer from the record.
    other.log_in_to_polkit(attempt, &code);
    let proved = AccountCall {
        proved_by: Some(attempt),
        ..call("Pause", &"".to_owned())
    };
    let paused = result(other.at(WEB1, LoginCall::Account(proved.clone())));
    assert_eq!(paused, error("CodeNeeded"));
    let paused = result(verifier.at(WEB1, LoginCall::Account(proved)));
    assert_eq!(paused, Ok(Vec::new()));
}

#[test]
fn user_enrolls_on_a_member_with_a_code_of_the_new_key() {
    let verifier = Verifier::new(CHANGES_ON_VERIFIERS);
    let parameters = tfa_proto::Parameters::default();
    assert_eq!(
        verifier.call("Confirm", &"000000".to_owned()),
        error("NothingPending")
    );
    let pending: PendingAuthenticator = read(&verifier.call("Setup", &parameters).unwrap());
    assert!(pending.uri.contains("alice"));
    let wrong = verifier.call("Confirm", &"000000".to_owned());
    assert_eq!(wrong, error("WrongCode"));
    let code = code_of(&from_base32(&pending.secret));
    let codes: Vec<String> = read(&verifier.call("Confirm", &code).unwrap());
    assert_eq!(codes.len(), 10);
    let state = verifier.account().unwrap().state();
    assert_eq!(state, tfa_core::State::Enabled);
}

#[test]
fn member_enrolls_no_user_without_the_invitation_that_is_required() {
    let policy = "[policy]\nmode = \"optional\"\ninvitation = true\n";
    let verifier = Verifier::new(policy);
    let parameters = tfa_proto::Parameters::default();
    assert_eq!(
        verifier.call("Setup", &parameters),
        error("InvitationNeeded")
    );
    assert!(verifier.account().is_none());
}

#[test]
fn member_is_asked_for_the_groups_that_the_policy_depends_on() {
    let policy = "[policy]\nmode = \"optional\"\nchanges_on = [\"web*\"]\n\
        [[policy.rule]]\ngroups = [\"staff\"]\nmode = \"required\"\n";
    let verifier = Verifier::with_alice(policy);
    let pause = || call("Pause", &code());
    let LoginReply::NeedFact(NeededFact::Subject(question)) =
        verifier.at(WEB1, LoginCall::Account(pause()))
    else {
        panic!("nothing is asked");
    };
    let told = |belongs| {
        let groups = question.groups.iter().cloned();
        let groups = groups.map(|group| Membership { group, belongs });
        let identities = vec![LoginIdentity {
            name: "alice".to_owned(),
            groups: groups.collect(),
        }];
        let subject = Some(SubjectAnswer {
            question: question.clone(),
            identities,
        });
        let call = AccountCall { subject, ..pause() };
        result(verifier.at(WEB1, LoginCall::Account(call)))
    };
    assert_eq!(question.groups, [LoginGroup::Name("staff".to_owned())]);
    assert_eq!(told(Some(true)), error("Required"));
    assert_eq!(told(None), error("Required"));
    assert_eq!(told(Some(false)), Ok(Vec::new()));
}

/// Makes a call of that user of a member.
fn call_of(verifier: &Verifier, member: &str, user: (&str, u32), call: AccountCall) -> Answer {
    let (name, uid) = (user.0.to_owned(), user.1);
    let user = LoginUser {
        name,
        uid,
        ..call.user
    };
    let call = AccountCall { user, ..call };
    result(verifier.at(member, LoginCall::Account(call)))
}

fn set_up() -> AccountCall {
    call("Setup", &tfa_proto::Parameters::default())
}

#[test]
fn set_up_of_security_keys_has_a_quota() {
    let verifier = Verifier::new(OPTIONAL);
    let parameters = SecurityKeyParameters {
        public_key: SECURITY_KEY.to_owned(),
        ..SecurityKeyParameters::default()
    };
    for _ in 0..19 {
        verifier
            .call("Setup", &tfa_proto::Parameters::default())
            .unwrap();
    }
    let offer = || verifier.call("SetupSecurityKey", &parameters);
    assert!(offer().is_ok());
    assert_eq!(offer(), error("Busy"));
}

#[test]
fn changes_of_a_member_use_up_its_own_quota_alone() {
    let verifier = Verifier::new(OPTIONAL);
    let made = |member: &str, user: &str, uid| call_of(&verifier, member, (user, uid), set_up());
    for _ in 0..20 {
        made(WEB1, "alice", UID).unwrap();
    }
    assert_eq!(made(WEB1, "alice", UID), error("Busy"));
    // Neither the same user at another member, nor another user at this one.
    assert!(made("web2.example", "alice", UID).is_ok());
    assert!(made(WEB1, "bob", 1001).is_ok());
    // Another uid with each call.
    let many = (2000..2200).map(|uid| made(WEB1, &format!("u{uid}"), uid));
    let busy = many.filter(|made| *made == error("Busy")).count();
    assert_eq!(busy, 200 - (120 - 21));
    assert!(made("web2.example", "bob", 1001).is_ok());
}

#[test]
fn offer_at_a_member_with_a_wrong_uid_locks_no_user_out() {
    let verifier = Verifier::new(OPTIONAL);
    // The name of alice with another uid, and her uid with another name.
    for (name, uid) in [("alice", 4242), ("zz", UID)] {
        call_of(&verifier, WEB1, (name, uid), set_up()).unwrap();
        let account = verifier.account();
        let state = account.map_or(tfa_core::State::None, |one| one.state());
        assert_eq!(state, tfa_core::State::None, "{name}");
    }
    let pending = verifier.call("Setup", &tfa_proto::Parameters::default());
    let pending: PendingAuthenticator = read(&pending.unwrap());
    let code = code_of(&from_base32(&pending.secret));
    verifier.call("Confirm", &code).unwrap();
    // An enrollment is not replaced.
    let other = call_of(&verifier, WEB1, ("alice", 4242), set_up());
    assert_eq!(other, error("UidChanged"));
    let other = call_of(&verifier, WEB1, ("bob", UID), set_up());
    assert_eq!(other, error("UidChanged"));
    let state = verifier.account().map(|account| account.state());
    assert_eq!(state, Some(tfa_core::State::Enabled));
}

#[test]
fn calls_of_users_use_up_no_backup_codes_of_others_or_of_logins() {
    let verifier = Verifier::with_alice(OPTIONAL);
    let codes: Vec<String> = read(&verifier.call("NewBackupCodes", &code()).unwrap());
    let busy = error("Busy");
    let tested = |member: &str, uid: u32| {
        let test = call("Test", &"00000-00000".to_owned());
        call_of(&verifier, member, (&format!("u{uid}"), uid), test)
    };
    let admitted = |uid| (0..30).filter(|_| tested(WEB1, uid) != busy).count();
    // A user has a share, and all users of a member together.
    assert_eq!(admitted(2000), 20);
    assert_ne!(tested(WEB1, 2001), busy);
    let all: usize = (2002..2010).map(admitted).sum();
    assert!(all < 60, "{all}");
    assert_eq!(verifier.call("Test", &codes[0]), busy);
    let at_web2 = result(verifier.at("web2.example", LoginCall::Account(call("Test", &codes[0]))));
    assert!(at_web2.is_ok(), "{at_web2:?}");
    // What the users of a host call leaves its logins theirs.
    let verdict = verifier.log_in(AttemptBytes([9; 16]), &codes[0]);
    assert_eq!(verdict, "verified-by-backup-code");
}

#[test]
fn member_has_so_many_backup_codes_of_logins_compared_in_a_minute() {
    let verifier = Verifier::new(OPTIONAL);
    let now = Instant::now();
    let hashed = |member: &str, uid: u32| {
        let caller = Caller {
            name: format!("host {member}"),
            uid: 0,
            pid: None,
            host: Some(HostName::new(member).unwrap()),
        };
        let purpose = HashedFor::Login(uid);
        verifier.state.count_hash(&caller, purpose, now)
    };
    let of_one = (0..30).filter(|_| hashed(WEB1, UID)).count();
    let of_all = (2000..2200).filter(|uid| hashed(WEB1, *uid)).count();
    assert_eq!((of_one, of_all), (20, 120 - 30));
    assert!(hashed("web2.example", UID));
}

#[test]
fn member_begins_enrollments_of_so_many_new_users_in_a_day() {
    let verifier = Verifier::new(OPTIONAL);
    let state = &verifier.state;
    let caller = |member: &str| Caller {
        name: format!("host {member}"),
        uid: 0,
        pid: None,
        host: Some(HostName::new(member).unwrap()),
    };
    // As many as a day has, less two. Calls would take the quota of changes of many minutes.
    for _ in 0..4998 {
        state.count_new_user(&caller(WEB1), Instant::now());
    }
    let begun =
        |member: &str, uid: u32| call_of(&verifier, member, (&format!("u{uid}"), uid), set_up());
    begun(WEB1, 2000).unwrap();
    // Who has a record is not counted again.
    begun(WEB1, 2000).unwrap();
    let parameters = SecurityKeyParameters {
        public_key: SECURITY_KEY.to_owned(),
        ..SecurityKeyParameters::default()
    };
    let key = || call("SetupSecurityKey", &parameters);
    call_of(&verifier, WEB1, ("u2001", 2001), key()).unwrap();
    assert_eq!(begun(WEB1, 2002), error("Busy"));
    assert_eq!(
        call_of(&verifier, WEB1, ("u2003", 2003), key()),
        error("Busy")
    );
    assert!(begun("web2.example", 2002).is_ok());
    assert_eq!(verifier.users(), ["u2000", "u2001", "u2002"]);
}

/// What a call says of a new phone and its first code.
fn enrolled(verifier: &Verifier, user: (&str, u32)) -> Answer {
    let pending = call_of(verifier, WEB1, user, set_up())?;
    let pending: PendingAuthenticator = read(&pending);
    let code = code_of(&from_base32(&pending.secret));
    call_of(verifier, WEB1, user, call("Confirm", &code))
}

#[test]
fn enrollment_with_a_uid_that_the_verifier_knows_better_is_refused() {
    let verifier = Verifier::knowing(Names, Arc::new(MemoryStore::new()), OPTIONAL);
    assert_eq!(enrolled(&verifier, ("alice", 4242)), error("UidChanged"));
    assert_eq!(enrolled(&verifier, ("zz", UID)), error("UidChanged"));
    assert!(verifier.users().is_empty());
    // The right one, and one of which the verifier knows neither name nor uid.
    enrolled(&verifier, ("alice", UID)).unwrap();
    enrolled(&verifier, ("bob", 1001)).unwrap();
}

#[test]
fn key_offered_before_the_verifier_knew_its_user_is_not_confirmed() {
    let store = Arc::new(MemoryStore::new());
    let before = Verifier::over(Arc::clone(&store), OPTIONAL);
    let verifier = Verifier::knowing(Names, store, OPTIONAL);
    let mallory = ("alice", 4242);
    let pending = call_of(&before, WEB1, mallory, set_up()).unwrap();
    let pending: PendingAuthenticator = read(&pending);
    let code = code_of(&from_base32(&pending.secret));
    let confirmed = call_of(&verifier, WEB1, mallory, call("Confirm", &code));
    assert_eq!(confirmed, error("UidChanged"));
    enrolled(&verifier, ("alice", UID)).unwrap();
}

/// A name service that does not answer.
struct NoAnswer;

impl NameService for NoAnswer {
    fn by_name(&self, _: &str) -> Result<Option<User>, NameServiceFailed> {
        Err(NameServiceFailed("the directory is down".to_owned()))
    }

    fn by_uid(&self, _: u32) -> Result<Option<User>, NameServiceFailed> {
        Err(NameServiceFailed("the directory is down".to_owned()))
    }
}

#[test]
fn verifier_without_its_name_service_enrolls_no_one_and_locks_no_one_out() {
    let store = Arc::clone(&Verifier::with_alice(OPTIONAL).store);
    let verifier = Verifier::knowing(NoAnswer, store, OPTIONAL);
    assert_eq!(enrolled(&verifier, ("bob", 1001)), error("Storage"));
    assert_eq!(verifier.users(), ["alice"]);
    // An enrollment that is there needs no name service.
    let codes: Vec<String> = read(&verifier.call("NewBackupCodes", &code()).unwrap());
    assert_eq!(codes.len(), 10);
}

#[test]
fn call_of_a_member_about_no_record_forgets_devices_of_no_other_user() {
    let verifier = Verifier::with_alice(OPTIONAL);
    let before = clock::now();
    let forgotten = || verifier.state.forgotten_devices.since(UID, before);
    let forget = || call("ForgetDevices", &());
    let other = call_of(&verifier, WEB1, ("bob", UID), forget());
    assert_eq!(other, error("UidChanged"));
    assert!(!forgotten());
    call_of(&verifier, WEB1, ("alice", UID), forget()).unwrap();
    assert!(forgotten());
}

#[test]
fn call_that_is_not_of_the_contract_is_refused() {
    let verifier = Verifier::with_alice(OPTIONAL);
    for method in ["Reset", "List", "Refusal", "status", ""] {
        assert_eq!(
            verifier.call(method, &()),
            error("InvalidArgument"),
            "{method}"
        );
    }
    let mut long = call("Pause", &code());
    long.arguments.0.push(0);
    let long = result(verifier.at(WEB1, LoginCall::Account(long)));
    assert_eq!(long, error("InvalidArgument"));
    assert_eq!(verifier.call("Pause", &1u32), error("InvalidArgument"));
    let state = verifier.account().unwrap().state();
    assert_eq!(state, tfa_core::State::Enabled);
}

/// A call as root of web1, and its answer.
fn call_of_root(verifier: &Verifier, method: &str, arguments: &(impl Type + Serialize)) -> Answer {
    let mut call = call(method, arguments);
    (call.user.name, call.user.uid) = ("root".to_owned(), 0);
    result(verifier.at(WEB1, LoginCall::Account(call)))
}

#[test]
fn no_member_enrolls_root() {
    let verifier = Verifier::new(OPTIONAL);
    let key = SecurityKeyParameters {
        public_key: SECURITY_KEY.to_owned(),
        ..SecurityKeyParameters::default()
    };
    let phone = call_of_root(&verifier, "Setup", &tfa_proto::Parameters::default());
    assert_eq!(phone, error("NotAuthorized"));
    let key = call_of_root(&verifier, "SetupSecurityKey", &key);
    assert_eq!(key, error("NotAuthorized"));
    assert_eq!(verifier.users(), Vec::<String>::new());
    // Other users enroll there.
    let parameters = tfa_proto::Parameters::default();
    assert!(verifier.call("Setup", &parameters).is_ok());
}

#[test]
fn what_waits_for_its_first_code_of_root_is_not_confirmed_by_a_member() {
    let verifier = Verifier::new(OPTIONAL);
    let (root, phone) = (root(), phone());
    let begin = |account: &mut Account| account.set_up(phone.clone(), clock::now());
    verifier.accounts.change(&root, begin).unwrap().unwrap();
    let confirmed = call_of_root(&verifier, "Confirm", &code());
    assert_eq!(confirmed, error("NotAuthorized"));
    let account = verifier.accounts.load(&root).unwrap().unwrap();
    assert_eq!(account.state(), tfa_core::State::Pending);
    assert_eq!(
        call_of_root(&verifier, "Abandon", &()),
        error("NotAuthorized")
    );
}

/// Each call that changes an enrollment, with this proof.
fn changes(proof: &str) -> Vec<AccountCall> {
    let proof = proof.to_owned();
    let phone = tfa_proto::Parameters::default();
    let key = SecurityKeyParameters {
        public_key: SECURITY_KEY.to_owned(),
        ..SecurityKeyParameters::default()
    };
    vec![
        call("Add", &(&proof, phone.clone())),
        call("AddSecurityKey", &(&proof, key.clone())),
        call("Move", &(&proof, phone)),
        call("MoveToSecurityKey", &(&proof, key)),
        call("NewBackupCodes", &proof),
        call("Pause", &proof),
        call("Resume", &proof),
        call("Remove", &proof),
        call("RenameAuthenticator", &(1u32, "mine", &proof)),
        call("RemoveAuthenticator", &(1u32, &proof)),
    ]
}

#[test]
fn member_changes_nothing_of_the_enrollment_of_root() {
    let verifier = Verifier::new(OPTIONAL);
    let (root, phone) = (root(), phone());
    let long_ago = Time::from_secs(clock::now().as_secs() - 100 * 24 * 3600);
    let enroll = |account: &mut Account| account.bind(phone.clone(), long_ago).map(|_| ());
    verifier.accounts.change(&root, enroll).unwrap().unwrap();
    let mark = || {
        let account = verifier.accounts.load(&root).unwrap().unwrap();
        let name = account.authenticators()[0].name().to_owned();
        (account.enrollment_mark(), name)
    };
    let before = mark();
    let at_web1 = |call| call_of(&verifier, WEB1, ("root", 0), call);
    let code = code();
    let mut calls = changes(&code);
    calls.push(set_up());
    calls.push(call("Confirm", &code));
    calls.push(call("Abandon", &()));
    calls.push(call("Resynchronize", &(&code, &code)));
    for call in calls {
        let method = call.method.clone();
        assert_eq!(at_web1(call), error("NotAuthorized"), "{method}");
        assert_eq!(mark(), before, "{method}");
    }
    // The code is as good as before, and what changes no enrollment is answered.
    assert!(at_web1(call("Test", &code)).is_ok());
    assert!(at_web1(call("Status", &())).is_ok());
    assert!(at_web1(call("ForgetDevices", &())).is_ok());
}

/// Whatever calls or dialogs a member may use.
#[test]
fn accounts_of_members_keep_the_enrollment_of_root() {
    let store = Arc::new(MemoryStore::new());
    let verifier = Verifier::over(Arc::clone(&store), OPTIONAL);
    let names: Arc<dyn NameService> = Arc::new(NoNames);
    let of_members = Accounts::new(store as _).of_members().with_names(names);
    let root = User {
        name: "toor".to_owned(),
        uid: 0,
        aliases: Vec::new(),
    };
    let phone = |name| Authenticator::totp(name, Parameters::default(), Secret::new(KEY).unwrap());
    let first = |account: &mut Account| account.bind(phone("one"), clock::now()).map(|_| ());
    let second = |account: &mut Account| account.bind(phone("two"), clock::now()).map(|_| ());
    assert!(of_members.change(&root, first).is_err());
    verifier.accounts.change(&root, first).unwrap().unwrap();
    assert!(of_members.change(&root, second).is_err());
    let account = verifier.accounts.load(&root).unwrap().unwrap();
    assert_eq!(account.authenticators().len(), 1);
}

#[test]
fn user_of_a_member_changes_the_enrollment_on_verifiers() {
    let verifier = Verifier::with_alice(CHANGES_ON_VERIFIERS);
    let before = verifier.account().unwrap().enrollment_mark();
    let code = code();
    for call in changes(&code) {
        let method = call.method.clone();
        let made = verifier.at(WEB1, LoginCall::Account(call));
        let LoginReply::Refused { error, text } = made else {
            panic!("{method} was made");
        };
        assert!(error.ends_with("NotAuthorized"), "{method}: {error}");
        let here = tfad::host::host_name();
        assert!(text.contains(WEB1) && text.contains(&here), "{text}");
        assert!(before.is_of(&verifier.account().unwrap()), "{method}");
    }
    let status: Status = read(&verifier.call("Status", &()).unwrap());
    assert!(status.changes_refused.is_some());
    assert!(verifier.call("Test", &code).is_ok());
    let resynchronized = verifier.call("Resynchronize", &(&code, &code));
    assert_ne!(resynchronized, error("NotAuthorized"));
}

#[test]
fn user_of_a_member_that_the_policy_names_changes_the_enrollment_there() {
    let policy = "[policy]\nmode = \"optional\"\nchanges_on = [\"web1.*\"]\n";
    let verifier = Verifier::with_alice(policy);
    let pause = || LoginCall::Account(call("Pause", &code()));
    let elsewhere = result(verifier.at("web2.example", pause()));
    assert_eq!(elsewhere, error("NotAuthorized"));
    let status: Status = read(&verifier.call("Status", &()).unwrap());
    assert_eq!(status.changes_refused, None);
    assert_eq!(result(verifier.at(WEB1, pause())), Ok(Vec::new()));
}

#[test]
fn member_that_another_verifier_has_taken_out_of_the_policy_has_no_change_left() {
    let verifier = Verifier::with_alice(OPTIONAL);
    let other = verifier.sibling(OPTIONAL);
    let text = CHANGES_ON_VERIFIERS.to_owned();
    let policy = PublishedPolicy::new(text, "UTC".to_owned(), clock::now(), "v2".to_owned(), 0);
    let publication = other.state.publication();
    let published = publication.replace(Some(&policy), Some(Revision::NONE));
    assert!(matches!(published, Ok(Commit::Committed(_))));
    assert_eq!(verifier.call("Pause", &code()), error("NotAuthorized"));
}

#[test]
fn change_that_a_verifier_has_begun_is_ended_there() {
    let verifier = Verifier::with_alice(CHANGES_ON_VERIFIERS);
    let other = b"abcdefghijklmnopqrst";
    let phone = Authenticator::totp("second", Parameters::default(), Secret::new(other).unwrap());
    let begin = |account: &mut Account| account.add(phone.clone(), Proof::Verified, clock::now());
    verifier.accounts.change(&alice(), begin).unwrap().unwrap();
    let confirmed = verifier.call("Confirm", &code_of(other));
    assert_eq!(confirmed, error("NotAuthorized"));
    assert_eq!(verifier.call("Abandon", &()), error("NotAuthorized"));
    assert!(verifier.account().unwrap().pending().is_some());
}
