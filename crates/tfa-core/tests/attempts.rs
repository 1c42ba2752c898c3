//! An answer that arrives twice, and a code that two attempts use.
//!
//! Each answer is also judged as one outside of an attempt, by a copy of the account. Where the two
//! differ, the same answer must have been judged before.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use proptest::prelude::*;
use tfa_core::{
    Account, Algorithm, AnswerId, Answered, AskCode, AttemptId, Authenticator, BackupSet, Client,
    CodeFormat, Counter, Credential, DeviceMark, Dialog, Factor, Factors, Import, Imported,
    ImportedAuthenticator, ImportedCodes, Input, KeyFingerprint, KeyType, LockState, Message, Next,
    RememberRules, Rememberable, Report, Secret, ThrottleScope, Time, Turn, Verdict,
};

use crate::cases;
use crate::cbor::Item;
use crate::owner::{CODE, Owner, WRONG, account as enrolled, wrong_code};
use crate::phone::{NOON, Phone, after, code};
use crate::sheet;

const REMOTE: ThrottleScope = ThrottleScope::UNKNOWN;
const LIFETIME: u64 = 120;
/// The field of the record, and the most that one answer takes there.
const FIELD: usize = 18;
const MOST_BYTES: usize = 64;
const MOST_KEPT: usize = 8;

fn attempt(label: u8) -> AttemptId {
    AttemptId::new([label; AttemptId::LENGTH])
}

fn client(answer: Option<AnswerId>) -> Client<'static> {
    Client {
        from: "192.0.2.7",
        service: "sshd",
        shows: true,
        answer,
    }
}

/// An answer of an attempt.
fn of(label: u8, number: u32) -> Option<AnswerId> {
    Some(AnswerId {
        attempt: attempt(label),
        number,
    })
}

/// What a login says to an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    In(Factor),
    Wrong,
    Used,
    Locked,
    Other,
}

/// A question that any answer is given to: each is the first one of its dialog.
fn question(scope: ThrottleScope) -> &'static AskCode {
    static REMOTE_ONE: LazyLock<AskCode> = LazyLock::new(|| begun(REMOTE));
    static CONSOLE_ONE: LazyLock<AskCode> = LazyLock::new(|| begun(ThrottleScope::Console));
    match scope {
        ThrottleScope::Console => &CONSOLE_ONE,
        _ => &REMOTE_ONE,
    }
}

fn begun(scope: ThrottleScope) -> AskCode {
    match AskCode::begin(&Owner::new().account, scope, NOON).dialog {
        Some(Dialog::AskCode(question)) => question,
        _ => panic!("the account is not locked"),
    }
}

fn turn(answered: Answered) -> Turn {
    match answered {
        Answered::Turn(turn, _) => turn,
        Answered::Rehash | Answered::DrawCodes => panic!("nothing is to be hashed"),
    }
}

fn said(answered: Answered) -> Said {
    if matches!(answered, Answered::Rehash) {
        return Said::Other;
    }
    let turn = turn(answered);
    match (turn.next, turn.says) {
        (Next::End(Verdict::Verified(factor)), _) => Said::In(factor),
        (_, Some(Message::Wrong | Message::WrongAndLocked(..))) => Said::Wrong,
        (_, Some(Message::AlreadyUsed)) => Said::Used,
        (_, Some(Message::Locked(..))) => Said::Locked,
        _ => Said::Other,
    }
}

fn answer(
    account: &mut Account,
    credential: &Credential,
    answer: Option<AnswerId>,
    scope: ThrottleScope,
    now: Time,
) -> Said {
    let any = Some(Factors::ANY);
    said(question(scope).answer(any, account, credential, client(answer), now))
}

/// The codes of RFC 4226, appendix D.
const TOKEN: [&str; 6] = ["755224", "287082", "359152", "969429", "338314", "254676"];
const IMPORTED: [&str; 2] = ["40400404", "50500505"];
const NEVER: [&str; 2] = [WRONG, "00000009"];

fn token() -> Authenticator {
    let format = CodeFormat::new(Algorithm::Sha1, 6).unwrap();
    let key = Secret::new(b"12345678901234567890").unwrap();
    Authenticator::hotp("token", format, key, Counter::new(0))
}

