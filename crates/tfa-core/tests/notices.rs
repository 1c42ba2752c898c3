//! Notices of changes and of used codes: which login reports them, and how often.

use tfa_core::{
    Account, AskCode, AuthenticatorId, Change, ChangedBy, Client, Credential, Factors, Next,
    Report, ThrottleScope, Time, Verdict,
};

use crate::cbor::Item;
use crate::owner::{FIRST, Owner, wrong_code};
use crate::phone::{NOON, Phone, after};
use crate::sheet;
use crate::wrong_codes::{GUESSER, SSHD, login};

/// What a login with a right code reports.
fn report_to(owner: &mut Owner, client: Client<'_>, now: Time) -> Report {
    let right = owner.code(now, 0);
    let turn = login(owner, client, &[right], now);
    let verdict = turn.next;
    assert!(
        matches!(verdict, Next::End(Verdict::Verified(_))),
        "{verdict:?}"
    );
    turn.report.map_or_else(Report::default, |report| *report)
}

/// The changes that a login reports, and the number of dropped ones.
fn changes(owner: &mut Owner, now: Time) -> (Vec<(Change, ChangedBy)>, u32) {
    match report_to(owner, SSHD, now).changes {
        None => (Vec::new(), 0),
        Some(changes) => {
            let newest = changes.newest.into_iter();
            (
                newest.map(|one| (one.change, one.by)).collect(),
                changes.dropped,
            )
        }
    }
}

fn added(name: &str) -> Change {
    Change::AuthenticatorAdded(name.to_owned())
}

#[test]
fn a_change_is_reported_once_by_the_next_login() {
    let mut owner = Owner::new();
    let token = Phone::usual(9).authenticator_named("token");
    owner.account.bind(token, NOON).unwrap();
    let report = report_to(&mut owner, SSHD, after(NOON, 600));
    let changes = report.changes.unwrap();
    let [notice] = changes.newest.as_slice() else {
        panic!("{changes:?}");
    };
    assert_eq!(notice.change, added("token"));
    assert_eq!((notice.by, notice.at), (ChangedBy::Administrator, NOON));
    let later = report_to(&mut owner, SSHD, after(NOON, 3600));
    assert_eq!(later, Report::default());
    // Nothing of it stays in the record.
    assert!(Item::parse(&owner.account.encode()).fields().len() <= 16);
}

#[test]
fn a_login_soon_after_the_report_repeats_it() {
    let mut owner = Owner::new();
    owner
        .account
        .notify(Change::Reset, ChangedBy::Administrator, NOON);
    let expected = (vec![(Change::Reset, ChangedBy::Administrator)], 0);
    for seconds in [60, 120, 180] {
        assert_eq!(changes(&mut owner, after(NOON, seconds)), expected);
    }
    assert_eq!(changes(&mut owner, after(NOON, 210)), (vec![], 0));
}

#[test]
fn a_login_without_a_question_soon_after_the_report_repeats_it_and_stores_nothing() {
    let mut owner = Owner::new();
    owner
        .account
        .notify(Change::Reset, ChangedBy::Administrator, NOON);
    assert!(owner.account.has_report(FIRST, NOON));
    changes(&mut owner, after(NOON, 60));
    let stored = owner.account.encode();
    for (seconds, repeats) in [(61, true), (180, true), (181, false)] {
        let now = after(NOON, seconds);
        assert_eq!(owner.account.has_report(FIRST, now), repeats, "{seconds}");
        if repeats {
            let report = owner.account.report(FIRST, SSHD, now).unwrap();
            assert_eq!(report.changes.unwrap().newest[0].change, Change::Reset);
            assert_eq!(*owner.account.encode(), *stored);
        }
    }
}

#[test]
fn a_program_that_shows_no_messages_uses_no_notice_up() {
    let mut owner = Owner::new();
    owner.account.notify(Change::Paused, ChangedBy::Owner, NOON);
    let silent = Client {
        shows: false,
        ..SSHD
    };
    let report = report_to(&mut owner, silent, after(NOON, 60));
    assert_eq!(report, Report::default());
    assert_eq!(changes(&mut owner, after(NOON, 7200)).0.len(), 1);
}

