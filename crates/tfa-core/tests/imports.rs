//! An enrollment that another program kept: it becomes the user's, or nothing changes.

use std::sync::LazyLock;

use tfa_core::{
    Account, Authenticator, BackupSet, Code, Counter, Credential, Factor, FailureReason,
    HashParams, Hashed, Import, Imported, ImportedAuthenticator, ImportedCodes, Judgement,
    MAX_NEW_COUNTER, Parameters, Refusal, Secret, State, ThrottleScope, Time,
};

use crate::cbor::Item;
use crate::owner::{CODE, FIRST, Owner, UID};
use crate::phone::{NOON, Phone, after, code};
use crate::sheet;
use crate::wrong_codes::SSHD;

const REMOTE: ThrottleScope = ThrottleScope::UNKNOWN;
const DIGITS: [&str; 3] = ["12345678", "87654321", "00000001"];

/// Three codes of eight digits, hashed once for all tests.
static CODES: LazyLock<(HashParams, Vec<Hashed>)> = LazyLock::new(|| {
    let hash_params = BackupSet::imported_params(|salt| salt.fill(9));
    let hashed = DIGITS.map(|digits| hashed(&hash_params, digits));
    (hash_params, hashed.to_vec())
});

fn hashed(hash_params: &HashParams, digits: &str) -> Hashed {
    let code = Code::from_digits(digits).unwrap();
    hash_params.hash_digits(&code).unwrap()
}

pub(crate) fn set() -> BackupSet {
    let (hash_params, codes) = &*CODES;
    BackupSet::imported(hash_params.clone(), codes)
}

/// What the daemon makes of eight digits.
fn typed(digits: &str) -> Credential {
    let code = Code::from_digits(digits).unwrap();
    let hashed = hashed(&CODES.0, digits);
    Credential::CodeOrBackup(code, hashed)
}

fn step_of(phone: &Phone, now: Time) -> u64 {
    now.step(u32::try_from(phone.period()).unwrap())
        .counter()
        .value()
}

pub(crate) fn tracked(authenticator: Authenticator, used: &[u64]) -> ImportedAuthenticator {
    ImportedAuthenticator {
        authenticator,
        used_steps: Some(used.to_vec()),
        steps_ahead: None,
        last_attempt: None,
        last_code: None,
    }
}

fn untracked(authenticator: Authenticator) -> ImportedAuthenticator {
    ImportedAuthenticator {
        authenticator,
        used_steps: None,
        steps_ahead: None,
        last_attempt: None,
        last_code: None,
    }
}

pub(crate) fn import(
    account: &mut Account,
    authenticators: &[ImportedAuthenticator],
    codes: ImportedCodes<'_>,
    now: Time,
) -> Result<Imported, Refusal> {
    let import = Import {
        source: "google-authenticator",
        authenticators,
        codes,
    };
    account.import(import, now)
}

fn imported(authenticators: &[ImportedAuthenticator]) -> Account {
    let mut account = Account::new(UID);
    let result = import(&mut account, authenticators, ImportedCodes::None, NOON);
    assert_eq!(result, Ok(Imported::Enrolled));
    account
}

#[test]
fn an_import_is_reported_once_and_is_no_change() {
    let phone = Phone::usual(7);
    let mut account = imported(&[tracked(phone.authenticator(), &[])]);
    assert_eq!(account.changes_to_report(), None);
    let report = account.report(FIRST, SSHD, after(NOON, 600)).unwrap();
    let notice = report.imported.unwrap();
    assert_eq!(report.changes, None);
    assert_eq!(notice.source, "google-authenticator");
    let told = (notice.authenticators, notice.has_backup_codes, notice.at);
    assert_eq!(told, (1, false, NOON));
    assert!(
        account.has_report(FIRST, after(NOON, 660)),
        "a login soon after"
    );
    assert!(account.report(FIRST, SSHD, after(NOON, 3600)).is_none());
    // A second import of the same file is none.
    let same = [tracked(phone.authenticator(), &[])];
    let again = import(&mut account, &same, ImportedCodes::None, after(NOON, 4000));
    assert_eq!(again, Ok(Imported::Unchanged));
    assert!(account.report(FIRST, SSHD, after(NOON, 4000)).is_none());
}