/// A code that a user can type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Typed {
    /// Of the phone, so many steps after noon.
    Phone(i64),
    /// Of the token, by its counter.
    Token(usize),
    Backup(usize),
    WrongBackup,
    Imported(usize),
    Never(usize),
}

static IMPORTED_SET: LazyLock<(BackupSet, Vec<Credential>)> = LazyLock::new(|| {
    let params = BackupSet::imported_params(|salt| salt.fill(9));
    let codes = [&IMPORTED[..], &NEVER[1..]].concat();
    let hashed = codes.iter().map(|digits| {
        let digits = tfa_core::Code::from_digits(digits).unwrap();
        let hashed = params.hash_digits(&digits).unwrap();
        (digits, hashed)
    });
    let hashed: Vec<_> = hashed.collect();
    let of_set: Vec<_> = hashed
        .iter()
        .take(2)
        .map(|(_, hash)| hash.clone())
        .collect();
    let set = BackupSet::imported(params, &of_set);
    let typed = hashed.into_iter();
    let typed = typed.map(|(code, hash)| Credential::CodeOrBackup(code, hash));
    (set, typed.collect())
});

impl Typed {
    fn credential(self, phone: &Phone, imported: bool) -> Credential {
        match self {
            Self::Phone(steps) => phone.code(after(NOON, 30 * steps)),
            Self::Token(counter) => code(TOKEN[counter]),
            Self::Backup(place) => sheet::FIRST.code(place),
            Self::WrongBackup => sheet::FIRST.wrong(),
            Self::Imported(place) => copy(&IMPORTED_SET.1[place]),
            Self::Never(0) => code(NEVER[0]),
            Self::Never(_) if imported => copy(&IMPORTED_SET.1[2]),
            Self::Never(_) => code(NEVER[1]),
        }
    }
}

fn copy(credential: &Credential) -> Credential {
    match credential {
        Credential::CodeOrBackup(code, hashed) => {
            Credential::CodeOrBackup(code.clone(), hashed.clone())
        }
        _ => panic!("not an imported code"),
    }
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Answer {
        attempt: u8,
        number: u32,
        typed: Typed,
        console: bool,
    },
    /// Wrong codes of a stranger.
    Guess {
        times: u32,
        console: bool,
    },
    Clock(i64),
    Unlock,
    Reset,
    RemovePhone,
    RemoveToken,
    Move,
    NewBackupCodes,
    Restore,
    NewUid,
}

fn typed() -> impl Strategy<Value = Typed> {
    prop_oneof![
        4 => (-1..4_i64).prop_map(Typed::Phone),
        3 => (0..TOKEN.len()).prop_map(Typed::Token),
        2 => (0..2_usize).prop_map(Typed::Backup),
        1 => Just(Typed::WrongBackup),
        2 => (0..2_usize).prop_map(Typed::Imported),
        2 => (0..2_usize).prop_map(Typed::Never),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let answer = (0..3_u8, 1..3_u32, typed(), prop::bool::weighted(0.2));
    prop_oneof![
        40 => answer.prop_map(|(attempt, number, typed, console)| Event::Answer {
            attempt, number, typed, console,
        }),
        2 => (1..10_u32, any::<bool>()).prop_map(|(times, console)| Event::Guess { times, console }),
        1 => any::<bool>().prop_map(|console| Event::Guess { times: 120, console }),
        8 => (-40..100_i64).prop_map(Event::Clock),
        1 => (-1000..1000_i64).prop_map(Event::Clock),
        2 => Just(Event::Unlock),
        1 => Just(Event::Reset),
        1 => Just(Event::RemovePhone),
        1 => Just(Event::RemoveToken),
        1 => Just(Event::Move),
        1 => Just(Event::NewBackupCodes),
        1 => Just(Event::Restore),
        1 => Just(Event::NewUid),
    ]
}

/// The answers come from a short list, so that many come twice.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let few = prop::collection::vec(event(), 1..8);
    let places = prop::collection::vec(any::<prop::sample::Index>(), 1..40);
    let spread = prop::collection::vec(event(), 0..20);
    (few, places, spread).prop_map(|(few, places, spread)| {
        let repeated = places.iter().map(|place| few[place.index(few.len())]);
        let mut events: Vec<_> = repeated.collect();
        for (event, place) in spread.into_iter().zip(places) {
            events.insert(place.index(events.len() + 1), event);
        }
        events
    })
}

