//! The recovery code of the host: accepted once, at the console, and followed by an enrollment.

use tfa_core::{
    Account, Answered, AskCode, AskRecoveryCode, AuthPhaseResult, BackupSet, Change, ChangedBy,
    Client, Credential, Dialog, Enroll, Factor, Factors, HostRecovery, Input, Judgement, LockScope,
    LockState, Match, Message, Next, PhaseAction, PhaseInput, Picture, RecoveryCode, Requirement,
    ThrottleScope, Time, Turn, Verdict,
};

use crate::owner::{Owner, UID, WRONG};
use crate::phone::{NOON, Phone, after, code};
use crate::sheet;

const CONSOLE: ThrottleScope = ThrottleScope::Console;
const LOGIN: Client<'static> = Client {
    service: "login",
    from: "/dev/tty1",
    shows: true,
    answer: None,
};

/// A recovery code, and what the host keeps of it.
fn recovery(label: u8) -> (HostRecovery, RecoveryCode) {
    HostRecovery::draw(|bytes| bytes.fill(label), NOON).unwrap()
}

fn typed(text: &str) -> RecoveryCode {
    match Input::parse(text) {
        Input::Recovery(code) => code,
        _ => panic!("{text} has not the form of a recovery code"),
    }
}

fn of(matched: Match<()>) -> Credential {
    Credential::Recovery(matched)
}

#[test]
fn it_is_right_until_its_use_and_known_after_it() {
    let (mut recovery, code) = recovery(7);
    let printed = code.to_printed();
    assert_eq!((printed.len(), printed.matches('-').count()), (19, 3));
    let spoken = typed(&printed.to_lowercase().replace('-', " "));
    assert_eq!(recovery.check(&spoken), Ok(Match::Fresh(())));
    for wrong in ["0000-0000-0000-0000", "ABCD-EFGH-JKMN-PQRS"] {
        assert_eq!(recovery.check(&typed(wrong)), Ok(Match::No), "{wrong}");
    }
    assert_eq!((recovery.created(), recovery.used()), (NOON, None));

    recovery.mark_used("alice", after(NOON, 60));
    assert_eq!(recovery.check(&spoken), Ok(Match::Used));
    let wrong = typed("0000-0000-0000-0000");
    assert_eq!(recovery.check(&wrong), Ok(Match::No));
    let used = recovery.used().unwrap();
    assert_eq!((used.user.as_str(), used.time), ("alice", after(NOON, 60)));
}