/// A daemon that does not know the notice of an import leaves it out, and reads the rest.
#[test]
fn the_notice_of_an_import_has_a_field_of_its_own() {
    let phone = Phone::usual(7);
    let mut account = imported(&[tracked(phone.authenticator(), &[])]);
    let token = Phone::usual(9).authenticator_named("token");
    account.bind(token, NOON).unwrap();
    let mut record = Item::parse(&account.encode());
    let Item::Array(notices) = record.at(&[16]) else {
        panic!("no notices");
    };
    assert!(matches!(notices.pop(), Some(Item::Array(_))));
    let mut older = Account::decode(&record.bytes()).unwrap();
    assert_eq!(older.changes_to_report(), account.changes_to_report());
    let report = older.report(FIRST, SSHD, NOON).unwrap();
    assert!(report.imported.is_none() && report.changes.is_some());
    assert_eq!(older.authenticators().len(), 2);
}

#[test]
fn a_step_used_before_the_import_and_every_earlier_one_stay_used() {
    let phone = Phone::usual(7);
    let now = step_of(&phone, NOON);
    let mut account = imported(&[tracked(phone.authenticator(), &[now - 1, now])]);
    assert_eq!(account.state(), State::Enabled);
    for seconds in [-30, 0] {
        let code = phone.code(after(NOON, seconds));
        assert_eq!(account.judge(&code, REMOTE, NOON), Judgement::AlreadyUsed);
    }
    let next = phone.code(after(NOON, 30));
    assert_eq!(
        account.judge(&next, REMOTE, NOON),
        Judgement::Accepted(CODE)
    );
}

#[test]
fn without_known_steps_every_code_until_the_import_is_void() {
    let phone = Phone::usual(7);
    let mut account = imported(&[untracked(phone.authenticator())]);
    let later = after(NOON, 60);
    for seconds in [-30, 0, 30] {
        let code = phone.code(after(NOON, seconds));
        assert_eq!(account.judge(&code, REMOTE, NOON), Judgement::Void(later));
    }
    // A record that is read again says the same.
    let mut read = Account::decode(&account.encode()).unwrap();
    let code = phone.code(NOON);
    assert_eq!(read.judge(&code, REMOTE, NOON), Judgement::Void(later));
    let code = phone.code(later);
    assert_eq!(
        account.judge(&code, REMOTE, later),
        Judgement::Accepted(CODE)
    );
}

#[test]
fn codes_that_the_other_program_accepted_ahead_are_void_after_each_import() {
    let phone = Phone::usual(7);
    let first = ImportedAuthenticator {
        steps_ahead: Some(8),
        ..untracked(phone.authenticator())
    };
    let far = ImportedAuthenticator {
        steps_ahead: Some(u32::MAX),
        ..untracked(phone.authenticator())
    };
    let mut account = imported(std::slice::from_ref(&first));
    let is_void_until = |account: &Account, steps: i64, start: Time| {
        let judged = |step: i64| {
            let moment = after(start, 30 * step);
            let mut account = account.clone();
            account.judge(&phone.code(moment), REMOTE, moment)
        };
        let end = after(start, 30 * (steps + 1));
        assert_eq!(judged(steps), Judgement::Void(end));
        assert_eq!(judged(steps + 1), Judgement::Accepted(CODE));
    };
    is_void_until(&account, 8, NOON);
    // A repeated import marks what was accepted elsewhere since.
    let later = after(NOON, 600);
    let again = import(&mut account, &[first], ImportedCodes::None, later);
    assert_eq!(again, Ok(Imported::CaughtUp));
    is_void_until(&account, 8, later);
    // No phone is locked out for longer than clocks may differ.
    is_void_until(&imported(&[far]), 240, NOON);
}