fn scope(console: bool) -> ThrottleScope {
    if console {
        ThrottleScope::Console
    } else {
        REMOTE
    }
}

/// Attempt, number and code.
type Key = (u8, u32, Typed);

/// What an answer was judged as first.
#[derive(Debug, Clone, Copy)]
struct Earlier {
    key: Key,
    said: Said,
    at: Time,
    /// It may have been removed for lack of room.
    is_doubtful: bool,
    /// What its code was a code of is gone. It takes room.
    is_void: bool,
}

fn is_recent(earlier: &Earlier, now: Time) -> bool {
    earlier.at.distance(now).as_secs() <= LIFETIME
}

struct World {
    account: Account,
    phone: Phone,
    imported: bool,
    now: Time,
    earlier: Vec<Earlier>,
    /// Whom each code let in, in each generation of what it is a code of.
    let_in: HashMap<Typed, HashSet<u8>>,
}

impl World {
    fn new(imported: bool) -> Self {
        let phone = Phone::usual(7);
        let mut account = if imported {
            let mut account = Account::new(crate::owner::UID);
            let one = ImportedAuthenticator {
                authenticator: phone.authenticator(),
                used_steps: Some(Vec::new()),
                steps_ahead: None,
                last_attempt: None,
                last_code: None,
            };
            let import = Import {
                source: "google-authenticator",
                authenticators: &[one],
                codes: ImportedCodes::Set(&IMPORTED_SET.0),
            };
            assert_eq!(account.import(import, NOON), Ok(Imported::Enrolled));
            account
        } else {
            enrolled(&phone)
        };
        account.bind(token(), NOON).unwrap();
        Self {
            account,
            phone,
            imported,
            now: NOON,
            earlier: Vec::new(),
            let_in: HashMap::new(),
        }
    }

    /// No answer is known any longer.
    fn forget(&mut self) {
        self.earlier.clear();
    }

    /// What these codes were a code of is gone.
    fn void(&mut self, is_gone: impl Fn(&Typed) -> bool) {
        for one in &mut self.earlier {
            one.is_void |= is_gone(&one.key.2) && matches!(one.said, Said::In(_));
        }
    }

    fn id_of(&self, name: &str) -> Option<tfa_core::AuthenticatorId> {
        self.account
            .authenticator_named(name)
            .map(Authenticator::id)
    }