#[test]
fn it_is_read_as_it_was_written_and_no_other_bytes_are() {
    let (mut recovery, code) = recovery(7);
    for matched in [Match::Fresh(()), Match::Used] {
        let bytes = recovery.encode();
        let read = HostRecovery::decode(&bytes).unwrap();
        assert_eq!(read.check(&code), Ok(matched));
        assert_eq!(read.used(), recovery.used());
        for length in 0..bytes.len() {
            assert!(HostRecovery::decode(&bytes[..length]).is_err(), "{length}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(HostRecovery::decode(&longer).is_err());
        // The first field is the format.
        let mut other_format = bytes;
        let format = other_format.iter().position(|byte| *byte == 1).unwrap();
        other_format[format] = 2;
        assert!(HostRecovery::decode(&other_format).is_err());
        recovery.mark_used("alice", NOON);
    }
}

#[test]
fn two_codes_of_one_host_do_not_match_each_other() {
    let ((first, _), (_, other)) = (recovery(7), recovery(8));
    assert_eq!(first.check(&other), Ok(Match::No));
}

#[test]
fn a_right_one_at_the_console_is_accepted_and_clears_every_lock() {
    let mut owner = Owner::new();
    owner.lock_permanently(ThrottleScope::UNKNOWN, NOON);
    let now = after(owner.fail(100, CONSOLE, NOON), 3600);
    assert_eq!(owner.account.lock_state(CONSOLE, now), LockState::Permanent);
    // As it was loaded: no code was accepted since.
    owner.account = Account::decode(&owner.account.encode()).unwrap();
    let judged = owner.judge(&of(Match::Fresh(())), CONSOLE, now);
    assert_eq!(judged, Judgement::Accepted(Factor::RecoveryCode));
    assert!(owner.account.throttle().is_clear());
    // It says nothing of whose record it is.
    assert!(!owner.account.has_accepted_code());
    assert_eq!(owner.backup_codes_left(), 10);
}

#[test]
fn elsewhere_than_at_the_console_it_is_no_code_and_is_not_counted() {
    for scope in [ThrottleScope::UNKNOWN, ThrottleScope::OwnProgram] {
        for matched in [Match::Fresh(()), Match::Used, Match::No] {
            let mut owner = Owner::new();
            let before = owner.account.encode();
            let judged = owner.judge(&of(matched), scope, NOON);
            assert_eq!(judged, Judgement::NotACode);
            assert_eq!(owner.account.encode(), before);
        }
    }
}

#[test]
fn a_wrong_one_counts_and_a_used_one_does_not() {
    let mut owner = Owner::new();
    assert_eq!(
        owner.judge(&of(Match::Used), CONSOLE, NOON),
        Judgement::AlreadyUsed
    );
    assert_eq!(owner.failures(CONSOLE), 0);
    assert_eq!(
        owner.judge(&of(Match::No), CONSOLE, NOON),
        Judgement::Wrong(LockState::Unlocked)
    );
    assert_eq!(owner.failures(CONSOLE), 1);
}

#[test]
fn a_timed_lock_holds_against_it() {
    let mut owner = Owner::new();
    for _ in 0..5 {
        let _: Judgement = owner.judge(&code(WRONG), CONSOLE, NOON);
    }
    let judged = owner.judge(&of(Match::Fresh(())), CONSOLE, NOON);
    assert!(matches!(judged, Judgement::Locked(LockState::Until(_))));
    let judged = owner.judge(&of(Match::Fresh(())), CONSOLE, after(NOON, 30));
    assert_eq!(judged, Judgement::Accepted(Factor::RecoveryCode));
}

#[test]
fn a_permanent_lock_names_what_an_administrator_can_still_enter() {
    for (backup_codes, may_recover, says) in [
        (true, true, Some(Message::BackupOrRecoveryCodeOnly)),
        (true, false, Some(Message::BackupCodeOnly)),
        (false, true, Some(Message::RecoveryCodeOnly)),
        (
            false,
            false,
            Some(Message::Locked(LockState::Permanent, LockScope::Console)),
        ),
    ] {
        let mut owner = Owner::new();
        if !backup_codes {
            owner.account = Account::new(UID);
            owner
                .account
                .bind(owner.phone.authenticator(), NOON)
                .unwrap();
        }
        let now = after(owner.fail(100, CONSOLE, NOON), 3600);
        let begin = |scope, may_recover| {
            AskCode::begin_with_recovery(&owner.account, Factors::ANY, scope, || may_recover, now)
        };
        let begun = begin(CONSOLE, may_recover);
        assert_eq!(begun.turn.says, says);
        let asks = match begun.dialog {
            Some(Dialog::AskCode(_)) => Some(Next::AskCode { digits: 6 }),
            Some(Dialog::AskRecoveryCode(_)) => Some(Next::AskRecoveryCode),
            Some(_) => panic!("another dialog"),
            None => None,
        };
        assert_eq!(
            asks,
            match (backup_codes, may_recover) {
                (true, _) => Some(Next::AskCode { digits: 6 }),
                (false, true) => Some(Next::AskRecoveryCode),
                (false, false) => None,
            }
        );
        if let Some(asks) = asks {
            assert_eq!(begun.turn.next, asks);
        }
        let remote = AskCode::begin_with_recovery(
            &owner.account,
            Factors::ANY,
            ThrottleScope::UNKNOWN,
            || panic!("a remote login does not ask for groups"),
            now,
        );
        assert_eq!(remote.turn.says, None);
    }
}

#[test]
fn a_login_with_it_says_that_it_is_void_and_asks_for_another() {
    let mut owner = Owner::new();
    let begun = AskCode::begin(&owner.account, CONSOLE, NOON);
    let Some(Dialog::AskCode(question)) = begun.dialog else {
        panic!("a code is asked for");
    };
    let credential = of(Match::Fresh(()));
    let Answered::Turn(turn, None) = question.answer(
        Some(Factors::ANY),
        &mut owner.account,
        &credential,
        LOGIN,
        NOON,
    ) else {
        panic!("the dialog ends");
    };
    assert_eq!(turn.says, Some(Message::RecoveryCodeUsed));
    let verified = Verdict::Verified(Factor::RecoveryCode);
    assert_eq!(turn.next, Next::End(verified));
    assert_eq!(owner.account.last_login(), Some(NOON));
}

/// The question for the recovery code alone.
fn only_recovery(account: &Account, now: Time) -> AskRecoveryCode {
    let begun = AskRecoveryCode::begin(account, now).unwrap();
    assert_eq!(
        (begun.turn.says, begun.turn.next),
        (None, Next::AskRecoveryCode)
    );
    assert!(!begun.takes_any_code());
    match begun.dialog {
        Some(Dialog::AskRecoveryCode(question)) => question,
        _ => panic!("the recovery code is asked for"),
    }
}

#[test]
fn a_refused_administrator_is_asked_for_it_and_nothing_else_is_accepted() {
    let mut owner = Owner::new();
    let question = only_recovery(&owner.account, NOON);
    let before = owner.account.clone();
    let others = [
        owner.code(NOON, 0),
        sheet::FIRST.code(3),
        Credential::Malformed,
    ];
    for credential in others {
        let Answered::Turn(turn, Some(_)) =
            question.answer(true, &mut owner.account, &credential, LOGIN, NOON)
        else {
            panic!("the question is repeated");
        };
        assert_eq!(
            (turn.says, turn.next),
            (Some(Message::NotARecoveryCode), Next::AskRecoveryCode)
        );
    }
    assert_eq!(owner.failures(CONSOLE), 0);
    assert_eq!(
        owner.account.backup_codes_left(),
        before.backup_codes_left()
    );
    assert_eq!(owner.account.last_login(), before.last_login());

    // A user who never enrolled.
    let mut account = Account::new(UID);
    let question = only_recovery(&account, NOON);
    let mut answered = |is_barred, matched| match question.answer(
        is_barred,
        &mut account,
        &of(matched),
        LOGIN,
        NOON,
    ) {
        Answered::Turn(turn, dialog) => (turn.next, dialog.is_some()),
        _ => panic!("a turn follows"),
    };
    // The policy refuses the login no more.
    let denied = Next::End(Verdict::Denied);
    assert_eq!(answered(false, Match::Fresh(())), (denied, false));
    assert_eq!(answered(true, Match::No), (Next::AskRecoveryCode, true));
    assert_eq!(answered(true, Match::Used), (Next::AskRecoveryCode, true));
    let verified = Next::End(Verdict::Verified(Factor::RecoveryCode));
    assert_eq!(answered(true, Match::Fresh(())), (verified, false));
    assert!(account.authenticators().is_empty());
}

#[test]
fn wrong_recovery_codes_lock_the_question_of_a_refused_administrator() {
    let mut account = Account::new(UID);
    for _ in 0..5 {
        let question = only_recovery(&account, NOON);
        let wrong = of(Match::No);
        let _ = question.answer(true, &mut account, &wrong, LOGIN, NOON);
    }
    assert!(AskRecoveryCode::begin(&account, NOON).is_none());
    let _ = only_recovery(&account, after(NOON, 31));
}

#[test]
fn its_use_is_reported_to_the_owner_once_and_not_by_the_same_login() {
    let mut owner = Owner::new();
    let report_of = |owner: &mut Owner, credential: &Credential, now| {
        let begun = AskCode::begin(&owner.account, CONSOLE, now);
        let Some(Dialog::AskCode(question)) = begun.dialog else {
            panic!("a code is asked for");
        };
        let ask = Some(Factors::ANY);
        match question.answer(ask, &mut owner.account, credential, LOGIN, now) {
            Answered::Turn(turn, None) => turn.report.and_then(|report| report.changes),
            _ => panic!("the dialog ends"),
        }
    };
    assert_eq!(report_of(&mut owner, &of(Match::Fresh(())), NOON), None);
    let entered = Change::RecoveryCodeEntered("/dev/tty1".to_owned());
    for (seconds, said) in [(600, true), (660, true), (1200, false)] {
        let now = after(NOON, seconds);
        let code = owner.phone.code(now);
        let changes = report_of(&mut owner, &code, now);
        let notice = changes.and_then(|changes| changes.newest.first().cloned());
        let notice = notice.map(|notice| (notice.change, notice.at));
        assert_eq!(notice, said.then(|| (entered.clone(), NOON)), "{seconds}");
    }
    let bytes = owner.account.encode();
    assert!(Account::decode(&bytes).is_ok());
}

#[test]
fn its_use_is_reported_after_the_enrollment_that_follows() {
    let mut account = Owner::new().account;
    let entered = Change::RecoveryCodeEntered("/dev/tty1".to_owned());
    account.notify(entered.clone(), ChangedBy::Administrator, NOON);
    let mut login = Recovered::begin(account);
    login.types("yes");
    login.types("");
    let code = login.phone.shows(NOON);
    login.types(&code);
    login.types("");
    assert_eq!(login.turn.next, Next::End(Verdict::Enrolled));
    let changes = login.account.changes_to_report().unwrap();
    assert!(changes.newest.iter().any(|one| one.change == entered));
}

#[test]
fn only_the_account_phase_of_a_program_that_asks_offers_a_new_authenticator() {
    let auth_result = AuthPhaseResult::Recovered;
    for guarded in [false, true] {
        for (silent, action) in [(false, PhaseAction::Replace), (true, PhaseAction::Verified)] {
            let phase = PhaseInput::Account {
                auth_result,
                guarded,
                silent,
            };
            assert_eq!(phase.action_without_policy(), Some(action));
        }
        let phase = PhaseInput::Session {
            auth_result,
            guarded,
        };
        let action = phase.action_without_policy();
        assert_eq!(action, Some(PhaseAction::Verified));
    }
}

/// The enrollment after a login with the recovery code.
struct Recovered {
    account: Account,
    phone: Phone,
    turn: Turn,
    dialog: Option<Enroll>,
    drawn: Option<BackupSet>,
}

impl Recovered {
    fn begin(account: Account) -> Self {
        let phone = Phone::usual(9);
        let authenticator = phone.authenticator_named("new phone");
        let begun = Enroll::begin_after_recovery(authenticator, Picture::First, CONSOLE, NOON);
        Self {
            account,
            phone,
            turn: begun.turn,
            dialog: enrollment(begun.dialog),
            drawn: None,
        }
    }

    /// Answers, whatever the policy requires by now.
    fn types(&mut self, text: &str) {
        let dialog = self.dialog.take().unwrap();
        let answered = dialog.clone().answer(
            Requirement::Undetermined,
            &mut self.account,
            text,
            self.drawn.as_ref(),
            NOON,
        );
        match answered {
            Answered::Turn(turn, next) => {
                self.turn = turn;
                self.dialog = enrollment(next);
            }
            Answered::DrawCodes => {
                self.drawn = Some(sheet::SECOND.set());
                self.dialog = Some(dialog);
                self.types(text);
            }
            Answered::Rehash => panic!("no backup code was typed"),
        }
    }
}

fn enrollment(dialog: Option<Dialog>) -> Option<Enroll> {
    dialog.map(|dialog| match dialog {
        Dialog::Enroll(enroll) => *enroll,
        Dialog::AskCode(_) | Dialog::AskRecoveryCode(_) | Dialog::AskRemember(_) => {
            panic!("no code is asked for")
        }
    })
}

#[test]
fn a_new_authenticator_replaces_the_lost_ones_with_its_first_code() {
    let owner = Owner::new();
    let before = owner.account.encode();
    let mut login = Recovered::begin(owner.account.clone());
    assert_eq!(login.turn.next, Next::AskToReplace);
    login.types("yes");
    assert_eq!(login.turn.next, Next::ShowPicture);
    login.types("");
    login.types(WRONG);
    assert_eq!(login.account.encode(), before);
    let code = login.phone.shows(NOON);
    login.types(&code);
    assert_eq!(login.turn.next, Next::ShowBackupCodes);
    let names: Vec<_> = login
        .account
        .authenticators()
        .iter()
        .map(|one| one.name())
        .collect();
    assert_eq!(names, ["new phone"]);
    assert!(login.account.encode() != before);
    login.types("");
    assert_eq!(login.turn.next, Next::End(Verdict::Enrolled));
    let lost = owner.phone.code(NOON);
    let judged = login.account.judge(&lost, CONSOLE, NOON);
    assert!(matches!(judged, Judgement::Wrong(_)));
    let judged = login.account.judge(&sheet::FIRST.code(0), CONSOLE, NOON);
    assert_eq!(judged, Judgement::Rehash);
}

#[test]
fn a_user_without_an_authenticator_is_offered_one_too() {
    let mut login = Recovered::begin(Account::new(UID));
    login.types("yes");
    login.types("");
    let code = login.phone.shows(NOON);
    login.types(&code);
    assert_eq!(login.account.authenticators().len(), 1);
}

#[test]
fn without_enrollment_the_login_stays_verified_and_nothing_changes() {
    for answers in [
        &[""][..],
        &["no"],
        &["maybe"],
        &["yes", "no"],
        &["yes", "", "no"],
    ] {
        let owner = Owner::new();
        let mut login = Recovered::begin(owner.account.clone());
        for answer in answers {
            login.types(answer);
        }
        let end = Next::End(Verdict::NotReplaced);
        assert_eq!(login.turn.next, end, "{answers:?}");
        assert_eq!(login.account.encode(), owner.account.encode());
        let shown = answers.len() > 1;
        let says = shown.then_some(Message::NotSetUp);
        assert_eq!(login.turn.says, says, "{answers:?}");
    }
}