#[test]
fn an_import_voids_no_code_of_after_the_last_attempt_elsewhere() {
    let phone = Phone::usual(7);
    let asked = |last: Time| ImportedAuthenticator {
        steps_ahead: Some(1),
        last_attempt: Some(last),
        ..untracked(phone.authenticator())
    };
    let judged = |account: &Account, at: Time, now: Time| {
        account.clone().judge(&phone.code(at), REMOTE, now)
    };
    // The clock that dates the attempt may be behind by a minute.
    let mut account = imported(&[asked(after(NOON, -90))]);
    let (void, good) = (Judgement::Void(after(NOON, 30)), Judgement::Accepted(CODE));
    assert_eq!(judged(&account, NOON, NOON), void);
    assert_eq!(judged(&account, after(NOON, 30), NOON), good);
    // The same file once more, when the other module no longer asks.
    let later = after(NOON, 600);
    let again = import(
        &mut account,
        &[asked(after(NOON, -90))],
        ImportedCodes::None,
        later,
    );
    assert_eq!(again, Ok(Imported::Unchanged));
    assert_eq!(judged(&account, later, later), good);
    // An attempt since then, and one that a wrong clock dates.
    for last in [later, after(later, 86_400)] {
        let mut account = account.clone();
        let again = import(&mut account, &[asked(last)], ImportedCodes::None, later);
        assert_eq!(again, Ok(Imported::CaughtUp));
        assert_eq!(
            judged(&account, later, later),
            Judgement::Void(after(later, 60))
        );
    }
}

#[test]
fn a_void_code_that_is_too_old_is_wrong_and_no_sign_of_a_wrong_clock() {
    let phone = Phone::usual(7);
    let now = after(NOON, 120);
    let old = phone.code(NOON);
    let mut account = imported(&[untracked(phone.authenticator())]);
    // A second time, too: the first one has not made it a used one.
    for count in 1..=2 {
        let tested = account.try_code(&old, ThrottleScope::OwnProgram, now);
        assert_eq!(tested, Err(Refusal::WrongCode(None)), "{count}");
        let last = account.failed_attempts(now).last().unwrap();
        assert_eq!((last.reason, last.count), (FailureReason::VoidCode, count));
    }
    assert!(matches!(
        account.judge(&old, REMOTE, now),
        Judgement::Wrong(_)
    ));
    let last = account.failed_attempts(after(now, 86_400)).last().unwrap();
    assert_eq!(last.reason, FailureReason::VoidCode);
    // A code of after the import tells it.
    let late = after(now, 600);
    let tested = account.try_code(&phone.code(now), ThrottleScope::OwnProgram, late);
    assert!(matches!(tested, Err(Refusal::WrongCode(Some(_)))));
}

#[test]
fn codes_under_a_clock_that_was_ahead_are_void_only_until_it_is_set_back() {
    let phone = Phone::usual(7);
    let ahead = after(NOON, 30 * 86_400);
    let mut account = Account::new(UID);
    let one = [untracked(phone.authenticator())];
    import(&mut account, &one, ImportedCodes::None, ahead).unwrap();
    assert_eq!(account.used_ahead(NOON), Some(after(ahead, 30)));
    let code = phone.code(NOON);
    assert_eq!(
        account.judge(&code, REMOTE, NOON),
        Judgement::Accepted(CODE)
    );
    assert_eq!(account.used_ahead(NOON), None);
    assert_eq!(account.judge(&code, REMOTE, NOON), Judgement::AlreadyUsed);
    // The last void one stays unusable.
    let last = phone.code(after(ahead, 30));
    assert_eq!(account.judge(&last, REMOTE, ahead), Judgement::AlreadyUsed);
}