    fn happen(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::Answer {
                attempt,
                number,
                typed,
                console,
            } => {
                self.answer((attempt, number, typed), scope(console));
            }
            Event::Guess { times, console } => {
                let scope = scope(console);
                for _ in 0..times {
                    answer(&mut self.account, &wrong_code(), None, scope, now);
                }
            }
            Event::Clock(seconds) => self.now = after(now, seconds),
            Event::Unlock => self.account.unlock(),
            Event::Reset => {
                self.account.reset();
                self.account.bind(self.phone.authenticator(), now).unwrap();
                self.account.bind(token(), now).unwrap();
                self.let_in.clear();
                self.forget();
            }
            Event::RemovePhone => {
                let id = self.id_of("phone");
                if id.is_some_and(|id| self.account.unbind(id, now).is_ok()) {
                    self.void(|typed| matches!(typed, Typed::Phone(_)));
                }
            }
            Event::RemoveToken => {
                let id = self.id_of("token");
                if id.is_some_and(|id| self.account.unbind(id, now).is_ok()) {
                    self.void(|typed| matches!(typed, Typed::Token(_)));
                }
            }
            Event::Move => {
                // To another phone, in two steps of the administrator.
                if let Some(id) = self.id_of("phone") {
                    self.phone = Phone::usual(self.phone.label() + 1);
                    let new = self.phone.authenticator_named("other");
                    self.account.bind(new, now).unwrap();
                    self.account.unbind(id, now).unwrap();
                    let new = self.id_of("other").unwrap();
                    let proof = tfa_core::Proof::Verified;
                    let renamed = self.account.rename_authenticator(new, "phone", proof, now);
                    renamed.unwrap();
                    let is_of_phone = |typed: &Typed| matches!(typed, Typed::Phone(_));
                    self.let_in.retain(|typed, _| !is_of_phone(typed));
                    // The same steps have other codes now.
                    for one in &mut self.earlier {
                        one.is_void |= is_of_phone(&one.key.2);
                    }
                }
            }
            Event::NewBackupCodes => {
                let proof = tfa_core::Proof::Verified;
                let set = sheet::SECOND.set();
                if self.account.replace_backup_codes(set, proof, now).is_ok() {
                    self.void(|typed| matches!(typed, Typed::Backup(_) | Typed::Imported(_)));
                }
            }
            Event::Restore => {
                self.account.restore_at(now, false);
                self.forget();
            }
            Event::NewUid => {
                self.account.set_uid(self.account.uid() + 1);
                self.forget();
            }
        }
        self.check_size();
    }

    fn answer(&mut self, key: Key, scope: ThrottleScope) {
        let (attempt, number, typed) = key;
        let now = self.now;
        let credential = typed.credential(&self.phone, self.imported);
        let before = self.account.encode();
        let mut today = Account::decode(&before).unwrap();
        let said_today = answer(&mut today, &credential, None, scope, now);
        let said = answer(
            &mut self.account,
            &credential,
            of(attempt, number),
            scope,
            now,
        );
        let after = self.account.encode();

        let mut earlier = self.earlier.iter().rev().copied();
        let earlier = earlier.find(|one| one.key == key && !one.is_void && is_recent(one, now));
        let unchanged = *after == *before;
        let again = earlier.is_some_and(|one| one.said == said) && unchanged;
        let as_today =
            said == said_today && without_judged(&after) == without_judged(&today.encode());
        assert!(
            as_today || again,
            "{key:?}: {said:?} and not {said_today:?}, after {earlier:?}"
        );
        // A lock holds for both. An answer that was wrong before is wrong again.
        let locked = [said, said_today].map(|said| said == Said::Locked);
        let is_wrong_again = again && said == Said::Wrong;
        assert!(
            locked == [locked[1]; 2] || is_wrong_again,
            "{key:?}: {said:?}"
        );
        if let Some(earlier) = earlier
            && said != Said::Locked
            && !earlier.is_doubtful
        {
            let open = self.account.lock_state(scope, now) == LockState::Unlocked;
            let is_code = !matches!(earlier.said, Said::In(Factor::BackupCode));
            assert!(
                again || (!open && is_code),
                "{key:?}: {said:?}, after {earlier:?}"
            );
        }
        match said {
            Said::In(_) | Said::Wrong if !again => {
                self.earlier.retain(|one| is_recent(one, now));
                self.earlier.push(Earlier {
                    key,
                    said,
                    at: now,
                    is_doubtful: false,
                    is_void: false,
                });
                self.doubt_beyond(MOST_KEPT);
            }
            _ => {}
        }
        if matches!(said, Said::In(_)) {
            let let_in = self.let_in.entry(typed).or_default();
            let_in.insert(attempt);
            assert_eq!(let_in.len(), 1, "{typed:?} let in {let_in:?}");
        }
    }

    /// Wrong answers are removed before right ones.
    fn doubt_beyond(&mut self, kept: usize) {
        let is_right = |one: &Earlier| matches!(one.said, Said::In(_));
        let right = self.earlier.iter().filter(|one| is_right(one)).count();
        let all = self.earlier.len();
        for one in &mut self.earlier {
            one.is_doubtful |= right > kept || (all > kept && !is_right(one));
        }
    }

    fn check_size(&self) {
        let bytes = self.account.encode();
        let mut record = Item::parse(&bytes);
        let fields = record.fields();
        let kept = match fields.get(FIELD) {
            Some(Item::Array(kept)) => kept.len(),
            _ => 0,
        };
        assert!(kept <= MOST_KEPT);
        assert!(bytes.len() <= without_judged(&bytes).len() + kept * MOST_BYTES);
        let read = Account::decode(&bytes).unwrap();
        assert_eq!(**read.encode(), **bytes);
    }
}

