//! The memory of a verifier whose members begin as many dialogs as they can, of the greatest size.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

mod alice;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use tfa_core::{Authenticator, Fingerprint, Parameters, Secret, Time};
use tfa_fleet_wire::{
    AttemptBytes, BeginLogin, ContextEntry, EntryValue, LoginCall, LoginFacts, LoginGroup,
    LoginIdentity, LoginReply, LoginUser, MemberCall, Membership, SubjectAnswer, SubjectQuestion,
};
use tfa_testkit::MemoryStore;
use tfad::account::Accounts;
use tfad::config::Config;
use tfad::fleet::MemberLogins;
use tfad::host::clock;
use tfad::log::{Journal, MemoryLog};
use tfad::state::DaemonState;

use alice::{NoNames, alice};

/// The members, as many as SECURITY.md names.
const MEMBERS: u32 = 16;
/// The dialogs that each of them begins.
const DIALOGS: u32 = 256;
/// What all of them may take, in KiB. The service may have 512 MiB.
const MAX_GROWTH: u64 = 128 * 1024;

fn members() -> MemberLogins {
    let store = Arc::new(MemoryStore::new());
    let accounts = Accounts::new(Arc::clone(&store) as _).by_name_alone();
    let long_ago = Time::from_secs(clock::now().as_secs() - 100 * 24 * 3600);
    let key = Secret::new(b"12345678901234567890").unwrap();
    let phone = Authenticator::totp("phone", Parameters::default(), key);
    let enrolled = accounts.change(&alice(), |account| {
        account.bind(phone.clone(), long_ago).map(|_| ())
    });
    enrolled.unwrap().unwrap();
    let policy = "[policy]\nmode = \"optional\"\n".to_owned();
    let config = Config::parse(&[("tfad.toml".to_owned(), policy)]).unwrap();
    let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
    let state = Arc::new(DaemonState::new(journal, PathBuf::new(), config, None));
    MemberLogins::new(state, store, Arc::new(NoNames))
}

/// What a name service may tell at most: 64 groups of each of 64 names, for a question that was not asked.
fn subject() -> SubjectAnswer {
    let groups = (0..64).map(|n| LoginGroup::Name(format!("group {n:0>200}")));
    let groups: Vec<LoginGroup> = groups.collect();
    let belongs = Some(true);
    let of = |group: &LoginGroup| Membership {
        group: group.clone(),
        belongs,
    };
    let identity = |n| LoginIdentity {
        name: format!("name {n:0>200}"),
        groups: groups.iter().map(of).collect(),
    };
    SubjectAnswer {
        identities: (0..64).map(identity).collect(),
        question: SubjectQuestion {
            all_names: true,
            groups: groups.clone(),
            in_rules: Vec::new(),
        },
    }
}

fn entry(key: &str, text: String) -> ContextEntry {
    let (key, value) = (key.to_owned(), EntryValue::Text(text));
    ContextEntry { key, value }
}

fn begin(number: u32, subject: Option<SubjectAnswer>) -> BeginLogin {
    let long = |length: usize| format!("{number:0>length$}");
    BeginLogin {
        attempt: AttemptBytes([1; 16]),
        user: LoginUser {
            name: "alice".to_owned(),
            uid: alice().uid,
            aliases: (0..64).map(|n| format!("alias {n:0>250}")).collect(),
        },
        context: vec![
            entry("phase", "auth".to_owned()),
            entry("service", long(1024)),
            entry("rhost", long(1024)),
            entry("tty", long(1024)),
            entry("seat", long(1024)),
            entry("ruser", long(1024)),
            entry("ssh-auth-info", long(24 * 1024)),
        ],
        caller_uid: 0,
        facts: LoginFacts {
            at_console: Some(false),
            subject,
            session_phase_decides: Some(false),
            goes_on_after_wrong_password: Some(true),
        },
    }
}

/// The memory that this process has, in KiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().trim().trim_end_matches("kB").trim();
    number.parse().unwrap()
}

#[test]
fn dialogs_of_members_have_a_bound_in_bytes() {
    let members = members();
    let told = subject();
    let before = resident();
    for member in 0..MEMBERS {
        for number in 0..DIALOGS {
            // Of one member alone: to make it takes most of the time of this test.
            let subject = (member == 0).then(|| told.clone());
            let reply = members.answer(MemberCall {
                member: format!("web{member}.test"),
                call: LoginCall::Begin(begin(number, subject)),
                key: Fingerprint::new([1; Fingerprint::LENGTH]),
            });
            // No member is refused: its own oldest dialog ends.
            let is_begun = matches!(reply, LoginReply::Begun { dialog: 1.., .. });
            assert!(is_begun, "{member} {number}: {reply:?}");
            let growth = resident().saturating_sub(before);
            assert!(growth < MAX_GROWTH, "{member} {number}: {growth} KiB");
        }
    }
    println!("{} KiB", resident().saturating_sub(before));
}
