//! Codes that are bound to a member: on the member, and in the record at the verifiers.

use tfa_core::{
    BackupCode, BackupSet, BoundCodes, BoundJudgement, BoundSet, BoundSetId, HostName, LockState,
    OfflineLogin, OfflineOutcome, Proof, ThrottleScope, Time,
};

use crate::owner::{FIRST, Owner};
use crate::phone::{NOON, after};
use crate::wrong_codes::SSHD;

const LOGIN: OfflineLogin<'_> = OfflineLogin {
    service: "sshd",
    from: "192.0.2.7",
    scope: ThrottleScope::UNKNOWN,
};
const SET: BoundSetId = BoundSetId::new([7; 16]);

fn drawn(seed: u8) -> (BackupSet, [BackupCode; BackupSet::SIZE]) {
    let mut next = seed;
    let fill = |bytes: &mut [u8]| {
        for byte in bytes {
            *byte = next;
            next = next.wrapping_mul(5).wrapping_add(2 * seed + 1);
        }
    };
    BackupSet::draw(fill).unwrap()
}

fn with_codes() -> (BoundCodes, [BackupCode; BackupSet::SIZE]) {
    let (codes, printed) = drawn(1);
    let mut bound = BoundCodes::new(1000, NOON);
    let set = BoundSet {
        id: SET,
        made: NOON,
        codes,
    };
    bound.activate(1000, set);
    (bound, printed)
}

fn give(bound: &mut BoundCodes, code: &BackupCode, now: Time) -> BoundJudgement {
    let hashed = bound.hash_params().unwrap().hash(code).unwrap();
    let judgement = bound.judge(&hashed, LOGIN, now);
    // What is stored is what goes on.
    *bound = BoundCodes::decode(&bound.encode()).unwrap();
    judgement
}

#[test]
fn bound_code_is_accepted_once_and_each_answer_is_an_event() {
    let (mut bound, codes) = with_codes();
    let [_, other] = [drawn(1).1, drawn(9).1];
    assert_eq!(
        give(&mut bound, &codes[3], NOON),
        BoundJudgement::Accepted { left: 9 }
    );
    assert_eq!(
        give(&mut bound, &codes[3], after(NOON, 5)),
        BoundJudgement::AlreadyUsed
    );
    assert_eq!(
        give(&mut bound, &other[0], after(NOON, 10)),
        BoundJudgement::Wrong(LockState::Unlocked)
    );
    // Nothing locks after used codes: one a minute is recorded.
    give(&mut bound, &codes[3], after(NOON, 20));
    let outcomes: Vec<_> = bound.events().iter().map(|one| one.outcome).collect();
    assert_eq!(
        outcomes,
        [
            OfflineOutcome::Accepted,
            OfflineOutcome::UsedCode,
            OfflineOutcome::WrongCode
        ]
    );
    let first = &bound.events()[0];
    assert_eq!((first.service.as_str(), first.left), ("sshd", 9));
    assert_eq!((first.from.as_str(), first.set), ("192.0.2.7", SET));
    let numbers: Vec<_> = bound.events().iter().map(|one| one.number).collect();
    bound.confirm(numbers[1]);
    assert_eq!(bound.events().len(), 1);
}

#[test]
fn wrong_bound_codes_lock_also_the_right_one() {
    let (mut bound, codes) = with_codes();
    let other = drawn(9).1;
    for code in &other[..4] {
        let judgement = give(&mut bound, code, NOON);
        assert_eq!(judgement, BoundJudgement::Wrong(LockState::Unlocked));
    }
    let until = LockState::Until(after(NOON, 30));
    assert_eq!(
        give(&mut bound, &other[4], NOON),
        BoundJudgement::Wrong(until)
    );
    assert_eq!(
        give(&mut bound, &codes[0], after(NOON, 29)),
        BoundJudgement::Locked(until)
    );
    assert_eq!(bound.left(), BackupSet::SIZE);
    assert!(matches!(
        give(&mut bound, &codes[0], after(NOON, 30)),
        BoundJudgement::Accepted { left: 9 }
    ));
}

#[test]
fn void_set_and_another_set_accept_no_code() {
    let (mut bound, codes) = with_codes();
    let hashed = bound.hash_params().unwrap().hash(&codes[0]).unwrap();
    bound.make_void(BoundSetId::new([8; 16]));
    assert_eq!(bound.left(), 10);
    let (codes, _) = drawn(9);
    let id = BoundSetId::new([9; 16]);
    let made = NOON;
    bound.activate(1000, BoundSet { id, made, codes });
    let judgement = bound.judge(&hashed, LOGIN, NOON);
    assert_eq!(judgement, BoundJudgement::OtherSet);
    bound.make_void(id);
    assert_eq!((bound.left(), bound.hash_params().is_none()), (0, true));
    assert_eq!(bound.judge(&hashed, LOGIN, NOON), BoundJudgement::OtherSet);
}