/// The record without what is kept of answers.
fn without_judged(bytes: &[u8]) -> Vec<u8> {
    let mut record = Item::parse(bytes);
    record.fields().truncate(FIELD);
    Account::decode(&record.bytes()).unwrap().encode().to_vec()
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn only_the_same_answer_is_judged_otherwise_than_without_attempts(
        events in events(),
        imported in any::<bool>(),
    ) {
        let mut world = World::new(imported);
        for event in events {
            world.happen(event);
        }
    }
}

/// A verifier that judges one answer, with a compare-and-swap of the record.
struct Request {
    answer: Option<AnswerId>,
    loaded: Option<(Vec<u8>, u32)>,
    verdict: Option<Said>,
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn of_two_attempts_with_one_code_exactly_one_is_let_in(
        typed in prop_oneof![
            (-1..2_i64).prop_map(Typed::Phone),
            (0..3_usize).prop_map(Typed::Token),
            (0..2_usize).prop_map(Typed::Backup),
        ],
        attempts in prop::collection::vec(0..2_u8, 2..6),
        turns in prop::collection::vec((any::<prop::sample::Index>(), 0..5_i64), 0..40),
    ) {
        let World { account, phone, .. } = World::new(false);
        let credential = typed.credential(&phone, false);
        let (mut stored, mut revision, mut changes) = (account.encode().to_vec(), 0, 0);
        let mut now = NOON;
        let new = |attempt: &u8| Request { answer: of(*attempt, 1), loaded: None, verdict: None };
        let mut requests: Vec<_> = attempts.iter().map(new).collect();
        let (count, more) = (requests.len(), 0..);
        let all = turns.iter().map(|(place, wait)| (place.index(count), *wait));
        // Each is served in the end.
        for (place, wait) in all.chain(more.take(20 * count).map(|turn| (turn % count, 0))) {
            // No longer than any of the codes is right.
            now = after(now, wait).min(after(NOON, 29));
            let request = &mut requests[place];
            match (request.verdict, request.loaded.take()) {
                (Some(_), _) => {}
                (None, None) => request.loaded = Some((stored.clone(), revision)),
                (None, Some((bytes, read))) => {
                    let mut account = Account::decode(&bytes).unwrap();
                    let said = answer(&mut account, &credential, request.answer, REMOTE, now);
                    let written = account.encode().to_vec();
                    if read != revision {
                        continue;
                    }
                    if written != bytes {
                        (stored, revision) = (written, revision + 1);
                        changes += i32::from(matches!(said, Said::In(_)));
                    }
                    request.verdict = Some(said);
                }
            }
        }
        let mut verdicts: HashMap<_, HashSet<bool>> = HashMap::new();
        for (attempt, request) in attempts.iter().zip(&requests) {
            let is_in = matches!(request.verdict, Some(Said::In(_)));
            prop_assert!(is_in || request.verdict == Some(Said::Used), "{:?}", request.verdict);
            verdicts.entry(attempt).or_default().insert(is_in);
        }
        prop_assert!(verdicts.values().all(|of_one| of_one.len() == 1), "{verdicts:?}");
        let let_in = verdicts.values().filter(|of_one| of_one.contains(&true));
        prop_assert_eq!((let_in.count(), changes), (1, 1));
    }

