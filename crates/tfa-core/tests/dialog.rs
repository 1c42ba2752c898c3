//! The dialog of a login: it ends, and succeeds only after a right code.

use proptest::prelude::*;
use tfa_core::{
    Account, Answered, AskCode, Client, Credential, Dialog, Factor, Factors, HostName, Judgement,
    LockScope, LockState, MAX_TRIES, MemberPlace, MemberScope, Message, Next, ThrottleScope, Time,
    Turn, Verdict,
};

use crate::cases;
use crate::owner::{CODE, Owner, UID, account_of_several, wrong_code};
use crate::phone::{NOON, Phone, after};
use crate::sheet;

const ASK: Next = Next::AskCode { digits: 6 };
const SSHD: Client<'static> = Client {
    from: "192.0.2.7",
    service: "sshd",
    shows: true,
    answer: None,
};

fn begin(owner: &Owner, scope: ThrottleScope, now: Time) -> AskCode {
    let begun = AskCode::begin(&owner.account, scope, now);
    assert_eq!(begun.turn.next, ASK);
    question(begun.dialog).unwrap()
}

/// Returns the dialog, which must ask for a code.
fn question(dialog: Option<Dialog>) -> Option<AskCode> {
    dialog.map(|dialog| match dialog {
        Dialog::AskCode(question) => question,
        Dialog::AskRecoveryCode(_) | Dialog::AskRemember(_) | Dialog::Enroll(_) => {
            panic!("only a code is asked for")
        }
    })
}

/// Answers, and returns the turn and the continued dialog.
fn answer(
    dialog: AskCode,
    account: &mut Account,
    credential: &Credential,
    now: Time,
) -> (Turn, Option<AskCode>) {
    match dialog.answer(Some(Factors::ANY), account, credential, SSHD, now) {
        Answered::Turn(turn, dialog) => (turn, question(dialog)),
        Answered::Rehash => panic!("the backup codes did not change"),
        Answered::DrawCodes => panic!("nothing is to be set up"),
    }
}

fn end(says: Option<Message>, verdict: Verdict) -> Turn {
    let next = Next::End(verdict);
    Turn {
        says,
        report: None,
        next,
    }
}

/// The question again, after this message.
fn again(says: Option<Message>) -> Turn {
    Turn {
        says,
        report: None,
        next: ASK,
    }
}

#[test]
fn a_right_code_succeeds_and_sets_the_last_login() {
    let mut owner = Owner::new();
    assert_eq!(owner.account.last_login(), None);
    let dialog = begin(&owner, ThrottleScope::Console, NOON);
    assert_eq!(dialog.scope(), ThrottleScope::Console);
    let code = owner.code(NOON, 0);
    let (turn, dialog) = answer(dialog, &mut owner.account, &code, NOON);
    assert_eq!(turn, end(None, Verdict::Verified(CODE)));
    assert!(dialog.is_none());
    assert_eq!(owner.account.last_login(), Some(NOON));
}

#[test]
fn a_right_backup_code_succeeds_and_shows_the_number_left() {
    let mut owner = Owner::new();
    let dialog = begin(&owner, ThrottleScope::UNKNOWN, NOON);
    let (turn, _) = answer(dialog, &mut owner.account, &sheet::FIRST.code(0), NOON);
    let says = Some(Message::BackupCodeUsed {
        left: 9,
        has_codes: true,
    });
    assert_eq!(turn, end(says, Verdict::Verified(Factor::BackupCode)));
}

#[test]
fn the_third_wrong_answer_of_any_kind_ends_the_dialog() {
    let wrong = Message::Wrong;
    for says in [wrong, Message::AlreadyUsed, Message::NotACode] {
        let mut owner = Owner::new();
        let spent = owner.code(NOON, 0);
        let _: Judgement = owner.judge(&spent, ThrottleScope::UNKNOWN, NOON);
        let credential = match says {
            Message::Wrong | Message::WrongAndLocked(..) => wrong_code(),
            Message::AlreadyUsed => spent,
            _ => Credential::Malformed,
        };
        let says = Some(says);
        let dialog = begin(&owner, ThrottleScope::UNKNOWN, NOON);
        let (turn, dialog) = answer(dialog, &mut owner.account, &credential, NOON);
        assert_eq!(turn, again(says));
        let (turn, dialog) = answer(dialog.unwrap(), &mut owner.account, &credential, NOON);
        assert_eq!(turn, again(says));
        let (turn, dialog) = answer(dialog.unwrap(), &mut owner.account, &credential, NOON);
        assert_eq!(turn, end(says, Verdict::Denied));
        assert!(dialog.is_none());
        assert_eq!(owner.account.last_login(), None);
        assert_eq!(says.is_some_and(Message::is_failure), says == Some(wrong));
    }
}

