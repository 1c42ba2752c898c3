//! Wrong codes since the last login: which login reports them, and how often.

use tfa_core::{
    Account, Answered, AskCode, Attempts, Client, Credential, Dialog, Factors, Judgement, Next,
    ThrottleScope, Time, Turn, Verdict,
};

use crate::cbor::Item;
use crate::owner::{Owner, wrong_code};
use crate::phone::{NOON, after};
use crate::sheet;

pub(crate) const SSHD: Client<'static> = Client {
    from: "192.0.2.7",
    service: "sshd",
    shows: true,
    answer: None,
};
pub(crate) const GUESSER: Client<'static> = Client {
    from: "192.0.2.66",
    service: "sshd",
    shows: true,
    answer: None,
};

/// A login with these answers. Returns its last turn.
pub(crate) fn login(
    owner: &mut Owner,
    client: Client<'_>,
    typed: &[Credential],
    now: Time,
) -> Turn {
    let begun = AskCode::begin(&owner.account, ThrottleScope::UNKNOWN, now);
    let (mut turn, mut dialog) = (begun.turn, begun.dialog);
    for credential in typed {
        let Some(Dialog::AskCode(asked)) = dialog else {
            panic!("over: {turn:?}")
        };
        let answered = asked.answer(
            Some(Factors::ANY),
            &mut owner.account,
            credential,
            client,
            now,
        );
        let Answered::Turn(next, going_on) = answered else {
            panic!("nothing is to be hashed")
        };
        (turn, dialog) = (next, going_on);
    }
    turn
}

/// A login with a right code. Returns the reported number, time and origin of wrong codes.
fn report(owner: &mut Owner, now: Time) -> Option<(u32, Time, String)> {
    let right = owner.code(now, 0);
    let turn = login(owner, SSHD, &[right], now);
    assert!(
        matches!(turn.next, Next::End(Verdict::Verified(_))),
        "{turn:?}"
    );
    turn.report
        .and_then(|report| report.wrong_codes)
        .map(|wrong| (wrong.count, wrong.last, wrong.from))
}

fn pending(owner: &Owner) -> u32 {
    owner.account.wrong_codes().map_or(0, |wrong| wrong.count)
}

#[test]
fn wrong_codes_are_reported_once_with_count_and_last() {
    let mut owner = Owner::new();
    assert_eq!(report(&mut owner, NOON), None);
    for minute in [10, 20, 30] {
        let guessed = after(NOON, 60 * minute);
        login(&mut owner, GUESSER, &[wrong_code()], guessed);
    }
    assert_eq!(pending(&owner), 3);
    let expected = (3, after(NOON, 1800), "192.0.2.66".to_owned());
    assert_eq!(report(&mut owner, after(NOON, 3600)), Some(expected));
    assert_eq!(pending(&owner), 0);
    assert_eq!(report(&mut owner, after(NOON, 7200)), None);
}

#[test]
fn wrong_codes_are_not_reported_before_a_right_code() {
    let mut owner = Owner::new();
    login(&mut owner, GUESSER, &[wrong_code()], NOON);
    for typed in [wrong_code(), Credential::Malformed, Credential::Empty] {
        let turn = login(&mut owner, SSHD, &[typed], after(NOON, 60));
        assert_eq!(turn.report, None);
    }
    let begun = AskCode::begin(&owner.account, ThrottleScope::UNKNOWN, after(NOON, 60));
    assert_eq!(begun.turn.report, None);
    assert_eq!(pending(&owner), 2);
}

#[test]
fn own_wrong_codes_are_not_reported_and_hide_no_others() {
    let mut owner = Owner::new();
    let right = owner.code(NOON, 0);
    let turn = login(&mut owner, SSHD, &[wrong_code(), right], NOON);
    assert_eq!(turn.report, None);
    assert_eq!(pending(&owner), 0);

    let guessed = after(NOON, 600);
    login(&mut owner, GUESSER, &[wrong_code()], guessed);
    let now = after(NOON, 1200);
    let right = owner.code(now, 0);
    let turn = login(&mut owner, SSHD, &[wrong_code(), wrong_code(), right], now);
    let wrong = turn.report.and_then(|report| report.wrong_codes).unwrap();
    assert_eq!(
        (wrong.count, wrong.last, &*wrong.from),
        (1, guessed, "192.0.2.66")
    );
}

