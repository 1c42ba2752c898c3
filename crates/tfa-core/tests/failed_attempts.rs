//! Why the last attempts failed, as an administrator sees it.

use tfa_core::{
    Account, Algorithm, Client, Credential, FailedAttempt, FailureReason, Judgement, Parameters,
    ThrottleScope, Time,
};

use crate::cbor::Item;
use crate::owner::{Owner, wrong_code};
use crate::phone::{NOON, Phone, after, code};
use crate::sheet;
use crate::wrong_codes::{GUESSER, SSHD, login};

fn attempts(owner: &Owner, now: Time) -> Vec<FailedAttempt> {
    owner.account.failed_attempts(now).collect()
}

fn last_reason(owner: &Owner, now: Time) -> FailureReason {
    attempts(owner, now).pop().unwrap().reason
}

/// The drift that is shown at a time, of a code that is `steps` steps off.
fn drift_shown(steps: i64, seconds_later: i64) -> Option<i64> {
    let mut owner = Owner::new();
    let typed = owner.code(NOON, steps);
    login(&mut owner, SSHD, &[typed], NOON);
    match last_reason(&owner, after(NOON, seconds_later)) {
        FailureReason::OtherTime(time) => Some(time.drift),
        FailureReason::WrongCode => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_code_of_the_past_is_shown_with_its_time_at_once() {
    for steps in [-2, -10, -240] {
        assert_eq!(drift_shown(steps, 0), Some(steps * 30));
    }
    assert_eq!(drift_shown(-241, 0), None);
}

#[test]
fn a_code_of_the_future_is_shown_only_after_its_time() {
    for steps in [2, 10, 240] {
        // A login accepts it up to the end of the step after its own.
        let end = (steps + 2) * 30;
        assert_eq!(drift_shown(steps, 0), None);
        assert_eq!(drift_shown(steps, end - 1), None);
        assert_eq!(drift_shown(steps, end), Some(steps * 30));
    }
    assert_eq!(drift_shown(241, 9000), None);
}

#[test]
fn a_used_code_that_is_too_old_is_shown_as_used_and_counts() {
    let mut owner = Owner::new();
    let used = owner.code(NOON, 0);
    let again = owner.code(NOON, 0);
    login(&mut owner, SSHD, &[again], NOON);
    for (seconds, failures) in [(60, 1), (600, 2), (7200, 3)] {
        let now = after(NOON, seconds);
        let judgement = owner.judge(&used, ThrottleScope::UNKNOWN, now);
        assert!(matches!(judgement, Judgement::Wrong(_)), "{seconds}");
        assert_eq!(owner.failures(ThrottleScope::UNKNOWN), failures);
        assert_eq!(last_reason(&owner, now), FailureReason::UsedCode);
    }
}

#[test]
fn a_late_code_after_the_last_used_one_is_of_another_time() {
    let mut owner = Owner::new();
    let used = owner.code(NOON, 0);
    login(&mut owner, SSHD, &[used], NOON);
    let unused = owner.code(NOON, 1);
    let now = after(NOON, 120);
    let _: Judgement = owner.judge(&unused, ThrottleScope::UNKNOWN, now);
    assert!(matches!(
        last_reason(&owner, now),
        FailureReason::OtherTime(time) if time.drift == -90
    ));
}

#[test]
fn a_code_of_the_past_stays_used_when_the_clock_is_set_back() {
    let mut owner = Owner::new();
    let old = owner.code(NOON, -10);
    let _: Judgement = owner.judge(&old, ThrottleScope::UNKNOWN, NOON);
    let then = after(NOON, -300);
    assert_eq!(
        owner.judge(&old, ThrottleScope::UNKNOWN, then),
        Judgement::AlreadyUsed
    );
}

#[test]
fn a_code_of_the_future_is_still_accepted_at_its_time() {
    let mut owner = Owner::new();
    let early = owner.code(NOON, 10);
    let _: Judgement = owner.judge(&early, ThrottleScope::UNKNOWN, NOON);
    let judgement = owner.judge(&early, ThrottleScope::UNKNOWN, after(NOON, 300));
    assert!(matches!(judgement, Judgement::Accepted(_)));
}

#[test]
fn a_login_never_shows_the_reason() {
    let (mut near, mut far) = (Owner::new(), Owner::new());
    let drifted = near.code(NOON, -10);
    let near = login(&mut near, SSHD, &[drifted], NOON);
    let far = login(&mut far, SSHD, &[wrong_code()], NOON);
    assert_eq!(near, far);
}

#[test]
fn each_reason_is_recorded_with_service_and_origin() {
    let at = |minute: i64| after(NOON, 60 * minute);
    let mut owner = Owner::new();
    let new = Phone::usual(9);
    let proof = owner.code(NOON, 0);
    owner
        .account
        .add(new.authenticator_named("new"), &proof, NOON)
        .unwrap();
    let used = proof;
    let cases: [(Credential, FailureReason); 6] = [
        (wrong_code(), FailureReason::WrongCode),
        (code("12345678"), FailureReason::WrongLength),
        (new.code(at(3)), FailureReason::PendingAuthenticator),
        (sheet::FIRST.wrong(), FailureReason::WrongBackupCode),
        (used, FailureReason::UsedCode),
        (Credential::Malformed, FailureReason::NotACode),
    ];
    for (minute, (typed, reason)) in (1..).zip(cases) {
        // The used code is used in its window only.
        let now = if reason == FailureReason::UsedCode {
            NOON
        } else {
            at(minute)
        };
        login(&mut owner, SSHD, &[typed], now);
        let attempt = attempts(&owner, now).pop().unwrap();
        let (service, from) = (&*attempt.service, &*attempt.from);
        assert_eq!(
            (attempt.reason, service, from, attempt.last, attempt.count),
            (reason, "sshd", "192.0.2.7", now, 1)
        );
    }
}

#[test]
fn a_number_of_digits_that_another_authenticator_has_is_no_wrong_length() {
    let mut owner = Owner::new();
    let eight = Parameters::new(Algorithm::Sha1, 8, 30).unwrap();
    let token = Phone::new(&[3; 20], eight);
    owner
        .account
        .bind(token.authenticator_named("token"), NOON)
        .unwrap();
    let _: Judgement = owner.judge(&code("00000000"), ThrottleScope::UNKNOWN, NOON);
    assert_eq!(last_reason(&owner, NOON), FailureReason::WrongCode);
}

#[test]
fn a_lock_is_recorded_with_its_end() {
    let mut owner = Owner::new();
    owner.fail(5, ThrottleScope::UNKNOWN, NOON);
    let lock = owner.account.lock_state(ThrottleScope::UNKNOWN, NOON);
    let reason = FailureReason::locked(lock);
    owner.account.record_refusal(reason, SSHD, NOON);
    let until = Some(after(NOON, 30));
    assert_eq!(last_reason(&owner, NOON), FailureReason::Locked(until));
}

#[test]
fn an_attempt_that_changes_nothing_else_is_recorded_once_a_minute() {
    let mut owner = Owner::new();
    let mut writes = 0;
    let mut record = owner.account.encode();
    for second in 0..600 {
        let from = format!("192.0.2.{}", second % 250);
        let client = Client {
            from: &from,
            ..GUESSER
        };
        login(
            &mut owner,
            client,
            &[Credential::Malformed],
            after(NOON, second),
        );
        let written = owner.account.encode();
        writes += u32::from(*written != *record);
        record = written;
    }
    assert_eq!(writes, 10);
}

#[test]
fn the_list_is_bounded_and_counts_repeated_attempts() {
    let mut owner = Owner::new();
    for number in 0..20 {
        let from = format!("192.0.2.{number}");
        let client = Client {
            from: &from,
            ..GUESSER
        };
        // After the lock that the last one began.
        let now = after(NOON, 7200 * number);
        login(&mut owner, client, &[wrong_code()], now);
    }
    let now = after(NOON, 7200 * 20);
    let all = attempts(&owner, now);
    let from: Vec<&str> = all.iter().map(|one| &*one.from).collect();
    let expected: Vec<String> = (12..20).map(|number| format!("192.0.2.{number}")).collect();
    assert_eq!(from, expected);
    let again = Client {
        from: "192.0.2.15",
        ..GUESSER
    };
    login(&mut owner, again, &[wrong_code()], now);
    let newest = attempts(&owner, now).pop().unwrap();
    assert_eq!((&*newest.from, newest.count), ("192.0.2.15", 2));
    assert_eq!(attempts(&owner, now).len(), 8);
}

#[test]
fn old_attempts_are_removed_by_a_right_code() {
    let mut owner = Owner::new();
    login(&mut owner, GUESSER, &[wrong_code()], NOON);
    let month = after(NOON, 31 * 86_400);
    assert_eq!(attempts(&owner, month).len(), 1);
    let right = owner.code(month, 0);
    login(&mut owner, SSHD, &[right], month);
    assert_eq!(attempts(&owner, month), []);
}

#[test]
fn the_stored_service_and_origin_are_printable() {
    let mut owner = Owner::new();
    let client = Client {
        service: "s\u{1b}[2J",
        from: "x\n\u{202e}",
        shows: true,
        answer: None,
    };
    login(&mut owner, client, &[wrong_code()], NOON);
    let attempt = attempts(&owner, NOON).pop().unwrap();
    assert_eq!((&*attempt.service, &*attempt.from), ("s?[2J", "x??"));
    let mut record = Item::parse(&owner.account.encode());
    *record.at(&[17, 0, 1]) = Item::Text("\u{1b}".to_owned());
    assert!(Account::decode(&record.bytes()).is_err());
}

#[test]
fn a_removal_and_a_reset_remove_the_attempts() {
    let mut owner = Owner::new();
    login(&mut owner, GUESSER, &[wrong_code()], NOON);
    let mut reset = owner.account.clone();
    reset.reset();
    assert_eq!(reset.failed_attempts(NOON).count(), 0);
    let proof = owner.code(NOON, 0);
    owner.account.remove(&proof, NOON).unwrap();
    assert_eq!(owner.account.failed_attempts(NOON).count(), 0);
}