#[test]
fn an_empty_answer_ends_the_dialog_and_is_not_counted() {
    let mut owner = Owner::new();
    let dialog = begin(&owner, ThrottleScope::UNKNOWN, NOON);
    let (turn, dialog) = answer(dialog, &mut owner.account, &Credential::Empty, NOON);
    assert_eq!(turn, end(None, Verdict::Denied));
    assert!(dialog.is_none());
    assert!(owner.account.throttle().is_clear());
}

#[test]
fn the_wrong_code_that_locks_ends_the_dialog() {
    let mut owner = Owner::new();
    owner.fail(4, ThrottleScope::UNKNOWN, NOON);
    let dialog = begin(&owner, ThrottleScope::UNKNOWN, NOON);
    let (turn, dialog) = answer(dialog, &mut owner.account, &wrong_code(), NOON);
    let until = LockState::Until(after(NOON, 30));
    let wrong = Message::WrongAndLocked(until, LockScope::UnknownOrigins);
    assert_eq!(turn, end(Some(wrong), Verdict::Locked));
    assert!(wrong.is_failure());
    assert!(dialog.is_none());
}

#[test]
fn lock_set_during_the_dialog_refuses_even_a_right_code() {
    let mut owner = Owner::new();
    let dialog = begin(&owner, ThrottleScope::UNKNOWN, NOON);
    owner.fail(5, ThrottleScope::UNKNOWN, NOON);
    let code = owner.code(NOON, 0);
    let (turn, _) = answer(dialog, &mut owner.account, &code, NOON);
    let until = LockState::Until(after(NOON, 30));
    let locked = Message::Locked(until, LockScope::UnknownOrigins);
    assert_eq!(turn, end(Some(locked), Verdict::Locked));
    assert!(!locked.is_failure());
}

#[test]
fn concurrent_dialogs_share_the_count() {
    let mut owner = Owner::new();
    let dialogs = [(); 6].map(|()| begin(&owner, ThrottleScope::UNKNOWN, NOON));
    let verdicts = dialogs.map(|dialog| {
        answer(dialog, &mut owner.account, &wrong_code(), NOON)
            .0
            .next
    });
    let locked = Next::End(Verdict::Locked);
    assert_eq!(verdicts, [ASK, ASK, ASK, ASK, locked, locked]);
}

#[test]
fn one_code_succeeds_in_one_of_two_dialogs() {
    let mut owner = Owner::new();
    let dialogs =
        [ThrottleScope::UNKNOWN, ThrottleScope::Console].map(|scope| begin(&owner, scope, NOON));
    let code = owner.code(NOON, 0);
    let turns = dialogs.map(|dialog| answer(dialog, &mut owner.account, &code, NOON).0);
    assert_eq!(
        turns,
        [
            end(None, Verdict::Verified(CODE)),
            again(Some(Message::AlreadyUsed))
        ]
    );
}

#[test]
fn no_dialog_begins_while_the_account_is_locked() {
    let mut owner = Owner::new();
    owner.fail(5, ThrottleScope::UNKNOWN, NOON);
    let begun = |now| AskCode::begin(&owner.account, ThrottleScope::UNKNOWN, now);
    let until = LockState::Until(after(NOON, 30));
    let locked = Message::Locked(until, LockScope::UnknownOrigins);
    assert_eq!(
        begun(after(NOON, 29)).turn,
        end(Some(locked), Verdict::Locked)
    );
    assert!(begun(after(NOON, 29)).dialog.is_none());
    assert!(begun(after(NOON, 30)).dialog.is_some());
}