    #[test]
    fn the_limit_of_wrong_codes_holds_whatever_ids_and_numbers_are_sent(
        guesses in prop::collection::vec((0..2_u8, 0..2_u32, 0..60_u32), 1..300),
        wait in 0..40_i64,
    ) {
        let mut account = Owner::new().account;
        let mut compared = HashSet::new();
        let mut now = NOON;
        for (attempt, number, digits) in guesses {
            now = after(now, wait);
            let typed = code(&format!("{:06}", 990_000 + digits));
            let before = account.encode();
            let said = answer(&mut account, &typed, of(attempt, number), REMOTE, now);
            let failures = account.throttle().counter(REMOTE).failures();
            prop_assert!(matches!(said, Said::Wrong | Said::Locked | Said::Used), "{said:?}");
            if said == Said::Wrong && *account.encode() != *before {
                compared.insert((attempt, number, digits, now.as_secs()));
                prop_assert_eq!(failures as usize, compared.len());
            }
        }
        prop_assert!(compared.len() <= 45, "{}", compared.len());
    }
}

#[test]
fn a_wrong_answer_that_comes_again_is_not_compared_again() {
    let mut owner = Owner::new();
    let later = after(NOON, 90);
    let early = owner.phone.code(later);
    let mut said = |label, number, now| {
        let said = answer(&mut owner.account, &early, of(label, number), REMOTE, now);
        (said, owner.failures(REMOTE))
    };
    assert_eq!(said(1, 1, NOON), (Said::Wrong, 1));
    assert_eq!(said(1, 1, NOON), (Said::Wrong, 1));
    // The code is right now. Otherwise one counted guess would be as good as several.
    assert_eq!(said(1, 1, later), (Said::Wrong, 1));
    assert_eq!(said(1, 2, later), (Said::In(CODE), 0));
}

#[test]
fn the_answer_that_closes_the_lock_arrives_twice_with_one_effect() {
    let mut owner = Owner::new();
    let wrong = code(WRONG);
    let turn_of = |account: &mut Account, number| {
        let any = Some(Factors::ANY);
        turn(question(REMOTE).answer(any, account, &wrong, client(of(1, number)), NOON))
    };
    for number in 1..5 {
        turn_of(&mut owner.account, number);
    }
    let closes = turn_of(&mut owner.account, 5);
    assert!(matches!(closes.says, Some(Message::WrongAndLocked(..))));
    let before = owner.account.encode();
    assert_eq!(turn_of(&mut owner.account, 5), closes);
    assert_eq!(*owner.account.encode(), *before);
    assert_eq!(
        answer(&mut owner.account, &wrong, of(1, 6), REMOTE, NOON),
        Said::Locked
    );
}

#[test]
fn a_mark_is_void_after_two_minutes_in_either_direction() {
    for (seconds, is_in) in [(120, true), (121, false), (-120, true), (-121, false)] {
        let mut owner = Owner::new();
        let code = sheet::FIRST.code(1);
        let first = answer(&mut owner.account, &code, of(1, 1), REMOTE, NOON);
        assert_eq!(first, Said::In(Factor::BackupCode));
        let now = after(NOON, seconds);
        let second = answer(&mut owner.account, &code, of(1, 1), REMOTE, now);
        let expected = if is_in { first } else { Said::Used };
        assert_eq!(second, expected, "{seconds}");
    }
}

#[test]
fn a_factor_that_is_accepted_no_longer_is_not_right_again() {
    use tfa_core::FactorKind::{BackupCode, Totp};
    for (typed, accepted, other) in [
        (Typed::Phone(0), Totp, BackupCode),
        (Typed::Backup(0), BackupCode, Totp),
    ] {
        let mut owner = Owner::new();
        let credential = typed.credential(&owner.phone, false);
        let mut let_in = |factors: &[_]| {
            let factors = Some(factors.iter().copied().collect());
            let (asked, client) = (question(REMOTE), client(of(1, 1)));
            let answered = asked.answer(factors, &mut owner.account, &credential, client, NOON);
            matches!(said(answered), Said::In(_))
        };
        assert!(let_in(&[accepted]) && let_in(&[accepted, other]));
        assert!(!let_in(&[other]), "{typed:?}");
    }
}

