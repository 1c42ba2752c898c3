//! Histories that must be found wrong, each beside a right one that differs in one event.

use tfa_fleet_history::{Code, CodeKind, Event, Op, Outcome, What, check, figures};

/// A history: each call takes a second, and the next one begins two seconds later.
#[derive(Default)]
struct History(Vec<Event>);

impl History {
    fn call(mut self, op: Op, outcome: Outcome) -> Self {
        let at = self.0.last().map_or(0, |event| event.at) + 1000;
        self.add(at, What::Invoke(op));
        self.add(at + 1000, What::Return(outcome));
        self
    }

    fn login(self, code: u64, outcome: Outcome) -> Self {
        self.call(login(Some(code)), outcome)
    }

    fn note(mut self, what: What) -> Self {
        let at = self.0.last().map_or(0, |event| event.at);
        self.add(at, what);
        self
    }

    fn add(&mut self, at: u64, what: What) {
        self.0.push(Event {
            at,
            process: 1,
            what,
        });
    }

    #[track_caller]
    fn holds(self) -> Self {
        assert_eq!(check(&self.0), []);
        self
    }

    #[track_caller]
    fn breaks(self, rules: &[&str]) {
        let found: Vec<_> = check(&self.0).into_iter().map(|it| it.rule).collect();
        assert_eq!(found, rules);
    }
}

fn login(number: Option<u64>) -> Op {
    Op::Login {
        user: "lea".to_owned(),
        host: "web1".to_owned(),
        code: number.map(counter),
    }
}

fn counter(number: u64) -> Code {
    code(CodeKind::Counter, 0, number)
}

fn code(kind: CodeKind, epoch: u32, number: u64) -> Code {
    Code {
        kind,
        epoch,
        number,
    }
}

fn login_with(code: Code) -> Op {
    Op::Login {
        user: "lea".to_owned(),
        host: "web1".to_owned(),
        code: Some(code),
    }
}

/// A key by time whose codes are good at any time.
fn by_time(epoch: u32, number: u64) -> Code {
    code(CodeKind::Time(0, u64::MAX), epoch, number)
}

fn setup(code: Code) -> Op {
    Op::Setup {
        user: "lea".to_owned(),
        host: "web1".to_owned(),
        code,
    }
}

fn proof(code: Code) -> Op {
    Op::Proof {
        user: "lea".to_owned(),
        host: "web1".to_owned(),
        code,
    }
}

fn move_to(from: u32, code: Code) -> Op {
    Op::Move {
        user: "lea".to_owned(),
        host: "web1".to_owned(),
        from,
        code,
    }
}

fn enroll(epoch: u32) -> Op {
    let user = "lea".to_owned();
    Op::Enroll { user, epoch }
}

fn reset() -> Op {
    let user = "lea".to_owned();
    Op::Reset { user }
}

fn unlock() -> Op {
    let user = "lea".to_owned();
    Op::Unlock { user }
}

fn unknown() -> Outcome {
    Outcome::Unknown("no answer".to_owned())
}

/// The history of a user who has a key.
fn history() -> History {
    History::default().call(enroll(0), Outcome::Made)
}

#[test]
fn code_that_lets_in_twice_is_found() {
    let once = history().login(7, Outcome::Let).holds();
    let used = once.login(7, Outcome::Used).holds();
    used.login(7, Outcome::Let)
        .breaks(&["a code is good once", "a used code stays used"]);
}

#[test]
fn two_concurrent_logins_with_one_code_are_found() {
    let mut both = history();
    for (at, process, what) in [
        (3000, 1, What::Invoke(login(Some(7)))),
        (3000, 2, What::Invoke(login(Some(7)))),
        (4000, 1, What::Return(Outcome::Let)),
        (4000, 2, What::Return(Outcome::Let)),
    ] {
        both.0.push(Event { at, process, what });
    }
    let mut one = History(both.0.clone());
    one.0[5].what = What::Return(Outcome::Used);
    one.holds();
    both.breaks(&["a code is good once"]);
}

#[test]
fn unknown_login_has_used_its_code_or_not_but_never_both() {
    let lost = || history().login(7, unknown()).holds();
    lost().login(7, Outcome::Let).holds();
    let used = lost().login(7, Outcome::Used).holds();
    used.login(7, Outcome::Let)
        .breaks(&["a used code stays used"]);
}

#[test]
fn earlier_code_that_lets_in_later_is_found() {
    let later = history().login(8, Outcome::Let).holds();
    later
        .login(7, Outcome::Let)
        .breaks(&["a used code stays used"]);
}

#[test]
fn used_code_that_no_login_has_tried_is_found() {
    history()
        .login(7, Outcome::Wrong)
        .login(7, Outcome::Used)
        .breaks(&["a code is used by a call"]);
}