#[test]
fn nothing_is_reported_without_a_right_code() {
    let mut owner = Owner::new();
    owner.account.notify(Change::Paused, ChangedBy::Owner, NOON);
    let begun = AskCode::begin(&owner.account, ThrottleScope::UNKNOWN, NOON);
    assert_eq!(begun.turn.report, None);
    for typed in [
        wrong_code(),
        Credential::Malformed,
        Credential::Empty,
        sheet::FIRST.wrong(),
    ] {
        let turn = login(&mut owner, SSHD, &[typed], NOON);
        assert_eq!(turn.report, None);
    }
    assert_eq!(changes(&mut owner, after(NOON, 60)).0.len(), 1);
}

#[test]
fn each_change_of_the_owner_is_reported() {
    let mut owner = Owner::new();
    let (tablet, phone) = (Phone::usual(8), Phone::usual(9));
    let at = |minute: i64| after(NOON, 60 * minute);
    let account = &mut owner.account;
    let proof = |minute: i64| Phone::usual(7).code(at(minute));
    let new = tablet.authenticator_named("tablet");
    account.add(new, &proof(1), at(1)).unwrap();
    account.confirm(&tablet.typed(at(1)), None, at(1)).unwrap();
    let tablet = AuthenticatorId::new(2);
    let new = phone.authenticator_named("watch");
    account
        .move_to(Some(tablet), new, &proof(2), at(2))
        .unwrap();
    account.confirm(&phone.typed(at(2)), None, at(2)).unwrap();
    account
        .replace_backup_codes(sheet::SECOND.set(), &proof(3), at(3))
        .unwrap();
    let watch = AuthenticatorId::new(3);
    account
        .remove_authenticator(watch, &[Factors::ANY], &proof(4), at(4))
        .unwrap();
    account.pause(&proof(5), at(5)).unwrap();
    account.resume(&proof(6), at(6)).unwrap();
    let expected = [
        added("tablet"),
        Change::AuthenticatorReplaced {
            old: "tablet".to_owned(),
            new: "watch".to_owned(),
        },
        Change::BackupCodesReplaced,
        Change::AuthenticatorRemoved("watch".to_owned()),
        Change::Paused,
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|change| (change, ChangedBy::Owner))
        .collect();
    assert_eq!(changes(&mut owner, at(60)), (expected, 0));
}

#[test]
fn an_authenticator_that_an_administrator_removed_is_reported() {
    let mut owner = Owner::new();
    let token = Phone::usual(9).authenticator_named("token");
    let id = owner.account.bind(token, NOON).unwrap();
    let _: Report = report_to(&mut owner, SSHD, after(NOON, 60));
    owner.account.unbind(id, after(NOON, 600)).unwrap();
    let removed = Change::AuthenticatorRemoved("token".to_owned());
    let expected = (vec![(removed, ChangedBy::Administrator)], 0);
    assert_eq!(changes(&mut owner, after(NOON, 3600)), expected);
}

#[test]
fn a_first_enrollment_by_the_owner_is_no_notice() {
    let owner = Owner::new();
    assert_eq!(owner.account.changes_to_report(), None);
}

#[test]
fn older_changes_are_dropped_with_their_number() {
    let mut owner = Owner::new();
    for number in 0..9 {
        let at = after(NOON, number);
        let change = added(&number.to_string());
        owner.account.notify(change, ChangedBy::Owner, at);
    }
    let (newest, dropped) = changes(&mut owner, after(NOON, 600));
    let names: Vec<_> = newest.into_iter().map(|(change, _)| change).collect();
    let expected: Vec<_> = (3..9).map(|number| added(&number.to_string())).collect();
    assert_eq!((names, dropped), (expected, 3));
}

#[test]
fn a_repeated_change_pushes_no_other_one_out() {
    let mut owner = Owner::new();
    owner.account.notify(added("thief"), ChangedBy::Owner, NOON);
    for number in 1..100 {
        let at = after(NOON, number);
        owner
            .account
            .notify(Change::BackupCodesReplaced, ChangedBy::Owner, at);
    }
    let expected = vec![
        (added("thief"), ChangedBy::Owner),
        (Change::BackupCodesReplaced, ChangedBy::Owner),
    ];
    assert_eq!(changes(&mut owner, after(NOON, 600)), (expected, 0));
}