#[test]
fn full_list_of_events_drops_wrong_codes_and_keeps_accepted_ones() {
    let (mut bound, codes) = with_codes();
    let other = drawn(9).1;
    give(&mut bound, &codes[0], NOON);
    let day = 24 * 3600;
    for number in 0..100 {
        give(&mut bound, &other[0], after(NOON, day * (number + 1)));
    }
    let accepted = |one: &tfa_core::OfflineEvent| one.outcome == OfflineOutcome::Accepted;
    assert!(bound.events().len() <= 64);
    assert_eq!(bound.events().iter().filter(|one| accepted(one)).count(), 1);
}

#[test]
fn damaged_record_of_bound_codes_is_refused() {
    let (bound, _) = with_codes();
    let bytes = bound.encode();
    assert!(BoundCodes::decode(&bytes).is_ok());
    assert!(BoundCodes::decode(&bytes[..bytes.len() - 1]).is_err());
    assert!(BoundCodes::decode(&[&bytes[..], &[0]].concat()).is_err());
    assert!(BoundCodes::decode(&[]).is_err());
}

fn host(name: &str) -> HostName {
    HostName::new(name).unwrap()
}

/// An owner with a set on web1, which has used one code and reports it.
fn with_event() -> (Owner, Vec<tfa_core::OfflineEvent>) {
    let mut owner = Owner::new();
    let web1 = host("web1.example");
    let proved = owner.account.bind_codes(&web1, SET, Proof::Verified, NOON);
    assert_eq!(proved, Ok(()));
    let (mut bound, codes) = with_codes();
    give(&mut bound, &codes[0], after(NOON, 60));
    (owner, bound.events().to_vec())
}

#[test]
fn event_that_is_reported_twice_counts_once() {
    let (mut owner, events) = with_event();
    let web1 = host("web1.example");
    let account = &mut owner.account;
    assert_eq!(
        account.take_events(&web1, &events, after(NOON, 99)).len(),
        1
    );
    let reported = account.encode();
    assert!(
        account
            .take_events(&web1, &events, after(NOON, 99))
            .is_empty()
    );
    assert_eq!(*account.encode(), *reported);
    let [bound] = account.bound_hosts().collect::<Vec<_>>()[..] else {
        panic!("one host");
    };
    let set = bound.in_use().unwrap();
    assert_eq!((bound.host.as_str(), set.left), ("web1.example", 9));
    let client = SSHD;
    let report = account.report(FIRST, client, after(NOON, 100)).unwrap();
    let outcomes: Vec<_> = report.offline.unwrap().newest;
    let outcomes: Vec<_> = outcomes.into_iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [None, Some(OfflineOutcome::Accepted)]);
    assert!(account.report(FIRST, client, after(NOON, 1000)).is_none());
}

#[test]
fn set_is_void_after_another_one_a_reset_a_removal_and_a_new_uid() {
    let web1 = host("web1.example");
    for change in 0..4 {
        let (mut owner, events) = with_event();
        let account = &mut owner.account;
        account.take_events(&web1, &events, after(NOON, 99));
        assert!(account.confirm_bound(&web1, SET));
        assert!(!account.confirm_bound(&host("web2.example"), SET));
        match change {
            0 => {
                let (id, later) = (BoundSetId::new([8; 16]), after(NOON, 3600));
                let bound = account.bind_codes(&web1, id, Proof::Verified, later);
                assert_eq!(bound, Ok(()));
                assert!(account.confirm_bound(&web1, id));
            }
            1 => account.reset(),
            2 => account.remove(Proof::Verified, NOON).unwrap(),
            _ => account.set_uid(2000),
        }
        assert!(!account.confirm_bound(&web1, SET), "{change}");
        // What was reported before does not count again.
        let again = account.take_events(&web1, &events, after(NOON, 200));
        assert!(again.is_empty(), "{change}");
    }
}

#[test]
fn user_who_has_not_enrolled_gets_no_bound_codes() {
    let mut account = tfa_core::Account::new(1000);
    let bound = account.bind_codes(&host("web1.example"), SET, Proof::Verified, NOON);
    assert_eq!(bound, Err(tfa_core::Refusal::NotSetUp));
}

#[test]
fn report_of_an_unknown_host_takes_no_place_of_a_set() {
    let (mut owner, events) = with_event();
    let account = &mut owner.account;
    for number in 2..=tfa_core::MAX_BOUND_HOSTS {
        let name = format!("web{number}.example");
        let id = BoundSetId::new([9; 16]);
        let bound = account.bind_codes(&host(&name), id, Proof::Verified, NOON);
        assert_eq!(bound, Ok(()), "{number}");
    }
    let stranger = host("stranger.example");
    assert!(account.take_events(&stranger, &events, NOON).is_empty());
    assert_eq!(account.bound_hosts().count(), tfa_core::MAX_BOUND_HOSTS);
    assert!(account.confirm_bound(&host("web1.example"), SET));
    let one_more = account.bind_codes(&stranger, SET, Proof::Verified, NOON);
    assert_eq!(one_more, Err(tfa_core::Refusal::TooManyBoundHosts));
}