#[test]
fn guesses_do_not_push_out_a_right_code() {
    let mut owner = Owner::new();
    let right = owner.code(NOON, 0);
    let first = answer(&mut owner.account, &right, of(1, 1), REMOTE, NOON);
    assert_eq!(first, Said::In(CODE));
    for number in 1..30 {
        owner.account.unlock();
        let guess = code(&format!("{:06}", 990_000 + number));
        answer(&mut owner.account, &guess, of(2, number), REMOTE, NOON);
    }
    let second = answer(&mut owner.account, &right, of(1, 1), REMOTE, NOON);
    assert_eq!(second, first);
    assert_eq!(
        answer(&mut owner.account, &right, of(2, 1), REMOTE, NOON),
        Said::Used
    );
}

#[test]
fn one_time_code_is_not_right_again_in_a_login_that_only_a_backup_code_opens() {
    let World { account, phone, .. } = World::new(true);
    let mut owner = Owner { account, phone };
    let console = ThrottleScope::Console;
    // Where the codes were imported, a code may come with a hash: then the lock is that of backup codes.
    let Credential::CodeOrBackup(_, hashed) = copy(&IMPORTED_SET.1[2]) else {
        panic!("eight digits")
    };
    let Credential::Code(code) = owner.code(NOON, 0) else {
        panic!("six digits")
    };
    let typed = Credential::CodeOrBackup(code, hashed);
    let first = answer(&mut owner.account, &typed, of(1, 1), console, NOON);
    assert!(matches!(first, Said::In(Factor::Authenticator(..))));

    owner.lock_permanently(console, NOON);
    let now = after(NOON, 1);
    assert_eq!(owner.account.lock_state(console, now), LockState::Permanent);
    assert_eq!(
        owner.account.backup_lock_state(console, now),
        LockState::Unlocked
    );
    let again = answer(&mut owner.account, &typed, of(1, 1), console, now);
    assert_eq!(again, Said::Wrong);
}

#[test]
fn the_last_backup_code_is_right_again_for_a_user_who_has_nothing_else() {
    let mut owner = Owner::new();
    let only_backup_codes = Some(Factors::from_iter([tfa_core::FactorKind::BackupCode]));
    let mut answer = |place, label| {
        let code = sheet::FIRST.code(place);
        let client = client(of(label, 1));
        let asked = question(REMOTE);
        said(asked.answer(only_backup_codes, &mut owner.account, &code, client, NOON))
    };
    for place in 0..BackupSet::SIZE {
        let label = u8::try_from(place).unwrap();
        assert_eq!(answer(place, label), Said::In(Factor::BackupCode));
    }
    assert_eq!(answer(9, 9), Said::In(Factor::BackupCode));
    assert_eq!(answer(9, 10), Said::Other);
}

#[test]
fn an_answer_that_comes_again_gets_the_same_turn_with_the_same_report() {
    let mut owner = Owner::new();
    answer(&mut owner.account, &wrong_code(), of(9, 1), REMOTE, NOON);
    let right = owner.code(NOON, 0);
    let mark = DeviceMark::Key {
        fingerprint: KeyFingerprint([7; 32]),
        key_type: KeyType::Ed25519,
        member: None,
    };
    let rules = RememberRules {
        days: 30,
        minutes: 5,
        ..RememberRules::default()
    };
    let offer = Rememberable {
        rules: &rules,
        marks: &[mark],
        asks: true,
    };
    let mut log_in = |now| {
        let asked = question(REMOTE);
        let client = client(of(1, 1));
        let (any, account) = (Some(Factors::ANY), &mut owner.account);
        let answered = asked.answer_with_offer(any, account, &right, client, offer, now);
        let Answered::Turn(turn, Some(Dialog::AskRemember(question))) = answered else {
            panic!("not asked")
        };
        assert_eq!(question.code(), NOON);
        (turn, owner.account.encode())
    };
    let (first, stored) = log_in(NOON);
    assert!(matches!(first.next, Next::AskRemember { .. }));
    let wrong = |report: &Option<Box<Report>>| report.as_ref().map(|one| one.wrong_codes.is_some());
    assert_eq!(wrong(&first.report), Some(true));
    let (second, after_it) = log_in(after(NOON, 60));
    assert_eq!(second, first);
    assert_eq!(*after_it, *stored);
}