#[test]
fn a_void_code_is_neither_a_wrong_one_nor_a_sign_of_a_thief() {
    let phone = Phone::usual(7);
    let mut account = imported(&[untracked(phone.authenticator())]);
    for _ in 0..20 {
        let judged = account.judge(&phone.code(NOON), REMOTE, NOON);
        assert_eq!(judged, Judgement::Void(after(NOON, 60)));
    }
    assert_eq!(account.throttle().counter(REMOTE).failures(), 0);
    assert!(account.wrong_codes().is_none() && account.used_codes().is_none());
    let tested = account.try_code(&phone.code(NOON), ThrottleScope::OwnProgram, NOON);
    assert_eq!(tested, Err(Refusal::VoidCode(after(NOON, 60))));
    let paused = account.pause(&phone.code(NOON), NOON);
    assert_eq!(paused, Err(Refusal::VoidCode(after(NOON, 60))));
    // A code that is used after the import is one, also where void ones surround it.
    let later = after(NOON, 60);
    let code = phone.code(later);
    let _: Judgement = account.judge(&code, REMOTE, later);
    assert_eq!(account.judge(&code, REMOTE, later), Judgement::AlreadyUsed);
}

#[test]
fn a_last_code_ahead_of_the_clock_is_used() {
    let phone = Phone::usual(7);
    let ahead = after(NOON, 5 * 30);
    let used = ImportedAuthenticator {
        last_code: Code::from_digits(&phone.shows(ahead)),
        ..untracked(phone.authenticator())
    };
    let mut account = imported(&[used]);
    let again = account.judge(&phone.code(ahead), REMOTE, ahead);
    assert_eq!(again, Judgement::AlreadyUsed);
    let next = after(ahead, 30);
    assert_eq!(
        account.judge(&phone.code(next), REMOTE, next),
        Judgement::Accepted(CODE)
    );
}

#[test]
fn a_second_import_changes_nothing_and_a_later_one_only_uses_codes() {
    let phone = Phone::usual(7);
    let now = step_of(&phone, NOON);
    let first = [tracked(phone.authenticator(), &[now - 5])];
    let mut account = imported(&first);
    let before = account.encode();
    let again = import(&mut account, &first, ImportedCodes::None, after(NOON, 600));
    assert_eq!(again, Ok(Imported::Unchanged));
    let unknown = [untracked(phone.authenticator())];
    let again = import(&mut account, &unknown, ImportedCodes::None, NOON);
    assert_eq!(again, Ok(Imported::Unchanged));
    assert_eq!(*before, *account.encode());

    let later = [tracked(phone.authenticator(), &[now])];
    let result = import(&mut account, &later, ImportedCodes::None, NOON);
    assert_eq!(result, Ok(Imported::CaughtUp));
    let used = account.judge(&phone.code(NOON), REMOTE, NOON);
    assert_eq!(used, Judgement::AlreadyUsed);
    // A stale file makes no code unused.
    let stale = import(&mut account, &first, ImportedCodes::None, NOON);
    assert_eq!(stale, Ok(Imported::Unchanged));
    let used = account.judge(&phone.code(NOON), REMOTE, NOON);
    assert_eq!(used, Judgement::AlreadyUsed);
}

#[test]
fn an_existing_enrollment_is_neither_replaced_nor_extended() {
    let mut owner = Owner::new();
    let before = owner.account.encode();
    let other = Phone::usual(8);
    let mixed = [
        tracked(owner.phone.authenticator(), &[]),
        tracked(other.authenticator_named("tablet"), &[]),
    ];
    let set = set();
    for authenticators in [&mixed[1..], &mixed] {
        let codes = ImportedCodes::Set(&set);
        let result = import(&mut owner.account, authenticators, codes, NOON);
        assert_eq!(result, Err(Refusal::AlreadySetUp));
    }
    // The own phone, with backup codes that are not those of the account.
    let codes = ImportedCodes::Set(&set);
    let result = import(&mut owner.account, &mixed[..1], codes, NOON);
    assert_eq!(result, Ok(Imported::Unchanged));
    assert_eq!(*before, *owner.account.encode());
    let kept = owner.judge(&sheet::FIRST.code(0), REMOTE, NOON);
    assert_eq!(kept, Judgement::Accepted(Factor::BackupCode));
}