#[test]
fn lock_that_ends_too_early_is_found() {
    let locked = || history().call(login(None), Outcome::Locked(30));
    locked().login(7, Outcome::Let).breaks(&["a lock holds"]);
    // After its end, after an unlock, and after one that may have been made.
    let mut late = locked();
    late.add(33_000, What::Fault("late".to_owned()));
    late.login(7, Outcome::Let).holds();
    for outcome in [Outcome::Made, unknown()] {
        let unlocked = locked().call(unlock(), outcome);
        unlocked.login(7, Outcome::Let).holds();
    }
    // The last second may have begun before the lock. The next login ends three seconds after the lock begins.
    let seconds = |seconds| history().call(login(None), Outcome::Locked(seconds));
    seconds(4).login(7, Outcome::Let).holds();
    seconds(5).login(7, Outcome::Let).breaks(&["a lock holds"]);
    // An unlock before the lock does not open it.
    let before = history().call(unlock(), Outcome::Made);
    before
        .call(login(None), Outcome::Locked(30))
        .login(7, Outcome::Let)
        .breaks(&["a lock holds"]);
}

#[test]
fn lock_may_end_early_by_the_difference_of_the_clocks() {
    let clock = |ahead| What::Clock("v1".to_owned(), ahead);
    let locked = || history().call(login(None), Outcome::Locked(30));
    let by = |ahead| locked().note(clock(ahead)).login(7, Outcome::Let);
    by(27).holds();
    by(-27).holds();
    by(10).breaks(&["a lock holds"]);
    // A jump that was over before.
    let over = history().note(clock(27));
    let mut over = over.call(login(Some(6)), Outcome::Let).note(clock(0));
    over.add(9000, What::Fault("later".to_owned()));
    over.call(login(None), Outcome::Locked(30))
        .login(7, Outcome::Let)
        .breaks(&["a lock holds"]);
}

#[test]
fn record_that_is_lost_is_found() {
    let enrolled = history;
    enrolled()
        .login(7, Outcome::Open)
        .breaks(&["an enrollment is kept"]);
    enrolled()
        .call(setup(by_time(1, 1)), Outcome::Made)
        .breaks(&["an enrollment is kept"]);
    let never = History::default;
    never().login(7, Outcome::Open).holds();
    never().call(setup(by_time(1, 1)), Outcome::Made).holds();
    for outcome in [Outcome::Made, unknown()] {
        let reset = enrolled().call(reset(), outcome);
        reset.login(7, Outcome::Open).holds();
    }
    let again = enrolled().call(reset(), Outcome::Made);
    again
        .call(enroll(1), Outcome::Made)
        .login(7, Outcome::Open)
        .breaks(&["an enrollment is kept"]);
}

#[test]
fn code_of_a_key_that_was_removed_is_found() {
    let enrolled = history;
    let removed = enrolled().call(reset(), Outcome::Made);
    removed.login(7, Outcome::Let).breaks(&["a reset holds"]);
    let failed = enrolled().call(reset(), unknown());
    failed.login(7, Outcome::Let).holds();
}

#[test]
fn backup_code_uses_up_itself_alone() {
    let backup = |number| code(CodeKind::Backup, 0, number);
    let used = || history().call(login_with(backup(4)), Outcome::Let).holds();
    for other in [3, 5] {
        let other = used().call(login_with(backup(other)), Outcome::Let);
        other.holds();
    }
    used().call(login_with(counter(4)), Outcome::Let).holds();
    used()
        .call(login_with(backup(4)), Outcome::Let)
        .breaks(&["a code is good once", "a used code stays used"]);
    used()
        .call(login_with(backup(3)), Outcome::Used)
        .breaks(&["a code is used by a call"]);
}

#[test]
fn code_by_time_that_lets_in_outside_its_time_is_found() {
    // The login takes from the fifth second to the sixth.
    let good = |from, until| login_with(code(CodeKind::Time(from, until), 0, 1));
    let clock = |ahead| What::Clock("v1".to_owned(), ahead);
    for (from, until, ahead) in [(6001, 9000, 1), (0, 4999, -1)] {
        let late = || history().call(login(Some(0)), Outcome::Wrong);
        late()
            .call(good(from, until), Outcome::Let)
            .breaks(&["a code is good in its time"]);
        late()
            .note(clock(ahead))
            .call(good(from, until), Outcome::Let)
            .holds();
        late()
            .note(clock(-ahead))
            .call(good(from, until), Outcome::Let)
            .breaks(&["a code is good in its time"]);
        late().call(good(from, until), Outcome::Wrong).holds();
    }
    history().call(good(4000, 4000), Outcome::Let).holds();
}

#[test]
fn later_code_by_time_uses_up_the_earlier_one() {
    let later = || history().call(login_with(by_time(0, 8)), Outcome::Let);
    later()
        .call(login_with(by_time(0, 9)), Outcome::Let)
        .holds();
    later()
        .call(login_with(by_time(0, 7)), Outcome::Let)
        .breaks(&["a used code stays used"]);
}