#[test]
fn a_used_code_from_elsewhere_is_reported_with_number_and_last() {
    let mut owner = Owner::new();
    let used = owner.code(NOON, 0);
    let _: Report = report_to(&mut owner, SSHD, NOON);
    for seconds in [10, 20] {
        login(
            &mut owner,
            GUESSER,
            std::slice::from_ref(&used),
            after(NOON, seconds),
        );
    }
    assert_eq!(owner.account.used_codes().map(|used| used.count), Some(2));
    let report = report_to(&mut owner, SSHD, after(NOON, 600));
    let reported = report.used_codes.unwrap();
    assert_eq!(
        (reported.count, reported.last, &*reported.from),
        (2, after(NOON, 20), "192.0.2.66")
    );
    assert_eq!(report.wrong_codes, None);
    let later = report_to(&mut owner, SSHD, after(NOON, 7200));
    assert_eq!(later, Report::default());
}

#[test]
fn a_used_code_that_the_owner_corrects_is_not_reported() {
    let mut owner = Owner::new();
    let used = owner.code(NOON, 0);
    let _: Report = report_to(&mut owner, SSHD, NOON);
    let right = owner.code(NOON, 1);
    let turn = login(&mut owner, SSHD, &[used, right], after(NOON, 20));
    assert!(matches!(turn.next, Next::End(Verdict::Verified(_))));
    assert_eq!(turn.report, None);
    assert_eq!(owner.account.used_codes(), None);
}

#[test]
fn a_used_code_in_a_program_of_the_owner_is_not_recorded() {
    let mut owner = Owner::new();
    let used = owner.code(NOON, 0);
    let _: Report = report_to(&mut owner, SSHD, NOON);
    let before = owner.account.encode();
    let begun = AskCode::begin(&owner.account, ThrottleScope::OwnProgram, NOON);
    let Some(tfa_core::Dialog::AskCode(asked)) = begun.dialog else {
        panic!("not asked");
    };
    let locker = Client {
        from: "",
        service: "sshd",
        shows: false,
        answer: None,
    };
    let ask = Some(tfa_core::Factors::ANY);
    let _: tfa_core::Answered = asked.answer(ask, &mut owner.account, &used, locker, NOON);
    assert_eq!(*owner.account.encode(), *before);
}

#[test]
fn a_flood_of_used_codes_changes_the_record_once_a_minute() {
    let mut owner = Owner::new();
    let used = sheet::FIRST.code(1);
    let right = owner.code(NOON, 0);
    login(&mut owner, SSHD, &[right], NOON);
    login(&mut owner, SSHD, std::slice::from_ref(&used), NOON);
    let (mut changes, mut record) = (0, owner.account.encode());
    for second in 0..600 {
        let now = after(NOON, 600 + second);
        login(&mut owner, GUESSER, std::slice::from_ref(&used), now);
        let written = owner.account.encode();
        changes += u32::from(*written != *record);
        record = written;
    }
    assert!((11..=31).contains(&changes), "{changes}");
    let report = report_to(&mut owner, SSHD, after(NOON, 7200));
    let reported = report.used_codes.unwrap();
    assert!(reported.is_more_than_counted(), "{reported:?}");
}

#[test]
fn a_notice_of_another_form_is_refused() {
    let mut owner = Owner::new();
    owner
        .account
        .notify(added("tablet"), ChangedBy::Owner, NOON);
    let record = Item::parse(&owner.account.encode());
    let name = [16, 0, 0, 0, 0, 1, 0];
    let mut sound = record.clone();
    *sound.at(&name) = Item::Text("watch".to_owned());
    assert!(Account::decode(&sound.bytes()).is_ok());
    for bad in ["\u{1b}[2J", &"y".repeat(65)] {
        let mut record = record.clone();
        *record.at(&name) = Item::Text(bad.to_owned());
        assert!(Account::decode(&record.bytes()).is_err(), "{bad:?}");
    }
    let mut many = record.clone();
    let one = many.at(&[16, 0, 0, 0]).clone();
    *many.at(&[16, 0, 0]) = Item::Array(vec![one; 7]);
    assert!(Account::decode(&many.bytes()).is_err());
}
