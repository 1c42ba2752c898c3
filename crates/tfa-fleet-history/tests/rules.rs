//! Histories that must be found wrong, each beside a right one that differs in one event.

use tfa_fleet_history::{Code, Event, Op, Outcome, What, check, figures};

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
        code: number.map(|number| Code { epoch: 0, number }),
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

fn history() -> History {
    History::default()
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
    let mut both = History::default();
    for (at, process, what) in [
        (1, 1, What::Invoke(login(Some(7)))),
        (1, 2, What::Invoke(login(Some(7)))),
        (2, 1, What::Return(Outcome::Let)),
        (2, 2, What::Return(Outcome::Let)),
    ] {
        both.0.push(Event { at, process, what });
    }
    let mut one = History(both.0.clone());
    one.0[3].what = What::Return(Outcome::Used);
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
        .breaks(&["a code is used by a login"]);
}

#[test]
fn lock_that_ends_too_early_is_found() {
    let locked = || history().call(login(None), Outcome::Locked(30));
    locked().login(7, Outcome::Let).breaks(&["a lock holds"]);
    // After its end, after an unlock, and after one that may have been made.
    let mut late = locked();
    late.add(31_000, What::Fault("late".to_owned()));
    late.login(7, Outcome::Let).holds();
    for outcome in [Outcome::Made, unknown()] {
        let unlocked = locked().call(unlock(), outcome);
        unlocked.login(7, Outcome::Let).holds();
    }
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
    let enrolled = || history().call(enroll(0), Outcome::Made);
    enrolled()
        .login(7, Outcome::Open)
        .breaks(&["an enrollment is kept"]);
    history().login(7, Outcome::Open).holds();
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
    let enrolled = || history().call(enroll(0), Outcome::Made);
    let removed = enrolled().call(reset(), Outcome::Made);
    removed.login(7, Outcome::Let).breaks(&["a reset holds"]);
    let failed = enrolled().call(reset(), unknown());
    failed.login(7, Outcome::Let).holds();
}

#[test]
fn history_is_the_same_after_it_was_written() {
    let history = history()
        .call(enroll(0), Outcome::Made)
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
        table.contains("| the whole run | 1 | 3 | 2 | 66.6 % |"),
        "{table}"
    );
    assert!(
        table.contains("| login with a wrong code | locked | 1 |\n"),
        "{table}"
    );
}
