//! One code permits one login, whatever runs at the same time. These tests run the loop that loads,
//! judges and commits an account.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends by panicking"
)]

mod alice;

use std::path::PathBuf;
use std::sync::Arc;

use tfa_core::{
    Account, AnswerId, Answered, AskCode, AttemptId, Authenticator, BackupSet, Client, Credential,
    Dialog, Factors, Input, Judgement, Parameters, Secret, State, ThrottleScope, Time,
};
use tfa_store::{Commit, Opened, Revision, Sealed, SqliteStore, StateDir, Store};
use tfad::account::{Accounts, Typed};
use tfad::host::users::User;

use alice::alice;

/// A time at which the codes of the key below are known: RFC 6238 appendix B, truncated to six
/// digits.
const NOW: u64 = 1_111_111_109;
const CODE: &str = "081804";

/// A state directory that is removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tfad-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Another host on the same store.
    fn host(&self) -> Arc<Accounts> {
        Arc::new(Accounts::new(Arc::new(self.store())))
    }

    fn store(&self) -> Sealed<SqliteStore> {
        let state_dir = StateDir {
            path: self.0.join("state"),
            credentials: None,
        };
        let Opened { store, .. } = tfa_store::open(&state_dir, |_| None).unwrap();
        store
    }

    fn revision(&self) -> Option<Revision> {
        let found = self.store().load("alice").unwrap();
        found.map(|(_, revision)| revision)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn set_up(account: &mut Account, codes: BackupSet) {
    let secret = Secret::new(b"12345678901234567890").unwrap();
    let phone = Authenticator::totp("phone", Parameters::default(), secret);
    let earlier = Time::from_secs(59);
    account.set_up(phone, earlier).unwrap();
    account
        .confirm(&Input::parse("287082"), Some(codes), earlier)
        .unwrap();
}

fn codes() -> (BackupSet, String) {
    let mut next = 0_u8;
    let (set, codes) = BackupSet::draw(|bytes| {
        for byte in bytes {
            next = next.wrapping_add(41);
            *byte = next;
        }
    })
    .unwrap();
    (set, codes[3].to_printed())
}

/// Tries the credential in many concurrent logins, half of them on another host. Returns the number
/// of accepted logins.
fn concurrent_logins(scratch: &Scratch, credential: Credential, logins: usize) -> (usize, Account) {
    let hosts = [scratch.host(), scratch.host()];
    let credential = Arc::new(credential);
    let start = Arc::new(std::sync::Barrier::new(logins));
    let tasks: Vec<_> = (0..logins)
        .map(|number| {
            let accounts = Arc::clone(&hosts[number % 2]);
            let (credential, start) = (Arc::clone(&credential), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                let now = Time::from_secs(NOW);
                let judge =
                    |account: &mut Account| account.judge(&credential, ThrottleScope::UNKNOWN, now);
                accounts.change(&alice(), judge).unwrap()
            })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += usize::from(matches!(task.join().unwrap(), Judgement::Accepted(_)));
    }
    (accepted, hosts[0].load(&alice()).unwrap().unwrap())
}

#[test]
fn one_of_a_hundred_logins_on_two_hosts_with_one_code_succeeds() {
    let scratch = Scratch::new("one-code");
    let (set, _) = codes();
    scratch
        .host()
        .change(&alice(), |account| set_up(account, set.clone()))
        .unwrap();
    let Input::Code(code) = Input::parse(CODE) else {
        panic!("the code has six digits")
    };

    let (accepted, account) = concurrent_logins(&scratch, Credential::Code(code), 100);
    assert_eq!(accepted, 1);
    assert!(account.throttle().is_clear());
}

#[test]
fn one_of_a_hundred_logins_on_two_hosts_with_a_backup_code_succeeds() {
    let scratch = Scratch::new("one-backup-code");
    let (set, code) = codes();
    scratch
        .host()
        .change(&alice(), |account| set_up(account, set.clone()))
        .unwrap();
    let Input::Backup(code) = Input::parse(&code) else {
        panic!("the code is a backup code")
    };
    let hashed = set.hash_params().hash(&code).unwrap();
    let credential = Credential::Backup(code, Some(hashed));

    let (accepted, account) = concurrent_logins(&scratch, credential, 100);
    assert_eq!(accepted, 1);
    assert_eq!(account.backup().unwrap().left(), BackupSet::SIZE - 1);
}

#[test]
fn doubled_answers_of_two_attempts_on_two_hosts_let_one_attempt_in() {
    let scratch = Scratch::new("doubled");
    let (set, backup_code) = codes();
    let mut set_up = |account: &mut Account| set_up(account, set.clone());
    scratch.host().change(&alice(), &mut set_up).unwrap();
    let account = scratch.host().load(&alice()).unwrap().unwrap();
    let begun = AskCode::begin(&account, ThrottleScope::UNKNOWN, Time::from_secs(NOW));
    let Some(Dialog::AskCode(question)) = begun.dialog else {
        panic!("a code is asked for")
    };
    // Each host is asked ten times for each attempt.
    let hosts = [scratch.host(), scratch.host()];
    for typed in [CODE, &backup_code] {
        let before = scratch.revision();
        let start = std::sync::Barrier::new(40);
        let mut let_in = [0, 0];
        std::thread::scope(|scope| {
            let request = |number: usize| {
                let (host, question, start) = (&hosts[number % 2], &question, &start);
                let label = u8::try_from(number % 4 / 2).unwrap();
                move || {
                    start.wait();
                    (label, answer(host, question, typed, label))
                }
            };
            let requests: Vec<_> = (0..40).map(|number| scope.spawn(request(number))).collect();
            for request in requests {
                let (label, is_in) = request.join().unwrap();
                let_in[usize::from(label)] += usize::from(is_in);
            }
        });
        let_in.sort_unstable();
        assert_eq!(let_in, [0, 20], "{typed}");
        assert_ne!(scratch.revision(), before);
    }
}

/// An answer of the attempt with this label. Returns whether the login is let in.
fn answer(accounts: &Accounts, question: &AskCode, typed: &str, label: u8) -> bool {
    let (now, scope) = (Time::from_secs(NOW), ThrottleScope::UNKNOWN);
    let client = Client {
        from: "192.0.2.7",
        service: "sshd",
        shows: true,
        answer: Some(AnswerId {
            attempt: AttemptId::new([label; AttemptId::LENGTH]),
            number: 1,
        }),
    };
    let judge = |account: &mut Account, credential: &Credential| {
        let any = Some(Factors::ANY);
        match question.answer(any, account, credential, client, now) {
            Answered::Turn(turn, _) => Some(turn.next.verified().is_some()),
            Answered::Rehash | Answered::DrawCodes => None,
        }
    };
    let input = Input::parse(typed);
    let typed = Typed {
        input: &input,
        scope,
        now,
        answer: client.answer,
        may_hash: &|| true,
    };
    accounts.judge(&alice(), &typed, None, judge).unwrap()
}

#[test]
fn an_unchanged_account_is_not_stored_again() {
    let scratch = Scratch::new("looked-at");
    let (accounts, (set, _)) = (scratch.host(), codes());
    accounts.change(&alice(), |_| ()).unwrap();
    assert_eq!(scratch.revision(), None);
    accounts
        .change(&alice(), |account| set_up(account, set.clone()))
        .unwrap();
    let before = scratch.revision();
    accounts.change(&alice(), |_| ()).unwrap();
    assert_eq!(scratch.revision(), before);
}

#[test]
fn a_judgement_on_an_earlier_record_holds_only_if_unchanged() {
    let scratch = Scratch::new("earlier");
    let (accounts, (set, _)) = (scratch.host(), codes());
    let set_up = |account: &mut Account| set_up(account, set.clone());
    accounts.change(&alice(), set_up).unwrap();
    let Input::Code(code) = Input::parse(CODE) else {
        panic!("the code has six digits")
    };
    let (code, now) = (Credential::Code(code), Time::from_secs(NOW));
    let judge = |account: &mut Account| account.judge(&code, ThrottleScope::UNKNOWN, now);

    // Two dialogs that began with the same record.
    let one = accounts.load_record(&alice()).unwrap();
    let other = accounts.load_record(&alice()).unwrap();
    let accepted = accounts.change_from(Some(one), &alice(), judge);
    assert!(matches!(accepted, Ok(Judgement::Accepted(_))));
    let again = accounts.change_from(Some(other), &alice(), judge);
    assert!(matches!(again, Ok(Judgement::AlreadyUsed)));

    // A judgement that stores nothing on the earlier record. The current record counts.
    let earlier = accounts.load_record(&alice()).unwrap();
    accounts.change(&alice(), Account::reset).unwrap();
    let state = |account: &mut Account| account.state();
    let seen = accounts.change_from(Some(earlier), &alice(), state);
    assert_eq!(seen.unwrap(), State::None);
}

#[test]
fn a_name_with_another_uid_does_not_get_the_record() {
    let scratch = Scratch::new("uid");
    let (accounts, (set, _)) = (scratch.host(), codes());
    accounts
        .change(&alice(), |account| set_up(account, set.clone()))
        .unwrap();
    let other = User {
        uid: 1001,
        ..alice()
    };
    assert!(matches!(
        accounts.load(&other),
        Err(tfad::account::Error::UidChanged(_))
    ));
    let changed = accounts.change(&other, |_| ());
    assert!(matches!(changed, Err(tfad::account::Error::UidChanged(_))));
}

#[test]
fn a_record_of_a_later_version_refuses_its_user_with_a_remedy() {
    let scratch = Scratch::new("later");
    let accounts = scratch.host();
    accounts
        .change(&alice(), |account| set_up(account, codes().0))
        .unwrap();
    // The kind of the only authenticator, which this version does not know.
    let store = scratch.store();
    let (record, revision) = store.load("alice").unwrap().unwrap();
    let mut later = record.as_bytes().to_vec();
    let name = later.windows(5).position(|five| five == b"phone").unwrap();
    let kind = name + later[name..].iter().position(|byte| *byte == 0x82).unwrap() + 1;
    assert_eq!(later[kind], 0, "{later:02x?}");
    later[kind] = 9;
    let commit = store.commit("alice", 1000, &later, revision).unwrap();
    assert_ne!(commit, Commit::Conflict);

    let now = Time::from_secs(NOW);
    let input = Input::parse(CODE);
    let scope = ThrottleScope::UNKNOWN;
    let typed = Typed {
        input: &input,
        scope,
        now,
        answer: None,
        may_hash: &|| true,
    };
    let judged = accounts.judge(&alice(), &typed, None, |account, credential| {
        Some(account.judge(credential, scope, now))
    });
    let Err(refused) = judged else {
        panic!("{judged:?}");
    };
    let refused = refused.to_string();
    for remedy in ["install that one again", "tfactl reset alice"] {
        assert!(refused.contains(remedy), "{refused}");
    }
    let (kept, _) = scratch.store().load("alice").unwrap().unwrap();
    assert_eq!(kept.as_bytes(), later);
}

#[test]
fn removed_account_keeps_only_that_it_was_enrolled() {
    let scratch = Scratch::new("removed");
    let (accounts, (set, _)) = (scratch.host(), codes());
    accounts
        .change(&alice(), |account| set_up(account, set.clone()))
        .unwrap();
    let Input::Code(code) = Input::parse(CODE) else {
        panic!("the code has six digits")
    };
    let proof = Credential::Code(code);
    let now = Time::from_secs(NOW);
    let removed = accounts
        .change(&alice(), |account| account.remove(&proof, now))
        .unwrap();
    assert_eq!(removed, Ok(()));
    let left = accounts.load(&alice()).unwrap().unwrap();
    assert!(left.mark_for(left.uid()).is_some());
}

#[test]
fn administrator_of_a_fleet_acts_on_users_whom_this_host_does_not_know() {
    let scratch = Scratch::new("not-of-this-host");
    let host = |accounts: Accounts| accounts.with_names(Arc::new(alice::Names));
    let remote = User {
        name: "remote".to_owned(),
        uid: 5000,
        aliases: Vec::new(),
    };
    let of_fleet = host(Accounts::new(Arc::new(scratch.store())).by_name_alone());
    let codes = codes().0;
    let enroll = |account: &mut Account| set_up(account, codes.clone());
    of_fleet.change(&remote, enroll).unwrap();
    assert_eq!(of_fleet.user("remote").unwrap(), remote);
    assert!(of_fleet.user("unknown").is_err());
    // Another user here has the name.
    let other = User {
        uid: 5001,
        ..alice()
    };
    of_fleet.change(&other, enroll).unwrap();
    assert_eq!(of_fleet.user("alice").unwrap(), other);
    let text = of_fleet.load(&alice()).err().unwrap().to_string();
    let ways = [
        "change the uid of alice on that host",
        &format!("tfactl rename alice alice --uid {}", alice().uid),
    ];
    assert!(ways.iter().all(|way| text.contains(way)), "{text}");
    drop(of_fleet);
    let alone = host(Accounts::new(Arc::new(scratch.store())));
    assert!(alone.user("remote").is_err());
}