#[test]
fn login_soon_after_a_report_repeats_it() {
    let mut owner = Owner::new();
    login(&mut owner, GUESSER, &[wrong_code()], NOON);
    let first = report(&mut owner, after(NOON, 60));
    assert!(first.is_some());
    assert_eq!(report(&mut owner, after(NOON, 120)), first);
    assert_eq!(report(&mut owner, after(NOON, 240)), None);
}

#[test]
fn a_wrong_code_of_the_owner_is_not_added_to_a_repeated_report() {
    let mut owner = Owner::new();
    for _ in 0..3 {
        login(&mut owner, GUESSER, &[wrong_code()], NOON);
    }
    let first = report(&mut owner, after(NOON, 60));
    assert_eq!(first, Some((3, NOON, "192.0.2.66".to_owned())));
    let now = after(NOON, 120);
    let right = owner.code(now, 0);
    let turn = login(&mut owner, SSHD, &[wrong_code(), right], now);
    let wrong = turn
        .report
        .and_then(|report| report.wrong_codes)
        .map(|wrong| (wrong.count, wrong.last, wrong.from));
    assert_eq!(wrong, first);
    // The owner's wrong code does not restart the two minutes.
    assert_eq!(report(&mut owner, after(NOON, 60 + 150)), None);
}

#[test]
fn program_without_messages_does_not_use_up_the_report() {
    let mut owner = Owner::new();
    login(&mut owner, GUESSER, &[wrong_code()], NOON);
    let now = after(NOON, 60);
    let right = owner.code(now, 0);
    let silent = Client {
        shows: false,
        ..SSHD
    };
    assert_eq!(login(&mut owner, silent, &[right], now).report, None);
    assert_eq!(
        report(&mut owner, after(NOON, 600)).map(|report| report.0),
        Some(1)
    );
}

#[test]
fn wrong_proofs_and_backup_codes_are_reported_too() {
    let mut owner = Owner::new();
    assert!(
        owner
            .account
            .try_code(&wrong_code(), ThrottleScope::OwnProgram, NOON)
            .is_err()
    );
    let _: Judgement = owner.judge(&sheet::FIRST.wrong(), ThrottleScope::Console, NOON);
    let report = report(&mut owner, after(NOON, 600));
    assert_eq!(report, Some((2, NOON, String::new())));
}

#[test]
fn the_reported_origin_is_short_and_printable() {
    let mut owner = Owner::new();
    let from = format!("x\n\u{1b}[2J\u{202e}é{}", "y".repeat(500));
    let client = Client {
        from: &from,
        service: "sshd",
        shows: true,
        answer: None,
    };
    login(&mut owner, client, &[wrong_code()], NOON);
    let from = report(&mut owner, after(NOON, 60)).unwrap().2;
    assert_eq!(from, format!("x??[2J??{}", "y".repeat(56)));
    // The record does not contain more either.
    login(&mut owner, GUESSER, &[wrong_code()], after(NOON, 600));
    let record = Item::parse(&owner.account.encode());
    for from in ["\u{1b}[2J", "é", &"y".repeat(65)] {
        let mut record = record.clone();
        *record.at(&[11, 2]) = Item::Text(from.to_owned());
        assert!(Account::decode(&record.bytes()).is_err(), "{from:?}");
    }
}

#[test]
fn a_clock_jump_suppresses_no_report() {
    let mut owner = Owner::new();
    let ahead = after(NOON, 400 * 86_400);
    login(&mut owner, GUESSER, &[wrong_code()], ahead);
    assert_eq!(report(&mut owner, ahead).map(|report| report.0), Some(1));
    login(&mut owner, GUESSER, &[wrong_code()], NOON);
    let counted = owner
        .account
        .wrong_codes()
        .map(|wrong: &Attempts| wrong.count);
    assert_eq!(counted, Some(1));
    assert_eq!(
        report(&mut owner, after(NOON, 60)).map(|report| report.0),
        Some(1)
    );
}

#[test]
fn an_account_without_enrollment_records_no_wrong_codes() {
    let mut account = Account::new(1000);
    let _: Judgement = account.judge(&wrong_code(), ThrottleScope::UNKNOWN, NOON);
    assert_eq!(account.wrong_codes(), None);
}