#[test]
fn under_a_permanent_lock_only_the_console_asks_for_a_backup_code() {
    let member = HostName::new("web1").unwrap();
    let member = MemberScope::new(&member, MemberPlace::Console);
    for scope in [
        ThrottleScope::UNKNOWN,
        ThrottleScope::Console,
        ThrottleScope::OwnProgram,
        ThrottleScope::Session,
        ThrottleScope::AtMember(member),
    ] {
        let mut owner = Owner::new();
        let until = after(owner.lock_permanently(scope, NOON), 3600);
        let begin = |now| AskCode::begin(&owner.account, scope, now);
        let (early, later) = (begin(after(until, -1)), begin(until));
        assert!(early.dialog.is_none());
        match scope {
            ThrottleScope::Remote(_)
            | ThrottleScope::Session
            | ThrottleScope::OwnProgram
            // The console is the member's word: a backup code there opens no lock.
            | ThrottleScope::AtMember(_) => {
                let scope = scope.without_known_origins();
                let locked = Message::Locked(LockState::Permanent, scope);
                let locked = end(Some(locked), Verdict::Locked);
                assert_eq!([early.turn, later.turn], [locked.clone(), locked]);
            }
            ThrottleScope::Console => {
                let locked = Message::Locked(LockState::Until(until), LockScope::Console);
                assert_eq!(early.turn, end(Some(locked), Verdict::Locked));
                assert_eq!(later.turn, again(Some(Message::BackupCodeOnly)));
                let code = owner.code(until, 0);
                let asked = question(later.dialog).unwrap();
                let (turn, _) = answer(asked.clone(), &mut owner.account, &code, until);
                let locked = Message::Locked(LockState::Permanent, LockScope::Console);
                assert_eq!(turn, end(Some(locked), Verdict::Locked));
                let backup = sheet::FIRST.code(0);
                let (turn, _) = answer(asked, &mut owner.account, &backup, until);
                let says = Some(Message::BackupCodeUsed {
                    left: 9,
                    has_codes: true,
                });
                assert_eq!(turn.says, says);
                assert_eq!(
                    turn.report
                        .and_then(|report| report.wrong_codes)
                        .map(|wrong| wrong.count),
                    Some(100)
                );
                assert_eq!(turn.next, Next::End(Verdict::Verified(Factor::BackupCode)));
            }
        }
    }
}

#[test]
fn an_account_without_a_key_is_never_verified() {
    let begun = AskCode::begin(&Account::new(UID), ThrottleScope::Console, NOON);
    assert_eq!(begun.turn.next, Next::End(Verdict::Denied));
    assert!(begun.dialog.is_none());
    // It was removed while the question was open.
    for credential in [Phone::usual(7).code(NOON), sheet::unhashed()] {
        let asked = begin(&Owner::new(), ThrottleScope::Console, NOON);
        let (turn, next) = answer(asked, &mut Account::new(UID), &credential, NOON);
        assert_eq!(turn.next, Next::End(Verdict::Denied));
        assert!(next.is_none());
    }
}

#[test]
fn user_no_longer_asked_is_refused_and_the_code_not_checked() {
    let mut owner = Owner::new();
    let before = owner.account.encode();
    let code = owner.code(NOON, 0);
    let dialog = begin(&owner, ThrottleScope::UNKNOWN, NOON);
    match dialog.answer(None, &mut owner.account, &code, SSHD, NOON) {
        Answered::Turn(turn, dialog) => {
            assert_eq!(turn, end(Some(Message::Changed), Verdict::Denied));
            assert!(dialog.is_none());
        }
        Answered::Rehash | Answered::DrawCodes => panic!("nothing is to be hashed"),
    }
    assert_eq!(*owner.account.encode(), *before);
}

#[test]
fn replaced_backup_codes_use_up_no_answer() {
    let mut owner = Owner::new();
    let dialog = begin(&owner, ThrottleScope::UNKNOWN, NOON);
    let before = owner.account.encode();
    let stale = sheet::SECOND.code(0);
    let answered = dialog.answer(Some(Factors::ANY), &mut owner.account, &stale, SSHD, NOON);
    assert!(matches!(answered, Answered::Rehash));
    assert_eq!(*owner.account.encode(), *before);
}