#[test]
fn used_code_by_time_may_have_been_told_after_a_wrong_one() {
    let wrong = || history().call(login_with(by_time(0, 2)), Outcome::Wrong);
    wrong()
        .call(login_with(by_time(0, 7)), Outcome::Used)
        .holds();
    history()
        .call(login_with(by_time(0, 7)), Outcome::Used)
        .breaks(&["a code is used by a call"]);
}

#[test]
fn old_key_that_lets_in_after_a_move_is_found() {
    let moved = |outcome| history().call(move_to(0, by_time(1, 1)), outcome);
    let done = || moved(Outcome::Made).holds();
    done().call(login_with(by_time(1, 2)), Outcome::Let).holds();
    let backup = code(CodeKind::Backup, 0, 2);
    done().call(login_with(backup), Outcome::Let).holds();
    done().login(7, Outcome::Let).breaks(&["a move holds"]);
    moved(unknown()).login(7, Outcome::Let).holds();
}

#[test]
fn codes_of_a_move_let_no_user_in() {
    let allowed_by = code(CodeKind::Backup, 0, 1);
    let moved = |outcome: Outcome| {
        let allowed = history().call(proof(allowed_by), outcome.clone());
        allowed.call(move_to(0, by_time(1, 1)), outcome)
    };
    for used in [allowed_by, by_time(1, 1)] {
        moved(Outcome::Made)
            .call(login_with(used), Outcome::Used)
            .holds()
            .call(login_with(used), Outcome::Let)
            .breaks(&["a code is good once", "a used code stays used"]);
        let lost = moved(unknown()).call(login_with(used), Outcome::Let);
        lost.holds();
    }
}

#[test]
fn key_that_was_never_confirmed_is_found_when_it_lets_in() {
    let given_up = history().call(login_with(by_time(1, 1)), Outcome::Wrong);
    given_up
        .holds()
        .call(login_with(by_time(1, 2)), Outcome::Let)
        .breaks(&["a key is enrolled first"]);
    let tried = history().call(move_to(0, by_time(1, 1)), unknown());
    tried.call(login_with(by_time(1, 2)), Outcome::Let).holds();
}

#[test]
fn backup_codes_end_with_the_enrollment_that_gave_them() {
    let backup = code(CodeKind::Backup, 1, 1);
    let given = || {
        let never = History::default();
        never.call(setup(by_time(1, 1)), Outcome::Made)
    };
    given().call(login_with(backup), Outcome::Let).holds();
    let removed = given().call(reset(), Outcome::Made);
    removed
        .call(login_with(backup), Outcome::Let)
        .breaks(&["a reset holds"]);
}

#[test]
fn login_or_change_without_a_majority_is_found() {
    let lost = || history().note(What::Quorum(false));
    let rule = "without a majority nothing passes";
    for (op, outcome) in [
        (login(Some(7)), Outcome::Let),
        (unlock(), Outcome::Made),
        (reset(), Outcome::Made),
    ] {
        let back = |after: History| {
            let mut after = after.call(op.clone(), outcome.clone());
            after.add(9000, What::Quorum(true));
            after
        };
        back(lost()).breaks(&[rule]);
        back(lost().note(What::Quorum(true))).holds();
        back(history()).holds();
    }
    let mut refused = lost().login(7, unknown()).login(7, Outcome::Used);
    refused.add(9000, What::Quorum(true));
    refused.holds();
    // One that was under way when it was lost.
    let mut under_way = history();
    for (at, what) in [
        (3000, What::Invoke(login(Some(7)))),
        (3500, What::Quorum(false)),
        (4000, What::Return(Outcome::Let)),
        (5000, What::Quorum(true)),
    ] {
        under_way.add(at, what);
    }
    under_way.holds();
}

#[test]
fn history_is_the_same_after_it_was_written() {
    let history = history()
        .call(move_to(0, by_time(1, 2)), Outcome::Locked(1))
        .note(What::Quorum(false))
        .note(What::Fault("kill tfad v1".to_owned()))
        .login(7, unknown())
        .note(What::Healed("kill tfad v1".to_owned()))
        .call(login(None), Outcome::Locked(30));
    for event in &history.0 {
        let line = serde_json::to_string(event).unwrap();
        let read: Event = serde_json::from_str(&line).unwrap();
        assert_eq!((&read, line.lines().count()), (event, 1));
    }
    let table = figures(&history.0);
    assert!(
        table.contains("| kill | 1 | 2 | 1 | 50.0 % | 1000 | 1000 | 1000 |\n"),
        "{table}"
    );
    assert!(
        table.contains("| the whole run | 1 | 4 | 3 | 75.0 % |"),
        "{table}"
    );
    assert!(
        table.contains("| login with a wrong code | locked | 1 |\n"),
        "{table}"
    );
}