#[test]
fn an_import_that_is_refused_leaves_nothing_behind() {
    let many: Vec<_> = (0..11)
        .map(|label| {
            tracked(
                Phone::usual(label).authenticator_named(&format!("t{label}")),
                &[],
            )
        })
        .collect();
    let mut account = Account::new(UID);
    let result = import(&mut account, &many, ImportedCodes::None, NOON);
    assert_eq!(result, Err(Refusal::TooManyAuthenticators));
    assert!(account.is_blank() && account.authenticators().is_empty());
    let same_name = [
        many[0].clone(),
        tracked(Phone::usual(20).authenticator_named("T0"), &[]),
    ];
    let result = import(&mut account, &same_name, ImportedCodes::None, NOON);
    assert_eq!(result, Err(Refusal::NameTaken));
    assert!(account.authenticators().is_empty());
    let none = import(&mut account, &[], ImportedCodes::None, NOON);
    assert_eq!(none, Err(Refusal::NotSetUp));
}

#[test]
fn imported_backup_codes_of_eight_digits_are_accepted_once() {
    let set = set();
    let phone = [tracked(Phone::usual(7).authenticator(), &[])];
    let mut account = Account::new(UID);
    import(&mut account, &phone, ImportedCodes::Set(&set), NOON).unwrap();
    assert_eq!(account.backup_codes_left(), 3);
    let code = typed(DIGITS[1]);
    let accepted = Judgement::Accepted(Factor::BackupCode);
    assert_eq!(account.judge(&code, REMOTE, NOON), accepted);
    assert_eq!(account.judge(&code, REMOTE, NOON), Judgement::AlreadyUsed);
    assert!(matches!(
        account.judge(&typed("11111111"), REMOTE, NOON),
        Judgement::Wrong(_)
    ));
    assert_eq!(account.throttle().counter(REMOTE).failures(), 1);
    // Not hashed, because the set was not there when the code was read.
    assert_eq!(
        account.judge(&self::code(DIGITS[0]), REMOTE, NOON),
        Judgement::Rehash
    );
    let decoded = Account::decode(&account.encode()).unwrap();
    assert_eq!(decoded.imported_codes().map(BackupSet::left), Some(2));
}

#[test]
fn a_repeated_import_uses_the_backup_codes_that_are_gone() {
    let (set, hashed) = (set(), &CODES.1);
    let phone = [tracked(Phone::usual(7).authenticator(), &[])];
    let mut account = Account::new(UID);
    import(&mut account, &phone, ImportedCodes::Set(&set), NOON).unwrap();
    let rehash = import(&mut account, &phone, ImportedCodes::Set(&set), NOON);
    assert_eq!(rehash, Ok(Imported::Rehash));
    let all = import(&mut account, &phone, ImportedCodes::Left(hashed), NOON);
    assert_eq!(all, Ok(Imported::Unchanged));
    let fewer = import(
        &mut account,
        &phone,
        ImportedCodes::Left(&hashed[1..]),
        NOON,
    );
    assert_eq!(fewer, Ok(Imported::CaughtUp));
    assert_eq!(
        account.judge(&typed(DIGITS[0]), REMOTE, NOON),
        Judgement::AlreadyUsed
    );
    let again = import(&mut account, &phone, ImportedCodes::Left(hashed), NOON);
    assert_eq!(
        (again, account.backup_codes_left()),
        (Ok(Imported::Unchanged), 2)
    );
}