#[test]
fn the_question_names_the_code_length_unless_it_varies() {
    let eight = || Phone::unusual(2, tfa_core::Algorithm::Sha256, 8, 60);
    for (phones, digits) in [
        (vec![Phone::usual(1)], 6),
        (vec![eight()], 8),
        (vec![eight(), eight()], 8),
        (vec![Phone::usual(1), eight()], 0),
    ] {
        let account = account_of_several(&phones);
        let begun = AskCode::begin(&account, ThrottleScope::UNKNOWN, NOON);
        assert_eq!(begun.turn.next, Next::AskCode { digits });
    }
}

/// An answer, and the seconds since the last one.
#[derive(Debug, Clone, Copy)]
enum Reply {
    Code(i64),
    Wrong,
    Backup(usize),
    WrongBackup,
    StaleBackup,
    Unhashed,
    Malformed,
    Nothing,
}

impl Reply {
    fn credential(self, owner: &Owner, now: Time) -> Credential {
        match self {
            Self::Code(steps) => owner.code(now, steps),
            Self::Wrong => wrong_code(),
            Self::Backup(place) => sheet::FIRST.code(place),
            Self::WrongBackup => sheet::FIRST.wrong(),
            Self::StaleBackup => sheet::SECOND.code(0),
            Self::Unhashed => sheet::unhashed(),
            Self::Malformed => Credential::Malformed,
            Self::Nothing => Credential::Empty,
        }
    }
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        (-3..=3_i64).prop_map(Reply::Code),
        (0..3_usize).prop_map(Reply::Backup),
        Just(Reply::Wrong),
        Just(Reply::Wrong),
        Just(Reply::WrongBackup),
        Just(Reply::StaleBackup),
        Just(Reply::Unhashed),
        Just(Reply::Malformed),
        Just(Reply::Malformed),
        Just(Reply::Nothing),
    ]
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn every_dialog_ends_in_three_answers_and_succeeds_only_if_right(
        logins in prop::collection::vec((prop::collection::vec(reply(), 12), 0..200_i64, any::<bool>()), 1..12),
    ) {
        let (mut owner, mut now) = (Owner::new(), NOON);
        for (replies, wait, console) in logins {
            now = after(now, wait);
            let scope = if console { ThrottleScope::Console } else { ThrottleScope::UNKNOWN };
            let mut dialog = question(AskCode::begin(&owner.account, scope, now).dialog);
            let mut answers = 0;
            for reply in replies {
                let Some(asked) = dialog.take() else { break };
                let credential = reply.credential(&owner, now);
                let judgement = owner.account.clone().judge(&credential, scope, now);
                let before = owner.account.encode();
                match asked.answer(Some(Factors::ANY), &mut owner.account, &credential, SSHD, now) {
                    Answered::Rehash => {
                        prop_assert_eq!(judgement, Judgement::Rehash);
                        prop_assert_eq!(&**owner.account.encode(), &**before);
                    }
                    Answered::DrawCodes => prop_assert!(false),
                    Answered::Turn(turn, next) => {
                        answers += 1;
                        prop_assert_eq!(next.is_some(), matches!(turn.next, Next::AskCode { .. }));
                        match (judgement, turn.next) {
                            (Judgement::Accepted(right), Next::End(Verdict::Verified(said))) => {
                                prop_assert_eq!(right, said);
                                prop_assert_ne!(&**owner.account.encode(), &**before);
                            }
                            (Judgement::Accepted(_), _) | (_, Next::End(Verdict::Verified(_))) => {
                                prop_assert!(false, "{:?} after {:?}", turn, judgement);
                            }
                            (_, Next::End(Verdict::Denied | Verdict::Locked)) => {}
                            (_, Next::AskCode { .. }) => {}
                            _ => prop_assert!(false, "{:?}", turn),
                        }
                        dialog = question(next);
                    }
                }
            }
            prop_assert!(answers <= MAX_TRIES);
            prop_assert!(dialog.is_none() || answers < MAX_TRIES);
        }
    }
}
