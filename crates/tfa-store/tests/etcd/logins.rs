//! Logins with one code at several verifiers, whose calls to etcd fail by a random script.

use proptest::prelude::*;
use tfa_store::etcd::EtcdStore;
use tfa_store::{Commit, Revision, Store};
use tfa_testkit::MemoryKv;

use crate::history::{History, Mark, UID, decode, encode, marks};
use crate::script::faults;
use crate::verifier::verifier_with;

/// One attempt to log in with a code.
#[derive(Default)]
struct Attempt {
    loaded: Option<(Vec<Mark>, Revision)>,
    is_let_in: Option<bool>,
}

/// A user with one record. A mark is the use of a code by an attempt.
struct Logins {
    attempts: [Attempt; 9],
    /// The attempt that has made each mark.
    users: Vec<usize>,
    history: History,
}

impl Logins {
    fn code_of(attempt: usize) -> usize {
        attempt % 3
    }

    /// One step of an attempt: it loads the account, or judges its code and commits.
    fn step(&mut self, number: usize, store: &EtcdStore<MemoryKv>) {
        let attempt = &mut self.attempts[number];
        if attempt.is_let_in.is_some() {
            return;
        }
        let Some((mut marks, revision)) = attempt.loaded.take() else {
            match store.load("lea") {
                Ok(found) => {
                    let found = found.map(|(record, at)| (decode(record.as_bytes()), at));
                    attempt.loaded = found.or(Some((Vec::new(), Revision::NONE)));
                }
                Err(_) => attempt.is_let_in = Some(false),
            }
            return;
        };
        let code = Self::code_of(number);
        let uses = |mark: &Mark| Self::code_of(self.users[usize::from(*mark) - 1]) == code;
        if marks.iter().any(uses) {
            attempt.is_let_in = Some(false);
            return;
        }
        let mark = self.history.new_mark();
        self.users.push(number);
        marks.push(mark);
        let outcome = store.commit("lea", UID, &encode(&marks), revision);
        self.history.note(mark, &outcome);
        attempt.is_let_in = match outcome {
            Ok(Commit::Committed(_)) => Some(true),
            Ok(Commit::Conflict) => None,
            Err(_) => Some(false),
        };
    }

    fn codes_let_in_once(&self) {
        for code in 0..3 {
            let attempts = self.attempts.iter().enumerate();
            let of_code = attempts.filter(|(number, _)| Self::code_of(*number) == code);
            let let_in = of_code.filter(|(_, attempt)| attempt.is_let_in == Some(true));
            assert!(let_in.count() <= 1, "code {code} was accepted twice");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_code_is_accepted_twice_and_no_acknowledged_use_is_lost(
        steps in prop::collection::vec(0..9_usize, 1..60),
        scripts in prop::array::uniform3(faults()),
    ) {
        let etcd = MemoryKv::default();
        let verifiers = scripts.map(|script| verifier_with(&etcd, script));
        let mut logins = Logins {
            attempts: Default::default(),
            users: Vec::new(),
            history: History::default(),
        };
        for attempt in steps {
            logins.step(attempt, &verifiers[attempt / 3]);
        }
        etcd.deliver();
        logins.codes_let_in_once();
        logins.history.holds(&marks(&etcd));
    }
}