#[test]
fn a_one_time_code_of_eight_digits_is_accepted_beside_imported_backup_codes() {
    let phone = Phone::unusual(3, tfa_core::Algorithm::Sha1, 8, 30);
    let set = set();
    let mut account = Account::new(UID);
    let authenticators = [tracked(phone.authenticator(), &[])];
    import(
        &mut account,
        &authenticators,
        ImportedCodes::Set(&set),
        NOON,
    )
    .unwrap();
    let code = typed(&phone.shows(NOON));
    assert_eq!(
        account.judge(&code, REMOTE, NOON),
        Judgement::Accepted(CODE)
    );
    assert_eq!(account.judge(&code, REMOTE, NOON), Judgement::AlreadyUsed);
}

#[test]
fn a_counter_only_advances() {
    let token = |next| {
        let key = Secret::new(b"12345678901234567890").unwrap();
        let format = tfa_core::CodeFormat::default();
        tracked(
            Authenticator::hotp("token", format, key, Counter::new(next)),
            &[],
        )
    };
    let mut account = imported(&[token(4)]);
    for (next, result, counter) in [
        (4, Imported::Unchanged, 4),
        (6, Imported::CaughtUp, 6),
        (2, Imported::Unchanged, 6),
    ] {
        let imported = import(&mut account, &[token(next)], ImportedCodes::None, NOON);
        assert_eq!(imported, Ok(result), "{next}");
        let own = account.authenticators()[0].counter();
        assert_eq!(own, Some(Counter::new(counter)));
    }
}

#[test]
fn a_counter_that_no_token_has_reached_is_refused() {
    let token = |next| {
        let key = Secret::new(b"12345678901234567890").unwrap();
        let format = tfa_core::CodeFormat::default();
        tracked(
            Authenticator::hotp("token", format, key, Counter::new(next)),
            &[],
        )
    };
    let most = MAX_NEW_COUNTER;
    for next in [u64::MAX, u64::MAX - 1, most + 1] {
        let mut account = Account::new(UID);
        let result = import(&mut account, &[token(next)], ImportedCodes::None, NOON);
        assert_eq!(result, Err(Refusal::CounterTooHigh), "{next}");
        assert!(account.authenticators().is_empty());
    }
    imported(&[token(most)]);
    // A repeated import advances it by what a user can have used, and no further.
    for next in [5 + 1001, most, u64::MAX] {
        let mut account = imported(&[token(5)]);
        let result = import(&mut account, &[token(next)], ImportedCodes::None, NOON);
        assert_eq!(result, Err(Refusal::CounterTooHigh), "{next}");
        let own = account.authenticators()[0].counter();
        assert_eq!(own, Some(Counter::new(5)));
    }
    let mut account = imported(&[token(5)]);
    let result = import(&mut account, &[token(1005)], ImportedCodes::None, NOON);
    assert_eq!(result, Ok(Imported::CaughtUp));
}

#[test]
fn an_import_brings_nothing_back_that_was_reset() {
    let phone = [tracked(Phone::usual(7).authenticator(), &[])];
    let mut account = imported(&phone);
    account.reset();
    let before = account.encode();
    let set = set();
    for codes in [
        ImportedCodes::NotHashed,
        ImportedCodes::None,
        ImportedCodes::Set(&set),
    ] {
        let result = import(&mut account, &phone, codes, NOON);
        assert_eq!(result, Err(Refusal::WasReset));
    }
    assert_eq!(*before, *account.encode());
    // Nothing was lost by a reset of a user who had not enrolled.
    let mut blank = Account::new(UID);
    blank.reset();
    let result = import(&mut blank, &phone, ImportedCodes::None, NOON);
    assert_eq!(result, Ok(Imported::Enrolled));
}

