//! Logins of a member at the verifiers of a fleet, which share one store.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use tfa_core::{Account, AnswerId, AttemptId, Authenticator, HostName, Parameters, Secret, Time};
use tfa_proto::{Context, Next, Turn, Verdict};
use tfa_testkit::MemoryStore;
use tfad::account::{self, Accounts};
use tfad::caller::Caller;
use tfad::config::Config;
use tfad::fleet::MemberFacts;
use tfad::host::clock;
use tfad::host::users::User;
use tfad::log::{Journal, MemoryLog};
use tfad::login::{Error, Logins};
use tfad::state::DaemonState;
use totp_rs::Builder;

const KEY: &[u8] = b"12345678901234567890";
const DAY: u64 = 24 * 3600;

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

fn verifier(store: &Arc<MemoryStore>) -> Logins {
    let text = "[policy]\nmode = \"optional\"\n".to_owned();
    let config = Config::parse(&[("tfad.toml".to_owned(), text)]).unwrap();
    let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
    let state = DaemonState::new(journal, PathBuf::new(), config, None);
    Logins::new(Arc::new(state), Arc::new(accounts(store)))
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
        }
    }

    fn begin(self, verifier: &Logins, user: User) -> Result<(u32, Turn), Error> {
        let facts = MemberFacts {
            host: self.host(),
            attempt: self.id(),
            at_console: Some(false),
            subject: None,
            session_phase_decides: Some(false),
            goes_on_after_wrong_password: Some(false),
        };
        let context = Context {
            service: "sshd".to_owned(),
            rhost: "192.0.2.7".to_owned(),
            password_given: true,
            ..Context::default()
        };
        verifier.begin_for(Arc::new(facts), &self.caller(), user, context)
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