#[test]
fn new_set_is_heard_after_a_number_of_the_far_future() {
    let (mut owner, mut events) = with_event();
    let web1 = host("web1.example");
    let account = &mut owner.account;
    let honest = events.clone();
    events[0].number = u64::MAX;
    assert_eq!(account.take_events(&web1, &events, NOON).len(), 1);
    assert!(account.take_events(&web1, &honest, NOON).is_empty());
    account
        .bind_codes(&web1, SET, Proof::Verified, NOON)
        .unwrap();
    assert_eq!(account.take_events(&web1, &honest, NOON).len(), 1);
}

/// The codes left, and whether the member has confirmed the set, as the status shows them.
fn shown(account: &tfa_core::Account) -> (u8, bool) {
    let hosts: Vec<_> = account.bound_hosts().collect();
    let set = hosts[0].in_use().unwrap();
    (set.left, set.is_confirmed)
}

fn bind(account: &mut tfa_core::Account, id: BoundSetId, now: Time) {
    let web1 = host("web1.example");
    let bound = account.bind_codes(&web1, id, Proof::Verified, now);
    assert_eq!(bound, Ok(()));
    // What is stored is what goes on.
    *account = tfa_core::Account::decode(&account.encode()).unwrap();
}

#[test]
fn set_stays_until_its_host_uses_the_one_that_was_registered_after_it() {
    let (mut owner, events) = with_event();
    let (account, web1) = (&mut owner.account, host("web1.example"));
    assert_eq!(shown(account), (10, false));
    assert!(account.confirm_bound(&web1, SET));
    account.take_events(&web1, &events, after(NOON, 99));
    assert_eq!(shown(account), (9, true));
    // The host did not receive this one.
    let lost = BoundSetId::new([8; 16]);
    bind(account, lost, after(NOON, 3600));
    assert!(account.confirm_bound(&web1, SET));
    assert_eq!(shown(account), (9, true));
    let new = BoundSetId::new([9; 16]);
    bind(account, new, after(NOON, 7200));
    assert!(account.confirm_bound(&web1, SET));
    assert!(account.confirm_bound(&web1, new));
    assert_eq!(shown(account), (10, true));
    // A late report of before does not bring it back.
    assert!(!account.confirm_bound(&web1, SET) && !account.confirm_bound(&web1, lost));
    assert!(account.confirm_bound(&web1, new));
    assert_eq!(shown(account), (10, true));
}

#[test]
fn late_report_makes_no_set_void_that_was_registered_after_it() {
    let (mut owner, _) = with_event();
    let (account, web1) = (&mut owner.account, host("web1.example"));
    let new = BoundSetId::new([8; 16]);
    bind(account, new, after(NOON, 3600));
    assert!(account.confirm_bound(&web1, SET));
    assert!(account.confirm_bound(&web1, new));
}

#[test]
fn failed_registrations_do_not_take_the_place_of_the_set_in_use() {
    let (mut owner, _) = with_event();
    let (account, web1) = (&mut owner.account, host("web1.example"));
    assert!(account.confirm_bound(&web1, SET));
    for number in 20..40 {
        bind(account, BoundSetId::new([number; 16]), after(NOON, 3600));
    }
    assert!(account.confirm_bound(&web1, SET));
    assert_eq!(shown(account), (10, true));
    account.reset();
    assert!(!account.confirm_bound(&web1, SET));
    assert!(!account.confirm_bound(&web1, BoundSetId::new([39; 16])));
    assert_eq!(account.bound_hosts().count(), 0);
}

#[test]
fn events_of_a_set_that_was_never_registered_for_the_host_do_not_count() {
    let (mut owner, mut events) = with_event();
    let (account, web1) = (&mut owner.account, host("web1.example"));
    events[0].at = Time::from_secs(253_370_764_800);
    events[0].set = BoundSetId::new([99; 16]);
    let before = account.encode();
    assert!(account.take_events(&web1, &events, NOON).is_empty());
    assert_eq!(*account.encode(), *before);
    // A void set was registered.
    events[0].set = SET;
    account.reset();
    assert_eq!(account.take_events(&web1, &events, NOON).len(), 1);
    let report = account.report(FIRST, SSHD, after(NOON, 100)).unwrap();
    let newest = report.offline.unwrap().newest;
    assert!(newest.iter().all(|one| one.at <= NOON), "{newest:?}");
}