#[test]
fn an_import_brings_nothing_back_that_its_owner_removed() {
    let phone = Phone::usual(7);
    let file = [tracked(phone.authenticator(), &[])];
    let mut account = imported(&file);
    let now = after(NOON, 600);
    account.remove(&phone.code(now), now).unwrap();
    assert!(!account.is_blank(), "the record stays");
    let mark = account.mark_for(UID + 1).unwrap();
    assert_eq!((mark.uid(), mark.was_enrolled()), (UID + 1, true));
    let mut asked = account.clone();
    asked.require(now);
    assert!(asked.mark_for(UID + 1).is_none(), "it holds more");
    assert!(imported(&file).mark_for(UID + 1).is_none());
    let read = Account::decode(&account.encode()).unwrap();
    let later = after(NOON, 3600);
    for mut account in [account, read] {
        // A reset by the administrator leaves the mark.
        for _ in 0..2 {
            let set = set();
            for codes in [ImportedCodes::NotHashed, ImportedCodes::Set(&set)] {
                let result = import(&mut account, &file, codes, later);
                assert_eq!(result, Err(Refusal::WasRemoved));
            }
            assert!(account.authenticators().is_empty() && account.was_enrolled());
            account.reset();
        }
    }
}

#[test]
fn a_removed_one_of_several_authenticators_is_not_brought_back() {
    let (phone, other) = (Phone::usual(7), Phone::usual(9));
    let file = [tracked(phone.authenticator(), &[])];
    let mut account = imported(&file);
    let id = account.authenticators()[0].id();
    account
        .bind(other.authenticator_named("token"), NOON)
        .unwrap();
    account.unbind(id, NOON).unwrap();
    let result = import(&mut account, &file, ImportedCodes::None, after(NOON, 600));
    assert_eq!(result, Err(Refusal::AlreadySetUp));
    assert_eq!(account.authenticators().len(), 1);
}

#[test]
fn an_import_does_not_end_a_pause() {
    let phone = Phone::usual(7);
    let file = [tracked(phone.authenticator(), &[])];
    let mut account = imported(&file);
    let now = after(NOON, 600);
    account.pause(&phone.code(now), now).unwrap();
    let used = step_of(&phone, now) + 1;
    let again = [tracked(phone.authenticator(), &[used])];
    let result = import(&mut account, &again, ImportedCodes::None, after(NOON, 900));
    assert_eq!(result, Ok(Imported::CaughtUp));
    assert_eq!(account.state(), State::Paused);
}

#[test]
fn a_backup_code_that_the_file_has_twice_is_accepted_once() {
    let (hash_params, codes) = &*CODES;
    let twice: Vec<Hashed> = codes.iter().chain(codes).cloned().collect();
    let set = BackupSet::imported(hash_params.clone(), &twice);
    assert_eq!(set.left(), 3);
    let phone = [tracked(Phone::usual(7).authenticator(), &[])];
    let mut account = Account::new(UID);
    import(&mut account, &phone, ImportedCodes::Set(&set), NOON).unwrap();
    let code = typed(DIGITS[1]);
    let accepted = Judgement::Accepted(Factor::BackupCode);
    assert_eq!(account.judge(&code, REMOTE, NOON), accepted);
    assert_eq!(account.judge(&code, REMOTE, NOON), Judgement::AlreadyUsed);
}

#[test]
fn a_short_key_is_imported_as_weak_and_is_not_made_here() {
    assert!(Secret::new(&[7; 15]).is_none());
    assert!(Secret::imported(&[7; 9]).is_none());
    for (length, weak) in [(10, true), (15, true), (16, false), (128, false)] {
        let key = Secret::imported(&vec![7; length]).unwrap();
        let phone = Authenticator::totp("phone", Parameters::default(), key);
        let account = imported(&[tracked(phone, &[])]);
        let stored = Account::decode(&account.encode()).unwrap();
        assert_eq!(stored.authenticators()[0].is_weak(), weak, "{length}");
    }
}

#[test]
fn a_used_step_far_ahead_does_not_lock_the_owner_out() {
    let phone = Phone::usual(7);
    let mut account = imported(&[tracked(phone.authenticator(), &[5, u64::MAX])]);
    let code = phone.code(NOON);
    assert_eq!(
        account.judge(&code, REMOTE, NOON),
        Judgement::Accepted(CODE)
    );
    assert!(Account::decode(&account.encode()).is_ok());
}
