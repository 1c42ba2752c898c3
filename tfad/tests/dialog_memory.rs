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
use tfa_store::{Commit, Store};
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
/// A long record, in bytes: a store accepts 256 KiB.
const LONG_RECORD: usize = 200 * 1024;

/// The logins of members, to a store with a record of alice.
fn members(is_long: bool) -> MemberLogins {
    let store = Arc::new(MemoryStore::new());
    let accounts = Accounts::new(Arc::clone(&store) as _).by_name_alone();
    let long_ago = Time::from_secs(clock::now().as_secs() - 100 * 24 * 3600);
    let key = Secret::new(b"12345678901234567890").unwrap();
    let phone = Authenticator::totp("phone", Parameters::default(), key);
    let enrolled = accounts.change(&alice(), |account| {
        account.bind(phone.clone(), long_ago).map(|_| ())
    });
    enrolled.unwrap().unwrap();
    if is_long {
        let (record, revision) = store.load("alice").unwrap().unwrap();
        let long = with_long_field(record.as_bytes());
        let stored = store.commit("alice", alice().uid, &long, revision);
        assert!(matches!(stored, Ok(Commit::Committed(_))));
    }
    let policy = "[policy]\nmode = \"optional\"\n".to_owned();
    let config = Config::parse(&[("tfad.toml".to_owned(), policy)]).unwrap();
    let journal = Arc::new(Journal::in_memory(MemoryLog::default()));
    let state = Arc::new(DaemonState::new(journal, PathBuf::new(), config, None));
    MemberLogins::new(state, store, Arc::new(NoNames))
}

/// A record with a field of a later version.
fn with_long_field(record: &[u8]) -> Vec<u8> {
    // An array of less than 24 fields has their number in the first byte.
    let (first, fields) = record.split_first().unwrap();
    let number = usize::from(first - 0x80);
    assert!(number < 24);
    let of_later = 40;
    let mut long = vec![0x98, of_later + 1];
    long.extend_from_slice(fields);
    // Null, but for the lists of known origins and of answers.
    let absent = |field| match field {
        14 | 18 => 0x80,
        _ => 0xf6,
    };
    long.extend((number..of_later.into()).map(absent));
    long.push(0x5a);
    long.extend_from_slice(&u32::try_from(LONG_RECORD).unwrap().to_be_bytes());
    long.resize(long.len() + LONG_RECORD, 7);
    long
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
    // One after the other: both measure this process.
    fill(&members(true), DIALOGS / 4, None);
    fill(&members(false), DIALOGS, Some(subject()));
}

/// Begins so many dialogs on each member. One member has told this.
fn fill(members: &MemberLogins, dialogs: u32, told: Option<SubjectAnswer>) {
    let before = resident();
    for member in 0..MEMBERS {
        for number in 0..dialogs {
            // Of one member alone: to make it takes most of the time of this test.
            let subject = told.clone().filter(|_| member == 0);
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
}