#[test]
fn a_code_of_a_login_is_no_proof_for_a_change_and_the_reverse() {
    let mut owner = Owner::new();
    let right = owner.code(NOON, 0);
    let first = answer(&mut owner.account, &right, of(1, 1), REMOTE, NOON);
    assert_eq!(first, Said::In(CODE));
    let paused = owner.account.pause(&right, NOON);
    assert_eq!(paused, Err(tfa_core::Refusal::AlreadyUsed));

    let mut owner = Owner::new();
    owner.account.pause(&right, NOON).unwrap();
    owner
        .account
        .resume(tfa_core::Proof::Verified, NOON)
        .unwrap();
    assert_eq!(
        answer(&mut owner.account, &right, of(1, 1), REMOTE, NOON),
        Said::Used
    );
}

#[test]
fn the_recovery_code_leaves_nothing_in_the_account() {
    let mut owner = Owner::new();
    let console = ThrottleScope::Console;
    let fresh = Credential::Recovery(tfa_core::Match::Fresh(()));
    let first = answer(&mut owner.account, &fresh, of(1, 1), console, NOON);
    assert_eq!(first, Said::In(Factor::RecoveryCode));
    // It is the host that knows whether the code is used, and it says so now.
    let used = Credential::Recovery(tfa_core::Match::Used);
    assert_eq!(
        answer(&mut owner.account, &used, of(1, 1), console, NOON),
        Said::Used
    );
    for failures in 1..3 {
        let wrong = Credential::Recovery(tfa_core::Match::No);
        assert_eq!(
            answer(&mut owner.account, &wrong, of(1, 1), console, NOON),
            Said::Wrong
        );
        assert_eq!(owner.failures(console), failures);
    }
}

#[test]
fn no_code_can_be_computed_from_a_mark_without_the_attempt() {
    let marks = [(1, 1), (1, 2), (2, 1)].map(|(label, number)| {
        let mut owner = Owner::new();
        answer(
            &mut owner.account,
            &wrong_code(),
            of(label, number),
            REMOTE,
            NOON,
        );
        let bytes = owner.account.encode();
        let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(!has(&[label; AttemptId::LENGTH]) && !has(WRONG.as_bytes()));
        Item::parse(&bytes).at(&[FIELD, 0, 0]).bytes()
    });
    assert_eq!(HashSet::from(marks).len(), 3);
}

#[test]
fn a_record_with_too_many_marks_is_refused() {
    let mut owner = Owner::new();
    answer(&mut owner.account, &wrong_code(), of(1, 1), REMOTE, NOON);
    let bytes = owner.account.encode();
    let list = |count| {
        let mut record = Item::parse(&bytes);
        let one = record.at(&[FIELD, 0]).clone();
        *record.at(&[FIELD]) = Item::Array(vec![one; count]);
        Account::decode(&record.bytes())
    };
    assert!(list(MOST_KEPT).is_ok());
    assert!(list(MOST_KEPT + 1).is_err());
}

#[test]
fn an_older_record_has_no_marks_and_an_older_program_drops_them() {
    let mut owner = Owner::new();
    let before = owner.account.encode();
    assert!(Item::parse(&before).fields().len() <= FIELD);
    let right = owner.code(NOON, 0);
    let first = answer(&mut owner.account, &right, of(1, 1), REMOTE, NOON);
    assert_eq!(first, Said::In(CODE));
    // Dropped, they make the login stricter.
    let mut older = Item::parse(&owner.account.encode());
    older.fields().truncate(FIELD);
    let mut account = Account::decode(&older.bytes()).unwrap();
    assert_eq!(
        answer(&mut account, &right, of(1, 1), REMOTE, NOON),
        Said::Used
    );
}

#[test]
fn a_code_is_the_same_however_it_is_typed() {
    let mut owner = Owner::new();
    let digits = owner.phone.shows(NOON);
    for typed in [digits.clone(), format!("{} {}", &digits[..3], &digits[3..])] {
        let Input::Code(typed) = Input::parse(&typed) else {
            panic!("not a code")
        };
        let typed = Credential::Code(typed);
        let said = answer(&mut owner.account, &typed, of(1, 1), REMOTE, NOON);
        assert_eq!(said, Said::In(CODE));
    }
}
